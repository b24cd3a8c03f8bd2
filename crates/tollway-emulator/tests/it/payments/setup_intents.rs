//! Keeping cards for later, and paying with them when the card holder is away.

use axum::http::Method;
use serde_json::Value;

use crate::client::id;
use crate::marketplace::{Marketplace, intending};

async fn customer(shop: &Marketplace) -> Value {
    let form = [("email", "c@x.example")];
    shop.post("/v1/customers", &form).await.ok()
}

#[tokio::test]
async fn a_card_is_kept_and_charged_later() {
    let shop = Marketplace::with_seller().await;
    let customer = customer(&shop).await;
    let form = [
        ("customer", id(&customer)),
        ("usage", "off_session"),
        ("allowed_payment_method_types[]", "card"),
    ];
    let intent = shop.post("/v1/setup_intents", &form).await.ok();
    assert_eq!(intent["status"], "requires_payment_method");
    let path = format!("/v1/setup_intents/{}", id(&intent));
    let confirm = format!("{path}/confirm");
    let bare = shop.post(&confirm, &[]).await;
    bare.expect_error(400, "setup_intent_unexpected_state");
    let refused = shop
        .post(&confirm, &[("payment_method", "pm_card_chargeDeclined")])
        .await;
    let error = &refused.json()["error"];
    assert_eq!(
        (refused.status.as_u16(), &error["decline_code"]),
        (402, &Value::from("generic_decline"))
    );
    assert_eq!(error["setup_intent"]["status"], "requires_payment_method");
    assert_eq!(
        shop.get(&path).await["last_setup_error"]["code"],
        "card_declined"
    );
    let kept = shop
        .post(&confirm, &[("payment_method", "pm_card_visa")])
        .await
        .ok();
    assert_eq!(kept["status"], "succeeded");
    let methods = shop
        .get(&format!("/v1/customers/{}/payment_methods", id(&customer)))
        .await;
    assert_eq!(methods["data"][0]["id"], kept["payment_method"]);
    let attempts = shop
        .get(&format!("/v1/setup_attempts?setup_intent={}", id(&intent)))
        .await;
    let states: Vec<&str> = attempts["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["status"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["succeeded", "failed"]);
    assert_eq!(
        shop.post(&format!("{path}/cancel"), &[]).await.status,
        400,
        "it is over"
    );
}

#[tokio::test]
async fn a_card_that_was_authenticated_once_pays_without_its_holder() {
    let shop = Marketplace::with_seller().await;
    let customer = customer(&shop).await;
    let form = [
        ("customer", id(&customer)),
        ("payment_method", "pm_card_authenticationRequiredOnSetup"),
        ("confirm", "true"),
        ("return_url", "https://shop.example/back"),
    ];
    let intent = shop.post("/v1/setup_intents", &form).await.ok();
    assert_eq!(intent["status"], "requires_action");
    let page = format!("/_tollway/authenticate/{}", id(&intent));
    assert!(shop.stripe.get(&page).await.body.contains("id=\"approve\""));
    let back = shop
        .stripe
        .call(Method::POST, &page, None, &[("decision", "approve")])
        .await;
    let location = back.headers["location"].to_str().unwrap();
    assert!(
        location.starts_with("https://shop.example/back?setup_intent=seti_"),
        "{location}"
    );
    let done = shop
        .get(&format!("/v1/setup_intents/{}", id(&intent)))
        .await;
    assert_eq!(done["status"], "succeeded");
    let method = done["payment_method"].as_str().unwrap();
    let pay = |method| {
        intending(&[
            ("customer", id(&customer)),
            ("payment_method", method),
            ("confirm", "true"),
            ("off_session", "true"),
        ])
    };
    let paid = shop.post("/v1/payment_intents", &pay(method)).await.ok();
    assert_eq!(paid["status"], "succeeded");

    // One that always asks cannot be charged while its holder is away.
    let strict = pay("pm_card_authenticationRequired");
    let refused = shop.post("/v1/payment_intents", &strict).await;
    assert_eq!(refused.status, 402);
    let error = &refused.json()["error"];
    assert_eq!(error["code"], "authentication_required");
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
}

#[tokio::test]
async fn a_payment_keeps_the_card_if_asked() {
    let shop = Marketplace::with_seller().await;
    let (ann, bob) = (customer(&shop).await, customer(&shop).await);
    let form = intending(&[
        ("customer", id(&ann)),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
        ("setup_future_usage", "off_session"),
    ]);
    let paid = shop.post("/v1/payment_intents", &form).await.ok();
    let method = paid["payment_method"].as_str().unwrap();
    let kept = shop.get(&format!("/v1/payment_methods/{method}")).await;
    assert_eq!(kept["customer"], ann["id"]);
    for owner in [Some(id(&bob)), None] {
        let mut form = intending(&[("payment_method", method), ("confirm", "true")]);
        form.extend(owner.map(|owner| ("customer", owner)));
        let refused = shop.post("/v1/payment_intents", &form).await.json();
        assert_eq!(refused["error"]["param"], "payment_method");
    }
}
