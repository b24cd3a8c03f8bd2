//! Errors in Stripe's words: status, message, code, param.

use serde_json::json;

use crate::client::{caller, emulator};

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let cases = [
        (
            "/v1/customers",
            "nmae=Ann",
            "Received unknown parameter: nmae. Did you mean name?",
            "parameter_unknown",
            "nmae",
        ),
        (
            "/v1/customers",
            "shipping[adress][city]=x",
            "Received unknown parameter: shipping[adress]. Did you mean shipping[address]?",
            "parameter_unknown",
            "shipping[adress]",
        ),
        (
            "/v1/customers",
            "zzz=1",
            "Received unknown parameter: zzz",
            "parameter_unknown",
            "zzz",
        ),
        (
            "/v1/customers",
            "a=1&b=1",
            "Received unknown parameters: a, b",
            "parameter_unknown",
            "a",
        ),
        (
            "/v1/transfers",
            "destination=acct_1",
            "Missing required param: currency.",
            "parameter_missing",
            "currency",
        ),
        (
            "/v1/charges",
            "amount=ten&currency=usd",
            "Invalid integer: ten",
            "parameter_invalid_integer",
            "amount",
        ),
        (
            "/v1/charges",
            "amount=&currency=usd",
            "You passed an empty string for 'amount'. We assume empty values are an attempt to unset a parameter; however 'amount' cannot be unset. You should remove 'amount' from your request or supply a non-empty value.",
            "parameter_invalid_empty",
            "amount",
        ),
        (
            "/v1/prices",
            "currency=usd&unit_amount=1&product_data[name]=x&recurring[interval]=decade",
            "Invalid interval: must be one of day, month, week, or year",
            "",
            "recurring[interval]",
        ),
        (
            "/v1/customers",
            "metadata=text",
            "Invalid object",
            "",
            "metadata",
        ),
        (
            "/v1/invoices",
            "customer=cus_x",
            "No such customer: 'cus_x'",
            "resource_missing",
            "customer",
        ),
    ];
    for (path, form, message, code, param) in cases {
        let answer = api.post(path, form).await;
        assert_eq!(answer.error(), (400, message, code, param), "{path} {form}");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
        let error = &answer.json()["error"];
        let url = error["doc_url"].as_str().unwrap_or_default();
        assert_eq!(url.is_empty(), code.is_empty());
        assert!(url.ends_with(&code.replace('_', "-")), "{url}");
    }
}

#[tokio::test]
async fn an_object_of_the_other_mode_is_hinted_at() {
    let emulator = emulator();
    let live = caller(&emulator, "sk_live_a")
        .post("/v1/customers", "")
        .await
        .ok();
    let id = live["id"].as_str().unwrap();
    let test = caller(&emulator, "sk_test_a");
    let hint = format!(
        "No such customer: '{id}'; a similar object exists in live mode, but a test mode key was used to make this request."
    );
    let retrieved = test.get(&format!("/v1/customers/{id}"), "").await;
    assert_eq!(
        retrieved.error(),
        (404, hint.as_str(), "resource_missing", "id")
    );
    let named = test.post("/v1/invoices", &format!("customer={id}")).await;
    assert_eq!(
        named.error(),
        (400, hint.as_str(), "resource_missing", "customer")
    );
}

#[tokio::test]
async fn a_restricted_key_does_what_it_was_given() {
    let emulator = emulator();
    let own = json!({"restricted_keys": [
        {"key": "rk_test_reader", "permissions": {"customer": "read", "checkout_session": "write"}},
        {"key": "rk_live_all", "permissions": {"*": "write", "charge": "none"}},
    ]});
    let control = caller(&emulator, "");
    control
        .post("/_tollway/worlds/a", &own.to_string())
        .await
        .ok();
    let made = caller(&emulator, "sk_test_a")
        .post("/v1/customers", "")
        .await
        .ok();
    let reader = caller(&emulator, "rk_test_reader");
    let seen = reader.get("/v1/customers", "").await.ok();
    assert_eq!(seen["data"][0]["id"], made["id"]);
    let account = reader.get("/_tollway/worlds/a", "").await.ok();
    let account = account["platform"]["account"].as_str().unwrap().to_owned();
    let refused = reader.post("/v1/customers", "").await;
    let message = format!(
        "The provided key 'rk_test_******' does not have the required permissions for this endpoint on account '{account}'. Having the 'rak_customer_write' permission would allow this request to continue."
    );
    assert_eq!(refused.error(), (403, message.as_str(), "", ""));
    assert_eq!(reader.get("/v1/checkout/sessions", "").await.status, 200);
    assert_eq!(reader.get("/v1/charges", "").await.status, 403);
    let most = caller(&emulator, "rk_live_all");
    assert_eq!(most.post("/v1/customers", "").await.status, 200);
    assert_eq!(most.get("/v1/charges", "").await.status, 403);
    // Nobody said what this one may do.
    let unknown = caller(&emulator, "rk_test_unknown");
    assert_eq!(unknown.post("/v1/customers", "").await.status, 200);
    let wrong = json!({"restricted_keys": [{"key": "sk_test_x"}]}).to_string();
    let wrong = control.post("/_tollway/worlds/a", &wrong).await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn v2_wants_its_version_named() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let unnamed = api
        .call("GET", "/v2/core/event_destinations", "")
        .header("stripe-version", "");
    let unnamed = unnamed.send().await;
    assert_eq!(unnamed.status, 400);
    let named = api.get("/v2/core/event_destinations", "").await;
    assert_eq!(named.header("stripe-version"), Some("2026-10-28.endive"));
    assert_eq!(named.status, 200);
}

#[tokio::test]
async fn a_header_may_have_sixteen_kibibytes_and_no_more() {
    let emulator = crate::client::emulator();
    let api = crate::client::caller(&emulator, "sk_test_a");
    let get_with_header = async |length: usize| {
        api.call("GET", "/v1/customers", "")
            .header("x-note", &"x".repeat(length))
            .send()
            .await
    };
    get_with_header(16 * 1024).await.ok();
    let refused = get_with_header(16 * 1024 + 1).await;
    let (status, message, _, _) = refused.error();
    assert_eq!(status, 400);
    assert!(message.contains("a header is too long"), "{message}");
}
