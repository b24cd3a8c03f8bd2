//! Subscriptions and invoices, on test clocks that move.

mod billing_cycles;
mod collection;
mod coupons;
mod credit_notes;
mod customers;
mod deadlines;
mod invoice_lines;
mod invoicing;
mod metered_usage;
mod payment_methods;
mod prices;
mod quotes;
mod schedules;
mod subscription_changes;
mod thresholds;

use serde_json::Value;

use crate::client::id;
use crate::marketplace::Marketplace;
use crate::support::START;

const DAY: i64 = 86_400;

/// A shop with a price of 20 dollars a month and a customer on a test clock.
struct Club {
    shop: Marketplace,
    clock: String,
    customer: String,
    price: String,
}

impl Club {
    async fn open(card: &str) -> Self {
        Self::open_at(card, START).await
    }

    /// A club whose clock begins at a day's noon.
    async fn since(day: &str) -> Self {
        Self::open_at("pm_card_visa", noon(day)).await
    }

    async fn open_at(card: &str, start: i64) -> Self {
        let shop = Marketplace::with_seller().await;
        let start = start.to_string();
        let clock = shop
            .post("/v1/test_helpers/test_clocks", &[("frozen_time", &start)])
            .await
            .ok();
        let form = [
            ("email", "member@x.example"),
            ("test_clock", id(&clock)),
            ("payment_method", card),
        ];
        let customer = shop.post("/v1/customers", &form).await.ok();
        let methods = format!("/v1/customers/{}/payment_methods", id(&customer));
        let method = shop.get(&methods).await["data"][0].clone();
        let path = format!("/v1/customers/{}", id(&customer));
        let form = [("invoice_settings[default_payment_method]", id(&method))];
        shop.post(&path, &form).await.ok();
        let price = price(&shop, "2000", "month").await;
        Self {
            clock: id(&clock).to_owned(),
            customer: id(&customer).to_owned(),
            price,
            shop,
        }
    }

    async fn subscribe(&self, more: &[(&str, &str)]) -> Value {
        let mut form = vec![
            ("customer", self.customer.as_str()),
            ("items[0][price]", self.price.as_str()),
        ];
        form.extend(more);
        self.shop.post("/v1/subscriptions", &form).await.ok()
    }

    async fn advance_to(&self, at: i64) {
        let path = format!("/v1/test_helpers/test_clocks/{}", self.clock);
        let at = at.to_string();
        let form = [("frozen_time", at.as_str())];
        let advancing = self.shop.post(&format!("{path}/advance"), &form).await.ok();
        assert_eq!(advancing["status"], "advancing");
        let ready = self.shop.get(&path).await;
        assert_eq!(
            (&ready["status"], &ready["frozen_time"].to_string()),
            (&"ready".into(), &at)
        );
    }

    /// A change of a subscription.
    async fn change(&self, subscription: &Value, form: &[(&str, &str)]) -> Value {
        let path = format!("/v1/subscriptions/{}", id(subscription));
        self.shop.post(&path, form).await.ok()
    }

    /// The invoice that a subscription got last.
    async fn latest(&self, subscription: &Value) -> Value {
        let now = self.look(subscription).await;
        let latest = now["latest_invoice"].as_str().unwrap();
        self.shop.get(&format!("/v1/invoices/{latest}")).await
    }

    /// The customer pays with another card from now on.
    async fn pay_with(&self, card: &str) {
        let path = format!("/v1/payment_methods/{card}/attach");
        let form = [("customer", self.customer.as_str())];
        let method = self.shop.post(&path, &form).await.ok();
        let path = format!("/v1/customers/{}", self.customer);
        let form = [("invoice_settings[default_payment_method]", id(&method))];
        self.shop.post(&path, &form).await.ok();
    }

    async fn look(&self, subscription: &Value) -> Value {
        self.shop
            .get(&format!("/v1/subscriptions/{}", id(subscription)))
            .await
    }

    /// Status and amount of every invoice of a subscription, oldest first.
    async fn invoices(&self) -> Vec<(String, i64)> {
        let path = format!("/v1/invoices?customer={}&limit=50", self.customer);
        let page = self.shop.get(&path).await;
        let show = |it: &Value| {
            let status = it["status"].as_str().unwrap().to_owned();
            (status, it["total"].as_i64().unwrap())
        };
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .map(show)
            .collect()
    }

    async fn events(&self, of: &str) -> Vec<String> {
        let page = self
            .shop
            .get(&format!("/v1/events?type={of}.*&limit=100"))
            .await;
        let name = |it: &Value| it["type"].as_str().unwrap().to_owned();
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .map(name)
            .collect()
    }
}

/// Noon (UTC) of a day.
fn noon(day: &str) -> i64 {
    let at = format!("{day}T12:00:00Z");
    at.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// A moment as its day, `2026-01-31`.
fn day(at: &Value) -> String {
    let at = jiff::Timestamp::from_second(at.as_i64().unwrap()).unwrap();
    at.strftime("%F").to_string()
}

async fn price(shop: &Marketplace, amount: &str, interval: &str) -> String {
    let form = [
        ("currency", "usd"),
        ("unit_amount", amount),
        ("recurring[interval]", interval),
        ("product_data[name]", "Bread club"),
    ];
    let price = shop.post("/v1/prices", &form).await.ok();
    assert_eq!(price["type"], "recurring");
    id(&price).to_owned()
}

fn end_of(subscription: &Value) -> i64 {
    subscription["items"]["data"][0]["current_period_end"]
        .as_i64()
        .unwrap()
}

fn paid(amount: i64) -> (String, i64) {
    ("paid".to_owned(), amount)
}

#[tokio::test]
async fn a_subscription_renews_when_its_clock_moves() {
    let club = Club::open("pm_card_visa").await;
    let subscription = club.subscribe(&[]).await;
    assert_eq!(subscription["status"], "active");
    assert_eq!(subscription["test_clock"], club.clock);
    assert_eq!(club.invoices().await, [paid(2000)]);
    assert_eq!(club.shop.balances().await[0], (0, 2000 - 88));
    let end = end_of(&subscription);
    // The invoice is a draft for an hour.
    club.advance_to(end + 60).await;
    assert_eq!(club.invoices().await[1], ("draft".to_owned(), 2000));
    club.advance_to(end + 3700).await;
    assert_eq!(club.invoices().await, [paid(2000), paid(2000)]);
    let renewed = club.look(&subscription).await;
    assert!(end_of(&renewed) > end);
    assert_eq!(renewed["items"]["data"][0]["current_period_start"], end);
    let latest = renewed["latest_invoice"].as_str().unwrap();
    let invoice = club.shop.get(&format!("/v1/invoices/{latest}")).await;
    assert_eq!(
        (
            &invoice["billing_reason"],
            &invoice["attempt_count"],
            &invoice["created"]
        ),
        (&"subscription_cycle".into(), &1.into(), &end.into())
    );
    assert!(invoice["number"].as_str().unwrap().ends_with("-0002"));
    let lines = club.shop.get(&format!("/v1/invoices/{latest}/lines")).await;
    assert_eq!(lines["data"][0]["amount"], 2000);
    let payment = &invoice["payments"]["data"][0]["payment"]["payment_intent"];
    let path = format!("/v1/payment_intents/{}", payment.as_str().unwrap());
    assert_eq!(club.shop.get(&path).await["status"], "succeeded");

    let path = format!("/v1/subscriptions/{}", id(&subscription));
    let wish = [("cancel_at_period_end", "true")];
    let leaving = club.shop.post(&path, &wish).await.ok();
    assert_eq!(leaving["status"], "active");
    club.advance_to(end_of(&renewed) + DAY).await;
    assert_eq!(club.look(&subscription).await["status"], "canceled");
    assert_eq!(club.invoices().await.len(), 2);
    assert_eq!(
        club.events("customer.subscription").await.last().unwrap(),
        "customer.subscription.deleted"
    );
    let back = [("frozen_time", "1790000001")];
    let path = format!("/v1/test_helpers/test_clocks/{}/advance", club.clock);
    assert_eq!(club.shop.post(&path, &back).await.status, 400);
    assert_eq!(club.shop.sum(), 0);
}

#[tokio::test]
async fn a_trial_costs_nothing_and_is_announced_to_end() {
    let club = Club::open("pm_card_visa").await;
    let subscription = club.subscribe(&[("trial_period_days", "14")]).await;
    assert_eq!(subscription["status"], "trialing");
    assert_eq!(club.invoices().await, [paid(0)]);
    club.advance_to(START + 12 * DAY).await;
    let announced = "customer.subscription.trial_will_end".to_owned();
    assert!(
        club.events("customer.subscription")
            .await
            .contains(&announced)
    );
    assert_eq!(club.look(&subscription).await["status"], "trialing");
    club.advance_to(START + 14 * DAY + 3700).await;
    assert_eq!(club.look(&subscription).await["status"], "active");
    assert_eq!(club.invoices().await, [paid(0), paid(2000)]);
}

#[tokio::test]
async fn a_card_that_fails_leaves_arrears_and_then_the_end() {
    for mends in [true, false] {
        let club = Club::open("pm_card_visa").await;
        let subscription = club.subscribe(&[]).await;
        let end = end_of(&subscription);
        let form = [("customer", club.customer.as_str())];
        let attach = "/v1/payment_methods/pm_card_chargeCustomerFail/attach";
        let bad = club.shop.post(attach, &form).await.ok();
        let path = format!("/v1/subscriptions/{}", id(&subscription));
        let form = [("default_payment_method", id(&bad))];
        club.shop.post(&path, &form).await.ok();
        club.advance_to(end + 2 * 3600).await;
        assert_eq!(club.look(&subscription).await["status"], "past_due");
        let latest = club.look(&subscription).await["latest_invoice"].clone();
        let latest = format!("/v1/invoices/{}", latest.as_str().unwrap());
        let open = club.shop.get(&latest).await;
        assert_eq!(
            (&open["status"], &open["attempt_count"]),
            (&"open".into(), &1.into())
        );
        assert!(open["next_payment_attempt"].is_i64());
        assert!(
            club.events("invoice")
                .await
                .contains(&"invoice.payment_failed".to_owned())
        );
        if mends {
            let refused = club.shop.post(&format!("{latest}/pay"), &[]).await;
            assert_eq!(refused.status, 402);
            let form = [("payment_method", "pm_card_visa")];
            let done = club.shop.post(&format!("{latest}/pay"), &form).await.ok();
            assert_eq!(done["status"], "paid");
            assert_eq!(club.look(&subscription).await["status"], "active");
        } else {
            club.advance_to(end + 20 * DAY).await;
            let over = club.look(&subscription).await;
            assert_eq!(over["status"], "canceled");
            assert_eq!(over["cancellation_details"]["reason"], "payment_failed");
            assert_eq!(club.shop.get(&latest).await["attempt_count"], 4);
        }
        assert_eq!(club.shop.sum(), 0);
    }
}

#[tokio::test]
async fn a_change_in_the_middle_is_prorated() {
    let club = Club::open("pm_card_visa").await;
    let subscription = club.subscribe(&[]).await;
    let (start, end) = (START, end_of(&subscription));
    club.advance_to(start + (end - start) / 2).await;
    let dear = price(&club.shop, "5000", "month").await;
    let item = id(&subscription["items"]["data"][0]).to_owned();
    let path = format!("/v1/subscriptions/{}", id(&subscription));
    let form = [("items[0][id]", item.as_str()), ("items[0][price]", &dear)];
    let mut now = form.to_vec();
    now.push(("proration_behavior", "always_invoice"));
    club.shop.post(&path, &now).await.ok();
    // Half of 5000, less half of 2000.
    assert_eq!(club.invoices().await, [paid(2000), paid(1500)]);
    let cheap = [("items[0][id]", item.as_str()), ("items[0][quantity]", "2")];
    club.shop.post(&path, &cheap).await.ok();
    let waiting = format!("/v1/invoiceitems?customer={}&pending=true", club.customer);
    assert_eq!(
        club.shop.get(&waiting).await["data"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    club.advance_to(end + 3700).await;
    // Two for the next month, and the half of one for this.
    assert_eq!(club.invoices().await.last().unwrap(), &paid(10_000 + 2500));

    let yearly = price(&club.shop, "50000", "year").await;
    let form = [
        ("items[0][id]", item.as_str()),
        ("items[0][price]", &yearly),
    ];
    let mut none = form.to_vec();
    none.push(("proration_behavior", "none"));
    let after = club.shop.post(&path, &none).await.ok();
    assert!(end_of(&after) > end + 360 * DAY, "the interval begins anew");
    assert_eq!(club.invoices().await.last().unwrap(), &paid(100_000));
}

#[tokio::test]
async fn a_first_payment_may_wait_for_the_customer() {
    let club = Club::open("pm_card_visa").await;
    let waits = [("payment_behavior", "default_incomplete")];
    let subscription = club.subscribe(&waits).await;
    assert_eq!(subscription["status"], "incomplete");
    let latest = subscription["latest_invoice"].as_str().unwrap();
    let invoice = club.shop.get(&format!("/v1/invoices/{latest}")).await;
    let secret = invoice["confirmation_secret"]["client_secret"]
        .as_str()
        .unwrap();
    let intent = secret.split("_secret_").next().unwrap();
    let confirm = format!("/v1/payment_intents/{intent}/confirm");
    club.shop
        .post(&confirm, &[("payment_method", "pm_card_visa")])
        .await
        .ok();
    assert_eq!(club.look(&subscription).await["status"], "active");

    let late = club.subscribe(&waits).await;
    club.advance_to(START + DAY).await;
    assert_eq!(club.look(&late).await["status"], "incomplete_expired");

    let asks = [("default_payment_method", "pm_none")];
    let mut form = vec![
        ("customer", club.customer.as_str()),
        ("items[0][price]", &club.price),
    ];
    form.extend(asks);
    let unknown = club.shop.post("/v1/subscriptions", &form).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn invoices_by_hand() {
    let club = Club::open("pm_card_visa").await;
    let shop = &club.shop;
    let customer = club.customer.as_str();
    let coupon = shop
        .post(
            "/v1/coupons",
            &[("percent_off", "25"), ("duration", "once")],
        )
        .await
        .ok();
    let item = |amount| {
        [
            ("customer", customer),
            ("amount", amount),
            ("currency", "usd"),
        ]
    };
    shop.post("/v1/invoiceitems", &item("3000")).await.ok();
    let form = [
        ("customer", customer),
        ("pending_invoice_items_behavior", "include"),
        ("discounts[0][coupon]", id(&coupon)),
    ];
    let draft = shop.post("/v1/invoices", &form).await.ok();
    let path = format!("/v1/invoices/{}", id(&draft));
    let mut more = item("1000").to_vec();
    more.push(("invoice", id(&draft)));
    shop.post("/v1/invoiceitems", &more).await.ok();
    let now = shop.get(&path).await;
    assert_eq!(
        (
            now["subtotal"].as_i64(),
            now["total"].as_i64(),
            now["amount_due"].as_i64()
        ),
        (Some(4000), Some(3000), Some(3000))
    );
    let open = shop.post(&format!("{path}/finalize"), &[]).await.ok();
    assert_eq!(open["status"], "open");
    let twice = shop.post(&format!("{path}/finalize"), &[]).await;
    twice.expect_error(400, "invoice_not_editable");
    let done = shop.post(&format!("{path}/pay"), &[]).await.ok();
    assert_eq!(
        (&done["status"], &done["amount_paid"]),
        (&"paid".into(), &3000.into())
    );
    assert_eq!(shop.balances().await[0], (0, 3000 - 117));
    assert_eq!(shop.post(&format!("{path}/pay"), &[]).await.status, 400);

    shop.post("/v1/invoiceitems", &item("700")).await.ok();
    let second = shop.post("/v1/invoices", &form[..2]).await.ok();
    let path = format!("/v1/invoices/{}", id(&second));
    shop.post(&format!("{path}/finalize"), &[]).await.ok();
    let void = shop.post(&format!("{path}/void"), &[]).await.ok();
    assert_eq!(void["status"], "void");
    let intent = void["payments"]["data"][0]["payment"]["payment_intent"]
        .as_str()
        .unwrap();
    let intent = shop.get(&format!("/v1/payment_intents/{intent}")).await;
    assert_eq!(intent["cancellation_reason"], "void_invoice");

    // A draft can go; what was on it waits again. Credit is used before any money.
    shop.post("/v1/invoiceitems", &item("500")).await.ok();
    let third = shop.post("/v1/invoices", &form[..2]).await.ok();
    let path = format!("/v1/invoices/{}", id(&third));
    shop.stripe
        .call(
            axum::http::Method::DELETE,
            &path,
            Some(crate::marketplace::KEY),
            &[],
        )
        .await
        .ok();
    shop.post(&format!("/v1/customers/{customer}"), &[("balance", "-200")])
        .await
        .ok();
    let fourth = shop.post("/v1/invoices", &form[..2]).await.ok();
    let path = format!("/v1/invoices/{}", id(&fourth));
    let paid = shop
        .post(&format!("{path}/pay"), &[("paid_out_of_band", "true")])
        .await
        .ok();
    assert_eq!(
        (
            &paid["amount_due"],
            &paid["starting_balance"],
            &paid["ending_balance"]
        ),
        (&300.into(), &(-200).into(), &0.into())
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_platform_takes_its_share_of_a_sellers_subscription() {
    let shop = Marketplace::with_seller().await;
    let form = [("email", "member@x.example"), ("source", "tok_visa")];
    let customer = shop.post_for_seller("/v1/customers", &form).await.ok();
    let form = [
        ("currency", "usd"),
        ("unit_amount", "2000"),
        ("recurring[interval]", "month"),
        ("product_data[name]", "Bread club"),
    ];
    let price = shop.post_for_seller("/v1/prices", &form).await.ok();
    let form = [
        ("customer", id(&customer)),
        ("items[0][price]", id(&price)),
        ("application_fee_percent", "10"),
    ];
    let subscription = shop.post_for_seller("/v1/subscriptions", &form).await.ok();
    assert_eq!(subscription["status"], "active");
    assert_eq!(shop.balances().await, [(0, 200), (0, 2000 - 88 - 200)]);
    // Without a test clock the emulator's own clock counts.
    shop.stripe.advance(32 * 86_400);
    assert_eq!(
        shop.get_for_seller("/v1/invoices").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(shop.balances().await[0], (200, 200));
    assert_eq!(shop.sum(), 0);
}
