//! Payment records: what the account reports of payments that went elsewhere.

use serde_json::{Value, json};

use crate::client::id;
use crate::marketplace::{Marketplace, with};

const PAYMENT: &[(&str, &str)] = &[
    ("amount_requested[currency]", "usd"),
    ("amount_requested[value]", "1000"),
    ("initiated_at", "1790000000"),
    ("payment_method_details[type]", "custom"),
    ("payment_method_details[custom][display_name]", "Cash"),
    ("processor_details[type]", "custom"),
    ("processor_details[custom][payment_reference]", "till-1"),
];

/// Guaranteed, failed, canceled and refunded amounts.
fn amounts(record: &Value) -> [i64; 4] {
    ["guaranteed", "failed", "canceled", "refunded"]
        .map(|name| record[format!("amount_{name}")]["value"].as_i64().unwrap())
}

#[tokio::test]
async fn a_payment_fails_is_tried_again_and_refunded() {
    let shop = Marketplace::with_seller().await;
    let record = shop
        .post("/v1/payment_records/report_payment", PAYMENT)
        .await
        .ok();
    assert_eq!(amounts(&record), [0, 0, 0, 0]);
    assert_eq!(
        record["amount_requested"],
        json!({"currency": "usd", "value": 1000})
    );
    let path = format!("/v1/payment_records/{}", id(&record));
    let again = format!("{path}/report_payment_attempt");
    let attempt = [("initiated_at", "1790000100")];
    assert_eq!(
        shop.post(&again, &attempt).await.status,
        400,
        "the first one is open"
    );
    let refund = format!("{path}/report_refund");
    let back = [
        ("outcome", "refunded"),
        ("processor_details[type]", "custom"),
        ("processor_details[custom][refund_reference]", "r-1"),
        ("refunded[refunded_at]", "1790000200"),
    ];
    assert_eq!(
        shop.post(&refund, &back).await.status,
        400,
        "nothing is guaranteed"
    );

    let failed = format!("{path}/report_payment_attempt_failed");
    let failed = shop
        .post(&failed, &[("failed_at", "1790000050")])
        .await
        .ok();
    assert_eq!(amounts(&failed), [0, 1000, 0, 0]);
    let done = format!("{path}/report_payment_attempt_guaranteed");
    let at = [("guaranteed_at", "1790000150")];
    assert_eq!(shop.post(&done, &at).await.status, 400, "it has failed");
    let second = shop.post(&again, &attempt).await.ok();
    assert_eq!(amounts(&second), [0, 0, 0, 0]);
    assert_ne!(
        second["latest_payment_attempt_record"],
        record["latest_payment_attempt_record"]
    );
    let paid = shop.post(&done, &at).await.ok();
    assert_eq!(amounts(&paid), [1000, 0, 0, 0]);

    let part = with(
        &back,
        &[("amount[currency]", "usd"), ("amount[value]", "300")],
    );
    assert_eq!(amounts(&shop.post(&refund, &part).await.ok())[3], 300);
    let too_much = with(&part, &[("amount[value]", "701")]);
    assert_eq!(
        shop.post(&refund, &too_much).await.json()["error"]["param"],
        "amount[value]"
    );
    assert_eq!(amounts(&shop.post(&refund, &back).await.ok())[3], 1000);
    let all = format!("/v1/payment_attempt_records?payment_record={}", id(&record));
    let all = shop.get(&all).await;
    let attempts: Vec<[i64; 4]> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(amounts)
        .collect();
    assert_eq!(attempts, [[1000, 0, 0, 1000], [0, 1000, 0, 0]]);
    assert_eq!(shop.get(&path).await["amount_refunded"]["value"], 1000);
}

#[tokio::test]
async fn a_payment_is_reported_with_its_outcome() {
    let shop = Marketplace::with_seller().await;
    let path = "/v1/payment_records/report_payment";
    for (outcome, expected) in [
        ("guaranteed", [1000, 0, 0, 0]),
        ("failed", [0, 1000, 0, 0]),
        ("canceled", [0, 0, 1000, 0]),
    ] {
        let at = format!("{outcome}[{outcome}_at]");
        let form = with(PAYMENT, &[("outcome", outcome), (&at, "1790000010")]);
        let record = shop.post(path, &form).await.ok();
        assert_eq!(amounts(&record), expected, "{outcome}");
        let attempt = record["latest_payment_attempt_record"].as_str().unwrap();
        let attempt = shop
            .get(&format!("/v1/payment_attempt_records/{attempt}"))
            .await;
        assert_eq!(
            (&attempt["payment_record"], amounts(&attempt)),
            (&record["id"], expected)
        );
    }
    let form = with(PAYMENT, &[("outcome", "failed")]);
    let refused = shop.post(path, &form).await.json();
    assert_eq!(refused["error"]["param"], "failed[failed_at]");
    let record = shop.post(path, PAYMENT).await.ok();
    let more = format!(
        "/v1/payment_records/{}/report_payment_attempt_informational",
        id(&record)
    );
    let form = [("description", "Bread"), ("metadata[till]", "1")];
    let told = shop.post(&more, &form).await.ok();
    assert_eq!(
        (&told["description"], &told["metadata"]["till"]),
        (&json!("Bread"), &json!("1"))
    );
}
