//! How subscriptions come by a payment method, as the usual integrations have it.

use serde_json::Value;

use super::{Club, end_of};
use crate::client::id;

/// A customer on the club's clock who has nothing to pay with.
async fn newcomer(club: &Club) -> String {
    let form = [
        ("email", "new@x.example"),
        ("test_clock", club.clock.as_str()),
    ];
    id(&club.shop.post("/v1/customers", &form).await.ok()).to_owned()
}

#[tokio::test]
async fn what_pays_the_first_invoice_pays_the_next_ones() {
    let club = Club::open("pm_card_visa").await;
    let customer = newcomer(&club).await;
    let form = [
        ("customer", customer.as_str()),
        ("items[0][price]", &club.price),
        ("payment_behavior", "default_incomplete"),
        (
            "payment_settings[save_default_payment_method]",
            "on_subscription",
        ),
    ];
    let begun = club.shop.post("/v1/subscriptions", &form).await.ok();
    assert_eq!(
        (&begun["status"], &begun["pending_setup_intent"]),
        (&"incomplete".into(), &Value::Null)
    );
    let invoice = club.latest(&begun).await;
    let intent = &invoice["payments"]["data"][0]["payment"]["payment_intent"];
    let path = format!("/v1/payment_intents/{}/confirm", intent.as_str().unwrap());
    let form = [("payment_method", "pm_card_visa")];
    let paid = club.shop.post(&path, &form).await.ok();
    let active = club.look(&begun).await;
    assert_eq!(active["status"], "active");
    assert_eq!(active["default_payment_method"], paid["payment_method"]);
    club.advance_to(end_of(&begun) + 7200).await;
    assert_eq!(club.latest(&begun).await["status"], "paid");
}

#[tokio::test]
async fn a_trial_asks_for_a_payment_method_of_who_has_none() {
    let club = Club::open("pm_card_visa").await;
    let known = club.subscribe(&[("trial_period_days", "7")]).await;
    assert_eq!(known["pending_setup_intent"], Value::Null);
    let customer = newcomer(&club).await;
    let form = [
        ("customer", customer.as_str()),
        ("items[0][price]", &club.price),
        ("trial_period_days", "7"),
        ("expand[0]", "pending_setup_intent"),
    ];
    let trial = club.shop.post("/v1/subscriptions", &form).await.ok();
    let asked = &trial["pending_setup_intent"];
    assert_eq!(
        (&asked["customer"], &asked["status"], &asked["usage"]),
        (
            &customer.as_str().into(),
            &"requires_payment_method".into(),
            &"off_session".into()
        )
    );
    let path = format!("/v1/setup_intents/{}/confirm", id(asked));
    let form = [("payment_method", "pm_card_visa")];
    let done = club.shop.post(&path, &form).await.ok();
    let now = club.look(&trial).await;
    assert_eq!(now["default_payment_method"], done["payment_method"]);
    assert_eq!(now["pending_setup_intent"], Value::Null);
    club.advance_to(end_of(&trial) + 7200).await;
    assert_eq!(club.latest(&trial).await["status"], "paid");
    assert_eq!(club.look(&trial).await["status"], "active");
}
