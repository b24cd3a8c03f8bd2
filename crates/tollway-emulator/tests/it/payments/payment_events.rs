//! Who hears of a payment.

use axum::http::Method;
use serde_json::Value;

use crate::client::id;
use crate::marketplace::{KEY, Marketplace, paying};
use crate::support::START;

#[tokio::test]
async fn events_of_a_payment_reach_the_right_endpoints() {
    let shop = Marketplace::with_seller().await;
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
    let form = paying(&[("application_fee_amount", "100")]);
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
async fn what_a_test_clock_far_behind_leads_to_can_be_read() {
    let shop = Marketplace::with_seller().await;
    let form = [("frozen_time", "1600000000")];
    let clock = shop.post("/v1/test_helpers/test_clocks", &form).await.ok();
    let form = [("test_clock", id(&clock))];
    let customer = shop.post("/v1/customers", &form).await.ok();
    let form = [("customer", id(&customer))];
    let invoice = shop.post("/v1/invoices", &form).await.ok();
    assert_eq!(invoice["created"], 1_600_000_000);
    let events = shop.get("/v1/events?type=invoice.created").await;
    assert_eq!(events["data"][0]["data"]["object"]["id"], invoice["id"]);
    assert_eq!(events["data"][0]["created"], START);
}
