//! Keys, worlds, modes and accounts.

use crate::client::{caller, emulator};

#[tokio::test]
async fn keys_are_needed_and_must_be_well_formed() {
    let emulator = emulator();
    let (status, message, ..) =
        { caller(&emulator, "").get("/v1/customers", "").await }.error_owned();
    assert_eq!(status, 401);
    assert!(
        message.starts_with("You did not provide an API key."),
        "{message}"
    );
    let answer = caller(&emulator, "sk_prod_secret_of_mine")
        .get("/v1/customers", "")
        .await;
    assert_eq!(answer.error().0, 401);
    assert!(!answer.body.contains("secret_of_mine"), "{}", answer.body);
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Basic realm=\"Stripe\"")
    );
}

#[tokio::test]
async fn basic_works_as_with_curl() {
    let emulator = emulator();
    let nobody = caller(&emulator, "");
    let basic = nobody
        .call("GET", "/v1/customers", "")
        .header("authorization", "Basic c2tfdGVzdF8xMjM6")
        .send()
        .await;
    assert_eq!(basic.ok()["data"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn worlds_and_modes_are_apart() {
    let emulator = emulator();
    let id = caller(&emulator, "sk_test_a")
        .post("/v1/customers", "")
        .await
        .ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/customers/{id}");
    assert_eq!(
        caller(&emulator, "sk_test_a").get(&path, "").await.ok()["livemode"],
        false
    );
    assert_eq!(
        caller(&emulator, "rk_test_a").get(&path, "").await.status,
        200
    );
    for key in ["sk_test_b", "sk_live_a"] {
        let answer = caller(&emulator, key).get(&path, "").await;
        let (status, message, code, param) = answer.error();
        assert_eq!((status, code, param), (404, "resource_missing", "id"));
        assert!(message.starts_with(&format!("No such customer: '{id}'")));
    }
    assert_eq!(
        caller(&emulator, "sk_live_a")
            .post("/v1/customers", "")
            .await
            .ok()["livemode"],
        true
    );
}

#[tokio::test]
async fn publishable_keys_may_do_little() {
    let emulator = emulator();
    let answer = caller(&emulator, "pk_test_a")
        .get("/v1/customers", "")
        .await;
    let (status, message, code, _) = answer.error();
    assert_eq!((status, code), (401, "secret_key_required"));
    assert!(message.contains("publishable"));
    let token = caller(&emulator, "pk_test_a")
        .post("/v1/tokens", "pii[id_number]=1")
        .await;
    assert_eq!(token.status, 200, "{}", token.body);
}

#[tokio::test]
async fn with_a_publishable_key_an_intent_is_reached_by_its_secret() {
    let emulator = emulator();
    let server = caller(&emulator, "sk_test_a");
    let intent = server
        .post(
            "/v1/payment_intents",
            "amount=1000&currency=usd&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never",
        )
        .await
        .ok();
    let path = format!("/v1/payment_intents/{}", intent["id"].as_str().unwrap());
    let page = caller(&emulator, "pk_test_a");
    assert_eq!(page.get(&path, "").await.error().3, "client_secret");
    let wrong = page.get(&path, "client_secret=pi_x_secret_y").await;
    assert_eq!(
        (wrong.error().0, wrong.error().2),
        (400, "resource_missing")
    );
    let secret = format!(
        "client_secret={}",
        intent["client_secret"].as_str().unwrap()
    );
    assert_eq!(page.get(&path, &secret).await.ok()["id"], intent["id"]);
    let form = format!("{secret}&payment_method=pm_card_visa");
    let paid = page.post(&format!("{path}/confirm"), &form).await.ok();
    assert_eq!(paid["status"], "succeeded");
    assert_eq!(page.post(&path, &secret).await.error().0, 401);
}

#[tokio::test]
async fn accounts_must_be_connected() {
    let emulator = emulator();
    let answer = caller(&emulator, "sk_test_a")
        .call("GET", "/v1/customers", "")
        .header("stripe-account", "acct_x")
        .send()
        .await;
    let (status, message, code, _) = answer.error();
    assert_eq!((status, code), (403, "account_invalid"));
    assert!(message.contains("'acct_x'"), "{message}");
    let both = caller(&emulator, "sk_test_a").call("GET", "/v1/customers", "");
    let both = both
        .header("stripe-account", "acct_x")
        .header("stripe-context", "acct_x")
        .send()
        .await;
    assert_eq!(both.error().0, 400);
}

impl crate::client::Answer {
    fn error_owned(&self) -> (u16, String, String) {
        let (status, message, code, _) = self.error();
        (status, message.to_owned(), code.to_owned())
    }
}
