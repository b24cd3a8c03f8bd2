//! Checkout: sessions, their page, payment links.

mod buyers;
mod optional_items;
mod orders;
mod payment_methods;

use axum::http::{StatusCode, header};
use serde_json::Value;

use crate::client::id;
use crate::marketplace::Marketplace;
use crate::support::{Answer, START};

const GOOD: &str = "4242424242424242";
const EMPTY: &str = "4000000000009995";
const ASKS: &str = "4000002760003184";
const ASKS_ONCE: &str = "4000002500003155";

const SELLING: [(&str, &str); 6] = [
    ("mode", "payment"),
    ("line_items[0][price_data][currency]", "usd"),
    ("line_items[0][price_data][unit_amount]", "1500"),
    (
        "line_items[0][price_data][product_data][name]",
        "Bread & <salt>",
    ),
    ("line_items[0][quantity]", "2"),
    (
        "success_url",
        "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
    ),
];

fn selling<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    crate::marketplace::with(&SELLING, more)
}

fn page_of(session: &Value) -> String {
    let url = url::Url::parse(session["url"].as_str().unwrap()).unwrap();
    assert_eq!(url.host_str(), Some("localhost"));
    url.path().to_owned()
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.headers[header::LOCATION].to_str().unwrap()
}

impl Marketplace {
    async fn open_page(&self, path: &str) -> String {
        let page = self.stripe.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        page.body
    }

    async fn session(&self, more: &[(&str, &str)]) -> Value {
        let form = selling(more);
        self.post("/v1/checkout/sessions", &form).await.ok()
    }

    async fn again(&self, session: &Value) -> Value {
        self.get(&format!("/v1/checkout/sessions/{}", id(session)))
            .await
    }

    /// The types of the events so far, oldest first.
    async fn event_types(&self) -> Vec<String> {
        let page = self.get("/v1/events?limit=100").await;
        let name = |it: &Value| it["type"].as_str().unwrap().to_owned();
        let events = page["data"].as_array().unwrap();
        events.iter().rev().map(name).collect()
    }
}

#[tokio::test]
async fn a_customer_pays_after_a_card_was_declined() {
    let shop = Marketplace::with_seller().await;
    let more = [
        ("metadata[order]", "7"),
        ("cancel_url", "https://shop.example/cart"),
    ];
    let session = shop.session(&more).await;
    assert_eq!(
        (
            &session["status"],
            &session["payment_status"],
            &session["amount_total"]
        ),
        (&"open".into(), &"unpaid".into(), &3000.into())
    );
    assert_eq!(session["payment_intent"], Value::Null);
    let items = format!("/v1/checkout/sessions/{}/line_items", id(&session));
    let items = shop.get(&items).await;
    assert_eq!(items["data"][0]["description"], "Bread & <salt>");
    assert_eq!(items["data"][0]["amount_total"], 3000);

    let path = page_of(&session);
    let page = shop.stripe.get(&path).await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("form-action 'self' https://shop.example"),
        "{policy}"
    );
    for part in [
        "Bread &amp; &lt;salt&gt;",
        "30.00 usd",
        "id=\"pay\"",
        "https:&#x2f;&#x2f;shop.example&#x2f;cart",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }

    // What is missing is said at its input, and nothing happens.
    let form = [("email", ""), ("number", ""), ("exp", ""), ("cvc", "")];
    let incomplete = shop.stripe.press(&path, &form).await;
    assert_eq!(incomplete.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        incomplete.body.contains("id=\"number-error\"")
            && incomplete.body.contains("id=\"email-error\"")
    );
    assert_eq!(shop.again(&session).await["payment_intent"], Value::Null);

    let card = |number| {
        [
            ("email", "jenny@x.example"),
            ("name", "Jenny"),
            ("number", number),
            ("exp", "12 / 34"),
            ("cvc", "123"),
        ]
    };
    let declined = shop.stripe.press(&path, &card(EMPTY)).await;
    assert_eq!(declined.status, StatusCode::PAYMENT_REQUIRED);
    assert!(
        declined.body.contains("Your card has insufficient funds."),
        "{}",
        declined.body
    );
    assert!(
        declined.body.contains("value=\"jenny@x.example\"")
            && !declined.body.contains("value=\"123\"")
    );
    let failed = shop.again(&session).await;
    let intent = failed["payment_intent"].as_str().unwrap().to_owned();
    assert_eq!(
        (&failed["status"], &failed["payment_status"]),
        (&"open".into(), &"unpaid".into())
    );

    let paid = shop.stripe.press(&path, &card(GOOD)).await;
    let thanks = format!("https://shop.example/thanks?session={}", id(&session));
    assert_eq!(location(&paid), thanks);
    let done = shop.again(&session).await;
    assert_eq!(
        (&done["status"], &done["payment_status"], &done["url"]),
        (&"complete".into(), &"paid".into(), &Value::Null)
    );
    assert_eq!(done["customer_details"]["email"], "jenny@x.example");
    assert_eq!(done["customer"], Value::Null);
    assert_eq!(done["payment_intent"], *intent);
    let intent = shop.get(&format!("/v1/payment_intents/{intent}")).await;
    assert_eq!(
        (&intent["status"], &intent["amount"]),
        (&"succeeded".into(), &3000.into())
    );
    let types = shop.event_types().await.join(" ");
    let order = "payment_intent.payment_failed charge.succeeded payment_intent.succeeded checkout.session.completed";
    assert!(types.ends_with(order), "{types}");
    assert_eq!(shop.balances().await[0], (0, 3000 - 117));
    // It can be paid once.
    assert!(
        shop.stripe
            .press(&path, &card(GOOD))
            .await
            .body
            .contains("Thank you")
    );
    assert_eq!(
        shop.get("/v1/charges").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn the_bank_asks_and_leads_back() {
    for approves in [true, false] {
        let shop = Marketplace::with_seller().await;
        let session = shop.session(&[]).await;
        let path = page_of(&session);
        let asked = shop
            .stripe
            .press(&path, &[("email", "j@x.example"), ("number", ASKS)])
            .await;
        let bank = location(&asked).to_owned();
        assert!(bank.starts_with("/_tollway/authenticate/pi_"), "{bank}");
        let question = shop.stripe.get(&bank).await;
        // The answer leads past the session's page to the shop: its origin must be named.
        let policy = question.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.contains("https://shop.example"), "{policy}");
        let decision = if approves { "approve" } else { "fail" };
        let answered = shop.stripe.press(&bank, &[("decision", decision)]).await;
        let returned = url::Url::parse(location(&answered)).unwrap();
        assert_eq!(returned.path(), path);
        let to = format!("{}?{}", returned.path(), returned.query().unwrap());
        if approves {
            assert_eq!(shop.again(&session).await["status"], "complete");
            let end = shop.stripe.get(&to).await;
            assert!(location(&end).starts_with("https://shop.example/thanks"));
        } else {
            let page = shop.open_page(&to).await;
            assert!(page.contains("failed authentication"), "{page}");
            let again = shop
                .stripe
                .press(&path, &[("email", "j@x.example"), ("number", GOOD)])
                .await;
            assert!(location(&again).starts_with("https://shop.example/thanks"));
        }
        assert_eq!(shop.sum(), 0);
    }
}

#[tokio::test]
async fn a_platform_takes_its_share_of_direct_and_destination_charges() {
    let shop = Marketplace::with_seller().await;
    let fee = ("payment_intent_data[application_fee_amount]", "300");
    let direct = shop
        .post_for_seller("/v1/checkout/sessions", &selling(&[fee]))
        .await
        .ok();
    let page = shop.open_page(&page_of(&direct)).await;
    assert!(page.contains("Pay baker@shop.example"), "{page}");
    let card = [("email", "j@x.example"), ("number", GOOD)];
    shop.stripe.press(&page_of(&direct), &card).await;
    assert_eq!(shop.balances().await, [(0, 300), (0, 3000 - 117 - 300)]);

    let to = (
        "payment_intent_data[transfer_data][destination]",
        shop.seller.as_str(),
    );
    let on = ("payment_intent_data[on_behalf_of]", shop.seller.as_str());
    let destination = shop.session(&[fee, to, on]).await;
    shop.stripe.press(&page_of(&destination), &card).await;
    let done = shop.again(&destination).await;
    let intent = done["payment_intent"].as_str().unwrap();
    let intent = shop.get(&format!("/v1/payment_intents/{intent}")).await;
    assert_eq!(
        (
            &intent["on_behalf_of"],
            &intent["transfer_data"]["destination"]
        ),
        (&shop.seller.as_str().into(), &shop.seller.as_str().into())
    );
    assert_eq!(shop.sum(), 0);

    let alone = shop.post("/v1/checkout/sessions", &selling(&[fee])).await;
    let error = alone.json();
    assert_eq!(
        (alone.status.as_u16(), &error["error"]["param"]),
        (400, &"payment_intent_data[application_fee_amount]".into())
    );
}

#[tokio::test]
async fn a_subscription_begins_on_the_page() {
    let shop = Marketplace::with_seller().await;
    let price = shop.monthly("Bread club").await;
    let subscribing = |more: &[(&'static str, &'static str)]| {
        let mut form = vec![
            ("mode", "subscription".to_owned()),
            ("line_items[0][price]", id(&price).to_owned()),
            ("line_items[0][quantity]", "1".to_owned()),
            ("success_url", "https://shop.example/welcome".to_owned()),
        ];
        form.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        form
    };
    let create = async |form: Vec<(&'static str, String)>| {
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        shop.post("/v1/checkout/sessions", &form).await.ok()
    };
    let session = create(subscribing(&[
        ("line_items[1][price_data][currency]", "usd"),
        ("line_items[1][price_data][unit_amount]", "500"),
        ("line_items[1][price_data][product_data][name]", "Basket"),
        ("subscription_data[metadata][tier]", "gold"),
    ]))
    .await;
    assert_eq!(
        (&session["amount_total"], &session["customer_creation"]),
        (&2500.into(), &"always".into())
    );
    let path = page_of(&session);
    assert!(
        shop.open_page(&path)
            .await
            .contains("20.00 usd every month")
    );
    let declined = shop
        .stripe
        .press(&path, &[("email", "m@x.example"), ("number", EMPTY)])
        .await;
    assert_eq!(declined.status, StatusCode::PAYMENT_REQUIRED);
    let bank = shop
        .stripe
        .press(&path, &[("email", "m@x.example"), ("number", ASKS_ONCE)])
        .await;
    let bank = location(&bank).to_owned();
    shop.stripe.press(&bank, &[("decision", "approve")]).await;
    let done = shop.again(&session).await;
    assert_eq!(
        (&done["status"], &done["payment_status"]),
        (&"complete".into(), &"paid".into())
    );
    let subscription = done["subscription"].as_str().unwrap();
    let subscription = shop.get(&format!("/v1/subscriptions/{subscription}")).await;
    assert_eq!(
        (&subscription["status"], &subscription["metadata"]["tier"]),
        (&"active".into(), &"gold".into())
    );
    assert_eq!(subscription["customer"], done["customer"]);
    let invoice = shop
        .get(&format!(
            "/v1/invoices/{}",
            done["invoice"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (&invoice["status"], &invoice["amount_paid"]),
        (&"paid".into(), &2500.into())
    );
    // One customer and one subscription, whatever the number of attempts.
    for kind in ["customers", "subscriptions"] {
        let all = shop.get(&format!("/v1/{kind}")).await;
        assert_eq!(all["data"].as_array().unwrap().len(), 1, "{kind}");
    }
    // The card is kept: the next month pays by itself.
    shop.stripe.advance(32 * 86_400);
    let invoices = shop.get("/v1/invoices").await;
    assert_eq!(invoices["data"][0]["status"], "paid");

    let trial = create(subscribing(&[(
        "subscription_data[trial_period_days]",
        "14",
    )]))
    .await;
    assert_eq!(trial["amount_total"], 0);
    let path = page_of(&trial);
    assert!(shop.open_page(&path).await.contains("Free for 14 days."));
    let begun = shop
        .stripe
        .press(&path, &[("email", "t@x.example"), ("number", GOOD)])
        .await;
    assert_eq!(location(&begun), "https://shop.example/welcome");
    let done = shop.again(&trial).await;
    assert_eq!(done["payment_status"], "no_payment_required");
    let subscription = done["subscription"].as_str().unwrap();
    let subscription = shop.get(&format!("/v1/subscriptions/{subscription}")).await;
    assert_eq!(subscription["status"], "trialing");
    assert!(subscription["default_payment_method"].is_string());
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_card_is_kept_for_later() {
    let shop = Marketplace::with_seller().await;
    let customer = shop
        .post("/v1/customers", &[("email", "k@x.example")])
        .await
        .ok();
    let form = [
        ("mode", "setup"),
        ("customer", id(&customer)),
        ("currency", "eur"),
        ("success_url", "https://shop.example/kept"),
    ];
    let session = shop.post("/v1/checkout/sessions", &form).await.ok();
    let path = page_of(&session);
    let page = shop.open_page(&path).await;
    assert!(
        page.contains("Save card") && page.contains("value=\"k@x.example\""),
        "{page}"
    );
    let kept = shop.stripe.press(&path, &[("number", GOOD)]).await;
    assert_eq!(location(&kept), "https://shop.example/kept");
    let done = shop.again(&session).await;
    assert_eq!(
        (&done["status"], &done["payment_status"]),
        (&"complete".into(), &"no_payment_required".into())
    );
    let intent = done["setup_intent"].as_str().unwrap();
    assert_eq!(
        shop.get(&format!("/v1/setup_intents/{intent}")).await["status"],
        "succeeded"
    );
    let methods = format!("/v1/customers/{}/payment_methods", id(&customer));
    assert_eq!(
        shop.get(&methods).await["data"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_session_expires_by_hand_and_by_itself() {
    let shop = Marketplace::with_seller().await;
    let first = shop.session(&[]).await;
    shop.stripe
        .press(
            &page_of(&first),
            &[("email", "j@x.example"), ("number", EMPTY)],
        )
        .await;
    let path = format!("/v1/checkout/sessions/{}/expire", id(&first));
    let expired = shop.post(&path, &[]).await.ok();
    assert_eq!(
        (&expired["status"], &expired["url"]),
        (&"expired".into(), &Value::Null)
    );
    let intent = expired["payment_intent"].as_str().unwrap();
    assert_eq!(
        shop.get(&format!("/v1/payment_intents/{intent}")).await["status"],
        "canceled"
    );
    let twice = shop.post(&path, &[]).await.json();
    assert!(
        twice["error"]["message"]
            .as_str()
            .unwrap()
            .contains("status of expired")
    );
    let gone = shop
        .stripe
        .press(
            &page_of(&first),
            &[("email", "j@x.example"), ("number", GOOD)],
        )
        .await;
    assert_eq!(gone.status, StatusCode::GONE);

    let at = (START + 3600).to_string();
    let second = shop.session(&[("expires_at", &at)]).await;
    shop.stripe.advance(3601);
    assert_eq!(
        shop.stripe.get(&page_of(&second)).await.status,
        StatusCode::GONE
    );
    assert_eq!(shop.again(&second).await["status"], "expired");
    let types = shop.event_types().await;
    assert_eq!(
        types
            .iter()
            .filter(|it| *it == "checkout.session.expired")
            .count(),
        2
    );
    let soon = (START + 3601 + 60).to_string();
    let refused = shop
        .post("/v1/checkout/sessions", &selling(&[("expires_at", &soon)]))
        .await;
    assert_eq!(refused.json()["error"]["param"], "expires_at");
}

#[tokio::test]
async fn discounts_shipping_and_questions() {
    let shop = Marketplace::with_seller().await;
    let coupon = [("percent_off", "50"), ("duration", "once")];
    let coupon = shop.post("/v1/coupons", &coupon).await.ok();
    let code = [
        ("promotion[type]", "coupon"),
        ("promotion[coupon]", id(&coupon)),
        ("code", "HALF"),
    ];
    shop.post("/v1/promotion_codes", &code).await.ok();
    let rate = |name, amount| {
        [
            ("display_name", name),
            ("type", "fixed_amount"),
            ("fixed_amount[amount]", amount),
            ("fixed_amount[currency]", "usd"),
        ]
    };
    let slow = shop
        .post("/v1/shipping_rates", &rate("Slow", "500"))
        .await
        .ok();
    let fast = shop
        .post("/v1/shipping_rates", &rate("Fast", "1500"))
        .await
        .ok();
    let session = shop
        .session(&[
            ("allow_promotion_codes", "true"),
            ("shipping_options[0][shipping_rate]", id(&slow)),
            ("shipping_options[1][shipping_rate]", id(&fast)),
            ("shipping_address_collection[allowed_countries][0]", "DE"),
            ("custom_fields[0][key]", "note"),
            ("custom_fields[0][label][type]", "custom"),
            ("custom_fields[0][label][custom]", "Note to the baker"),
            ("custom_fields[0][type]", "text"),
            ("customer_creation", "always"),
        ])
        .await;
    assert_eq!(session["amount_total"], 3500);
    let path = page_of(&session);
    let wrong = [("decision", "promote"), ("promotion_code", "NONE")];
    let wrong = shop.stripe.press(&path, &wrong).await;
    assert!(
        wrong.status == StatusCode::BAD_REQUEST && wrong.body.contains("This code is invalid.")
    );
    let half = [("decision", "promote"), ("promotion_code", "half")];
    let page = shop.stripe.press(&path, &half).await;
    assert!(
        page.body.contains("-15.00 usd") && page.body.contains("Fast, 15.00 usd"),
        "{}",
        page.body
    );
    assert_eq!(shop.again(&session).await["amount_total"], 2000);
    let form = [
        ("email", "j@x.example"),
        ("number", GOOD),
        ("shipping_rate", id(&fast)),
        ("shipping_name", "Jenny"),
        ("shipping_line1", "Hauptstr. 1"),
        ("shipping_country", "DE"),
        ("custom_note", "No seeds"),
    ];
    location(&shop.stripe.press(&path, &form).await);
    let done = shop.again(&session).await;
    assert_eq!(
        (
            &done["amount_total"],
            &done["shipping_cost"]["shipping_rate"],
            &done["custom_fields"][0]["text"]["value"]
        ),
        (&3000.into(), &fast["id"], &"No seeds".into())
    );
    let shipping = &done["collected_information"]["shipping_details"];
    assert_eq!(
        (&shipping["name"], &shipping["address"]["country"]),
        (&"Jenny".into(), &"DE".into())
    );
    let customer = shop
        .get(&format!(
            "/v1/customers/{}",
            done["customer"].as_str().unwrap()
        ))
        .await;
    assert_eq!(customer["email"], "j@x.example");
    assert_eq!(
        shop.get(&format!("/v1/coupons/{}", id(&coupon))).await["times_redeemed"],
        1
    );
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() {
    let shop = Marketplace::with_seller().await;
    let price = shop.monthly("Club").await;
    let said = async |form: &[(&str, &str)]| {
        let answer = shop.post("/v1/checkout/sessions", form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
        answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let back = ("success_url", "https://shop.example");
    let club = ("line_items[0][price]", id(&price));
    assert!(
        said(&[("mode", "payment"), back, club])
            .await
            .contains("`payment` mode")
    );
    assert!(
        said(&[("mode", "payment"), club])
            .await
            .contains("success_url")
    );
    assert!(said(&[back, club]).await.contains("mode"));
    assert!(
        said(&selling(&[("mode", "subscription")]))
            .await
            .contains("`subscription` mode")
    );
    assert!(
        said(&selling(&[("success_url", "thanks")]))
            .await
            .contains("URL")
    );
    assert!(
        said(&selling(&[("mode", "setup")]))
            .await
            .contains("`setup` mode")
    );
    let days = ("subscription_data[trial_period_days]", "3");
    assert!(said(&selling(&[days])).await.contains("subscription_data"));
    let small = ("line_items[0][price_data][unit_amount]", "10");
    assert!(said(&selling(&[small])).await.contains("0.50 usd"));
    let nobody = ("line_items[0][price]", "price_nobody");
    assert!(
        said(&[("mode", "payment"), back, nobody])
            .await
            .contains("No such price")
    );
}

#[tokio::test]
async fn each_visit_of_a_payment_link_is_a_session() {
    let shop = Marketplace::with_seller().await;
    let form = [
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "1200"),
        ("line_items[0][price_data][product_data][name]", "Cake"),
        ("line_items[0][quantity]", "1"),
        ("application_fee_amount", "200"),
        ("after_completion[type]", "hosted_confirmation"),
        (
            "after_completion[hosted_confirmation][custom_message]",
            "Come again!",
        ),
        ("restrictions[completed_sessions][limit]", "1"),
    ];
    let link = shop.post_for_seller("/v1/payment_links", &form).await.ok();
    let path = page_of(&link);
    let visit = |email: &str| format!("{path}?prefilled_email={email}&client_reference_id=r1");
    let first = location(&shop.stripe.get(&visit("a@x.example")).await).to_owned();
    let second = location(&shop.stripe.get(&visit("b@x.example")).await).to_owned();
    assert_ne!(first, second);
    assert!(
        shop.open_page(&second)
            .await
            .contains("value=\"b@x.example\"")
    );
    let paid = shop.stripe.press(&second, &[("number", GOOD)]).await;
    assert!(
        paid.status == StatusCode::OK && paid.body.contains("Come again!"),
        "{}",
        paid.body
    );
    let sessions = format!("/v1/checkout/sessions?payment_link={}", id(&link));
    let sessions = shop.get_for_seller(&sessions).await;
    assert_eq!(sessions["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        (
            &sessions["data"][0]["status"],
            &sessions["data"][0]["client_reference_id"]
        ),
        (&"complete".into(), &"r1".into())
    );
    assert_eq!(shop.balances().await[0], (0, 200));
    let items = format!("/v1/payment_links/{}/line_items", id(&link));
    assert_eq!(
        shop.get_for_seller(&items).await["data"][0]["amount_total"],
        1200
    );
    // As many as the link allows.
    assert_eq!(shop.stripe.get(&path).await.status, StatusCode::GONE);
    let path = format!("/v1/payment_links/{}", id(&link));
    let off = [("active", "false"), ("inactive_message", "Sold out.")];
    let off = shop.post_for_seller(&path, &off).await.ok();
    assert_eq!(
        (
            &off["active"],
            &off["restrictions"]["completed_sessions"]["count"]
        ),
        (&false.into(), &1.into())
    );
    assert!(
        shop.stripe
            .get(&page_of(&link))
            .await
            .body
            .contains("Sold out.")
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_session_expires_24_hours_after_its_creation() {
    let shop = Marketplace::with_seller().await;
    let session = shop.session(&[]).await;
    assert_eq!(session["expires_at"], START + 24 * 3600);
    shop.stripe.advance(24 * 3600 - 1);
    assert_eq!(shop.again(&session).await["status"], "open");
    shop.stripe.advance(1);
    assert_eq!(shop.again(&session).await["status"], "expired");
}

#[tokio::test]
async fn expires_at_is_from_30_minutes_to_24_hours_ahead() {
    let shop = Marketplace::with_seller().await;
    for (seconds, status) in [
        (30 * 60 - 1, 400),
        (30 * 60, 200),
        (24 * 3600, 200),
        (24 * 3600 + 1, 400),
    ] {
        let at = (START + seconds).to_string();
        let form = selling(&[("expires_at", &at)]);
        let answer = shop.post("/v1/checkout/sessions", &form).await;
        assert_eq!(answer.status, status, "{seconds} seconds");
    }
}
