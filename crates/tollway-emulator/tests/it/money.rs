//! Money: what each kind of payment leaves on which balance.

use axum::http::Method;
use proptest::prelude::*;
use serde_json::Value;
use tollway_emulator::{Mode, Scope};

use crate::support::{Answer, Stripe};

const KEY: &str = "sk_test_market";
const CLIENT: &str = "ca_market";

/// A platform with one connected seller.
struct Shop {
    stripe: Stripe,
    seller: String,
}

impl Shop {
    async fn open() -> Self {
        let stripe = Stripe::new();
        let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
        Self {
            stripe,
            seller: token["stripe_user_id"].as_str().unwrap().to_owned(),
        }
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.stripe.post(path, KEY, form).await
    }

    async fn get(&self, path: &str) -> Value {
        self.stripe
            .call(Method::GET, path, Some(KEY), &[])
            .await
            .ok()
    }

    async fn post_for_seller(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let headers = [("stripe-account", self.seller.as_str())];
        self.stripe
            .call_with(Method::POST, path, Some(KEY), &headers, form)
            .await
    }

    async fn get_for_seller(&self, path: &str) -> Value {
        let headers = [("stripe-account", self.seller.as_str())];
        self.stripe
            .call_with(Method::GET, path, Some(KEY), &headers, &[])
            .await
            .ok()
    }

    /// Available and pending US dollars of platform and seller.
    async fn balances(&self) -> [(i64, i64); 2] {
        let usd = |balance: &Value, name: &str| balance[name][0]["amount"].as_i64().unwrap();
        let (platform, seller) = (
            self.get("/v1/balance").await,
            self.get_for_seller("/v1/balance").await,
        );
        [&platform, &seller].map(|balance| (usd(balance, "available"), usd(balance, "pending")))
    }

    /// The sum of everything anybody has, Stripe and the card holders included.
    fn sum(&self) -> i64 {
        sum(&self.stripe)
    }
}

fn sum(stripe: &Stripe) -> i64 {
    let world = stripe.emulator.engine().worlds().get("market").unwrap();
    let state = world.lock();
    let accounts: Vec<_> = state.store.accounts(Mode::Test).cloned().collect();
    let balances = accounts.iter().flat_map(|account| {
        state
            .store
            .all(&Scope::new(Mode::Test, account.clone()), "_balance")
    });
    let funds = balances.flat_map(|balance| {
        balance["currencies"]
            .as_object()
            .unwrap()
            .values()
            .cloned()
            .collect::<Vec<_>>()
    });
    funds
        .map(|funds| {
            let pending = funds["pending"]
                .as_object()
                .into_iter()
                .flat_map(|pending| pending.values());
            funds["available"].as_i64().unwrap()
                + pending.map(|amount| amount.as_i64().unwrap()).sum::<i64>()
        })
        .sum()
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_direct_charge_pays_seller_stripe_and_platform() {
    let shop = Shop::open().await;
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("source", "tok_visa"),
        ("application_fee_amount", "100"),
    ];
    let charge = shop.post_for_seller("/v1/charges", &form).await.ok();
    assert_eq!(
        (
            charge["status"].as_str(),
            charge["paid"].as_bool(),
            charge["captured"].as_bool()
        ),
        (Some("succeeded"), Some(true), Some(true))
    );
    assert_eq!(
        (
            charge["application"].as_str(),
            charge["application_fee_amount"].as_i64()
        ),
        (Some(CLIENT), Some(100))
    );
    assert_eq!(charge["payment_method_details"]["card"]["last4"], "4242");
    assert_eq!(shop.balances().await, [(0, 100), (0, 841)]);
    assert_eq!(shop.sum(), 0);

    let path = format!(
        "/v1/balance_transactions/{}",
        charge["balance_transaction"].as_str().unwrap()
    );
    let transaction = shop.get_for_seller(&path).await;
    assert_eq!(
        (
            transaction["amount"].as_i64(),
            transaction["fee"].as_i64(),
            transaction["net"].as_i64()
        ),
        (Some(1000), Some(159), Some(841))
    );
    assert_eq!(
        (
            transaction["status"].as_str(),
            transaction["source"].as_str()
        ),
        (Some("pending"), Some(id(&charge)))
    );
    let fee = shop
        .get(&format!(
            "/v1/application_fees/{}",
            charge["application_fee"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (
            fee["amount"].as_i64(),
            fee["account"].as_str(),
            fee["charge"].as_str()
        ),
        (Some(100), Some(shop.seller.as_str()), Some(id(&charge)))
    );
    // The charge is the seller's, the fee the platform's.
    assert_eq!(
        shop.stripe
            .call(
                Method::GET,
                &format!("/v1/charges/{}", id(&charge)),
                Some(KEY),
                &[]
            )
            .await
            .status,
        404
    );

    shop.stripe.advance(3 * 86_400);
    assert_eq!(shop.balances().await, [(100, 0), (841, 0)]);
    assert_eq!(shop.get_for_seller(&path).await["status"], "available");
    assert_eq!(
        shop.get_for_seller("/v1/balance_transactions").await["data"][0]["status"],
        "available"
    );
}

#[tokio::test]
async fn refunds_move_back_what_they_should() {
    let shop = Shop::open().await;
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("source", "tok_visa"),
        ("application_fee_amount", "100"),
    ];
    let charge = shop.post_for_seller("/v1/charges", &form).await.ok();
    let part = [
        ("charge", id(&charge)),
        ("amount", "400"),
        ("refund_application_fee", "true"),
    ];
    let refund = shop.post_for_seller("/v1/refunds", &part).await.ok();
    assert_eq!(
        (refund["status"].as_str(), refund["amount"].as_i64()),
        (Some("succeeded"), Some(400))
    );
    // 400 to the card holder, 40 of the fee back to the seller.
    assert_eq!(shop.balances().await, [(0, 60), (0, 841 - 400 + 40)]);
    let charge = shop
        .get_for_seller(&format!("/v1/charges/{}", id(&charge)))
        .await;
    assert_eq!(
        (
            charge["amount_refunded"].as_i64(),
            charge["refunded"].as_bool()
        ),
        (Some(400), Some(false))
    );
    let too_much = shop
        .post_for_seller("/v1/refunds", &[("charge", id(&charge)), ("amount", "601")])
        .await;
    assert_eq!(
        (
            too_much.status.as_u16(),
            too_much.json()["error"]["param"].as_str()
        ),
        (400, Some("amount"))
    );
    shop.post_for_seller("/v1/refunds", &[("charge", id(&charge))])
        .await
        .ok();
    assert_eq!(shop.balances().await, [(0, 60), (0, 841 - 1000 + 40)]);
    let again = shop
        .post_for_seller("/v1/refunds", &[("charge", id(&charge))])
        .await;
    assert_eq!(again.json()["error"]["code"], "charge_already_refunded");

    let fee = charge["application_fee"].as_str().unwrap();
    let back = shop
        .post(
            &format!("/v1/application_fees/{fee}/refunds"),
            &[("amount", "10")],
        )
        .await
        .ok();
    assert_eq!(
        (back["amount"].as_i64(), back["fee"].as_str()),
        (Some(10), Some(fee))
    );
    assert_eq!(shop.balances().await, [(0, 50), (0, -109)]);
    let whole = shop.get(&format!("/v1/application_fees/{fee}")).await;
    assert_eq!(
        (
            whole["amount_refunded"].as_i64(),
            whole["refunds"]["data"].as_array().unwrap().len()
        ),
        (Some(50), 2)
    );
    assert_eq!(
        shop.post(
            &format!("/v1/application_fees/{fee}/refunds"),
            &[("amount", "51")]
        )
        .await
        .status,
        400
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn destination_charges_and_their_refunds() {
    let shop = Shop::open().await;
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("source", "tok_visa"),
        ("application_fee_amount", "200"),
        ("transfer_data[destination]", shop.seller.as_str()),
    ];
    let charge = shop.post("/v1/charges", &form).await.ok();
    // The platform pays Stripe's 59 and keeps 200; the seller has 800.
    assert_eq!(
        shop.balances().await,
        [(0, 1000 - 59 - 1000 + 200), (0, 800)]
    );
    let transfer = shop
        .get(&format!(
            "/v1/transfers/{}",
            charge["transfer"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (
            transfer["amount"].as_i64(),
            transfer["source_transaction"].as_str()
        ),
        (Some(1000), Some(id(&charge)))
    );
    let payment = shop
        .get_for_seller(&format!(
            "/v1/charges/{}",
            transfer["destination_payment"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (
            payment["amount"].as_i64(),
            payment["source_transfer"].as_str()
        ),
        (Some(1000), Some(id(&transfer)))
    );

    let back = [
        ("charge", id(&charge)),
        ("reverse_transfer", "true"),
        ("refund_application_fee", "true"),
    ];
    let refund = shop.post("/v1/refunds", &back).await.ok();
    assert!(refund["transfer_reversal"].is_string());
    assert_eq!(shop.balances().await, [(0, -59), (0, 0)]);
    assert_eq!(
        shop.get(&format!("/v1/transfers/{}", id(&transfer))).await["reversed"],
        true
    );
    assert_eq!(shop.sum(), 0);

    let share = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("source", "tok_visa"),
        ("transfer_data[destination]", shop.seller.as_str()),
        ("transfer_data[amount]", "877"),
    ];
    shop.post("/v1/charges", &share).await.ok();
    assert_eq!(
        shop.balances().await,
        [(0, -59 + 1000 - 59 - 877), (0, 877)]
    );
}

#[tokio::test]
async fn separate_charges_and_transfers() {
    let shop = Shop::open().await;
    let charge = shop
        .post(
            "/v1/charges",
            &[
                ("amount", "1000"),
                ("currency", "usd"),
                ("source", "tok_visa"),
            ],
        )
        .await
        .ok();
    let transfer = [
        ("amount", "500"),
        ("currency", "usd"),
        ("destination", shop.seller.as_str()),
    ];
    let poor = shop.post("/v1/transfers", &transfer).await;
    assert_eq!(
        (poor.status.as_u16(), poor.json()["error"]["code"].as_str()),
        (400, Some("balance_insufficient"))
    );
    let mut of_charge = transfer.to_vec();
    of_charge.push(("source_transaction", id(&charge)));
    shop.post("/v1/transfers", &of_charge).await.ok();
    assert_eq!(shop.balances().await, [(0, 441), (0, 500)]);
    of_charge[0].1 = "501";
    assert_eq!(shop.post("/v1/transfers", &of_charge).await.status, 400);

    shop.post(
        "/v1/charges",
        &[
            ("amount", "2000"),
            ("currency", "usd"),
            ("source", "tok_bypassPending"),
        ],
    )
    .await
    .ok();
    let made = shop.post("/v1/transfers", &transfer).await.ok();
    assert_eq!(shop.balances().await, [(2000 - 88 - 500, 441), (500, 500)]);
    let reversed = shop
        .post(
            &format!("/v1/transfers/{}/reversals", id(&made)),
            &[("amount", "200")],
        )
        .await
        .ok();
    assert_eq!(
        (reversed["amount"].as_i64(), reversed["transfer"].as_str()),
        (Some(200), Some(id(&made)))
    );
    assert_eq!(shop.balances().await, [(2000 - 88 - 300, 441), (300, 500)]);
    assert_eq!(
        shop.post(
            "/v1/transfers",
            &[
                ("amount", "1"),
                ("currency", "usd"),
                ("destination", "acct_none")
            ]
        )
        .await
        .status,
        400
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn declined_cards_get_stripes_402_and_leave_a_failed_charge() {
    let shop = Shop::open().await;
    for (source, code, decline_code) in [
        (
            "tok_chargeDeclined",
            "card_declined",
            Some("generic_decline"),
        ),
        (
            "tok_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            Some("insufficient_funds"),
        ),
        (
            "tok_chargeDeclinedLostCard",
            "card_declined",
            Some("lost_card"),
        ),
        ("tok_chargeDeclinedExpiredCard", "expired_card", None),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        (
            "tok_chargeDeclinedProcessingError",
            "processing_error",
            None,
        ),
        (
            "tok_chargeDeclinedFraudulent",
            "card_declined",
            Some("fraudulent"),
        ),
        (
            "tok_threeDSecure2Required",
            "card_declined",
            Some("authentication_required"),
        ),
    ] {
        let form = [("amount", "1000"), ("currency", "usd"), ("source", source)];
        let answer = shop.post("/v1/charges", &form).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status.as_u16(), error["type"].as_str()),
            (402, Some("card_error")),
            "{source}"
        );
        assert_eq!(
            (error["code"].as_str(), error["decline_code"].as_str()),
            (Some(code), decline_code),
            "{source}"
        );
        let charge = shop
            .get(&format!(
                "/v1/charges/{}",
                error["charge"].as_str().unwrap()
            ))
            .await;
        assert_eq!(
            (
                charge["status"].as_str(),
                charge["paid"].as_bool(),
                charge["failure_code"].as_str()
            ),
            (Some("failed"), Some(false), Some(code))
        );
    }
    assert_eq!(shop.sum(), 0);
    assert_eq!(shop.balances().await[0], (0, 0));
}

#[tokio::test]
async fn bad_charges_are_refused_with_the_parameter_at_fault() {
    let shop = Shop::open().await;
    let good = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("source", "tok_visa"),
    ];
    for (change, param) in [
        (("amount", "0"), "amount"),
        (("amount", "100000000"), "amount"),
        (("source", "tok_none"), "source"),
        (("customer", "cus_none"), "customer"),
        (("application_fee_amount", "10"), "application_fee_amount"),
        (
            ("transfer_data[destination]", "acct_none"),
            "transfer_data[destination]",
        ),
    ] {
        let mut form: Vec<_> = good
            .iter()
            .filter(|(name, _)| *name != change.0)
            .copied()
            .collect();
        form.push(change);
        let answer = shop.post("/v1/charges", &form).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["param"].as_str()
            ),
            (400, Some(param)),
            "{change:?}"
        );
    }
    let form = [
        good[0],
        good[1],
        good[2],
        ("application_fee_amount", "1001"),
    ];
    assert_eq!(shop.post_for_seller("/v1/charges", &form).await.status, 400);
    assert_eq!(shop.post("/v1/charges", &good[..2]).await.status, 400);
}

#[tokio::test]
async fn a_held_charge_is_captured_in_part_and_only_once() {
    let shop = Shop::open().await;
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("source", "tok_visa"),
        ("capture", "false"),
        ("application_fee_amount", "100"),
    ];
    let charge = shop.post_for_seller("/v1/charges", &form).await.ok();
    assert_eq!(
        (
            charge["captured"].as_bool(),
            charge["balance_transaction"].is_null()
        ),
        (Some(false), true)
    );
    assert_eq!(shop.balances().await, [(0, 0), (0, 0)]);
    let path = format!("/v1/charges/{}/capture", id(&charge));
    let captured = shop
        .post_for_seller(
            &path,
            &[("amount", "600"), ("application_fee_amount", "50")],
        )
        .await
        .ok();
    assert_eq!(
        (
            captured["amount_captured"].as_i64(),
            captured["amount_refunded"].as_i64()
        ),
        (Some(600), Some(400))
    );
    assert_eq!(shop.balances().await, [(0, 50), (0, 600 - 47 - 50)]);
    assert_eq!(
        shop.post_for_seller(&path, &[]).await.json()["error"]["code"],
        "charge_already_captured"
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn payment_intents_succeed_decline_and_recover() {
    let shop = Shop::open().await;
    let intent = shop
        .post_for_seller(
            "/v1/payment_intents",
            &[
                ("amount", "1000"),
                ("currency", "usd"),
                ("application_fee_amount", "100"),
            ],
        )
        .await
        .ok();
    assert_eq!(intent["status"], "requires_payment_method");
    assert!(
        intent["client_secret"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{}_secret_", id(&intent)))
    );
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let confirm = format!("{path}/confirm");
    assert_eq!(
        shop.post_for_seller(&confirm, &[]).await.json()["error"]["code"],
        "payment_intent_unexpected_state"
    );

    let answer = shop
        .post_for_seller(
            &confirm,
            &[("payment_method", "pm_card_chargeDeclinedInsufficientFunds")],
        )
        .await;
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status.as_u16(), error["decline_code"].as_str()),
        (402, Some("insufficient_funds"))
    );
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    assert!(
        error["payment_method"]["id"]
            .as_str()
            .unwrap()
            .starts_with("pm_")
    );
    let kept = shop.get_for_seller(&path).await;
    assert_eq!(kept["last_payment_error"]["code"], "card_declined");

    let paid = shop
        .post_for_seller(&confirm, &[("payment_method", "pm_card_visa")])
        .await
        .ok();
    assert_eq!(
        (paid["status"].as_str(), paid["amount_received"].as_i64()),
        (Some("succeeded"), Some(1000))
    );
    assert_eq!(shop.balances().await, [(0, 100), (0, 841)]);
    let charge = shop
        .get_for_seller(&format!(
            "/v1/charges/{}",
            paid["latest_charge"].as_str().unwrap()
        ))
        .await;
    assert_eq!(charge["payment_intent"].as_str(), Some(id(&intent)));
    let refund = shop
        .post_for_seller("/v1/refunds", &[("payment_intent", id(&intent))])
        .await
        .ok();
    assert_eq!(refund["charge"], charge["id"]);
    assert_eq!(
        shop.post_for_seller(&format!("{path}/cancel"), &[])
            .await
            .status,
        400
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn payment_intents_hold_capture_and_cancel() {
    let shop = Shop::open().await;
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ];
    let held = shop.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(
        (held["status"].as_str(), held["amount_capturable"].as_i64()),
        (Some("requires_capture"), Some(1000))
    );
    let capture = format!("/v1/payment_intents/{}/capture", id(&held));
    assert_eq!(
        shop.post(&capture, &[("amount_to_capture", "1001")])
            .await
            .status,
        400
    );
    let paid = shop
        .post(&capture, &[("amount_to_capture", "700")])
        .await
        .ok();
    assert_eq!(
        (paid["status"].as_str(), paid["amount_received"].as_i64()),
        (Some("succeeded"), Some(700))
    );
    assert_eq!(shop.balances().await[0], (0, 700 - 50));

    let held = shop.post("/v1/payment_intents", &form).await.ok();
    let canceled = shop
        .post(
            &format!("/v1/payment_intents/{}/cancel", id(&held)),
            &[("cancellation_reason", "duplicate")],
        )
        .await
        .ok();
    assert_eq!(
        (
            canceled["status"].as_str(),
            canceled["cancellation_reason"].as_str()
        ),
        (Some("canceled"), Some("duplicate"))
    );
    assert_eq!(
        shop.get(&format!(
            "/v1/charges/{}",
            held["latest_charge"].as_str().unwrap()
        ))
        .await["refunded"],
        true
    );
    assert_eq!(shop.balances().await[0], (0, 650));
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn cards_are_kept_attached_and_tokenised() {
    let shop = Shop::open().await;
    let customer = shop
        .post("/v1/customers", &[("email", "c@x.example")])
        .await
        .ok();
    let card = [
        ("card[number]", "4000000000009995"),
        ("card[exp_month]", "8"),
        ("card[exp_year]", "2031"),
        ("card[cvc]", "123"),
    ];
    let mut form = card.to_vec();
    form.push(("type", "card"));
    let method = shop.post("/v1/payment_methods", &form).await.ok();
    assert_eq!(
        (
            method["card"]["last4"].as_str(),
            method["card"]["exp_year"].as_i64()
        ),
        (Some("9995"), Some(2031))
    );
    let attach = format!("/v1/payment_methods/{}/attach", id(&method));
    let attached = shop
        .post(&attach, &[("customer", id(&customer))])
        .await
        .ok();
    assert_eq!(attached["customer"], customer["id"]);
    let intent = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("customer", id(&customer)),
        ("payment_method", id(&method)),
        ("confirm", "true"),
    ];
    assert_eq!(
        shop.post("/v1/payment_intents", &intent).await.json()["error"]["decline_code"],
        "insufficient_funds"
    );
    let detached = shop
        .post(&format!("/v1/payment_methods/{}/detach", id(&method)), &[])
        .await
        .ok();
    assert!(detached["customer"].is_null());

    let mut number = card;
    number[0].1 = "4242424242424242";
    let token = shop.post("/v1/tokens", &number).await.ok();
    let charge = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("source", id(&token)),
    ];
    let paid = shop.post("/v1/charges", &charge).await.ok();
    assert_eq!(paid["source"]["last4"], "4242");
    assert_eq!(
        shop.post("/v1/charges", &charge).await.json()["error"]["code"],
        "token_already_used"
    );
    for (wrong, code) in [
        ("4242424242424243", "incorrect_number"),
        ("4012888888881881", "card_declined"),
        ("1", "incorrect_number"),
    ] {
        number[0].1 = wrong;
        let answer = shop.post("/v1/tokens", &number).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_str()
            ),
            (402, Some(code)),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn events_of_a_payment_reach_the_right_endpoints() {
    let shop = Shop::open().await;
    for (url, connect) in [
        ("http://localhost:4000/own", "false"),
        ("http://localhost:4000/connect", "true"),
    ] {
        let form = [("key", KEY), ("url", url), ("connect", connect)];
        shop.stripe
            .call(Method::POST, "/_tollway/webhook_endpoints", None, &form)
            .await
            .ok();
    }
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("source", "tok_visa"),
        ("application_fee_amount", "100"),
    ];
    shop.post_for_seller("/v1/charges", &form).await.ok();
    shop.stripe.emulator.deliver_webhooks().await;
    let arrived: Vec<(String, String, Value)> = shop
        .stripe
        .inbox
        .take()
        .into_iter()
        .map(|event| {
            (
                event.url.path().to_owned(),
                event.body["type"].as_str().unwrap().to_owned(),
                event.body["account"].clone(),
            )
        })
        .collect();
    let seller = Value::from(shop.seller.as_str());
    assert_eq!(
        arrived,
        [
            (
                "/own".to_owned(),
                "application_fee.created".to_owned(),
                Value::Null
            ),
            ("/connect".to_owned(), "charge.succeeded".to_owned(), seller),
        ]
    );
    let events = shop
        .get_for_seller("/v1/events?type=charge.succeeded")
        .await;
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
    assert_eq!(events["data"][0]["pending_webhooks"], 0);
}

#[tokio::test]
async fn a_card_holder_approves_or_fails_the_banks_question() {
    let shop = Shop::open().await;
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("payment_method", "pm_card_threeDSecure2Required"),
        ("confirm", "true"),
        ("return_url", "https://shop.example/back?order=7"),
    ];
    for (decision, status, result) in [
        ("fail", "requires_payment_method", "failed"),
        ("approve", "succeeded", "succeeded"),
    ] {
        let intent = shop
            .post_for_seller("/v1/payment_intents", &form)
            .await
            .ok();
        assert_eq!(
            (
                intent["status"].as_str(),
                intent["next_action"]["type"].as_str()
            ),
            (Some("requires_action"), Some("redirect_to_url"))
        );
        let url = url::Url::parse(
            intent["next_action"]["redirect_to_url"]["url"]
                .as_str()
                .unwrap(),
        );
        let path = url.map_or_else(
            |_| format!("/_tollway/authenticate/{}", id(&intent)),
            |url| url.path().to_owned(),
        );
        let page = shop.stripe.get(&path).await;
        assert!(
            page.body.contains("id=\"approve\"") && page.body.contains("1000 usd"),
            "{}",
            page.body
        );
        let undecided = shop.stripe.call(Method::POST, &path, None, &[]).await;
        assert_eq!(undecided.status, 400);
        let back = shop
            .stripe
            .call(Method::POST, &path, None, &[("decision", decision)])
            .await;
        let location = back.headers["location"].to_str().unwrap();
        assert!(
            location.starts_with("https://shop.example/back?order=7&payment_intent=pi_"),
            "{location}"
        );
        assert!(
            location.ends_with(&format!("redirect_status={result}")),
            "{location}"
        );
        let after = shop
            .get_for_seller(&format!("/v1/payment_intents/{}", id(&intent)))
            .await;
        assert_eq!(after["status"], status);
        assert_eq!(shop.stripe.get(&path).await.status, 409);
    }
    assert_eq!(shop.balances().await[1], (0, 941));
    let charges = shop.get_for_seller("/v1/charges").await;
    let receipt = url::Url::parse(charges["data"][0]["receipt_url"].as_str().unwrap());
    let path = receipt.map_or_else(
        |_| format!("/_tollway/receipts/{}", id(&charges["data"][0])),
        |url| url.path().to_owned(),
    );
    assert!(
        shop.stripe
            .get(&path)
            .await
            .body
            .contains("1000 usd paid to")
    );
    assert_eq!(
        shop.stripe.get("/_tollway/receipts/ch_none").await.status,
        404
    );
}

/// A step of a shop's day.
#[derive(Debug, Clone)]
enum Step {
    Direct {
        amount: u32,
        fee: u32,
        hold: bool,
    },
    Destination {
        amount: u32,
        fee: u32,
    },
    Own {
        amount: u32,
        at_once: bool,
    },
    Refund {
        which: usize,
        amount: u32,
        follow: bool,
    },
    Capture {
        which: usize,
        amount: u32,
    },
    Transfer {
        amount: u32,
    },
    Reverse {
        which: usize,
        amount: u32,
    },
    FeeRefund {
        which: usize,
        amount: u32,
    },
    Wait {
        days: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let amount = 1u32..5000;
    prop_oneof![
        (amount.clone(), 0u32..600, any::<bool>()).prop_map(|(amount, fee, hold)| Step::Direct {
            amount,
            fee,
            hold
        }),
        (amount.clone(), 0u32..600).prop_map(|(amount, fee)| Step::Destination { amount, fee }),
        (amount.clone(), any::<bool>()).prop_map(|(amount, at_once)| Step::Own { amount, at_once }),
        (any::<usize>(), amount.clone(), any::<bool>()).prop_map(|(which, amount, follow)| {
            Step::Refund {
                which,
                amount,
                follow,
            }
        }),
        (any::<usize>(), amount.clone())
            .prop_map(|(which, amount)| Step::Capture { which, amount }),
        amount.clone().prop_map(|amount| Step::Transfer { amount }),
        (any::<usize>(), amount.clone())
            .prop_map(|(which, amount)| Step::Reverse { which, amount }),
        (any::<usize>(), 1u32..300).prop_map(|(which, amount)| Step::FeeRefund { which, amount }),
        (0u8..4).prop_map(|days| Step::Wait { days }),
    ]
}

/// The member of a list that `which` names, if there is any.
fn pick(list: &Value, which: usize) -> Option<String> {
    let data = list["data"].as_array().unwrap();
    (!data.is_empty()).then(|| id(&data[which % data.len()]).to_owned())
}

async fn take(shop: &Shop, step: &Step) {
    match step {
        Step::Direct { amount, fee, hold } => {
            let (amount, fee, capture) = (amount.to_string(), fee.to_string(), (!hold).to_string());
            let form = [
                ("amount", amount.as_str()),
                ("currency", "usd"),
                ("source", "tok_visa"),
                ("application_fee_amount", &fee),
                ("capture", &capture),
            ];
            shop.post_for_seller("/v1/charges", &form).await;
        }
        Step::Destination { amount, fee } => {
            let (amount, fee) = (amount.to_string(), fee.to_string());
            let form = [
                ("amount", amount.as_str()),
                ("currency", "usd"),
                ("source", "tok_visa"),
                ("application_fee_amount", &fee),
                ("transfer_data[destination]", &shop.seller),
            ];
            shop.post("/v1/charges", &form).await;
        }
        Step::Own { amount, at_once } => {
            let source = if *at_once {
                "tok_bypassPending"
            } else {
                "tok_visa"
            };
            shop.post(
                "/v1/charges",
                &[
                    ("amount", &amount.to_string()),
                    ("currency", "usd"),
                    ("source", source),
                ],
            )
            .await;
        }
        Step::Refund {
            which,
            amount,
            follow,
        } => {
            let (amount, follow) = (amount.to_string(), follow.to_string());
            let more = [
                ("amount", amount.as_str()),
                ("reverse_transfer", follow.as_str()),
                ("refund_application_fee", follow.as_str()),
            ];
            if let Some(charge) = pick(&shop.get_for_seller("/v1/charges").await, *which) {
                shop.post_for_seller("/v1/refunds", &[("charge", &charge), more[0], more[2]])
                    .await;
            }
            if let Some(charge) = pick(&shop.get("/v1/charges").await, *which) {
                shop.post(
                    "/v1/refunds",
                    &[("charge", &charge), more[0], more[1], more[2]],
                )
                .await;
            }
        }
        Step::Capture { which, amount } => {
            if let Some(charge) = pick(&shop.get_for_seller("/v1/charges").await, *which) {
                shop.post_for_seller(
                    &format!("/v1/charges/{charge}/capture"),
                    &[("amount", &amount.to_string())],
                )
                .await;
            }
        }
        Step::Transfer { amount } => {
            let amount = amount.to_string();
            shop.post(
                "/v1/transfers",
                &[
                    ("amount", &amount),
                    ("currency", "usd"),
                    ("destination", &shop.seller),
                ],
            )
            .await;
        }
        Step::Reverse { which, amount } => {
            if let Some(transfer) = pick(&shop.get("/v1/transfers").await, *which) {
                let form = [
                    ("amount", amount.to_string()),
                    ("refund_application_fee", "true".to_owned()),
                ];
                let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
                shop.post(&format!("/v1/transfers/{transfer}/reversals"), &form)
                    .await;
            }
        }
        Step::FeeRefund { which, amount } => {
            if let Some(fee) = pick(&shop.get("/v1/application_fees").await, *which) {
                shop.post(
                    &format!("/v1/application_fees/{fee}/refunds"),
                    &[("amount", &amount.to_string())],
                )
                .await;
            }
        }
        Step::Wait { days } => shop.stripe.advance(u64::from(*days) * 86_400),
    }
}

/// Everything on an account's balance is explained by its balance transactions.
async fn explained(shop: &Shop) -> [(i64, i64); 2] {
    let total = |page: Value| -> i64 {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["net"].as_i64().unwrap())
            .sum()
    };
    let balances = shop.balances().await;
    [
        (
            total(shop.get("/v1/balance_transactions?limit=100").await),
            balances[0].0 + balances[0].1,
        ),
        (
            total(
                shop.get_for_seller("/v1/balance_transactions?limit=100")
                    .await,
            ),
            balances[1].0 + balances[1].1,
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn money_is_never_made_nor_lost(steps in prop::collection::vec(step(), 1..18)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let shop = Shop::open().await;
            for step in &steps {
                take(&shop, step).await;
                prop_assert_eq!(shop.sum(), 0, "after {:?}", step);
            }
            for (written, held) in explained(&shop).await {
                prop_assert_eq!(written, held);
            }
            Ok(())
        })?;
    }
}
