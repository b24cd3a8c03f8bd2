//! How invoices are collected: first payments, retries, pauses, invoices that are sent.

use serde_json::Value;
use tollway_emulator::AfterRetries;

use super::{Club, DAY, end_of, paid};
use crate::client::id;
use crate::marketplace::KEY;
use crate::support::START;

#[tokio::test]
async fn a_first_payment_that_fails_leaves_an_incomplete_subscription_for_a_day() {
    let club = Club::open("pm_card_visa").await;
    club.pay_with("pm_card_chargeCustomerFail").await;
    let form = [
        ("customer", club.customer.as_str()),
        ("items[0][price]", &club.price),
        ("payment_behavior", "error_if_incomplete"),
    ];
    assert_eq!(club.shop.post("/v1/subscriptions", &form).await.status, 402);
    assert!(club.invoices().await.is_empty());
    let subscription = club.subscribe(&[]).await;
    assert_eq!(subscription["status"], "incomplete");
    assert_eq!(club.invoices().await, [("open".to_owned(), 2000)]);
    club.advance_to(START + 22 * 3600).await;
    assert_eq!(club.look(&subscription).await["status"], "incomplete");
    club.advance_to(START + 24 * 3600).await;
    assert_eq!(
        club.look(&subscription).await["status"],
        "incomplete_expired"
    );
    assert_eq!(club.latest(&subscription).await["status"], "void");
    // The customer pays the first invoice of another one in time.
    let waiting = club
        .subscribe(&[("payment_behavior", "default_incomplete")])
        .await;
    let invoice = club.latest(&waiting).await;
    assert_eq!(
        (&invoice["status"], &invoice["attempt_count"]),
        (&"open".into(), &0.into())
    );
    assert!(invoice["confirmation_secret"]["client_secret"].is_string());
    let intent = invoice["payments"]["data"][0]["payment"]["payment_intent"]
        .as_str()
        .unwrap();
    let path = format!("/v1/payment_intents/{intent}/confirm");
    club.shop
        .post(&path, &[("payment_method", "pm_card_visa")])
        .await
        .ok();
    assert_eq!(club.look(&waiting).await["status"], "active");
    assert_eq!(club.shop.sum(), 0);
}

#[tokio::test]
async fn retries_have_days_and_what_comes_after_them_is_a_setting() {
    for (setting, status) in [
        (AfterRetries::Cancel, "canceled"),
        (AfterRetries::MarkUnpaid, "unpaid"),
        (AfterRetries::LeavePastDue, "past_due"),
    ] {
        let club = Club::open("pm_card_visa").await;
        let world = club
            .shop
            .stripe
            .emulator
            .engine()
            .worlds()
            .get("market")
            .unwrap();
        {
            let mut state = world.lock();
            state.platform.after_retries = setting;
            state.save_platform();
            state.store.commit();
        }
        let subscription = club.subscribe(&[]).await;
        club.pay_with("pm_card_chargeCustomerFail").await;
        let mut at = end_of(&subscription) + 3600;
        for (count, days) in [(1, 3), (2, 5), (3, 7)] {
            club.advance_to(at).await;
            let invoice = club.latest(&subscription).await;
            let next = at + days * DAY;
            assert_eq!(
                (&invoice["attempt_count"], &invoice["next_payment_attempt"]),
                (&count.into(), &next.into())
            );
            assert_eq!(club.look(&subscription).await["status"], "past_due");
            at = next;
        }
        club.advance_to(at).await;
        let invoice = club.latest(&subscription).await;
        assert_eq!(
            (&invoice["attempt_count"], &invoice["next_payment_attempt"]),
            (&4.into(), &Value::Null)
        );
        assert_eq!(club.look(&subscription).await["status"], status);
        club.advance_to(end_of(&subscription) + 35 * DAY).await;
        let last = club.invoices().await.pop().unwrap();
        let unpaid = setting == AfterRetries::MarkUnpaid;
        assert_eq!(last.0, if unpaid { "draft" } else { "open" }, "{status}");
        // What is paid late makes it active again.
        if unpaid {
            let path = format!("/v1/invoices/{}/pay", id(&invoice));
            club.shop
                .post(&path, &[("payment_method", "pm_card_visa")])
                .await
                .ok();
            assert_eq!(club.look(&subscription).await["status"], "active");
        }
        assert_eq!(club.shop.sum(), 0);
    }
}

#[tokio::test]
async fn collection_pauses_in_three_ways_until_it_resumes() {
    for (behavior, status) in [
        ("keep_as_draft", "draft"),
        ("void", "void"),
        ("mark_uncollectible", "uncollectible"),
    ] {
        let club = Club::open("pm_card_visa").await;
        let subscription = club.subscribe(&[]).await;
        let end = end_of(&subscription);
        let until = (end + 10 * DAY).to_string();
        let form = [
            ("pause_collection[behavior]", behavior),
            ("pause_collection[resumes_at]", &until),
        ];
        club.change(&subscription, &form).await;
        club.advance_to(end + 2 * DAY).await;
        assert_eq!(
            club.invoices().await.last().unwrap(),
            &(status.to_owned(), 2000)
        );
        assert_eq!(club.look(&subscription).await["status"], "active");
        club.advance_to(end + 11 * DAY).await;
        let resumed = club.look(&subscription).await;
        assert_eq!(resumed["pause_collection"], Value::Null);
        club.advance_to(end_of(&resumed) + 3700).await;
        assert_eq!(club.invoices().await.last().unwrap(), &paid(2000));
    }
    // A paused subscription has no periods at all.
    let club = Club::open("pm_card_visa").await;
    let subscription = club.subscribe(&[]).await;
    let path = format!("/v1/subscriptions/{}", id(&subscription));
    let paused = club.shop.post(&format!("{path}/pause"), &[]).await.ok();
    assert_eq!(paused["status"], "paused");
    club.advance_to(START + 70 * DAY).await;
    assert_eq!(club.invoices().await, [paid(2000)]);
    let resumed = club.shop.post(&format!("{path}/resume"), &[]).await.ok();
    assert_eq!(resumed["status"], "active");
    assert_eq!(club.invoices().await, [paid(2000), paid(2000)]);
    assert_eq!(
        club.shop.post(&format!("{path}/resume"), &[]).await.status,
        400
    );
}

#[tokio::test]
async fn an_invoice_that_is_sent_is_due_and_then_overdue() {
    let club = Club::open("pm_card_visa").await;
    let form = [
        ("collection_method", "send_invoice"),
        ("days_until_due", "10"),
    ];
    let subscription = club.subscribe(&form).await;
    assert_eq!(subscription["status"], "active");
    let invoice = club.latest(&subscription).await;
    assert_eq!(
        (&invoice["status"], &invoice["due_date"]),
        (&"open".into(), &(START + 10 * DAY).into())
    );
    club.advance_to(START + 9 * DAY).await;
    let overdue = "invoice.overdue".to_owned();
    assert!(!club.events("invoice").await.contains(&overdue));
    club.advance_to(START + 11 * DAY).await;
    assert!(club.events("invoice").await.contains(&overdue));
    assert_eq!(club.look(&subscription).await["status"], "past_due");
    let path = format!("/v1/invoices/{}/pay", id(&invoice));
    club.shop
        .post(&path, &[("paid_out_of_band", "true")])
        .await
        .ok();
    assert_eq!(club.look(&subscription).await["status"], "active");
    // A renewal is a draft for an hour, then sent.
    let end = end_of(&subscription);
    club.advance_to(end + 3700).await;
    let renewal = club.latest(&subscription).await;
    assert_eq!(
        (&renewal["status"], &renewal["due_date"]),
        (&"open".into(), &(end + 10 * DAY).into())
    );
}

#[tokio::test]
async fn a_sellers_subscription_by_destination_shares_each_invoice() {
    let club = Club::open("pm_card_visa").await;
    let seller = club.shop.seller.clone();
    let form = [
        ("application_fee_percent", "10"),
        ("transfer_data[destination]", seller.as_str()),
        ("on_behalf_of", &seller),
    ];
    let subscription = club.subscribe(&form).await;
    let invoice = club.latest(&subscription).await;
    assert_eq!(invoice["on_behalf_of"], seller);
    let intent = invoice["payments"]["data"][0]["payment"]["payment_intent"]
        .as_str()
        .unwrap();
    let intent = club
        .shop
        .get(&format!("/v1/payment_intents/{intent}"))
        .await;
    assert_eq!(
        (
            &intent["application_fee_amount"],
            &intent["transfer_data"]["destination"],
            &intent["on_behalf_of"]
        ),
        (
            &200.into(),
            &seller.as_str().into(),
            &seller.as_str().into()
        )
    );
    assert_eq!(club.shop.balances().await[1], (0, 1800));
    let part = [
        ("application_fee_percent", ""),
        ("transfer_data[destination]", seller.as_str()),
        ("transfer_data[amount_percent]", "50"),
    ];
    club.change(&subscription, &part).await;
    club.advance_to(end_of(&subscription) + 3700).await;
    assert_eq!(club.shop.balances().await[1], (1800, 1000));
    assert_eq!(club.shop.sum(), 0);
    let stranger = [("on_behalf_of", "acct_nobody")];
    let path = format!("/v1/subscriptions/{}", id(&subscription));
    let refused = club.shop.stripe.post(&path, KEY, &stranger).await;
    assert_eq!(refused.status, 400);
}
