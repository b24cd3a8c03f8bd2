//! Metered prices: what is used is told by meter events and paid afterwards.

use serde_json::{Value, json};

use super::{Club, noon, paid};
use crate::client::id;
use crate::marketplace::KEY;

/// A meter for requests, and a metered price of ten cents each.
pub(super) async fn metered(club: &Club, formula: &str) -> (Value, String) {
    let form = [
        ("display_name", "Requests"),
        ("event_name", "requests"),
        ("default_aggregation[formula]", formula),
    ];
    let meter = club.shop.post("/v1/billing/meters", &form).await.ok();
    let form = [
        ("currency", "usd"),
        ("unit_amount", "10"),
        ("recurring[interval]", "month"),
        ("recurring[usage_type]", "metered"),
        ("recurring[meter]", id(&meter)),
        ("product_data[name]", "Requests"),
    ];
    let price = club.shop.post("/v1/prices", &form).await.ok();
    (meter, id(&price).to_owned())
}

pub(super) async fn used(club: &Club, value: &str, at: i64) -> Value {
    let at = at.to_string();
    let form = [
        ("event_name", "requests"),
        ("payload[stripe_customer_id]", club.customer.as_str()),
        ("payload[value]", value),
        ("timestamp", &at),
    ];
    club.shop.post("/v1/billing/meter_events", &form).await.ok()
}

#[tokio::test]
async fn what_was_used_is_billed_with_the_next_period() {
    for (formula, quantity) in [("sum", 130), ("count", 3), ("last", 30)] {
        let club = Club::since("2027-04-01").await;
        let (meter, price) = metered(&club, formula).await;
        assert_eq!(meter["value_settings"]["event_payload_key"], "value");
        let subscription = club.subscribe(&[("items[1][price]", &price)]).await;
        assert_eq!(subscription["items"]["data"][1]["quantity"], Value::Null);
        assert_eq!(club.invoices().await, [paid(2000)]);
        let start = noon("2027-04-01");
        club.advance_to(noon("2027-04-20")).await;
        for (value, days) in [("50", 1), ("50", 2), ("30", 3)] {
            used(&club, value, start + days * 86_400).await;
        }
        let mistake = used(&club, "1000", start + 86_400).await;
        let form = [
            ("event_name", "requests"),
            ("type", "cancel"),
            (
                "cancel[identifier]",
                mistake["identifier"].as_str().unwrap(),
            ),
        ];
        let path = "/v1/billing/meter_event_adjustments";
        assert_eq!(club.shop.post(path, &form).await.ok()["status"], "complete");
        let summaries = format!(
            "/v1/billing/meters/{}/event_summaries?customer={}&start_time={start}&end_time={}",
            id(&meter),
            club.customer,
            start + 10 * 86_400,
        );
        let whole = club.shop.get(&summaries).await;
        assert_eq!(
            whole["data"][0]["aggregated_value"].as_f64(),
            Some(f64::from(quantity))
        );
        let daily = club
            .shop
            .get(&format!("{summaries}&value_grouping_window=day"))
            .await;
        assert_eq!(daily["data"].as_array().unwrap().len(), 3);
        let preview = [("subscription", id(&subscription))];
        let upcoming = club
            .shop
            .post("/v1/invoices/create_preview", &preview)
            .await
            .ok();
        let total = 2000 + i64::from(quantity) * 10;
        assert_eq!(upcoming["total"], total);
        club.advance_to(noon("2027-05-02")).await;
        assert_eq!(club.invoices().await, [paid(2000), paid(total)]);
        let lines = club.latest(&subscription).await["lines"]["data"].clone();
        let line = lines
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["amount"] != 2000)
            .unwrap();
        assert_eq!(
            (&line["quantity"], &line["period"]["start"]),
            (&quantity.into(), &start.into())
        );
        // What is used until the end is billed at the end.
        used(&club, "7", noon("2027-05-01") + 3600).await;
        club.change(&subscription, &[("cancel_at_period_end", "true")])
            .await;
        club.advance_to(noon("2027-06-02")).await;
        let last = if formula == "count" { 10 } else { 70 };
        assert_eq!(club.latest(&subscription).await["total"], last);
    }
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused() {
    let club = Club::since("2027-04-01").await;
    let (meter, price) = metered(&club, "sum").await;
    let said = async |changes: &[(&str, &str)]| {
        let form = [
            ("event_name", "requests"),
            ("payload[stripe_customer_id]", club.customer.as_str()),
            ("payload[value]", "1"),
            ("identifier", "once"),
        ];
        let form = crate::marketplace::with(&form, changes);
        let answer = club.shop.post("/v1/billing/meter_events", &form).await;
        (
            answer.status.as_u16(),
            answer.json()["error"]["param"].clone(),
        )
    };
    assert_eq!(said(&[]).await.0, 200);
    assert_eq!(said(&[]).await, (400, json!("identifier")));
    let fresh = ("identifier", "another");
    assert_eq!(
        said(&[fresh, ("event_name", "visits")]).await,
        (400, json!("event_name"))
    );
    assert_eq!(
        said(&[fresh, ("payload[value]", "many")]).await,
        (400, json!("payload[value]"))
    );
    let nobody = ("payload[stripe_customer_id]", "cus_nobody");
    assert_eq!(
        said(&[fresh, nobody]).await,
        (400, json!("payload[stripe_customer_id]"))
    );
    assert_eq!(
        said(&[fresh, ("timestamp", "1000")]).await,
        (400, json!("timestamp"))
    );
    let form = [
        ("customer", club.customer.as_str()),
        ("items[0][price]", &price),
        ("items[0][quantity]", "2"),
    ];
    let answer = club.shop.post("/v1/subscriptions", &form).await.json();
    assert_eq!(answer["error"]["param"], "items[0][quantity]");
    let again = [
        ("display_name", "Requests"),
        ("event_name", "requests"),
        ("default_aggregation[formula]", "sum"),
    ];
    assert_eq!(
        club.shop.post("/v1/billing/meters", &again).await.status,
        400
    );
    let path = format!("/v1/billing/meters/{}/deactivate", id(&meter));
    club.shop.stripe.post(&path, KEY, &[]).await.ok();
    assert_eq!(said(&[fresh]).await, (400, json!("event_name")));
}
