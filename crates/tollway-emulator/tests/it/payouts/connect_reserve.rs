//! What a connected account owes: kept back from the platform where the platform bears the losses.

use serde_json::Value;

use super::manual_payouts::{as_account, custom};
use crate::client::id;
use crate::marketplace::{Marketplace, paying};

const DAY: u64 = 86_400;

/// Available and reserved US dollars of the platform.
async fn platform(shop: &Marketplace) -> (i64, i64) {
    let balance = shop.get("/v1/balance").await;
    let usd = |name: &str| balance[name][0]["amount"].as_i64().unwrap();
    (usd("available"), usd("connect_reserved"))
}

async fn reserves(shop: &Marketplace) -> Vec<Value> {
    let all = shop
        .get("/v1/balance_transactions?type=reserve_transaction")
        .await;
    all["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_platform_keeps_back_what_its_account_owes() {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[("amount", "100000"), ("source", "tok_bypassPending")]);
    shop.post("/v1/charges", &form).await.ok();
    let account = custom(&shop, "000123456789").await;
    assert_eq!(platform(&shop).await, (87_070, 0));
    let transfers = shop.get("/v1/transfers").await;
    let path = format!("/v1/transfers/{}/reversals", id(&transfers["data"][0]));
    let form = [("amount", "10000"), ("currency", "usd")];
    as_account(&shop, &account, "/v1/payouts", &form).await;
    shop.post(&path, &[]).await.ok();
    let owes = as_account(&shop, &account, "/v1/balance", &[]).await;
    assert_eq!(owes["available"][0]["amount"], -10_000);
    assert!(owes.get("connect_reserved").is_none());
    assert_eq!(platform(&shop).await, (87_070, 10_000));
    let kept = reserves(&shop).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (&kept[0]["net"], &kept[0]["reporting_category"]),
        (&(-10_000).into(), &"connect_reserved_funds".into())
    );
    let source = format!("/v1/balance_transactions/{}?expand[]=source", id(&kept[0]));
    let source = shop.get(&source).await["source"].clone();
    assert_eq!(source["object"], "reserve_transaction");

    let form = [
        ("amount", "4000"),
        ("currency", "usd"),
        ("destination", account.as_str()),
    ];
    shop.post("/v1/transfers", &form).await.ok();
    assert_eq!(platform(&shop).await, (87_070, 6_000));
    shop.post("/v1/transfers", &form).await.ok();
    shop.post("/v1/transfers", &form).await.ok();
    assert_eq!(platform(&shop).await, (85_070, 0));
    let kept: i64 = reserves(&shop)
        .await
        .iter()
        .map(|it| it["net"].as_i64().unwrap())
        .sum();
    assert_eq!(kept, 0);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_standard_account_bears_its_own_losses() {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[("amount", "5000")]);
    let charge = shop.post_for_seller("/v1/charges", &form).await.ok();
    shop.stripe.advance(3 * DAY);
    shop.post_for_seller("/v1/refunds", &[("charge", id(&charge))])
        .await
        .ok();
    assert_eq!(shop.balances().await[1], (-175, 0));
    assert_eq!(platform(&shop).await, (0, 0));
    assert!(reserves(&shop).await.is_empty());
}

#[tokio::test]
async fn an_account_is_debited_and_has_it_back() {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[("amount", "100000"), ("source", "tok_bypassPending")]);
    shop.post("/v1/charges", &form).await.ok();
    let account = custom(&shop, "000123456789").await;
    let debit = |amount| {
        [
            ("amount", amount),
            ("currency", "usd"),
            ("source", account.as_str()),
        ]
    };
    let refused = shop.post("/v1/charges", &debit("10001")).await;
    refused.expect_error(400, "balance_insufficient");
    let charge = shop.post("/v1/charges", &debit("1500")).await.ok();
    assert!(id(&charge).starts_with("py_"));
    assert_eq!(
        [&charge["status"], &charge["payment_method_details"]["type"]],
        ["succeeded", "stripe_account"]
    );
    let available = async || {
        let balance = as_account(&shop, &account, "/v1/balance", &[]).await;
        balance["available"][0]["amount"].as_i64().unwrap()
    };
    assert_eq!(
        (platform(&shop).await.0, available().await),
        (87_070 + 1500, 8500)
    );
    let form = [("charge", id(&charge)), ("amount", "500")];
    shop.post("/v1/refunds", &form).await.ok();
    assert_eq!(
        (platform(&shop).await.0, available().await),
        (87_070 + 1000, 9000)
    );
    let rows = as_account(&shop, &account, "/v1/balance_transactions", &[]).await;
    let nets: Vec<i64> = rows["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["net"].as_i64().unwrap())
        .collect();
    assert_eq!(nets, [500, -1500, 10_000]);
    let form = paying(&[("source", "acct_none")]);
    let unknown = shop.post("/v1/charges", &form).await.json();
    assert_eq!(unknown["error"]["param"], "source");
    assert_eq!(shop.sum(), 0);
}
