//! Deadlines of billing: one second before each, and at its time.

use super::{Club, DAY, end_of};
use crate::client::id;
use crate::support::START;

const HOUR: i64 = 3600;

#[tokio::test]
async fn a_draft_invoice_is_finalized_after_one_hour() {
    let club = Club::open("pm_card_visa").await;
    let subscription = club.subscribe(&[]).await;
    let due = end_of(&subscription) + HOUR;
    club.advance_to(due - 1).await;
    assert_eq!(club.latest(&subscription).await["status"], "draft");
    club.advance_to(due).await;
    assert_eq!(club.latest(&subscription).await["status"], "paid");
}

#[tokio::test]
async fn failed_payments_are_retried_after_three_five_and_seven_days() {
    let club = Club::open("pm_card_visa").await;
    let subscription = club.subscribe(&[]).await;
    club.pay_with("pm_card_chargeCustomerFail").await;
    let mut at = end_of(&subscription) + HOUR;
    club.advance_to(at).await;
    for (attempts, days) in [(1, 3), (2, 5), (3, 7)] {
        at += days * DAY;
        club.advance_to(at - 1).await;
        let invoice = club.latest(&subscription).await;
        assert_eq!(invoice["attempt_count"], attempts, "before {days} days");
        club.advance_to(at).await;
        let invoice = club.latest(&subscription).await;
        assert_eq!(invoice["attempt_count"], attempts + 1, "after {days} days");
    }
}

#[tokio::test]
async fn an_incomplete_subscription_expires_after_23_hours() {
    let club = Club::open("pm_card_visa").await;
    let subscription = club
        .subscribe(&[("payment_behavior", "default_incomplete")])
        .await;
    club.advance_to(START + 23 * HOUR - 1).await;
    assert_eq!(club.look(&subscription).await["status"], "incomplete");
    club.advance_to(START + 23 * HOUR).await;
    assert_eq!(
        club.look(&subscription).await["status"],
        "incomplete_expired"
    );
}

#[tokio::test]
async fn a_quote_expires_after_30_days() {
    let club = Club::open("pm_card_visa").await;
    let form = [("customer", club.customer.as_str())];
    let quote = club.shop.post("/v1/quotes", &form).await.ok();
    assert_eq!(quote["expires_at"], START + 30 * DAY);
    let path = format!("/v1/quotes/{}", id(&quote));
    club.advance_to(START + 30 * DAY - 1).await;
    assert_eq!(club.shop.get(&path).await["status"], "draft");
    club.advance_to(START + 30 * DAY).await;
    assert_eq!(club.shop.get(&path).await["status"], "canceled");
}
