//! Secrets of Stripe Apps.

use serde_json::Value;

use crate::client::{caller, emulator};

#[tokio::test]
async fn app_secret_payload_is_sent_only_when_expanded() {
    let api = caller(&emulator(), "sk_test_products");
    for payload in ["one", "two"] {
        let form = format!("name=token&payload={payload}&scope[type]=account");
        assert_eq!(
            api.post("/v1/apps/secrets", &form).await.ok()["payload"],
            Value::Null
        );
    }
    let named = "name=token&scope[type]=account";
    let found = api
        .get(
            "/v1/apps/secrets/find",
            &format!("{named}&expand[]=payload"),
        )
        .await
        .ok();
    assert_eq!(found["payload"], "two");
    assert_eq!(
        api.get("/v1/apps/secrets/find", named).await.ok()["payload"],
        Value::Null
    );
    let all = api
        .get("/v1/apps/secrets", "scope[type]=account")
        .await
        .ok();
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
    let gone = api.post("/v1/apps/secrets/delete", named).await.ok();
    assert_eq!(gone["deleted"], true);
    assert_eq!(api.get("/v1/apps/secrets/find", named).await.error().0, 404);
}
