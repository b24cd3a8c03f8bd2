//! Changes in the middle of a period.

use serde_json::Value;

use super::{Club, day, end_of, noon, paid, price};
use crate::client::id;

/// Amounts of the lines of the newest invoice, in order.
async fn lines(club: &Club, subscription: &Value) -> Vec<i64> {
    let invoice = club.latest(subscription).await;
    let lines = invoice["lines"]["data"].as_array().unwrap();
    lines
        .iter()
        .map(|line| line["amount"].as_i64().unwrap())
        .collect()
}

fn item(subscription: &Value) -> String {
    id(&subscription["items"]["data"][0]).to_owned()
}

#[tokio::test]
async fn quantities_and_prices_change_both_ways_by_the_second() {
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[("items[0][quantity]", "2")]).await;
    let item = item(&subscription);
    club.advance_to(noon("2027-04-11")).await;
    let more = [
        ("items[0][id]", item.as_str()),
        ("items[0][quantity]", "5"),
        ("proration_behavior", "always_invoice"),
    ];
    club.change(&subscription, &more).await;
    // Twenty of thirty days of two are given back, and of five asked for.
    assert_eq!(lines(&club, &subscription).await, [-2667, 6667]);
    let line = &club.latest(&subscription).await["lines"]["data"][0];
    assert_eq!(line["parent"]["invoice_item_details"]["proration"], true);
    assert_eq!(
        (day(&line["period"]["start"]), day(&line["period"]["end"])),
        ("2027-04-11".to_owned(), "2027-05-01".to_owned())
    );
    let fewer = [("items[0][id]", item.as_str()), ("items[0][quantity]", "1")];
    club.change(&subscription, &fewer).await;
    let cheap = price(&club.shop, "500", "month").await;
    let at = noon("2027-04-16").to_string();
    let cheaper = [
        ("items[0][id]", item.as_str()),
        ("items[0][price]", &cheap),
        ("proration_date", &at),
    ];
    club.change(&subscription, &cheaper).await;
    club.advance_to(noon("2027-05-02")).await;
    assert_eq!(
        lines(&club, &subscription).await,
        [500, -6667, 1333, -1000, 250]
    );
    // The next invoice is negative, and what is left is the customer's.
    let next = club.latest(&subscription).await;
    assert_eq!(
        (&next["status"], &next["total"], &next["amount_due"]),
        (&"paid".into(), &(-5584).into(), &0.into())
    );
    club.advance_to(noon("2027-06-02")).await;
    let used = club.latest(&subscription).await;
    assert_eq!(
        (
            &used["starting_balance"],
            &used["amount_due"],
            &used["ending_balance"]
        ),
        (&(-5584).into(), &0.into(), &(-5084).into())
    );
    let path = format!("/v1/customers/{}/balance_transactions", club.customer);
    let moves = club.shop.get(&path).await;
    assert_eq!(
        (
            &moves["data"][0]["type"],
            &moves["data"][0]["amount"],
            &moves["data"][0]["ending_balance"]
        ),
        (&"applied_to_invoice".into(), &500.into(), &(-5084).into())
    );
    assert_eq!(moves["data"][1]["type"], "invoice_too_large");
    let wrong = [
        ("items[0][id]", item.as_str()),
        ("items[0][quantity]", "2"),
        ("proration_date", &at),
    ];
    let path = format!("/v1/subscriptions/{}", id(&subscription));
    let refused = club.shop.post(&path, &wrong).await.json();
    assert_eq!(refused["error"]["param"], "proration_date");
}

#[tokio::test]
async fn no_proration_is_no_proration() {
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    club.advance_to(noon("2027-04-11")).await;
    let item = item(&subscription);
    let form = [
        ("items[0][id]", item.as_str()),
        ("items[0][quantity]", "3"),
        ("proration_behavior", "none"),
    ];
    club.change(&subscription, &form).await;
    club.advance_to(noon("2027-05-02")).await;
    assert_eq!(club.invoices().await, [paid(2000), paid(6000)]);
}

#[tokio::test]
async fn another_interval_or_anchor_begins_a_period_that_is_paid_at_once() {
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    club.advance_to(noon("2027-04-16")).await;
    let moved = club
        .change(&subscription, &[("billing_cycle_anchor[type]", "now")])
        .await;
    assert_eq!(day(&moved["billing_cycle_anchor"]), "2027-04-16");
    assert_eq!(day(&end_of(&moved).into()), "2027-05-16");
    assert_eq!(lines(&club, &subscription).await, [2000, -1000]);
    let yearly = price(&club.shop, "20000", "year").await;
    let item = item(&subscription);
    club.advance_to(noon("2027-05-01")).await;
    let form = [
        ("items[0][id]", item.as_str()),
        ("items[0][price]", &yearly),
    ];
    let after = club.change(&subscription, &form).await;
    assert_eq!(lines(&club, &subscription).await, [20_000, -1000]);
    assert_eq!(day(&end_of(&after).into()), "2028-05-01");
    assert_eq!(
        club.invoices().await,
        [paid(2000), paid(1000), paid(19_000)]
    );
}

#[tokio::test]
async fn a_change_that_cannot_be_paid_waits_is_refused_or_leaves_arrears() {
    for (behavior, pays) in [
        ("pending_if_incomplete", true),
        ("pending_if_incomplete", false),
        ("error_if_incomplete", false),
        ("allow_incomplete", false),
        ("default_incomplete", false),
    ] {
        let club = Club::since("2027-04-01").await;
        let subscription = club.subscribe(&[]).await;
        club.pay_with("pm_card_chargeCustomerFail").await;
        club.advance_to(noon("2027-04-16")).await;
        let item = item(&subscription);
        let form = [
            ("items[0][id]", item.as_str()),
            ("items[0][quantity]", "2"),
            ("proration_behavior", "always_invoice"),
            ("payment_behavior", behavior),
        ];
        let path = format!("/v1/subscriptions/{}", id(&subscription));
        let answer = club.shop.post(&path, &form).await;
        let now = club.look(&subscription).await;
        let quantity = now["items"]["data"][0]["quantity"].as_i64();
        match behavior {
            "error_if_incomplete" => {
                assert_eq!((answer.status.as_u16(), quantity), (402, Some(1)));
                assert_eq!(club.invoices().await, [paid(2000)]);
            }
            "pending_if_incomplete" => {
                let pending = answer.ok();
                assert_eq!((&pending["status"], quantity), (&"active".into(), Some(1)));
                assert_eq!(
                    pending["pending_update"]["subscription_items"][0]["quantity"],
                    2
                );
                let invoice = club.latest(&subscription).await;
                if pays {
                    let path = format!("/v1/invoices/{}/pay", id(&invoice));
                    let form = [("payment_method", "pm_card_visa")];
                    club.shop.post(&path, &form).await.ok();
                } else {
                    club.advance_to(noon("2027-04-17")).await;
                }
                let after = club.look(&subscription).await;
                let (quantity, event) = if pays { (2, "applied") } else { (1, "expired") };
                assert_eq!(after["items"]["data"][0]["quantity"], quantity);
                assert_eq!(after["pending_update"], Value::Null);
                let event = format!("customer.subscription.pending_update_{event}");
                assert!(club.events("customer.subscription").await.contains(&event));
                let status = if pays { "paid" } else { "void" };
                let path = format!("/v1/invoices/{}", id(&invoice));
                assert_eq!(club.shop.get(&path).await["status"], status);
            }
            _ => {
                assert_eq!(
                    (&answer.ok()["status"], quantity),
                    (&"past_due".into(), Some(2))
                );
                let invoice = club.latest(&subscription).await;
                let tried = i64::from(behavior == "allow_incomplete");
                assert_eq!(
                    (&invoice["status"], &invoice["attempt_count"]),
                    (&"open".into(), &tried.into())
                );
            }
        }
        assert_eq!(club.shop.sum(), 0);
    }
    let club = Club::open("pm_card_visa").await;
    let form = [
        ("customer", club.customer.as_str()),
        ("items[0][price]", &club.price),
        ("payment_behavior", "pending_if_incomplete"),
    ];
    let refused = club.shop.post("/v1/subscriptions", &form).await.json();
    assert_eq!(refused["error"]["param"], "payment_behavior");
}

#[tokio::test]
async fn one_that_is_canceled_at_once_can_be_settled() {
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    club.advance_to(noon("2027-04-16")).await;
    let path = format!(
        "/v1/subscriptions/{}?prorate=true&invoice_now=true",
        id(&subscription)
    );
    let gone = club
        .shop
        .stripe
        .call(
            axum::http::Method::DELETE,
            &path,
            Some(crate::marketplace::KEY),
            &[],
        )
        .await
        .ok();
    assert_eq!(gone["status"], "canceled");
    assert_eq!(club.invoices().await, [paid(2000), paid(-1000)]);
    let note = [("metadata[why]", "moved")];
    assert_eq!(club.change(&gone, &note).await["metadata"]["why"], "moved");
    let more = [("cancel_at_period_end", "true")];
    let path = format!("/v1/subscriptions/{}", id(&gone));
    assert_eq!(club.shop.post(&path, &more).await.status, 400);
}
