//! Seeds: objects that a file describes.

use serde_json::json;
use tollway_emulator::{Emulator, Seed};

use crate::client::{caller, emulator};

const SEED: &str = r#"
clock = { freeze = true, set = 1790000000 }

[[worlds]]
key = "sk_test_rides"

[worlds.platform]
business_name = "Rides"
test = { client_id = "ca_rides", redirect_uris = ["http://localhost:3000/callback"] }
restricted_keys = [{ key = "rk_test_reader", permissions = { customer = "read" } }]

[[worlds.webhooks]]
url = "http://127.0.0.1:9/hooks"
secret = "whsec_rides"
connect = true

[[worlds.requests]]
post = "/v1/accounts"
params = { type = "express", country = "US", email = "seller@example.com" }
save = "seller"

[[worlds.requests]]
post = "/v1/customers"
account = "${seller}"
params = { name = "Ann", metadata = { seller = "${seller.email}" } }
save = "ann"

[[worlds.requests]]
post = "/v1/customers/${ann}"
account = "${seller}"
params = { description = "regular" }

[[faults]]
path = "/v1/refunds"
times = 1
then = "rate_limit"
"#;

#[tokio::test]
async fn worlds_hold_what_the_seed_says() {
    let emulator = emulator();
    emulator.seed(&Seed::parse(SEED).unwrap()).await.unwrap();
    assert_eq!(emulator.clock().now(), 1_790_000_000);
    let api = caller(&emulator, "sk_test_rides");
    assert_eq!(
        api.get("/_tollway/requests", "").await.ok()["data"],
        json!([])
    );
    let seller = api.get("/v1/accounts", "").await.ok()["data"][0].clone();
    let customers = api
        .call("GET", "/v1/customers", "")
        .header("stripe-account", seller["id"].as_str().unwrap());
    let ann = customers.send().await.ok()["data"][0].clone();
    assert_eq!(
        (
            &ann["name"],
            &ann["metadata"]["seller"],
            &ann["description"]
        ),
        (
            &json!("Ann"),
            &json!("seller@example.com"),
            &json!("regular")
        )
    );
    assert_eq!(api.post("/v1/refunds", "charge=ch_1").await.status, 429);
    let reader = caller(&emulator, "rk_test_reader");
    assert_eq!(reader.get("/v1/customers", "").await.status, 200);
    assert_eq!(reader.post("/v1/customers", "").await.status, 403);
    let world = api.get("/_tollway/worlds/rides", "").await.ok();
    assert_eq!(world["platform"]["test"]["client_id"], "ca_rides");
}

#[tokio::test]
async fn a_world_that_holds_something_is_not_filled_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let seed = Seed::parse(SEED).unwrap();
    for _ in 0..2 {
        let emulator = Emulator::builder().data(&path).build().unwrap();
        emulator.seed(&seed).await.unwrap();
        let api = caller(&emulator, "sk_test_rides");
        let accounts = api.get("/v1/accounts", "").await.ok();
        assert_eq!(accounts["data"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_control_api_takes_seeds_and_refuses_in_one_sentence() {
    let emulator = emulator();
    let control = caller(&emulator, "");
    let made = control.post("/_tollway/seed", SEED).await.ok();
    assert_eq!(made, json!({"seeded": true}));
    let bad = [
        ("[[world]]", "unknown field `world`"),
        ("[[worlds]]\nkey = \"pk_test_1\"", "must be a secret key"),
        (
            "[[worlds]]\nkey = \"sk_test_1\"\n[[worlds.requests]]\npost = \"/v1/customers\"\nparams = { nmae = 1 }",
            "POST /v1/customers was refused with 400: Received unknown parameter: nmae. Did you mean name?",
        ),
        (
            "[[worlds]]\nkey = \"sk_test_2\"\n[[worlds.requests]]\npost = \"/v1/customers/${ann}\"",
            "names what no request before it saved",
        ),
    ];
    for (seed, expected) in bad {
        let refused = control.post("/_tollway/seed", seed).await;
        let (status, message, ..) = refused.error();
        assert!(status == 400 && message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn the_log_can_be_asserted_on() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let card = "amount=500&currency=usd&source[object]=card&source[number]=4242424242424242&source[exp_month]=1&source[exp_year]=2040";
    api.post("/v1/charges", card).await;
    let assert = async |wanted: serde_json::Value| {
        api.post("/_tollway/requests/assert", &wanted.to_string())
            .await
    };
    let once = json!({"operation": "charges.create", "params": {"amount": 500}, "times": 1});
    let found = assert(once).await.ok();
    let shown = &found["data"][0]["params"]["source[number]"];
    assert!(shown.as_str().unwrap().starts_with("****"), "{shown}");
    let refused = assert(json!({"operation": "refunds.create"})).await;
    assert_eq!(
        refused.error().1,
        "Expected at least one such request, found 0; the latest requests are POST /v1/charges."
    );
    assert_eq!(
        assert(json!({"method": "POST", "times": 2})).await.status,
        400
    );
    assert_eq!(assert(json!({"verb": "POST"})).await.status, 400);
}
