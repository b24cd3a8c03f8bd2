//! Ephemeral keys.

use crate::client::{START, caller, emulator, id};

#[tokio::test]
async fn ephemeral_key_requires_exactly_one_object() {
    let api = caller(&emulator(), "sk_test_products");
    let customer = api.post("/v1/customers", "").await.ok();
    let key = api
        .post("/v1/ephemeral_keys", &format!("customer={}", id(&customer)))
        .await
        .ok();
    assert!(key["secret"].as_str().unwrap().starts_with("ek_test_"));
    assert_eq!(key["expires"], START + 3600);
    assert!(
        api.post("/v1/ephemeral_keys", "")
            .await
            .error()
            .1
            .contains("exactly one")
    );
    let gone = api
        .delete(&format!("/v1/ephemeral_keys/{}", id(&key)))
        .await
        .ok();
    assert_eq!(
        (&gone["expires"], gone.get("secret")),
        (&START.into(), None)
    );
}
