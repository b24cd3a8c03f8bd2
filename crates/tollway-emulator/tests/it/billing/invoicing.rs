//! What invoices come to: taxes, coupons, tiers, items, and previews.

use serde_json::Value;

use super::{Club, end_of, noon, paid, price};
use crate::client::id;
use crate::marketplace::Marketplace;

async fn rate(shop: &Marketplace, percentage: &str, inclusive: &str) -> String {
    let form = [
        ("display_name", "VAT"),
        ("percentage", percentage),
        ("inclusive", inclusive),
    ];
    id(&shop.post("/v1/tax_rates", &form).await.ok()).to_owned()
}

async fn coupon(shop: &Marketplace, form: &[(&str, &str)]) -> String {
    id(&shop.post("/v1/coupons", form).await.ok()).to_owned()
}

fn amounts(invoice: &Value) -> [i64; 4] {
    ["subtotal", "total", "total_excluding_tax", "amount_due"]
        .map(|name| invoice[name].as_i64().unwrap())
}

#[tokio::test]
async fn tax_rates_are_added_or_are_a_part_of_the_price() {
    let club = Club::open("pm_card_visa").await;
    let outside = rate(&club.shop, "19", "false").await;
    let inside = rate(&club.shop, "25", "true").await;
    let subscription = club.subscribe(&[("default_tax_rates[0]", &outside)]).await;
    assert_eq!(subscription["default_tax_rates"][0]["percentage"], 19.0);
    let invoice = club.latest(&subscription).await;
    assert_eq!(amounts(&invoice), [2000, 2380, 2000, 2380]);
    let tax = &invoice["total_taxes"][0];
    assert_eq!(
        (
            &tax["amount"],
            &tax["taxable_amount"],
            &tax["tax_behavior"],
            &tax["tax_rate_details"]["tax_rate"]
        ),
        (
            &380.into(),
            &2000.into(),
            &"exclusive".into(),
            &outside.as_str().into()
        )
    );
    assert_eq!(invoice["lines"]["data"][0]["taxes"][0]["amount"], 380);
    // The rates of an item go before those of the subscription.
    let off = coupon(
        &club.shop,
        &[("percent_off", "50"), ("duration", "forever")],
    )
    .await;
    let form = [
        ("items[0][tax_rates][0]", inside.as_str()),
        ("default_tax_rates[0]", &outside),
        ("discounts[0][coupon]", &off),
    ];
    let subscription = club.subscribe(&form).await;
    let invoice = club.latest(&subscription).await;
    assert_eq!(amounts(&invoice), [2000, 1000, 800, 1000]);
    assert_eq!(invoice["subtotal_excluding_tax"], 1600);
    club.advance_to(end_of(&subscription) + 3700).await;
    assert_eq!(club.invoices().await.last().unwrap(), &paid(1000));

    let form = [("tax_exempt", "reverse")];
    let path = format!("/v1/customers/{}", club.customer);
    club.shop.post(&path, &form).await.ok();
    let item = [
        ("customer", club.customer.as_str()),
        ("amount", "1000"),
        ("currency", "usd"),
        ("tax_rates[0]", &outside),
    ];
    club.shop.post("/v1/invoiceitems", &item).await.ok();
    let form = [
        ("customer", club.customer.as_str()),
        ("pending_invoice_items_behavior", "include"),
    ];
    let draft = club.shop.post("/v1/invoices", &form).await.ok();
    assert_eq!(draft["total"], 1000);
    assert_eq!(
        draft["total_taxes"][0]["taxability_reason"],
        "reverse_charge"
    );
    let nobody = [
        ("customer", club.customer.as_str()),
        ("items[0][price]", &club.price),
        ("default_tax_rates[0]", "txr_nobody"),
    ];
    assert_eq!(
        club.shop.post("/v1/subscriptions", &nobody).await.status,
        400
    );
}

#[tokio::test]
async fn coupons_count_once_for_some_months_or_for_ever() {
    for (duration, expected) in [
        ("once", [1000, 2000, 2000, 2000]),
        ("repeating", [1000, 1000, 2000, 2000]),
        ("forever", [1000, 1000, 1000, 1000]),
    ] {
        let club = Club::since("2027-04-01").await;
        let mut form = vec![("percent_off", "50"), ("duration", duration)];
        if duration == "repeating" {
            form.push(("duration_in_months", "2"));
        }
        let off = coupon(&club.shop, &form).await;
        let code = [
            ("promotion[type]", "coupon"),
            ("promotion[coupon]", off.as_str()),
            ("code", "SPRING"),
        ];
        let code = club.shop.post("/v1/promotion_codes", &code).await.ok();
        let subscription = club
            .subscribe(&[("discounts[0][promotion_code]", id(&code))])
            .await;
        let left = subscription["discounts"].as_array().unwrap().len();
        assert_eq!(left, usize::from(duration != "once"));
        club.advance_to(noon("2027-07-02")).await;
        let invoices = club.invoices().await;
        let totals: Vec<i64> = invoices.iter().map(|(_, total)| *total).collect();
        assert_eq!(totals, expected, "{duration}");
    }
    // A code that was used up, or is over, is refused.
    let club = Club::since("2027-04-01").await;
    let off = coupon(
        &club.shop,
        &[("percent_off", "50"), ("duration", "forever")],
    )
    .await;
    let code = [
        ("promotion[type]", "coupon"),
        ("promotion[coupon]", off.as_str()),
        ("max_redemptions", "1"),
    ];
    let code = club.shop.post("/v1/promotion_codes", &code).await.ok();
    let form = [
        ("customer", club.customer.as_str()),
        ("items[0][price]", &club.price),
        ("discounts[0][promotion_code]", id(&code)),
    ];
    let first = club.shop.post("/v1/subscriptions", &form).await.ok();
    let again = club.shop.post("/v1/subscriptions", &form).await.json();
    assert_eq!(again["error"]["param"], "discounts[0][promotion_code]");
    let path = format!("/v1/subscriptions/{}/discount", id(&first));
    let delete = async || {
        let method = axum::http::Method::DELETE;
        club.shop
            .stripe
            .call(method, &path, Some(crate::marketplace::KEY), &[])
            .await
    };
    assert_eq!(delete().await.ok()["deleted"], true);
    assert_eq!(delete().await.status, 400);
    club.advance_to(noon("2027-05-02")).await;
    assert_eq!(club.invoices().await, [paid(1000), paid(2000)]);

    // One that is given in the middle counts for the next invoice; one for a product takes nothing off others.
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    let off = coupon(
        &club.shop,
        &[
            ("amount_off", "500"),
            ("currency", "usd"),
            ("duration", "once"),
        ],
    )
    .await;
    club.change(&subscription, &[("discounts[0][coupon]", &off)])
        .await;
    club.advance_to(noon("2027-06-02")).await;
    assert_eq!(club.invoices().await, [paid(2000), paid(1500), paid(2000)]);
    let other = club
        .shop
        .post("/v1/products", &[("name", "Other")])
        .await
        .ok();
    let form = [
        ("percent_off", "50"),
        ("duration", "forever"),
        ("applies_to[products][0]", id(&other)),
    ];
    let elsewhere = coupon(&club.shop, &form).await;
    let preview = [
        ("subscription", id(&subscription)),
        ("discounts[0][coupon]", elsewhere.as_str()),
    ];
    let upcoming = club
        .shop
        .post("/v1/invoices/create_preview", &preview)
        .await
        .ok();
    assert_eq!(upcoming["total"], 2000);
}

#[tokio::test]
async fn items_wait_change_and_belong_to_their_subscription() {
    let club = Club::since("2027-04-01").await;
    let first = club.subscribe(&[]).await;
    let second = club.subscribe(&[]).await;
    let item = [
        ("customer", club.customer.as_str()),
        ("amount", "700"),
        ("currency", "usd"),
        ("subscription", id(&second)),
    ];
    let item = club.shop.post("/v1/invoiceitems", &item).await.ok();
    let path = format!("/v1/invoiceitems/{}", id(&item));
    let dearer = club.shop.post(&path, &[("amount", "900")]).await.ok();
    assert_eq!(
        (&dearer["amount"], &dearer["net_amount"]),
        (&900.into(), &900.into())
    );
    club.advance_to(noon("2027-05-01") + 1800).await;
    assert_eq!(club.latest(&first).await["total"], 2000);
    let draft = club.latest(&second).await;
    assert_eq!(
        (&draft["status"], &draft["total"]),
        (&"draft".into(), &2900.into())
    );
    // A draft follows its items.
    club.shop.post(&path, &[("amount", "100")]).await.ok();
    assert_eq!(club.latest(&second).await["total"], 2100);
    club.advance_to(noon("2027-05-02")).await;
    assert_eq!(club.latest(&second).await["amount_paid"], 2100);
    assert_eq!(club.shop.post(&path, &[("amount", "5")]).await.status, 400);
}

#[tokio::test]
async fn lines_are_added_to_a_draft_and_taken_off() {
    let club = Club::open("pm_card_visa").await;
    let draft = [("customer", club.customer.as_str()), ("currency", "usd")];
    let draft = club.shop.post("/v1/invoices", &draft).await.ok();
    let path = format!("/v1/invoices/{}", id(&draft));
    let form = [
        ("lines[0][amount]", "700"),
        ("lines[0][description]", "Cake"),
        ("lines[1][amount]", "300"),
    ];
    let added = club
        .shop
        .post(&format!("{path}/add_lines"), &form)
        .await
        .ok();
    assert_eq!(
        (&added["total"], &added["lines"]["total_count"]),
        (&1000.into(), &2.into())
    );
    for (line, behavior, total, waits) in [(1, "unassign", 700, 1), (0, "delete", 0, 1)] {
        let form = [
            ("lines[0][id]", id(&added["lines"]["data"][line])),
            ("lines[0][behavior]", behavior),
        ];
        let less = club
            .shop
            .post(&format!("{path}/remove_lines"), &form)
            .await
            .ok();
        assert_eq!(less["total"], total);
        let items = club.shop.get("/v1/invoiceitems").await;
        assert_eq!(
            items["data"].as_array().unwrap().len(),
            waits + usize::from(line == 1)
        );
    }
}

#[tokio::test]
async fn tiers_and_packages_cost_what_their_quantity_says() {
    let club = Club::open("pm_card_visa").await;
    for (mode, total) in [("graduated", 5 * 500 + 3 * 300), ("volume", 8 * 300)] {
        let form = [
            ("currency", "usd"),
            ("recurring[interval]", "month"),
            ("product_data[name]", "Seats"),
            ("billing_scheme", "tiered"),
            ("tiers_mode", mode),
            ("tiers[0][up_to]", "5"),
            ("tiers[0][unit_amount]", "500"),
            ("tiers[1][up_to]", "inf"),
            ("tiers[1][unit_amount]", "300"),
        ];
        let price = club.shop.post("/v1/prices", &form).await.ok();
        let form = [("items[0][price]", id(&price)), ("items[0][quantity]", "8")];
        let subscription = club.subscribe(&form).await;
        assert_eq!(club.latest(&subscription).await["total"], total, "{mode}");
    }
}

#[tokio::test]
async fn an_older_version_previews_where_it_used_to() {
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    let item = id(&subscription["items"]["data"][0]).to_owned();
    let get = async |path: String, version: &'static str| {
        let headers = [("stripe-version", version)];
        let (stripe, key) = (&club.shop.stripe, Some(crate::marketplace::KEY));
        let method = axum::http::Method::GET;
        stripe
            .caller(key)
            .with_headers(&headers)
            .call(method.as_str(), &path, &[])
            .send()
            .await
    };
    let (old, basil) = ("2024-06-20", "2025-03-31.basil");
    let path = format!("/v1/invoices/upcoming?subscription={}", id(&subscription));
    let plain = get(path.clone(), old).await.ok();
    assert_eq!(
        (&plain["object"], &plain["total"]),
        (&"invoice".into(), &2000.into())
    );
    let doubled = format!(
        "{path}&subscription_items[0][id]={item}&subscription_items[0][quantity]=2&subscription_proration_behavior=none"
    );
    assert_eq!(get(doubled, old).await.ok()["total"], 4000);
    let lines = path.replace("upcoming?", "upcoming/lines?limit=5&");
    let lines = get(lines, old).await.ok();
    assert_eq!(
        (&lines["object"], &lines["data"][0]["amount"]),
        (&"list".into(), &2000.into())
    );
    // What it was before is an invoice that does not exist since.
    assert_eq!(
        get("/v1/invoices/upcoming".to_owned(), basil).await.status,
        404
    );
}

#[tokio::test]
async fn previews_show_what_would_come_and_change_nothing() {
    let club = Club::since("2027-04-01").await;
    let subscription = club.subscribe(&[]).await;
    let item = id(&subscription["items"]["data"][0]).to_owned();
    club.advance_to(noon("2027-04-16")).await;
    let events = club.events("*").await.len();
    let preview = async |form: &[(&str, &str)]| {
        club.shop
            .post("/v1/invoices/create_preview", form)
            .await
            .ok()
    };
    let of = ("subscription", id(&subscription));
    let next = preview(&[of]).await;
    assert_eq!(
        (&next["total"], &next["status"]),
        (&2000.into(), &"draft".into())
    );
    assert!(id(&next).starts_with("upcoming_in_"));
    let dear = price(&club.shop, "5000", "month").await;
    let change = [
        of,
        ("subscription_details[items][0][id]", item.as_str()),
        ("subscription_details[items][0][price]", &dear),
    ];
    let changed = preview(&change).await;
    assert_eq!(changed["total"], 5000 + 2500 - 1000);
    assert_eq!(changed["lines"]["total_count"], 3);
    let mut at_once = change.to_vec();
    at_once.push(("subscription_details[proration_behavior]", "always_invoice"));
    let at_once = preview(&at_once).await;
    assert_eq!(
        (&at_once["total"], &at_once["status"]),
        (&1500.into(), &"draft".into())
    );
    let mut recurring = change.to_vec();
    recurring.push(("preview_mode", "recurring"));
    assert_eq!(preview(&recurring).await["total"], 5000);
    let with = [
        of,
        ("invoice_items[0][amount]", "300"),
        ("invoice_items[0][currency]", "usd"),
    ];
    assert_eq!(preview(&with).await["total"], 2300);
    let leaving = [of, ("subscription_details[cancel_now]", "true")];
    assert_eq!(preview(&leaving).await["total"], -1000);
    let new = [
        ("customer", club.customer.as_str()),
        ("subscription_details[items][0][price]", &dear),
        ("subscription_details[items][0][quantity]", "2"),
    ];
    assert_eq!(preview(&new).await["total"], 10_000);
    let stranger = [
        ("customer_details[address][country]", "DE"),
        ("subscription_details[items][0][price]", dear.as_str()),
    ];
    assert_eq!(preview(&stranger).await["total"], 5000);
    // Nothing of it has happened.
    assert_eq!(
        club.look(&subscription).await["items"],
        subscription["items"]
    );
    assert_eq!(club.invoices().await, [paid(2000)]);
    let waiting = format!("/v1/invoiceitems?customer={}", club.customer);
    assert_eq!(
        club.shop.get(&waiting).await["data"],
        Value::Array(Vec::new())
    );
    assert_eq!(
        club.shop.get("/v1/customers").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(club.events("price").await.len() + events > 0);
    let none = [("customer", club.customer.as_str())];
    let none = club.shop.post("/v1/invoices/create_preview", &none).await;
    none.expect_error(404, "invoice_upcoming_none");
}
