//! Bank accounts of `/v2/core/vault`.

use crate::client::{caller, emulator};

#[tokio::test]
async fn vault_bank_account_contains_only_the_last_digits() {
    let api = caller(&emulator(), "sk_test_products");
    let call = |path: &str, body: &str| {
        let call = api.call("POST", path, body);
        call.header("content-type", "application/json").send()
    };
    let us = "/v2/core/vault/us_bank_accounts";
    let made = call(
        us,
        r#"{"account_number":"000123456789","routing_number":"110000000","currency":"usd"}"#,
    )
    .await
    .ok();
    assert_eq!(
        (&made["last4"], &made["bank_name"]),
        (&"6789".into(), &"STRIPE TEST BANK".into())
    );
    let bad = call(
        us,
        r#"{"account_number":"1","routing_number":"110000000","currency":"usd"}"#,
    )
    .await;
    assert_eq!(bad.status, 400);
    let gb = call(
        "/v2/core/vault/gb_bank_accounts",
        r#"{"account_number":"00012345","sort_code":"108800","currency":"gbp"}"#,
    );
    assert_eq!(gb.await.ok()["last4"], "2345");
}
