//! Payouts and top-ups: between an account's balance and its bank.

use serde_json::{Value, json};

use crate::client::id;
use crate::marketplace::{Marketplace, paying, with};

const DAY: u64 = 86_400;

/// A shop with 1000 dollars less the fee available.
async fn rich() -> Marketplace {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[("amount", "100000"), ("source", "tok_bypassPending")]);
    shop.post("/v1/charges", &form).await.ok();
    shop
}

fn payout(amount: &str) -> [(&str, &str); 2] {
    [("amount", amount), ("currency", "usd")]
}

#[tokio::test]
async fn a_payout_is_sent_and_arrives() {
    let shop = rich().await;
    assert_eq!(shop.balances().await[0], (97_070, 0));
    let made = shop.post("/v1/payouts", &payout("50000")).await.ok();
    assert_eq!(made["status"], "pending");
    assert_eq!(shop.balances().await[0], (47_070, 0));
    let path = format!("/v1/payouts/{}", id(&made));
    let arrival = u64::try_from(made["arrival_date"].as_i64().unwrap()).unwrap();
    let now = u64::try_from(crate::support::START).unwrap();
    shop.stripe.advance(arrival - now - 3600);
    assert_eq!(shop.get(&path).await["status"], "in_transit");
    assert_eq!(
        shop.post(&format!("{path}/cancel"), &[]).await.status,
        400,
        "it is on its way"
    );
    shop.stripe.advance(3600);
    assert_eq!(shop.get(&path).await["status"], "paid");
    let back = shop.post(&format!("{path}/reverse"), &[]).await.ok();
    assert_eq!(back["amount"], -50_000);
    assert_eq!(back["original_payout"], made["id"]);
    assert_eq!(shop.get(&path).await["reversed_by"], back["id"]);
    assert_eq!(shop.balances().await[0], (97_070, 0));
    assert_eq!(shop.sum(), 0);
    let events = shop.get("/v1/events?type=payout.*").await;
    let types: Vec<&str> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert!(types.contains(&"payout.paid") && types.contains(&"payout.created"));
}

#[tokio::test]
async fn a_payout_is_canceled_or_refused() {
    let shop = rich().await;
    let made = shop.post("/v1/payouts", &payout("50000")).await.ok();
    let path = format!("/v1/payouts/{}/cancel", id(&made));
    let canceled = shop.post(&path, &[]).await.ok();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(shop.balances().await[0], (97_070, 0));
    shop.stripe.advance(7 * DAY);
    let after = shop.get(&format!("/v1/payouts/{}", id(&made))).await;
    assert_eq!(after["status"], "canceled");

    let poor = shop.post("/v1/payouts", &payout("97071")).await;
    poor.expect_error(400, "balance_insufficient");
    let form = [
        ("amount", "100"),
        ("currency", "usd"),
        ("destination", "ba_none"),
    ];
    let lost = shop.post("/v1/payouts", &form).await.json();
    assert_eq!(lost["error"]["param"], "destination");
    assert_eq!(shop.sum(), 0);
}

/// A custom account with this bank account, and 100 dollars.
pub(crate) async fn custom(shop: &Marketplace, number: &str) -> String {
    let form = [
        ("type", "custom"),
        ("country", "US"),
        ("external_account[object]", "bank_account"),
        ("external_account[country]", "US"),
        ("external_account[currency]", "usd"),
        ("external_account[account_number]", number),
        ("external_account[routing_number]", "110000000"),
        ("settings[payouts][schedule][interval]", "manual"),
    ];
    let form = with(&form, &[("capabilities[transfers][requested]", "true")]);
    let account = shop.post("/v1/accounts", &form).await.ok();
    shop.onboard(id(&account)).await;
    let form = [
        ("amount", "10000"),
        ("currency", "usd"),
        ("destination", id(&account)),
    ];
    shop.post("/v1/transfers", &form).await.ok();
    id(&account).to_owned()
}

pub(crate) async fn as_account(
    shop: &Marketplace,
    account: &str,
    path: &str,
    form: &[(&str, &str)],
) -> Value {
    let method = if form.is_empty() {
        axum::http::Method::GET
    } else {
        axum::http::Method::POST
    };
    shop.stripe
        .caller(crate::marketplace::KEY)
        .as_account(account)
        .call(method.as_str(), path, form)
        .send()
        .await
        .json()
}

#[tokio::test]
async fn the_bank_account_decides() {
    let shop = rich().await;
    for (number, status, code) in [
        ("000123456789", "paid", Value::Null),
        ("000111111116", "failed", "no_account".into()),
        ("000111111113", "failed", "account_closed".into()),
    ] {
        let account = custom(&shop, number).await;
        let made = as_account(&shop, &account, "/v1/payouts", &payout("4000")).await;
        shop.stripe.advance(7 * DAY);
        let path = format!("/v1/payouts/{}", id(&made));
        let over = as_account(&shop, &account, &path, &[]).await;
        assert_eq!(
            (&over["status"], &over["failure_code"]),
            (&status.into(), &code)
        );
        let balance = as_account(&shop, &account, "/v1/balance", &[]).await;
        let left = if status == "paid" { 6000 } else { 10_000 };
        assert_eq!(balance["available"][0]["amount"], left);
    }
    let none = shop
        .post("/v1/accounts", &[("type", "custom"), ("country", "US")])
        .await
        .ok();
    let refused = as_account(&shop, id(&none), "/v1/payouts", &payout("100")).await;
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("external accounts"), "{message}");
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_top_up_is_pending_until_it_arrives() {
    let shop = Marketplace::with_seller().await;
    let topup = |source| {
        [
            ("amount", "2000"),
            ("currency", "usd"),
            ("source", source),
            ("description", "more"),
        ]
    };
    let made = shop
        .post("/v1/topups", &topup("btok_us_verified"))
        .await
        .ok();
    assert_eq!(made["status"], "pending");
    assert_eq!(shop.balances().await[0], (0, 2000));
    let canceled = shop
        .post("/v1/topups", &topup("btok_us_verified"))
        .await
        .ok();
    let path = format!("/v1/topups/{}/cancel", id(&canceled));
    assert_eq!(shop.post(&path, &[]).await.ok()["status"], "canceled");
    let failing = shop
        .post("/v1/topups", &topup("btok_us_verified_noAccount"))
        .await
        .ok();
    shop.stripe.advance(7 * DAY);
    let status = async |topup: &Value| {
        let kept = shop.get(&format!("/v1/topups/{}", id(topup))).await;
        kept["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&made).await, "succeeded");
    assert_eq!(status(&failing).await, "failed");
    assert_eq!(shop.balances().await[0], (2000, 0));
    let lost = shop.post("/v1/topups", &topup("src_none")).await.json();
    assert_eq!(lost["error"]["param"], "source");
    assert_eq!(shop.sum(), 0);
}

/// Gives an account a debit card as its external account, the default one; its id.
async fn debit_card(shop: &Marketplace, account: &str) -> String {
    let path = format!("/v1/accounts/{account}/external_accounts");
    let form = [
        ("external_account", "tok_visa_debit"),
        ("default_for_currency", "true"),
    ];
    let card = shop.post(&path, &form).await.ok();
    id(&card).to_owned()
}

#[tokio::test]
async fn an_instant_payout_goes_to_a_card_and_costs_the_platform() {
    let shop = rich().await;
    let account = custom(&shop, "000123456789").await;
    let instant = with(&payout("5000"), &[("method", "instant")]);
    let refused = as_account(&shop, &account, "/v1/payouts", &instant).await;
    assert_eq!(refused["error"]["code"], "instant_payouts_unsupported");
    let balance = as_account(&shop, &account, "/v1/balance", &[]).await;
    assert!(balance.get("instant_available").is_none());

    let card = debit_card(&shop, &account).await;
    let before = shop.balances().await[0].0;
    let balance = as_account(&shop, &account, "/v1/balance", &[]).await;
    let row = &balance["instant_available"][0];
    assert_eq!(
        (&row["amount"], &row["currency"]),
        (&json!(10_000), &json!("usd"))
    );
    assert_eq!(
        row["net_available"],
        json!([{"amount": 10_000, "destination": card, "source_types": {"card": 10_000}}])
    );
    let made = as_account(&shop, &account, "/v1/payouts", &instant).await;
    assert_eq!(
        [&made["method"], &made["type"], &made["destination"]],
        [&json!("instant"), &json!("card"), &json!(card)]
    );
    let balance = as_account(&shop, &account, "/v1/balance", &[]).await;
    assert_eq!(balance["available"][0]["amount"], 5_000);
    assert_eq!(
        shop.balances().await[0].0,
        before - 50,
        "1 %, here the least"
    );
    let billed = shop.get("/v1/balance_transactions?type=stripe_fee").await;
    assert_eq!(billed["data"][0]["net"], -50);
    shop.stripe.advance(31 * 60);
    let path = format!("/v1/payouts/{}", id(&made));
    let over = as_account(&shop, &account, &path, &[]).await;
    assert_eq!(over["status"], "paid");
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn an_instant_payout_takes_what_is_on_its_way_within_limits() {
    let shop = rich().await;
    let form = paying(&[("amount", "200000")]);
    shop.post("/v1/charges", &form).await.ok();
    assert_eq!(shop.balances().await[0], (97_070, 194_170));
    let of = |amount, currency| {
        [
            ("amount", amount),
            ("currency", currency),
            ("method", "instant"),
        ]
    };
    for (form, code) in [
        (of("49", "usd"), "amount_too_small"),
        (of("999901", "usd"), "instant_payouts_limit_exceeded"),
        (of("500", "jpy"), "instant_payouts_currency_disabled"),
        (of("290000", "usd"), "balance_insufficient"),
    ] {
        let refused = shop.post("/v1/payouts", &form).await.json();
        assert_eq!(refused["error"]["code"], code, "{form:?}");
    }
    let made = shop.post("/v1/payouts", &of("200000", "usd")).await.ok();
    let path = format!(
        "/v1/balance_transactions/{}",
        made["balance_transaction"].as_str().unwrap()
    );
    let transaction = shop.get(&path).await;
    assert_eq!(
        [
            &transaction["amount"],
            &transaction["fee"],
            &transaction["net"]
        ],
        [&json!(-200_000), &json!(2_000), &json!(-202_000)]
    );
    assert_eq!(shop.balances().await[0], (0, 97_070 + 194_170 - 202_000));
    assert_eq!(shop.sum(), 0);
}
