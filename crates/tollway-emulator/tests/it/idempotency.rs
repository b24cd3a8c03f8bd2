//! Idempotency keys.

use std::time::Duration;

use crate::client::{Answer, Caller, caller, emulator};

async fn keyed(api: &Caller, path: &str, form: &str, key: &str) -> Answer {
    api.call("POST", path, form)
        .header("idempotency-key", key)
        .send()
        .await
}

#[tokio::test]
async fn the_first_answer_is_given_again() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let first = keyed(&api, "/v1/customers", "email=a@b.c&name=n", "k1").await;
    let again = keyed(&api, "/v1/customers", "name=n&email=a@b.c", "k1").await;
    assert_eq!(first.body, again.body);
    assert_eq!(
        (
            first.header("idempotent-replayed"),
            again.header("idempotent-replayed")
        ),
        (None, Some("true"))
    );
    assert_eq!(again.header("idempotency-key"), Some("k1"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_ne!(again.header("request-id"), first.header("request-id"));
    assert_eq!(
        api.get("/v1/customers", "").await.ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn other_parameters_are_a_mismatch() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    keyed(&api, "/v1/customers", "email=a@b.c", "k1").await.ok();
    let other = keyed(&api, "/v1/customers", "email=x@y.z", "k1").await;
    assert_eq!(
        (other.error().0, other.json()["error"]["type"].as_str()),
        (400, Some("idempotency_error"))
    );
    let path = keyed(&api, "/v1/products", "name=x", "k1").await;
    assert_eq!(path.json()["error"]["type"], "idempotency_error");
}

#[tokio::test]
async fn failures_of_the_work_are_kept_refusals_are_not() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let failed = keyed(&api, "/v1/customers/cus_x", "name=a", "k1").await;
    let again = keyed(&api, "/v1/customers/cus_x", "name=a", "k1").await;
    assert_eq!(
        (failed.status.as_u16(), again.header("idempotent-replayed")),
        (404, Some("true"))
    );
    assert_eq!(failed.body, again.body);
    let refused = keyed(&api, "/v1/customers", "typo=1", "k2").await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        keyed(&api, "/v1/customers", "name=right", "k2")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn keys_end_after_a_day_and_belong_to_a_mode() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let first = keyed(&api, "/v1/customers", "", "k1").await;
    let live = keyed(&caller(&emulator, "sk_live_a"), "/v1/customers", "", "k1").await;
    assert_ne!(first.body, live.body);
    emulator.clock().advance(Duration::from_hours(24));
    let later = keyed(&api, "/v1/customers", "", "k1").await;
    assert_eq!(later.header("idempotent-replayed"), None);
    assert_ne!(first.body, later.body);
}

#[tokio::test]
async fn long_keys_are_refused_and_gets_have_none() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    assert_eq!(
        keyed(&api, "/v1/customers", "", &"k".repeat(256))
            .await
            .status,
        400
    );
    assert_eq!(
        keyed(&api, "/v1/customers", "", &"k".repeat(255))
            .await
            .status,
        200
    );
    let get = api
        .call("GET", "/v1/customers", "")
        .header("idempotency-key", "g")
        .send()
        .await;
    let again = api
        .call("GET", "/v1/customers", "")
        .header("idempotency-key", "g")
        .send()
        .await;
    assert_eq!(
        (get.status.as_u16(), again.header("idempotent-replayed")),
        (200, None)
    );
}

#[tokio::test]
async fn v2_responses_are_given_again_for_thirty_days() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let create = async || {
        let body = serde_json::json!({
            "name": "d", "type": "webhook_endpoint", "event_payload": "snapshot", "enabled_events": ["*"],
            "webhook_endpoint": {"url": "https://example.com"},
        });
        api.call("POST", "/v2/core/event_destinations", "")
            .json(&body)
            .header("idempotency-key", "k1")
            .send()
            .await
    };
    let first = create().await.ok();
    emulator
        .clock()
        .advance(Duration::from_secs(30 * 24 * 3600 - 1));
    let replayed = create().await;
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(replayed.ok()["id"], first["id"]);
    emulator.clock().advance(Duration::from_secs(1));
    let anew = create().await;
    assert_eq!(anew.header("idempotent-replayed"), None);
    assert_ne!(anew.ok()["id"], first["id"]);
}
