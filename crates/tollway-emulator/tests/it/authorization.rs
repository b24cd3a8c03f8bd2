//! Every operation of the description with every kind of key that must not use it.

use serde_json::json;
use tollway_emulator::Emulator;

use crate::client::{Answer, Caller, caller, emulator};

/// What a publishable key may use: what a page in a browser calls.
const PUBLISHABLE: &[&str] = &[
    "confirmation_tokens.retrieve",
    "payment_intents.confirm",
    "payment_intents.retrieve",
    "payment_intents.verify_microdeposits",
    "payment_methods.create",
    "setup_intents.confirm",
    "setup_intents.retrieve",
    "setup_intents.verify_microdeposits",
    "sources.create",
    "sources.retrieve",
    "tokens.create",
    "tokens.retrieve",
];

/// Method, path and name of every operation that takes an API key in a header.
fn operations(emulator: &Emulator) -> Vec<(String, String, String)> {
    let lines = tollway_emulator::coverage(emulator.engine());
    let operations = lines.into_iter().filter_map(|(_, url, name)| {
        let (method, path) = url.split_once(' ')?;
        let path = path.replace(['{', '}'], "");
        (!path.starts_with("/oauth/")).then(|| (method.to_uppercase(), path, name))
    });
    operations.collect()
}

/// Calls every operation and returns those whose answer is not as expected.
async fn unexpected(
    emulator: &Emulator,
    api: &Caller,
    account: Option<&str>,
    is_expected: impl Fn(&str, &Answer) -> bool,
) -> Vec<String> {
    let mut unexpected = Vec::new();
    for (method, path, name) in operations(emulator) {
        let mut call = api.call(&method, &path, "");
        if let Some(account) = account {
            call = call.header("stripe-account", account);
        }
        let answer = call.send().await;
        if !is_expected(&name, &answer) {
            unexpected.push(format!(
                "{method} {path}: {} {}",
                answer.status, answer.body
            ));
        }
    }
    unexpected
}

#[tokio::test]
async fn no_operation_is_answered_without_a_key() {
    let emulator = emulator();
    assert!(operations(&emulator).len() > 500);
    let refused = |_: &str, answer: &Answer| {
        answer.status == 401 && answer.body.contains("You did not provide an API key")
    };
    let unexpected = unexpected(&emulator, &caller(&emulator, ""), None, refused).await;
    assert_eq!(unexpected, [""; 0]);
}

#[tokio::test]
async fn no_operation_is_answered_for_a_malformed_key() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_prod_x");
    let refused = |_: &str, answer: &Answer| {
        answer.status == 401 && answer.body.contains("Invalid API Key provided")
    };
    let unexpected = unexpected(&emulator, &api, None, refused).await;
    assert_eq!(unexpected, [""; 0]);
}

#[tokio::test]
async fn a_publishable_key_reaches_only_what_browsers_call() {
    let emulator = emulator();
    let api = caller(&emulator, "pk_test_a");
    let as_listed = |name: &str, answer: &Answer| {
        let refused = answer.status == 401 && answer.error().2 == "secret_key_required";
        refused != PUBLISHABLE.contains(&name)
    };
    let unexpected = unexpected(&emulator, &api, None, as_listed).await;
    assert_eq!(unexpected, [""; 0]);
}

#[tokio::test]
async fn a_restricted_key_without_permissions_reaches_nothing() {
    let emulator = emulator();
    let keys = json!({"restricted_keys": [{"key": "rk_test_none", "permissions": {}}]});
    caller(&emulator, "")
        .call("POST", "/_tollway/worlds/none", &keys.to_string())
        .send()
        .await
        .ok();
    let api = caller(&emulator, "rk_test_none");
    let refused = |_: &str, answer: &Answer| {
        answer.status == 403
            && answer
                .body
                .contains("does not have the required permissions")
    };
    let unexpected = unexpected(&emulator, &api, None, refused).await;
    assert_eq!(unexpected, [""; 0]);
}

#[tokio::test]
async fn no_operation_acts_for_an_account_that_is_not_connected() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let refused =
        |_: &str, answer: &Answer| answer.status == 403 && answer.body.contains("account_invalid");
    let unexpected = unexpected(&emulator, &api, Some("acct_other"), refused).await;
    assert_eq!(unexpected, [""; 0]);
}

#[tokio::test]
async fn a_key_of_the_other_mode_finds_no_object() {
    let emulator = emulator();
    let test = caller(&emulator, "sk_test_a");
    let customer = test.post("/v1/customers", "").await.ok();
    let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    let live = caller(&emulator, "sk_live_a");
    for (method, form) in [("GET", ""), ("POST", "name=x"), ("DELETE", "")] {
        let refused = live.call(method, &path, form).send().await;
        let (status, message, code, _) = refused.error();
        assert_eq!((status, code), (404, "resource_missing"), "{method}");
        assert!(message.contains("test mode"), "{message}");
    }
}
