//! `--mock`: in stripe-mock's place.

use serde_json::json;
use tollway_emulator::{Clock, Emulator};

use crate::client::{Caller, START, caller};

fn mock() -> Caller {
    let builder = Emulator::builder().clock(Clock::manual(START)).seed(7);
    caller(&builder.mock(true).build().unwrap(), "sk_test_123")
}

#[tokio::test]
async fn nobody_made_it_and_it_is_there() {
    let api = mock();
    let charge = api.get("/v1/charges/ch_123", "").await.ok();
    assert_eq!(
        (&charge["id"], &charge["object"]),
        (&json!("ch_123"), &json!("charge"))
    );
    let named = api.post("/v1/customers/cus_123", "name=Ann").await.ok();
    let kept = api.get("/v1/customers/cus_123", "").await.ok();
    assert_eq!((&kept["name"], &kept), (&json!("Ann"), &named));
    let gone = api.delete("/v1/customers/cus_9").await.ok();
    assert_eq!(
        gone,
        json!({"id": "cus_9", "object": "customer", "deleted": true})
    );
    let lines = api.get("/v1/invoices/in_123/lines", "").await.ok();
    assert_eq!(lines["data"][0]["object"], "line_item");
    let paid = api.post("/v1/invoices/in_123/pay", "").await.ok();
    assert_eq!(
        (&paid["id"], &paid["status"]),
        (&json!("in_123"), &json!("paid"))
    );
    let refund = api.post("/v1/refunds", "charge=ch_nobody").await.ok();
    assert_eq!(refund["object"], "refund");
    let for_seller = api
        .call("GET", "/v1/balance", "")
        .header("stripe-account", "acct_nobody");
    assert_eq!(for_seller.send().await.ok()["object"], "balance");
}

#[tokio::test]
async fn it_says_that_it_is_one_and_still_checks_parameters() {
    let api = mock();
    let root = api.get("/", "").await;
    assert_eq!(root.header("stripe-mock-version"), Some("master"));
    assert_eq!(root.ok(), json!({}));
    let wrong = api.post("/v1/charges", "amount=x&currency=usd").await;
    assert_eq!(wrong.header("stripe-mock-version"), Some("master"));
    assert_eq!(
        wrong.error(),
        (
            400,
            "Invalid integer: x",
            "parameter_invalid_integer",
            "amount"
        )
    );
    let declined = "amount=100&currency=usd&source=tok_chargeDeclined";
    assert_eq!(api.post("/v1/charges", declined).await.status, 402);
    assert_eq!(api.get("/v1/nothing", "").await.status, 404);
}
