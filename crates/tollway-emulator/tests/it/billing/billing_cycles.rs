//! When periods begin and end.

use serde_json::Value;

use super::{Club, DAY, day, end_of, noon, paid, price};
use crate::client::id;
use crate::support::START;

/// The day that each invoice's first line ends on, oldest first.
async fn ends(club: &Club) -> Vec<String> {
    let path = format!("/v1/invoices?customer={}&limit=50", club.customer);
    let page = club.shop.get(&path).await;
    let end = |it: &Value| day(&it["lines"]["data"][0]["period"]["end"]);
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(end)
        .collect()
}

#[tokio::test]
async fn many_periods_pass_in_one_step_and_months_end_where_the_anchor_says() {
    let club = Club::since("2027-10-31").await;
    let subscription = club.subscribe(&[]).await;
    club.advance_to(noon("2028-04-02")).await;
    let expected = [
        "2027-11-30",
        "2027-12-31",
        "2028-01-31",
        "2028-02-29",
        "2028-03-31",
        "2028-04-30",
    ];
    assert_eq!(ends(&club).await, expected);
    assert_eq!(club.invoices().await, vec![paid(2000); 6]);
    let now = club.look(&subscription).await;
    assert_eq!(day(&now["billing_cycle_anchor"]), "2027-10-31");
    assert_eq!(club.shop.sum(), 0);

    let yearly = Club::since("2028-02-29").await;
    let price = price(&yearly.shop, "100", "year").await;
    yearly.subscribe(&[("items[0][price]", &price)]).await;
    yearly.advance_to(noon("2032-03-02")).await;
    assert_eq!(
        ends(&yearly).await,
        [
            "2029-02-28",
            "2030-02-28",
            "2031-02-28",
            "2032-02-29",
            "2033-02-28"
        ]
    );
}

#[tokio::test]
async fn a_period_until_an_anchor_costs_its_share_or_nothing() {
    let club = Club::since("2027-04-16").await;
    let first = noon("2027-05-01").to_string();
    let anchored = [("billing_cycle_anchor", first.as_str())];
    let subscription = club.subscribe(&anchored).await;
    // Fifteen of thirty days.
    assert_eq!(club.invoices().await, [paid(1000)]);
    assert_eq!(day(&end_of(&subscription).into()), "2027-05-01");
    club.advance_to(noon("2027-05-02")).await;
    assert_eq!(club.invoices().await, [paid(1000), paid(2000)]);
    let late = noon("2027-06-03").to_string();
    let form = [
        ("customer", club.customer.as_str()),
        ("items[0][price]", &club.price),
        ("billing_cycle_anchor", &late),
    ];
    let refused = club.shop.post("/v1/subscriptions", &form).await.json();
    assert_eq!(refused["error"]["param"], "billing_cycle_anchor");

    let free = Club::since("2027-04-16").await;
    let mut form = anchored.to_vec();
    form.push(("proration_behavior", "none"));
    let subscription = free.subscribe(&form).await;
    assert_eq!(
        (&subscription["status"], &subscription["latest_invoice"]),
        (&"active".into(), &Value::Null)
    );
    assert!(free.invoices().await.is_empty());
    free.advance_to(noon("2027-05-02")).await;
    assert_eq!(free.invoices().await, [paid(2000)]);
}

#[tokio::test]
async fn an_anchor_may_be_described_by_its_day() {
    let club = Club::since("2027-02-10").await;
    let form = [
        ("billing_cycle_anchor_config[day_of_month]", "31"),
        ("proration_behavior", "none"),
    ];
    let subscription = club.subscribe(&form).await;
    assert_eq!(day(&subscription["billing_cycle_anchor"]), "2027-02-28");
    club.advance_to(noon("2027-05-01")).await;
    assert_eq!(
        ends(&club).await,
        ["2027-03-31", "2027-04-30", "2027-05-31"]
    );
    assert_eq!(club.invoices().await, vec![paid(2000); 3]);
}

#[tokio::test]
async fn what_began_in_the_past_is_paid_for_that_time_too() {
    let club = Club::since("2027-05-01").await;
    let past = noon("2027-04-16").to_string();
    let subscription = club.subscribe(&[("backdate_start_date", &past)]).await;
    assert_eq!(day(&subscription["start_date"]), "2027-04-16");
    assert_eq!(club.invoices().await, [paid(2000 + 1000)]);
}

#[tokio::test]
async fn a_trial_ends_as_its_settings_say() {
    for (behavior, status) in [
        ("cancel", "canceled"),
        ("pause", "paused"),
        ("create_invoice", "past_due"),
    ] {
        let club = Club::open("pm_card_visa").await;
        let path = format!("/v1/customers/{}", club.customer);
        let form = [("invoice_settings[default_payment_method]", "")];
        club.shop.post(&path, &form).await.ok();
        let form = [
            ("trial_period_days", "14"),
            (
                "trial_settings[end_behavior][missing_payment_method]",
                behavior,
            ),
        ];
        let subscription = club.subscribe(&form).await;
        assert_eq!(subscription["status"], "trialing");
        club.advance_to(START + 14 * DAY + 2 * 3600).await;
        assert_eq!(
            club.look(&subscription).await["status"],
            status,
            "{behavior}"
        );
        if behavior == "pause" {
            club.pay_with("pm_card_visa").await;
            let path = format!("/v1/subscriptions/{}/resume", id(&subscription));
            let resumed = club.shop.post(&path, &[]).await.ok();
            assert_eq!(resumed["status"], "active");
            assert_eq!(club.invoices().await.last().unwrap(), &paid(2000));
            assert_eq!(resumed["billing_cycle_anchor"], START + 14 * DAY + 2 * 3600);
        }
    }
    // A trial that is ended by hand is paid for at once.
    let club = Club::open("pm_card_visa").await;
    let subscription = club.subscribe(&[("trial_period_days", "14")]).await;
    let now = club.change(&subscription, &[("trial_end", "now")]).await;
    assert_eq!(
        (&now["status"], &now["trial_end"]),
        (&"active".into(), &START.into())
    );
    assert_eq!(club.invoices().await, [paid(0), paid(2000)]);
    // And one that begins in the middle gives back what was paid.
    let until = (START + 10 * DAY).to_string();
    let again = club.change(&now, &[("trial_end", &until)]).await;
    assert_eq!(again["status"], "trialing");
    club.advance_to(START + 10 * DAY + 3700).await;
    assert_eq!(club.invoices().await.last().unwrap(), &paid(0));
}

#[tokio::test]
async fn an_end_in_the_middle_gives_back_what_was_paid_beyond_it() {
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    let end = noon("2027-04-16");
    let leaving = club
        .change(&subscription, &[("cancel_at", &end.to_string())])
        .await;
    assert_eq!(
        (&leaving["cancel_at"], &leaving["canceled_at"]),
        (&end.into(), &noon("2027-04-01").into())
    );
    let waiting = format!("/v1/invoiceitems?customer={}", club.customer);
    assert_eq!(club.shop.get(&waiting).await["data"][0]["amount"], -1000);
    club.advance_to(end + 3700).await;
    assert_eq!(club.look(&subscription).await["status"], "canceled");
    // The last invoice is negative: it is the customer's credit.
    assert_eq!(club.invoices().await, [paid(2000), paid(-1000)]);
    let customer = club
        .shop
        .get(&format!("/v1/customers/{}", club.customer))
        .await;
    assert_eq!(customer["balance"], -1000);

    // An end in a later period cuts that one short.
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    let end = noon("2027-05-16");
    club.change(&subscription, &[("cancel_at", &end.to_string())])
        .await;
    club.advance_to(end + DAY).await;
    assert_eq!(club.look(&subscription).await["status"], "canceled");
    let cut = 2000 * 15 / 31 + 1;
    assert_eq!(club.invoices().await, [paid(2000), paid(cut)]);
    // A wish to end can be taken back.
    let subscription = club.subscribe(&[("cancel_at_period_end", "true")]).await;
    assert_eq!(subscription["cancel_at"], end_of(&subscription));
    let stays = club
        .change(&subscription, &[("cancel_at_period_end", "false")])
        .await;
    assert_eq!(
        (&stays["cancel_at"], &stays["canceled_at"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn an_invoice_is_announced_a_week_before() {
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    club.advance_to(noon("2027-04-23")).await;
    let announced =
        |events: Vec<String>| events.iter().filter(|it| *it == "invoice.upcoming").count();
    assert_eq!(announced(club.events("invoice").await), 0);
    club.advance_to(noon("2027-04-25")).await;
    let events = club.shop.get("/v1/events?type=invoice.upcoming").await;
    let upcoming = &events["data"][0]["data"]["object"];
    assert_eq!(
        (
            &upcoming["amount_due"],
            &upcoming["billing_reason"],
            &upcoming["lines"]["total_count"]
        ),
        (&2000.into(), &"upcoming".into(), &1.into())
    );
    // Nothing of it exists, and it is said once.
    assert_eq!(club.invoices().await.len(), 1);
    club.change(&subscription, &[("metadata[seen]", "yes")])
        .await;
    club.advance_to(noon("2027-04-26")).await;
    assert_eq!(announced(club.events("invoice").await), 1);
}
