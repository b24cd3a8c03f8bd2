//! Disputes and early warnings, from the test cards.

use serde_json::Value;

use crate::client::id;
use crate::marketplace::{Marketplace, paying};

/// A charge of ten dollars on a dispute card, and its dispute.
async fn disputed(shop: &Marketplace, source: &str) -> (Value, Value) {
    let charge = shop
        .post("/v1/charges", &paying(&[("source", source)]))
        .await
        .ok();
    let found = shop
        .get(&format!("/v1/disputes?charge={}", id(&charge)))
        .await;
    (charge, found["data"][0].clone())
}

async fn answer(shop: &Marketplace, dispute: &Value, evidence: &str) -> Value {
    let path = format!("/v1/disputes/{}", id(dispute));
    let form = [("evidence[uncategorized_text]", evidence)];
    let submitted = shop.post(&path, &form).await.ok();
    assert!(
        submitted["status"]
            .as_str()
            .unwrap()
            .ends_with("under_review")
    );
    assert_eq!(submitted["evidence_details"]["submission_count"], 1);
    shop.get(&path).await
}

#[tokio::test]
async fn evidence_wins_or_loses() {
    let shop = Marketplace::with_seller().await;
    // 1000 − 59 arrive later; 1000 and the fee of 1500 leave at once.
    let (charge, dispute) = disputed(&shop, "tok_createDispute").await;
    assert_eq!(dispute["status"], "needs_response");
    assert_eq!(dispute["reason"], "fraudulent");
    assert_eq!(dispute["balance_transactions"][0]["net"], -2500);
    assert_eq!(shop.balances().await[0], (-2500, 941));
    let path = format!("/v1/charges/{}", id(&charge));
    assert_eq!(shop.get(&path).await["disputed"], true);
    let refused = shop
        .post("/v1/refunds", &[("charge", id(&charge))])
        .await
        .json();
    assert_eq!(refused["error"]["code"], "charge_disputed");
    assert_eq!(
        answer(&shop, &dispute, "winning_evidence").await["status"],
        "won"
    );
    assert_eq!(shop.balances().await[0], (-1500, 941));

    let (_, dispute) = disputed(&shop, "tok_createDisputeProductNotReceived").await;
    assert_eq!(dispute["reason"], "product_not_received");
    assert_eq!(
        answer(&shop, &dispute, "losing_evidence").await["status"],
        "lost"
    );
    assert_eq!(shop.balances().await[0], (-1500 - 2500, 2 * 941));
    assert_eq!(shop.sum(), 0);
    let types = shop.get("/v1/events?type=charge.dispute.*&limit=20").await;
    let types: Vec<&str> = types["data"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    let life = [
        "created",
        "funds_withdrawn",
        "updated",
        "funds_reinstated",
        "closed",
        "created",
        "funds_withdrawn",
        "updated",
        "closed",
    ];
    assert_eq!(types, life.map(|it| format!("charge.dispute.{it}")));
}

#[tokio::test]
async fn an_inquiry_moves_no_money_until_it_escalates() {
    let shop = Marketplace::with_seller().await;
    let (charge, inquiry) = disputed(&shop, "tok_createDisputeInquiry").await;
    assert_eq!(inquiry["status"], "warning_needs_response");
    assert_eq!(inquiry["is_charge_refundable"], true);
    assert_eq!(shop.balances().await[0], (0, 941));
    assert_eq!(
        answer(&shop, &inquiry, "winning_evidence").await["status"],
        "warning_closed"
    );
    shop.post("/v1/refunds", &[("charge", id(&charge))])
        .await
        .ok();

    let (_, inquiry) = disputed(&shop, "tok_createDisputeInquiry").await;
    let escalated = answer(&shop, &inquiry, "escalate_inquiry_evidence").await;
    assert_eq!(escalated["status"], "needs_response");
    assert_eq!(shop.balances().await[0].0, -2500);
    let path = format!("/v1/disputes/{}", id(&escalated));
    let lost = shop.post(&format!("{path}/close"), &[]).await.ok();
    assert_eq!(lost["status"], "lost");
    assert_eq!(shop.post(&format!("{path}/close"), &[]).await.status, 400);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn staged_evidence_is_not_submitted_and_silence_loses() {
    let shop = Marketplace::with_seller().await;
    let (_, dispute) = disputed(&shop, "tok_createDispute").await;
    let path = format!("/v1/disputes/{}", id(&dispute));
    let form = [("evidence[customer_name]", "Ada"), ("submit", "false")];
    let staged = shop.post(&path, &form).await.ok();
    assert_eq!(staged["status"], "needs_response");
    assert_eq!(staged["evidence_details"]["has_evidence"], true);
    assert_eq!(staged["evidence_details"]["submission_count"], 0);
    shop.stripe.advance(8 * 86_400);
    let over = shop.get(&path).await;
    assert_eq!(over["status"], "lost");
    assert_eq!(over["evidence_details"]["past_due"], true);
    assert_eq!(
        shop.post(&path, &[("evidence[customer_name]", "Eve")])
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_warning_and_two_disputes_of_one_charge() {
    let shop = Marketplace::with_seller().await;
    let (charge, none) = disputed(&shop, "tok_createIssuerFraudWarning").await;
    assert!(none.is_null());
    let path = format!("/v1/radar/early_fraud_warnings?charge={}", id(&charge));
    assert_eq!(shop.get(&path).await["data"][0]["actionable"], true);
    let (charge, _) = disputed(&shop, "tok_createMultipleDisputes").await;
    let both = shop
        .get(&format!("/v1/disputes?charge={}", id(&charge)))
        .await;
    let amounts: Vec<_> = both["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["amount"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [500, 500]);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn some_disputes_can_be_answered_in_a_way_of_their_own() {
    let shop = Marketplace::with_seller().await;
    for (source, reason, case, way) in [
        (
            "tok_createCe3EligibleDispute",
            "fraudulent",
            "chargeback",
            "visa_compelling_evidence_3",
        ),
        (
            "tok_createComplianceDispute",
            "noncompliant",
            "compliance",
            "visa_compliance",
        ),
    ] {
        let form = paying(&[("source", source)]);
        shop.post("/v1/charges", &form).await.ok();
        let dispute = shop.get("/v1/disputes").await["data"][0].clone();
        assert_eq!(dispute["reason"], reason);
        assert_eq!(dispute["payment_method_details"]["card"]["case_type"], case);
        assert_eq!(dispute["enhanced_eligibility_types"][0], way);
    }
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_debit_that_the_customer_takes_back_is_lost() {
    let shop = Marketplace::with_seller().await;
    let agreed = [
        ("mandate_data[customer_acceptance][type]", "offline"),
        ("setup_future_usage", "off_session"),
    ];
    let debits = [
        (
            "usd",
            vec![("payment_method", "pm_usBankAccount_dispute")],
            "debit_not_authorized",
        ),
        (
            "eur",
            vec![
                ("payment_method_data[type]", "sepa_debit"),
                (
                    "payment_method_data[sepa_debit][iban]",
                    "DE35 3704 0044 0532 0130 02",
                ),
            ],
            "customer_initiated",
        ),
    ];
    for (currency, method, reason) in debits {
        let intent =
            crate::payments::non_card::pay(&shop, currency, &[&method[..], &agreed].concat()).await;
        assert_eq!(intent["status"], "processing", "{intent}");
        shop.stripe.advance(6 * 86_400);
        let path = format!("/v1/payment_intents/{}", id(&intent));
        assert_eq!(shop.get(&path).await["status"], "succeeded");
        let charge = intent["latest_charge"].as_str().unwrap();
        let shown = shop.get(&format!("/v1/charges/{charge}")).await;
        assert_eq!(
            (&shown["status"], &shown["disputed"]),
            (&"succeeded".into(), &true.into())
        );
        let all = shop.get(&format!("/v1/disputes?charge={charge}")).await;
        let dispute = &all["data"][0];
        assert_eq!([&dispute["status"], &dispute["reason"]], ["lost", reason]);
        assert_eq!(dispute["balance_transactions"][0]["net"], -1000 - 1500);
        let kind = shown["payment_method_details"]["type"].as_str().unwrap();
        let mandate = &shown["payment_method_details"][kind]["mandate"];
        let mandate = format!("/v1/mandates/{}", mandate.as_str().unwrap());
        assert_eq!(shop.get(&mandate).await["status"], "inactive");
        let refund = shop.post("/v1/refunds", &[("charge", charge)]).await;
        refund.expect_error(400, "charge_disputed");
    }
    let balance = shop.get("/v1/balance").await;
    let total: i64 = ["available", "pending"]
        .into_iter()
        .flat_map(|name| balance[name].as_array().unwrap())
        .map(|row| row["amount"].as_i64().unwrap())
        .sum();
    assert_eq!(total, -(1500 + 8) - (1500 + 35));
    let closed = shop.get("/v1/events?type=charge.dispute.closed").await;
    assert_eq!(closed["data"].as_array().unwrap().len(), 2);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_dispute_is_lost_when_its_evidence_window_of_seven_days_ends() {
    let shop = Marketplace::with_seller().await;
    let (_, dispute) = disputed(&shop, "tok_createDispute").await;
    let path = format!("/v1/disputes/{}", id(&dispute));
    shop.stripe.advance(7 * 86_400 - 1);
    assert_eq!(shop.get(&path).await["status"], "needs_response");
    shop.stripe.advance(1);
    assert_eq!(shop.get(&path).await["status"], "lost");
}

#[tokio::test]
async fn the_balance_transaction_of_a_dispute_names_the_dispute_fee() {
    let shop = Marketplace::with_seller().await;
    let (_, dispute) = disputed(&shop, "tok_createDispute").await;
    let transaction = &dispute["balance_transactions"][0];
    let fee = &transaction["fee_details"][0];
    assert_eq!(
        (&fee["amount"], &fee["type"]),
        (&1500.into(), &"stripe_fee".into())
    );
    assert_eq!(fee["description"], "Dispute fee");
    assert_eq!(transaction["reporting_category"], "dispute");
}
