//! Thresholds: use is billed as soon as it comes to an amount.

use serde_json::Value;

use super::metered_usage::{metered, used};
use super::{Club, day, end_of, noon, paid};
use crate::client::id;

const HOUR: i64 = 3600;

/// A subscription with a threshold of fifty dollars for requests of ten cents each.
async fn with_threshold(club: &Club, more: &[(&str, &str)]) -> Value {
    let (_, price) = metered(club, "sum").await;
    let mut form = vec![
        ("items[1][price]", price.as_str()),
        ("billing_thresholds[amount_gte]", "5000"),
    ];
    form.extend(more);
    club.subscribe(&form).await
}

#[tokio::test]
async fn use_beyond_the_threshold_is_billed_at_once_and_only_once() {
    let club = Club::since("2027-04-01").await;
    let subscription = with_threshold(&club, &[]).await;
    assert_eq!(subscription["billing_thresholds"]["amount_gte"], 5000);
    club.advance_to(noon("2027-04-10")).await;
    used(&club, "499", noon("2027-04-09")).await;
    assert_eq!(club.invoices().await, [paid(2000)]);
    used(&club, "21", noon("2027-04-10")).await;
    let invoice = club.latest(&subscription).await;
    assert_eq!(
        (
            &invoice["billing_reason"],
            &invoice["total"],
            &invoice["threshold_reason"]["amount_gte"]
        ),
        (&"subscription_threshold".into(), &5200.into(), &5000.into())
    );
    assert_eq!(invoice["lines"]["data"][0]["quantity"], 520);
    let now = club.look(&subscription).await;
    assert_eq!(end_of(&now), end_of(&subscription));
    // The rest of the period counts anew, and its end bills the rest.
    used(&club, "30", noon("2027-04-10")).await;
    club.advance_to(noon("2027-04-12")).await;
    assert_eq!(club.invoices().await, [paid(2000), paid(5200)]);
    club.advance_to(end_of(&subscription) + 2 * HOUR).await;
    assert_eq!(club.latest(&subscription).await["total"], 2000 + 300);
    // Another period, another threshold; none within a day of its end, as that bills it anyway.
    let end = noon("2027-06-01");
    club.advance_to(end - 20 * HOUR).await;
    used(&club, "900", end - 21 * HOUR).await;
    assert_eq!(club.invoices().await.len(), 3);
    club.advance_to(end + 2 * HOUR).await;
    assert_eq!(club.latest(&subscription).await["total"], 2000 + 9000);
}

#[tokio::test]
async fn a_threshold_may_begin_a_new_period() {
    let club = Club::since("2027-04-01").await;
    let reset = ("billing_thresholds[reset_billing_cycle_anchor]", "true");
    let subscription = with_threshold(&club, &[reset]).await;
    club.advance_to(noon("2027-04-10")).await;
    used(&club, "600", noon("2027-04-10")).await;
    let invoice = club.latest(&subscription).await;
    assert_eq!(invoice["total"], 6000 + 2000);
    let now = club.look(&subscription).await;
    assert_eq!(now["billing_cycle_anchor"], noon("2027-04-10"));
    assert_eq!(day(&end_of(&now).into()), "2027-05-10");
    // What was billed is not billed again.
    club.advance_to(noon("2027-05-11")).await;
    assert_eq!(club.invoices().await, [paid(2000), paid(8000), paid(2000)]);
}

#[tokio::test]
async fn a_threshold_is_more_than_what_is_paid_anyway_and_may_come_later() {
    let club = Club::since("2027-04-01").await;
    let (_, price) = metered(&club, "sum").await;
    let form = [
        ("customer", club.customer.as_str()),
        ("items[0][price]", &club.price),
        ("items[1][price]", &price),
        ("billing_thresholds[amount_gte]", "2000"),
    ];
    let refused = club.shop.post("/v1/subscriptions", &form).await.json();
    assert_eq!(refused["error"]["param"], "billing_thresholds[amount_gte]");
    let subscription = club.shop.post("/v1/subscriptions", &form[..3]).await.ok();
    club.advance_to(noon("2027-04-10")).await;
    used(&club, "600", noon("2027-04-09")).await;
    let form = [("billing_thresholds[amount_gte]", "5000")];
    let path = format!("/v1/subscriptions/{}", id(&subscription));
    let changed = club.shop.post(&path, &form).await.ok();
    assert_ne!(changed["latest_invoice"], subscription["latest_invoice"]);
    assert_eq!(club.latest(&subscription).await["total"], 6000);
    let none = club.change(&subscription, &[("billing_thresholds", "")]);
    assert_eq!(none.await["billing_thresholds"], Value::Null);
    used(&club, "900", noon("2027-04-10")).await;
    assert_eq!(club.invoices().await.len(), 2);
}
