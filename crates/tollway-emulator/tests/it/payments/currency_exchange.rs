//! Conversion: what an account keeps of money in another currency.

use axum::http::Method;
use serde_json::{Value, json};

use crate::client::id;
use crate::marketplace::{KEY, Marketplace, paying};
use crate::payouts::automatic_payouts::{call, custom};

/// The platform keeps US dollars, and nothing else.
pub(crate) async fn keep_dollars(shop: &Marketplace) {
    set(shop, &json!({"settlement_currencies": ["usd"]})).await;
}

/// A seller that keeps euros, and nothing else.
pub(crate) async fn in_euros(shop: &Marketplace) -> String {
    let settings = [
        ("default_currency", "eur"),
        ("external_account[currency]", "eur"),
        ("settings[payouts][schedule][interval]", "manual"),
    ];
    custom(shop, "000123456789", &settings).await
}

async fn set(shop: &Marketplace, change: &Value) -> Value {
    let request = axum::http::Request::builder()
        .method(Method::POST)
        .uri("/_tollway/worlds/market")
        .body(axum::body::Body::from(change.to_string()))
        .unwrap();
    let router = shop.stripe.emulator.router();
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX);
    serde_json::from_slice(&body.await.unwrap()).unwrap()
}

/// Pending money by currency, of the platform or an account.
async fn pending(shop: &Marketplace, account: Option<&str>) -> Value {
    let balance = match account {
        Some(account) => call(shop, account, "/v1/balance", &[]).await.ok(),
        None => shop.get("/v1/balance").await,
    };
    let rows = balance["pending"].as_array().unwrap().iter();
    let pairs = rows.map(|row| {
        let currency = row["currency"].as_str().unwrap().to_owned();
        (currency, row["amount"].clone())
    });
    Value::Object(pairs.collect())
}

#[tokio::test]
async fn a_seller_with_a_bank_account_in_euros_keeps_euros() {
    let shop = Marketplace::with_seller().await;
    let seller = in_euros(&shop).await;
    let form = paying(&[("application_fee_amount", "100")]);
    let charge = call(&shop, &seller, "/v1/charges", &form).await.ok();
    assert_eq!(
        (&charge["amount"], &charge["currency"]),
        (&json!(1000), &json!("usd"))
    );
    let path = format!(
        "/v1/balance_transactions/{}",
        charge["balance_transaction"].as_str().unwrap()
    );
    let moved = call(&shop, &seller, &path, &[]).await.ok();
    // 2.9 % of 9.00 and 30 cents, and the platform's dollar in euros.
    assert_eq!(
        [
            &moved["currency"],
            &moved["amount"],
            &moved["fee"],
            &moved["net"]
        ],
        [&json!("eur"), &json!(900), &json!(56 + 90), &json!(754)]
    );
    assert_eq!(moved["exchange_rate"], 0.9);
    assert_eq!(pending(&shop, Some(&seller)).await, json!({"eur": 754}));
    // A platform that nobody has told which currencies to keep has the fee as it was taken.
    assert_eq!(pending(&shop, None).await, json!({"usd": 100}));

    let half = [
        ("charge", id(&charge)),
        ("amount", "500"),
        ("refund_application_fee", "true"),
    ];
    let refund = call(&shop, &seller, "/v1/refunds", &half).await.ok();
    assert_eq!(
        (&refund["amount"], &refund["currency"]),
        (&json!(500), &json!("usd"))
    );
    assert_eq!(
        pending(&shop, Some(&seller)).await,
        json!({"eur": 754 - 450 + 45})
    );
    assert_eq!(pending(&shop, None).await, json!({"usd": 50}));
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_destination_charge_passes_through_the_platforms_currency() {
    let shop = Marketplace::with_seller().await;
    keep_dollars(&shop).await;
    let seller = in_euros(&shop).await;
    let form = [
        ("amount", "1500"),
        ("currency", "jpy"),
        ("application_fee_amount", "150"),
        ("transfer_data[destination]", &seller),
    ];
    let charge = shop.post("/v1/charges", &paying(&form)).await.ok();
    let path = format!("/v1/transfers/{}", charge["transfer"].as_str().unwrap());
    let transfer = shop.get(&path).await;
    assert_eq!(
        (&transfer["amount"], &transfer["currency"]),
        (&json!(1000), &json!("usd"))
    );
    let path = format!(
        "/v1/application_fees/{}",
        charge["application_fee"].as_str().unwrap()
    );
    let fee = shop.get(&path).await;
    assert_eq!(
        (&fee["amount"], &fee["currency"]),
        (&json!(100), &json!("usd"))
    );
    assert_eq!(pending(&shop, Some(&seller)).await, json!({"eur": 810}));
    assert_eq!(
        pending(&shop, None).await,
        json!({"usd": 1000 - 59 - 1000 + 100})
    );

    let back = [
        ("charge", id(&charge)),
        ("reverse_transfer", "true"),
        ("refund_application_fee", "true"),
    ];
    shop.post("/v1/refunds", &back).await.ok();
    assert_eq!(pending(&shop, Some(&seller)).await, json!({"eur": 0}));
    assert_eq!(pending(&shop, None).await, json!({"usd": -59}));
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn what_is_left_of_a_charge_is_counted_in_the_platforms_currency() {
    let shop = Marketplace::with_seller().await;
    keep_dollars(&shop).await;
    let charge = shop
        .post("/v1/charges", &paying(&[("currency", "eur")]))
        .await
        .ok();
    let transfer = async |currency: &str, amount: &str| {
        let form = [
            ("amount", amount),
            ("currency", currency),
            ("destination", shop.seller.as_str()),
            ("source_transaction", id(&charge)),
        ];
        shop.post("/v1/transfers", &form).await
    };
    let refused = transfer("eur", "1000").await.json();
    assert_eq!(refused["error"]["param"], "currency");
    assert_eq!(
        transfer("usd", "1112").await.status,
        400,
        "it is 11.11 dollars"
    );
    transfer("usd", "1111").await.ok();
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn disputes_are_converted_too() {
    let shop = Marketplace::with_seller().await;
    let seller = in_euros(&shop).await;
    let form = paying(&[("source", "tok_createDispute")]);
    call(&shop, &seller, "/v1/charges", &form).await.ok();
    let dispute = call(&shop, &seller, "/v1/disputes", &[]).await.ok()["data"][0].clone();
    assert_eq!(
        (&dispute["amount"], &dispute["currency"]),
        (&json!(1000), &json!("usd"))
    );
    let withdrawn = &dispute["balance_transactions"][0];
    assert_eq!(
        (
            &withdrawn["amount"],
            &withdrawn["currency"],
            &withdrawn["exchange_rate"]
        ),
        (&json!(-900), &json!("eur"), &json!(0.9))
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn rates_can_be_listed_and_set() {
    let shop = Marketplace::with_seller().await;
    let dollar = shop.get("/v1/exchange_rates/usd").await;
    assert_eq!(
        (&dollar["rates"]["jpy"], &dollar["rates"]["usd"]),
        (&json!(150.0), &Value::Null)
    );
    let first = shop.get("/v1/exchange_rates?limit=2").await;
    assert_eq!(
        (
            id(&first["data"][0]),
            id(&first["data"][1]),
            &first["has_more"]
        ),
        ("aed", "afn", &json!(true))
    );
    let next = shop
        .get("/v1/exchange_rates?limit=2&starting_after=afn")
        .await;
    assert_eq!(id(&next["data"][0]), "all");
    let before = shop
        .get("/v1/exchange_rates?limit=2&ending_before=all")
        .await;
    assert_eq!(
        (id(&before["data"][0]), &before["has_more"]),
        ("aed", &json!(false))
    );

    set(&shop, &json!({"exchange_rates": {"eur": 0.5}})).await;
    let seller = in_euros(&shop).await;
    call(&shop, &seller, "/v1/charges", &paying(&[])).await.ok();
    assert_eq!(
        pending(&shop, Some(&seller)).await,
        json!({"eur": 500 - 45})
    );
    let wrong = set(&shop, &json!({"exchange_rates": {"eur": 0}})).await;
    assert_eq!(wrong["error"]["param"], "exchange_rates");
    let wrong = set(&shop, &json!({"settlement_currencies": ["zzz"]})).await;
    assert_eq!(wrong["error"]["param"], "settlement_currencies");
    let unknown = shop
        .stripe
        .call(Method::GET, "/v1/exchange_rates/zzz", Some(KEY), &[])
        .await;
    assert_eq!(unknown.status, 404);
}
