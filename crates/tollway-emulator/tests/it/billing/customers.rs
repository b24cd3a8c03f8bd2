//! Customers who go, and customers who live by another clock.

use axum::http::Method;
use serde_json::Value;

use super::{Club, end_of};
use crate::client::id;
use crate::marketplace::KEY;
use crate::support::START;

#[tokio::test]
async fn a_deleted_customer_leaves_documents_and_nothing_that_goes_on() {
    let club = Club::open("pm_card_visa").await;
    let shop = &club.shop;
    let plain = club.subscribe(&[]).await;
    let scheduled = club.subscribe(&[]).await;
    let form = [("from_subscription", id(&scheduled))];
    let schedule = shop.post("/v1/subscription_schedules", &form).await.ok();
    let first = club.subscribe(&[("payment_behavior", "default_incomplete")]);
    let first = first.await;
    assert_eq!(first["status"], "incomplete");
    let form = [
        ("customer", club.customer.as_str()),
        ("auto_advance", "true"),
    ];
    let draft = shop.post("/v1/invoices", &form).await.ok();
    let methods = format!("/v1/customers/{}/payment_methods", club.customer);
    let method = shop.get(&methods).await["data"][0].clone();

    let path = format!("/v1/customers/{}", club.customer);
    let delete = async || {
        shop.stripe
            .call(Method::DELETE, &path, Some(KEY), &[])
            .await
    };
    assert_eq!(delete().await.ok()["deleted"], true);
    let names = shop.get("/v1/events?limit=100").await["data"].clone();
    let names: Vec<&str> = names.as_array().unwrap().iter().rev().map(name).collect();
    let place = |wanted: &str| names.iter().position(|name| *name == wanted).unwrap();
    let canceled = names
        .iter()
        .filter(|name| **name == "customer.subscription.deleted");
    assert_eq!(canceled.count(), 2);
    assert!(place("customer.subscription.deleted") < place("customer.deleted"));
    assert!(place("payment_method.detached") < place("customer.deleted"));
    assert_eq!(*names.last().unwrap(), "customer.deleted");
    for (subscription, status) in [
        (&plain, "canceled"),
        (&scheduled, "canceled"),
        (&first, "incomplete_expired"),
    ] {
        let now = club.look(subscription).await;
        assert_eq!(now["status"], status);
        assert_eq!(now["ended_at"], START);
    }
    let schedule = format!("/v1/subscription_schedules/{}", id(&schedule));
    assert_eq!(shop.get(&schedule).await["status"], "released");
    let method = format!("/v1/payment_methods/{}", id(&method));
    assert_eq!(shop.get(&method).await["customer"], Value::Null);
    assert_eq!(delete().await.status, 404);

    // Time goes on without the customer.
    club.advance_to(end_of(&plain) + 7200).await;
    let draft = shop.get(&format!("/v1/invoices/{}", id(&draft))).await;
    assert_eq!(
        (&draft["status"], &draft["auto_advance"]),
        (&"draft".into(), &false.into())
    );
}

fn name(event: &Value) -> &str {
    event["type"].as_str().unwrap()
}

#[tokio::test]
async fn a_canceled_subscription_takes_its_schedule_with_it() {
    let club = Club::open("pm_card_visa").await;
    let subscription = club.subscribe(&[]).await;
    let form = [("from_subscription", id(&subscription))];
    let schedule = club.shop.post("/v1/subscription_schedules", &form);
    let path = format!("/v1/subscription_schedules/{}", id(&schedule.await.ok()));
    let canceled = format!("/v1/subscriptions/{}", id(&subscription));
    let canceled = club
        .shop
        .stripe
        .call(Method::DELETE, &canceled, Some(KEY), &[]);
    canceled.await.ok();
    assert_eq!(club.shop.get(&path).await["status"], "canceled");
    club.advance_to(end_of(&subscription) + 10).await;
    let events = club.events("subscription_schedule").await;
    assert_eq!(
        events,
        [
            "subscription_schedule.created",
            "subscription_schedule.canceled"
        ]
    );
}

#[tokio::test]
async fn what_is_made_for_a_customer_on_a_clock_is_made_at_its_time() {
    let later = START + 40 * 86_400;
    let club = Club::open_at("pm_card_visa", later).await;
    let shop = &club.shop;
    let customer = shop.get(&format!("/v1/customers/{}", club.customer)).await;
    assert_eq!(customer["created"], later);
    let form = [
        ("customer", club.customer.as_str()),
        ("amount", "700"),
        ("currency", "usd"),
    ];
    let item = shop.post("/v1/invoiceitems", &form).await.ok();
    assert_eq!(item["date"], later);
    let subscription = club
        .subscribe(&[("payment_behavior", "default_incomplete")])
        .await;
    assert_eq!(subscription["created"], later);
    let invoice = club.latest(&subscription).await;
    assert_eq!(invoice["created"], later);
    let intent = invoice["payments"]["data"][0]["payment"]["payment_intent"].clone();
    let path = format!("/v1/payment_intents/{}", intent.as_str().unwrap());
    assert_eq!(shop.get(&path).await["created"], later);
    // Whoever pays in the browser pays at the customer's time too.
    let form = [("payment_method", "pm_card_visa")];
    shop.post(&format!("{path}/confirm"), &form).await.ok();
    let paid = club.latest(&subscription).await;
    assert_eq!(paid["status_transitions"]["paid_at"], later);
    let unknown = [("test_clock", "clock_nobody")];
    assert_eq!(shop.post("/v1/customers", &unknown).await.status, 400);
}
