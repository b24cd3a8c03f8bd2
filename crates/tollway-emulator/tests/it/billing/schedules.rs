//! Subscription schedules.

use serde_json::Value;

use super::{Club, noon, paid, price};
use crate::client::id;

async fn schedule(club: &Club, more: &[(&str, &str)]) -> Value {
    let dear = price(&club.shop, "5000", "month").await;
    let mut form = vec![
        ("customer", club.customer.as_str()),
        ("phases[0][items][0][price]", club.price.as_str()),
        ("phases[0][duration][interval]", "month"),
        ("phases[0][duration][interval_count]", "2"),
        ("phases[1][items][0][price]", &dear),
        ("phases[1][items][0][quantity]", "2"),
        ("phases[1][duration][interval]", "month"),
    ];
    form.extend(more);
    club.shop
        .post("/v1/subscription_schedules", &form)
        .await
        .ok()
}

#[tokio::test]
async fn phases_follow_each_other_and_then_the_subscription_ends() {
    let club = Club::since("2027-04-01").await;
    let made = schedule(&club, &[("end_behavior", "cancel"), ("start_date", "now")]).await;
    assert_eq!(made["status"], "active");
    assert_eq!(made["phases"][1]["start_date"], noon("2027-06-01"));
    let path = format!("/v1/subscription_schedules/{}", id(&made));
    let subscription = made["subscription"].as_str().unwrap().to_owned();
    let of = format!("/v1/subscriptions/{subscription}");
    assert_eq!(club.shop.get(&of).await["schedule"], made["id"]);
    club.advance_to(noon("2027-06-02")).await;
    assert_eq!(
        club.invoices().await,
        [paid(2000), paid(2000), paid(10_000)]
    );
    let now = club.shop.get(&path).await;
    assert_eq!(now["current_phase"]["start_date"], noon("2027-06-01"));
    club.advance_to(noon("2027-07-02")).await;
    assert_eq!(club.shop.get(&path).await["status"], "completed");
    assert_eq!(club.shop.get(&of).await["status"], "canceled");
    assert_eq!(club.invoices().await.len(), 3);
    let events = club.events("subscription_schedule").await;
    assert_eq!(events.last().unwrap(), "subscription_schedule.completed");
    assert_eq!(
        club.shop.post(&format!("{path}/release"), &[]).await.status,
        400
    );
}

#[tokio::test]
async fn a_schedule_starts_later_is_released_and_leaves_its_subscription() {
    let club = Club::since("2027-04-01").await;
    let start = noon("2027-04-10").to_string();
    let made = schedule(&club, &[("start_date", &start)]).await;
    assert_eq!(
        (
            &made["status"],
            &made["subscription"],
            &made["end_behavior"]
        ),
        (&"not_started".into(), &Value::Null, &"release".into())
    );
    club.advance_to(noon("2027-04-11")).await;
    let path = format!("/v1/subscription_schedules/{}", id(&made));
    let begun = club.shop.get(&path).await;
    assert_eq!(begun["status"], "active");
    let of = format!(
        "/v1/subscriptions/{}",
        begun["subscription"].as_str().unwrap()
    );
    let free = club.shop.post(&format!("{path}/release"), &[]).await.ok();
    assert_eq!(
        (
            &free["status"],
            &free["released_subscription"],
            &free["subscription"]
        ),
        (&"released".into(), &begun["subscription"], &Value::Null)
    );
    let subscription = club.shop.get(&of).await;
    assert_eq!(
        (&subscription["schedule"], &subscription["status"]),
        (&Value::Null, &"active".into())
    );
    club.advance_to(noon("2027-06-11")).await;
    assert_eq!(club.invoices().await, [paid(2000), paid(2000), paid(2000)]);
}

#[tokio::test]
async fn a_subscription_gets_a_schedule_that_is_changed_and_canceled() {
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    let form = [("from_subscription", id(&subscription))];
    let made = club
        .shop
        .post("/v1/subscription_schedules", &form)
        .await
        .ok();
    assert_eq!(
        (&made["status"], &made["phases"][0]["items"][0]["price"]),
        (&"active".into(), &club.price.as_str().into())
    );
    assert_eq!(
        club.shop
            .post("/v1/subscription_schedules", &form)
            .await
            .status,
        400
    );
    let path = format!("/v1/subscription_schedules/{}", id(&made));
    let end = noon("2027-05-01").to_string();
    let dear = price(&club.shop, "5000", "month").await;
    let form = [
        ("phases[0][items][0][price]", club.price.as_str()),
        ("phases[0][items][0][quantity]", "1"),
        ("phases[0][start_date]", ""),
        ("phases[0][end_date]", &end),
        ("phases[1][items][0][price]", &dear),
        ("phases[1][duration][interval]", "month"),
    ];
    let form: Vec<_> = form
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let changed = club.shop.post(&path, &form).await.ok();
    assert_eq!(changed["phases"].as_array().unwrap().len(), 2);
    assert_eq!(club.invoices().await, [paid(2000)]);
    club.advance_to(noon("2027-05-02")).await;
    assert_eq!(club.invoices().await, [paid(2000), paid(5000)]);
    club.advance_to(noon("2027-05-16") + 43_200).await;
    let gone = club.shop.post(&format!("{path}/cancel"), &[]).await.ok();
    assert_eq!(gone["status"], "canceled");
    assert_eq!(club.look(&subscription).await["status"], "canceled");
    // Half of the month is given back.
    assert_eq!(club.invoices().await.last().unwrap(), &paid(-2500));
}
