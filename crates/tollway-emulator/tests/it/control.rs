//! The control API: clock, reset, log, faults, worlds.

use serde_json::{Value, json};

use crate::client::{Answer, Caller, START, caller, emulator};

async fn post_json(api: &Caller, path: &str, body: &Value) -> Answer {
    api.call("POST", path, &body.to_string())
        .header("content-type", "application/json")
        .send()
        .await
}

#[tokio::test]
async fn health_needs_no_key() {
    assert_eq!(
        caller(&emulator(), "").get("/healthz", "").await.ok()["status"],
        "ok"
    );
}

#[tokio::test]
async fn the_clock_moves() {
    let emulator = emulator();
    let control = caller(&emulator, "");
    assert_eq!(control.get("/_tollway/clock", "").await.ok()["now"], START);
    assert_eq!(
        post_json(&control, "/_tollway/clock", &json!({"advance": 90}))
            .await
            .ok()["now"],
        START + 90
    );
    assert_eq!(
        post_json(&control, "/_tollway/clock", &json!({"set": 5}))
            .await
            .ok()["now"],
        5
    );
    assert_eq!(
        post_json(&control, "/_tollway/clock", &json!({"leap": 5}))
            .await
            .status,
        400
    );
    let customer = caller(&emulator, "sk_test_a")
        .post("/v1/customers", "")
        .await
        .ok();
    assert_eq!(customer["created"], 5);
}

#[tokio::test]
async fn reset_forgets() {
    let emulator = emulator();
    let control = caller(&emulator, "");
    for key in ["sk_test_a", "sk_test_b"] {
        caller(&emulator, key).post("/v1/customers", "").await.ok();
    }
    let count = async |key: &str| {
        caller(&emulator, key).get("/v1/customers", "").await.ok()["data"]
            .as_array()
            .unwrap()
            .len()
    };
    post_json(&control, "/_tollway/reset", &json!({"world": "a"}))
        .await
        .ok();
    assert_eq!((count("sk_test_a").await, count("sk_test_b").await), (0, 1));
    post_json(&control, "/_tollway/reset", &json!({}))
        .await
        .ok();
    assert_eq!(count("sk_test_b").await, 0);
    assert_eq!(
        post_json(&control, "/_tollway/reset", &json!({"world": "nobody"}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn requests_are_logged_with_what_they_matched() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    api.post("/v1/customers", "").await.ok();
    let missing = api.get("/v1/customers/cus_x", "").await;
    let log = api.get("/_tollway/requests", "").await.ok();
    let newest = &log["data"][0];
    assert_eq!(newest["operation"], "customers.retrieve");
    assert_eq!(
        (&newest["status"], &newest["world"], &newest["livemode"]),
        (&json!(404), &json!("a"), &json!(false))
    );
    assert_eq!(newest["error"], "No such customer: 'cus_x'");
    assert_eq!(newest["id"], missing.header("request-id").unwrap());
    let one = api
        .get(
            &format!("/_tollway/requests/{}", newest["id"].as_str().unwrap()),
            "",
        )
        .await
        .ok();
    assert_eq!(&one, newest);
    assert_eq!(
        api.get("/_tollway/requests", "operation=customers.create")
            .await
            .ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(
        !api.get("/_tollway/requests", "")
            .await
            .body
            .contains("sk_test_a")
    );
    api.delete("/_tollway/requests").await;
    assert_eq!(
        api.get("/_tollway/requests", "").await.ok()["data"],
        json!([])
    );
}

#[tokio::test]
async fn faults_strike_and_pass() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    for then in ["rate_limit", "lock_timeout", "conflict", "server_error"] {
        post_json(
            &api,
            "/_tollway/faults",
            &json!({"path": "/v1/customers", "times": 1, "then": then}),
        )
        .await
        .ok();
        let hit = api.post("/v1/customers", "").await;
        let (status, kind, code) = match then {
            "rate_limit" => (429, "invalid_request_error", "rate_limit"),
            "lock_timeout" => (429, "invalid_request_error", "lock_timeout"),
            "conflict" => (409, "invalid_request_error", "lock_timeout"),
            _ => (500, "api_error", ""),
        };
        assert_eq!((hit.error().0, hit.error().2), (status, code), "{then}");
        assert_eq!(hit.json()["error"]["type"], kind);
        assert!(hit.header("request-id").is_some());
        // A lock that somebody else holds is no rate limit, though the status is the same.
        let reason = hit.header("stripe-rate-limited-reason");
        assert_eq!(reason, (then == "rate_limit").then_some("global-rate"));
        assert_eq!(api.post("/v1/customers", "").await.status, 200);
    }
    assert_eq!(
        api.get("/v1/customers", "").await.ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    post_json(&api, "/_tollway/faults", &json!({"then": "server_error"}))
        .await
        .ok();
    assert_eq!(api.get("/v1/customers", "").await.status, 500);
    api.delete("/_tollway/faults").await;
    assert_eq!(api.get("/v1/customers", "").await.status, 200);
    let log = api.get("/_tollway/requests", "status=500").await.ok();
    assert_eq!(log["data"][0]["fault"], "server_error");
    assert_eq!(
        post_json(&api, "/_tollway/faults", &json!({"then": "explode"}))
            .await
            .status,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn latency_waits() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    post_json(
        &api,
        "/_tollway/faults",
        &json!({"times": 1, "latency_ms": 5000}),
    )
    .await
    .ok();
    let before = tokio::time::Instant::now();
    assert_eq!(api.get("/v1/customers", "").await.status, 200);
    assert_eq!(before.elapsed().as_millis(), 5000);
}

#[tokio::test]
async fn worlds_tell_and_take_settings() {
    let emulator = emulator();
    let control = caller(&emulator, "");
    let world = control.get("/_tollway/worlds/a", "").await.ok();
    assert!(
        world["platform"]["account"]
            .as_str()
            .unwrap()
            .starts_with("acct_1")
    );
    assert!(
        world["platform"]["test"]["client_id"]
            .as_str()
            .unwrap()
            .starts_with("ca_")
    );
    let change = json!({"business_name": "Rides", "test": {"client_id": "ca_mine", "redirect_uris": ["http://localhost:3000/cb"]}});
    let changed = post_json(&control, "/_tollway/worlds/a", &change)
        .await
        .ok();
    assert_eq!(
        changed["platform"]["test"]["redirect_uris"][0],
        "http://localhost:3000/cb"
    );
    assert_eq!(
        control.get("/_tollway/worlds/a", "").await.ok()["platform"]["business_name"],
        "Rides"
    );
    assert_eq!(
        emulator
            .engine()
            .worlds()
            .of_client_id("ca_mine")
            .unwrap()
            .0
            .name()
            .as_ref(),
        "a"
    );
    assert_eq!(
        post_json(
            &control,
            "/_tollway/worlds/b",
            &json!({"live": {"client_id": "ca_mine"}})
        )
        .await
        .status,
        400
    );
    assert_eq!(
        post_json(
            &control,
            "/_tollway/worlds/b",
            &json!({"live": {"redirect_uris": ["nonsense"]}})
        )
        .await
        .status,
        400
    );
    assert_eq!(
        post_json(&control, "/_tollway/worlds/b", &json!({"typo": 1}))
            .await
            .status,
        400
    );
    assert_eq!(control.get("/_tollway/worlds/a%20b", "").await.status, 400);
    let names: Vec<_> = control.get("/_tollway/worlds", "").await.ok()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["name"].clone())
        .collect();
    assert_eq!(names, ["a", "b"]);
}
