//! Cash balances: money that customers send by bank transfer, and what it pays for.

use axum::http::Method;
use serde_json::{Value, json};

use crate::client::id;
use crate::marketplace::{KEY, Marketplace};

async fn customer(shop: &Marketplace) -> String {
    let made = shop.post("/v1/customers", &[("name", "Jenny")]).await.ok();
    id(&made).to_owned()
}

async fn send(shop: &Marketplace, customer: &str, amount: &str) -> Value {
    let form = [("amount", amount), ("currency", "eur")];
    let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
    shop.post(&path, &form).await.ok()
}

async fn ask(shop: &Marketplace, customer: &str, amount: &str) -> Value {
    let form = [
        ("amount", amount),
        ("currency", "eur"),
        ("customer", customer),
        ("allowed_payment_method_types[0]", "customer_balance"),
        ("payment_method_data[type]", "customer_balance"),
        (
            "payment_method_options[customer_balance][funding_type]",
            "bank_transfer",
        ),
        (
            "payment_method_options[customer_balance][bank_transfer][type]",
            "eu_bank_transfer",
        ),
        (
            "payment_method_options[customer_balance][bank_transfer][eu_bank_transfer][country]",
            "FR",
        ),
        ("confirm", "true"),
    ];
    shop.post("/v1/payment_intents", &form).await.ok()
}

async fn left(shop: &Marketplace, customer: &str) -> Value {
    let path = format!("/v1/customers/{customer}/cash_balance");
    shop.get(&path).await["available"]["eur"].clone()
}

/// What has happened to the balance, newest first: type and amount.
async fn story(shop: &Marketplace, customer: &str) -> Vec<(String, i64)> {
    let path = format!("/v1/customers/{customer}/cash_balance_transactions");
    let page = shop.get(&path).await;
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| {
        let kind = row["type"].as_str().unwrap().to_owned();
        (kind, row["net_amount"].as_i64().unwrap())
    })
    .collect()
}

#[tokio::test]
async fn what_is_sent_pays_for_the_oldest_payment_that_waits() {
    let shop = Marketplace::with_seller().await;
    let customer = customer(&shop).await;
    let (first, second) = (
        ask(&shop, &customer, "1000").await,
        ask(&shop, &customer, "500").await,
    );
    let action = &first["next_action"]["display_bank_transfer_instructions"];
    assert_eq!(action["amount_remaining"], 1000);
    let iban = action["financial_addresses"][0]["iban"]["iban"].as_str();
    assert!(iban.unwrap().starts_with("FR"), "{action}");

    let funded = send(&shop, &customer, "700").await;
    assert_eq!(
        (&funded["type"], &funded["ending_balance"]),
        (&json!("funded"), &json!(700))
    );
    let path = format!("/v1/payment_intents/{}", id(&first));
    let partly = shop.get(&path).await;
    let action = &partly["next_action"]["display_bank_transfer_instructions"];
    assert_eq!(action["amount_remaining"], 300);
    assert_eq!(shop.sum(), 0);

    send(&shop, &customer, "900").await;
    for intent in [&first, &second] {
        let path = format!("/v1/payment_intents/{}", id(intent));
        assert_eq!(shop.get(&path).await["status"], "succeeded");
    }
    assert_eq!(left(&shop, &customer).await, 100);
    let types = shop.get("/v1/events?type=payment_intent.partially_funded");
    assert_eq!(types.await["data"].as_array().map(Vec::len), Some(1));
    // It is money like any other: half a percent less, and available after two days.
    let expected = (1000 - 5) + (500 - 3);
    assert_eq!(shop.balances().await[0], (0, expected));
    assert_eq!(shop.sum(), 0);

    let back = [("payment_intent", id(&second)), ("amount", "200")];
    shop.post("/v1/refunds", &back).await.ok();
    assert_eq!(left(&shop, &customer).await, 300);
    let told: Vec<_> = story(&shop, &customer).await;
    let told: Vec<(&str, i64)> = told
        .iter()
        .map(|(kind, sum)| (kind.as_str(), *sum))
        .collect();
    assert_eq!(
        told,
        [
            ("refunded_from_payment", 200),
            ("applied_to_payment", -500),
            ("applied_to_payment", -300),
            ("funded", 900),
            ("applied_to_payment", -700),
            ("funded", 700),
        ]
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn what_is_there_already_pays_at_once() {
    let shop = Marketplace::with_seller().await;
    let customer = customer(&shop).await;
    send(&shop, &customer, "2000").await;
    let paid = ask(&shop, &customer, "1500").await;
    assert_eq!(paid["status"], "succeeded");
    assert_eq!(left(&shop, &customer).await, 500);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn by_hand_money_waits_until_it_is_applied_and_comes_back_if_canceled() {
    let shop = Marketplace::with_seller().await;
    let customer = customer(&shop).await;
    let path = format!("/v1/customers/{customer}/cash_balance");
    let manual = [("settings[reconciliation_mode]", "manual")];
    let settings = shop.post(&path, &manual).await.ok()["settings"].clone();
    assert_eq!(settings["reconciliation_mode"], "manual");
    let intent = ask(&shop, &customer, "1000").await;
    send(&shop, &customer, "800").await;
    let path = format!("/v1/payment_intents/{}", id(&intent));
    assert_eq!(left(&shop, &customer).await, 800);

    let apply = format!("{path}/apply_customer_balance");
    let partly = shop.post(&apply, &[("amount", "300")]).await.ok();
    assert_eq!(partly["status"], "requires_action");
    assert_eq!(left(&shop, &customer).await, 500);
    let canceled = shop.post(&format!("{path}/cancel"), &[]).await.ok();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(left(&shop, &customer).await, 800);
    let told = story(&shop, &customer).await;
    assert_eq!(told[0], ("unapplied_from_payment".to_owned(), 300));
    let over = shop.post(&apply, &[]).await;
    over.expect_error(400, "payment_intent_unexpected_state");
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn the_page_with_the_instructions_sends_the_money() {
    let shop = Marketplace::with_seller().await;
    let customer = customer(&shop).await;
    let intent = ask(&shop, &customer, "1000").await;
    let page = format!("/_tollway/authenticate/{}", id(&intent));
    let form = [("decision", "approve")];
    shop.stripe.call(Method::POST, &page, None, &form).await;
    let path = format!("/v1/payment_intents/{}", id(&intent));
    assert_eq!(shop.get(&path).await["status"], "succeeded");

    let path = format!("/v1/customers/{customer}/funding_instructions");
    for (currency, kind, address) in [
        ("eur", "eu_bank_transfer", "iban"),
        ("jpy", "jp_bank_transfer", "zengin"),
        ("gbp", "gb_bank_transfer", "sort_code"),
        ("mxn", "mx_bank_transfer", "spei"),
        ("usd", "us_bank_transfer", "aba"),
    ] {
        let form = [
            ("currency", currency),
            ("funding_type", "bank_transfer"),
            ("bank_transfer[type]", kind),
        ];
        let told = shop.post(&path, &form).await.ok();
        let there = &told["bank_transfer"]["financial_addresses"][0];
        assert_eq!(there["type"], address);
        assert!(there[address].is_object());
    }
}

#[tokio::test]
async fn a_payment_out_of_a_balance_needs_its_owner_and_a_way_to_fill_it() {
    let shop = Marketplace::with_seller().await;
    let customer = customer(&shop).await;
    let form = [
        ("amount", "1000"),
        ("currency", "eur"),
        ("payment_method_data[type]", "customer_balance"),
        ("return_url", "https://shop.example/back"),
        ("confirm", "true"),
    ];
    let nobody = shop.post("/v1/payment_intents", &form).await.json();
    assert_eq!(nobody["error"]["param"], "customer");
    let mut form = form.to_vec();
    form.push(("customer", &customer));
    let poor = shop.post("/v1/payment_intents", &form).await.json();
    assert_eq!(
        poor["error"]["param"],
        "payment_method_options[customer_balance][funding_type]"
    );
    let path = "/v1/test_helpers/customers/cus_none/fund_cash_balance";
    let form = [("amount", "1"), ("currency", "eur")];
    let lost = shop.stripe.post(path, KEY, &form).await;
    assert_eq!(lost.status, 404);
}
