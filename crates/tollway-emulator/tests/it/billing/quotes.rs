//! Quotes.

use serde_json::Value;

use axum::http::{Method, header};

use super::{Club, noon, paid};
use crate::client::id;
use crate::marketplace::KEY;

async fn quote(club: &Club, more: &[(&str, &str)]) -> Value {
    let mut form = vec![("customer", club.customer.as_str())];
    form.extend(more);
    club.shop.post("/v1/quotes", &form).await.ok()
}

#[tokio::test]
async fn an_accepted_quote_begins_a_subscription() {
    let club = Club::since("2027-04-01").await;
    let rate = [
        ("display_name", "VAT"),
        ("percentage", "10"),
        ("inclusive", "false"),
    ];
    let rate = club.shop.post("/v1/tax_rates", &rate).await.ok();
    let form = [
        ("line_items[0][price]", club.price.as_str()),
        ("line_items[0][quantity]", "2"),
        ("line_items[1][price_data][currency]", "usd"),
        ("line_items[1][price_data][unit_amount]", "500"),
        ("default_tax_rates[0]", id(&rate)),
    ];
    let product = club
        .shop
        .post("/v1/products", &[("name", "Basket")])
        .await
        .ok();
    let mut form = form.to_vec();
    form.push(("line_items[1][price_data][product]", id(&product)));
    let draft = quote(&club, &form).await;
    assert_eq!(
        (
            &draft["status"],
            &draft["amount_subtotal"],
            &draft["amount_total"]
        ),
        (&"draft".into(), &4500.into(), &4950.into())
    );
    let recurring = &draft["computed"]["recurring"];
    assert_eq!(
        (&recurring["amount_total"], &recurring["interval"]),
        (&4400.into(), &"month".into())
    );
    let path = format!("/v1/quotes/{}", id(&draft));
    assert_eq!(
        club.shop.post(&format!("{path}/accept"), &[]).await.status,
        400
    );
    club.shop.post(&path, &[("header", "For you")]).await.ok();
    let items = club.shop.get(&format!("{path}/line_items")).await;
    assert_eq!(items["data"].as_array().unwrap().len(), 2);
    let upfront = club
        .shop
        .get(&format!("{path}/computed_upfront_line_items"))
        .await;
    assert_eq!(upfront["data"][1]["amount_tax"], 50);
    let open = club.shop.post(&format!("{path}/finalize"), &[]).await.ok();
    assert_eq!(
        (&open["status"], &open["header"]),
        (&"open".into(), &"For you".into())
    );
    assert!(open["number"].as_str().unwrap().starts_with("QT-"));
    assert_eq!(club.shop.post(&path, &[("header", "x")]).await.status, 400);
    let done = club.shop.post(&format!("{path}/accept"), &[]).await.ok();
    assert_eq!(done["status"], "accepted");
    assert_eq!(club.invoices().await, [paid(4950)]);
    let subscription = format!(
        "/v1/subscriptions/{}",
        done["subscription"].as_str().unwrap()
    );
    assert_eq!(club.shop.get(&subscription).await["status"], "active");
    club.advance_to(noon("2027-05-02")).await;
    assert_eq!(club.invoices().await.last().unwrap(), &paid(4400));
    assert_eq!(club.shop.sum(), 0);
}

#[tokio::test]
async fn a_quote_for_once_becomes_an_invoice_and_one_for_later_a_schedule() {
    let club = Club::since("2027-04-01").await;
    let product = club
        .shop
        .post("/v1/products", &[("name", "Cake")])
        .await
        .ok();
    let form = [
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "4000"),
        ("line_items[0][price_data][product]", id(&product)),
    ];
    let draft = quote(&club, &form).await;
    let path = format!("/v1/quotes/{}", id(&draft));
    club.shop.post(&format!("{path}/finalize"), &[]).await.ok();
    let done = club.shop.post(&format!("{path}/accept"), &[]).await.ok();
    let invoice = club
        .shop
        .get(&format!(
            "/v1/invoices/{}",
            done["invoice"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (
            &invoice["status"],
            &invoice["total"],
            &invoice["parent"]["quote_details"]["quote"]
        ),
        (&"draft".into(), &4000.into(), &draft["id"])
    );
    let later = noon("2027-04-20").to_string();
    let form = [
        ("line_items[0][price]", club.price.as_str()),
        ("subscription_data[effective_date]", &later),
    ];
    let draft = quote(&club, &form).await;
    let path = format!("/v1/quotes/{}", id(&draft));
    club.shop.post(&format!("{path}/finalize"), &[]).await.ok();
    let done = club.shop.post(&format!("{path}/accept"), &[]).await.ok();
    assert_eq!(done["subscription"], Value::Null);
    let schedule = format!(
        "/v1/subscription_schedules/{}",
        done["subscription_schedule"].as_str().unwrap()
    );
    assert_eq!(club.shop.get(&schedule).await["status"], "not_started");
    club.advance_to(noon("2027-04-21")).await;
    assert_eq!(club.invoices().await.last().unwrap(), &paid(2000));
    let empty = quote(&club, &[]).await;
    let path = format!("/v1/quotes/{}", id(&empty));
    assert_eq!(
        club.shop
            .post(&format!("{path}/finalize"), &[])
            .await
            .status,
        400
    );
    let gone = club.shop.post(&format!("{path}/cancel"), &[]).await.ok();
    assert_eq!(gone["status"], "canceled");
}

#[tokio::test]
async fn a_quote_expires_and_is_a_paper() {
    let club = Club::since("2027-04-01").await;
    let until = noon("2027-04-10").to_string();
    let form = [
        ("line_items[0][price]", club.price.as_str()),
        ("line_items[0][quantity]", "2"),
        ("expires_at", until.as_str()),
        ("header", "Only for you"),
    ];
    let open = quote(&club, &form).await;
    let path = format!("/v1/quotes/{}", id(&open));
    let pdf = async || {
        let path = format!("{path}/pdf");
        let stripe = &club.shop.stripe;
        stripe.call(Method::GET, &path, Some(KEY), &[]).await
    };
    assert_eq!(pdf().await.status, 400, "of a draft");
    let open = club.shop.post(&format!("{path}/finalize"), &[]).await.ok();
    let paper = pdf().await;
    assert_eq!(
        paper.header(header::CONTENT_TYPE.as_str()),
        Some("application/pdf")
    );
    let number = format!("Quote {}", open["number"].as_str().unwrap());
    for words in [
        "%PDF-",
        number.as_str(),
        "Only for you",
        "2 x Bread club, every month",
        "40.00 usd",
    ] {
        assert!(paper.body.contains(words), "{words}");
    }
    let draft = quote(&club, &form).await;
    // A finalized quote may be open for longer than its draft.
    let later = quote(&club, &form).await;
    let longer = noon("2027-04-20").to_string();
    let later = format!("/v1/quotes/{}", id(&later));
    let form = [("expires_at", longer.as_str())];
    club.shop
        .post(&format!("{later}/finalize"), &form)
        .await
        .ok();
    club.advance_to(noon("2027-04-11")).await;
    for path in [path.clone(), format!("/v1/quotes/{}", id(&draft))] {
        let over = club.shop.get(&path).await;
        assert_eq!(
            (
                &over["status"],
                over["status_transitions"]["canceled_at"].as_i64()
            ),
            (&"canceled".into(), Some(noon("2027-04-10")))
        );
    }
    assert_eq!(club.shop.get(&later).await["status"], "open");
    let canceled = club.events("quote").await;
    let canceled = canceled.iter().filter(|name| *name == "quote.canceled");
    assert_eq!(canceled.count(), 2);
    let refused = club.shop.post(&format!("{path}/accept"), &[]).await;
    assert_eq!(refused.status, 400);
    let past = [
        ("customer", club.customer.as_str()),
        ("expires_at", until.as_str()),
    ];
    let past = club.shop.post("/v1/quotes", &past).await.json();
    assert_eq!(past["error"]["param"], "expires_at");
}
