//! What is bought and what it comes to: taxes, amounts and quantities that customers choose, invoices, recovery.

use axum::http::StatusCode;
use serde_json::Value;

use super::{EMPTY, GOOD, location, page_of};
use crate::client::id;
use crate::marketplace::Marketplace;

const CARD: [(&str, &str); 2] = [("email", "j@x.example"), ("number", GOOD)];

async fn rate(shop: &Marketplace, percentage: &str, inclusive: &str) -> String {
    let form = [
        ("display_name", "VAT"),
        ("percentage", percentage),
        ("inclusive", inclusive),
    ];
    id(&shop.post("/v1/tax_rates", &form).await.ok()).to_owned()
}

#[tokio::test]
async fn taxes_are_shown_and_paid() {
    let shop = Marketplace::with_seller().await;
    let outside = rate(&shop, "10", "false").await;
    let inside = rate(&shop, "25", "true").await;
    let session = shop
        .session(&[
            ("line_items[0][tax_rates][0]", &outside),
            ("line_items[1][price_data][currency]", "usd"),
            ("line_items[1][price_data][unit_amount]", "500"),
            ("line_items[1][price_data][product_data][name]", "Salt"),
            ("line_items[1][tax_rates][0]", &inside),
            ("automatic_tax[enabled]", "false"),
        ])
        .await;
    assert_eq!(
        (
            &session["amount_subtotal"],
            &session["amount_total"],
            &session["total_details"]["amount_tax"]
        ),
        (&3500.into(), &3800.into(), &400.into())
    );
    let page = shop.open_page(&page_of(&session)).await;
    assert!(
        page.contains("Tax") && page.contains("4.00 usd") && page.contains("Pay 38.00 usd"),
        "{page}"
    );
    location(&shop.stripe.press(&page_of(&session), &CARD).await);
    assert_eq!(shop.balances().await[0], (0, 3800 - 140));
    let items = format!("/v1/checkout/sessions/{}/line_items", id(&session));
    let items = shop.get(&items).await;
    assert_eq!(
        (
            &items["data"][0]["amount_tax"],
            &items["data"][0]["amount_total"],
            &items["data"][1]["amount_total"]
        ),
        (&300.into(), &3300.into(), &500.into())
    );
    // The rates of a subscription's items stay with it.
    let price = shop.monthly("Club").await;
    let form = [
        ("mode", "subscription"),
        ("success_url", "https://shop.example/welcome"),
        ("line_items[0][price]", id(&price)),
        ("line_items[0][tax_rates][0]", outside.as_str()),
        ("automatic_tax[enabled]", "true"),
    ];
    let session = shop.post("/v1/checkout/sessions", &form).await.ok();
    assert_eq!(session["amount_total"], 2200);
    assert_eq!(
        session["automatic_tax"]["status"],
        "requires_location_inputs"
    );
    location(&shop.stripe.press(&page_of(&session), &CARD).await);
    let done = shop.again(&session).await;
    assert_eq!(
        (&done["payment_status"], &done["automatic_tax"]["status"]),
        (&"paid".into(), &"complete".into())
    );
    let invoice = format!("/v1/invoices/{}", done["invoice"].as_str().unwrap());
    assert_eq!(shop.get(&invoice).await["amount_paid"], 2200);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_customer_chooses_the_amount() {
    let shop = Marketplace::with_seller().await;
    let price = [
        ("currency", "usd"),
        ("custom_unit_amount[enabled]", "true"),
        ("custom_unit_amount[minimum]", "500"),
        ("custom_unit_amount[maximum]", "10000"),
        ("product_data[name]", "Donation"),
    ];
    let price = shop.post("/v1/prices", &price).await.ok();
    assert_eq!(price["custom_unit_amount"]["minimum"], 500);
    let link = [
        ("line_items[0][price]", id(&price)),
        ("line_items[0][quantity]", "1"),
    ];
    let link = shop.post("/v1/payment_links", &link).await.ok();
    let path = location(&shop.stripe.get(&page_of(&link)).await).to_owned();
    let page = shop.open_page(&path).await;
    assert!(
        page.contains("id=\"amount\"") && page.contains("id=\"update\""),
        "{page}"
    );
    let with = |amount| {
        let mut form = CARD.to_vec();
        form.push(("amount", amount));
        form
    };
    for (amount, said) in [
        ("4.99", "From 5.00 usd to 100.00 usd"),
        ("", "Type an amount"),
        ("ten", "Type an amount"),
    ] {
        let refused = shop.stripe.press(&path, &with(amount)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(said), "{said} in {}", refused.body);
    }
    let seen = shop
        .stripe
        .press(&path, &[("decision", "update"), ("amount", "20")])
        .await;
    assert!(seen.body.contains("Pay 20.00 usd"), "{}", seen.body);
    let paid = shop.stripe.press(&path, &with("25.50")).await;
    assert!(
        paid.status.is_redirection() || paid.body.contains("Thank"),
        "{}",
        paid.body
    );
    assert_eq!(shop.get("/v1/charges").await["data"][0]["amount"], 2550);
    let twice = [
        ("line_items[0][price]", id(&price)),
        ("line_items[0][quantity]", "2"),
    ];
    assert_eq!(shop.post("/v1/payment_links", &twice).await.status, 400);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn quantities_can_be_changed_within_their_limits() {
    let shop = Marketplace::with_seller().await;
    let session = shop
        .session(&[
            ("line_items[0][adjustable_quantity][enabled]", "true"),
            ("line_items[0][adjustable_quantity][maximum]", "4"),
        ])
        .await;
    let path = page_of(&session);
    assert!(
        shop.open_page(&path)
            .await
            .contains("name=\"quantity_1\" id=\"quantity-1\" value=\"2\"")
    );
    let seen = shop
        .stripe
        .press(&path, &[("decision", "update"), ("quantity_1", "3")])
        .await;
    assert!(seen.body.contains("Pay 45.00 usd"), "{}", seen.body);
    let mut form = CARD.to_vec();
    form.push(("quantity_1", "5"));
    let refused = shop.stripe.press(&path, &form).await;
    assert!(
        refused.body.contains("A number from 1 to 4"),
        "{}",
        refused.body
    );
    form[2].1 = "4";
    location(&shop.stripe.press(&path, &form).await);
    let done = shop.again(&session).await;
    assert_eq!(
        (&done["amount_total"], &done["payment_status"]),
        (&6000.into(), &"paid".into())
    );
}

#[tokio::test]
async fn what_is_paid_once_can_have_an_invoice() {
    let shop = Marketplace::with_seller().await;
    let outside = rate(&shop, "10", "false").await;
    let session = shop
        .session(&[
            ("invoice_creation[enabled]", "true"),
            ("invoice_creation[invoice_data][footer]", "Thank you"),
            ("line_items[0][tax_rates][0]", &outside),
        ])
        .await;
    location(&shop.stripe.press(&page_of(&session), &CARD).await);
    let done = shop.again(&session).await;
    let invoice = done["invoice"].as_str().unwrap();
    let invoice = shop.get(&format!("/v1/invoices/{invoice}")).await;
    assert_eq!(
        (
            &invoice["status"],
            &invoice["amount_paid"],
            &invoice["customer"],
            &invoice["footer"]
        ),
        (
            &"paid".into(),
            &3300.into(),
            &done["customer"],
            &"Thank you".into()
        )
    );
    assert_eq!(
        invoice["payments"]["data"][0]["payment"]["payment_intent"],
        done["payment_intent"]
    );
    assert_eq!(
        shop.get("/v1/charges").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let form = [
        ("mode", "setup"),
        ("currency", "usd"),
        ("success_url", "https://shop.example"),
        ("invoice_creation[enabled]", "true"),
    ];
    let refused = shop.post("/v1/checkout/sessions", &form).await.json();
    assert_eq!(refused["error"]["param"], "invoice_creation");
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn an_expired_session_can_be_begun_anew_and_ends_what_it_began() {
    let shop = Marketplace::with_seller().await;
    let price = shop.monthly("Club").await;
    let form = [
        ("mode", "subscription"),
        ("success_url", "https://shop.example/welcome"),
        ("line_items[0][price]", id(&price)),
        ("after_expiration[recovery][enabled]", "true"),
        ("after_expiration[recovery][allow_promotion_codes]", "true"),
    ];
    let session = shop.post("/v1/checkout/sessions", &form).await.ok();
    let declined = [("email", "j@x.example"), ("number", EMPTY)];
    let declined = shop.stripe.press(&page_of(&session), &declined).await;
    assert_eq!(declined.status, StatusCode::PAYMENT_REQUIRED);
    let begun = shop.get("/v1/subscriptions?status=all").await;
    assert_eq!(begun["data"][0]["status"], "incomplete");
    shop.stripe.advance(86_401);
    let expired = shop.again(&session).await;
    assert_eq!(expired["status"], "expired");
    let over = shop.get("/v1/subscriptions?status=all").await;
    assert_eq!(over["data"][0]["status"], "incomplete_expired");
    let recovery = &expired["after_expiration"]["recovery"];
    let url = url::Url::parse(recovery["url"].as_str().unwrap()).unwrap();
    let anew = location(&shop.stripe.get(url.path()).await).to_owned();
    assert!(shop.open_page(&anew).await.contains("promotion-code"));
    location(&shop.stripe.press(&anew, &CARD).await);
    let id = anew.rsplit('/').next().unwrap();
    let done = shop.get(&format!("/v1/checkout/sessions/{id}")).await;
    assert_eq!(
        (&done["status"], &done["recovered_from"]),
        (&"complete".into(), &session["id"])
    );
    // Not for ever, and not if nobody asked for it.
    shop.stripe.advance(31 * 86_400);
    assert_eq!(shop.stripe.get(url.path()).await.status, StatusCode::GONE);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn embedded_pages_have_a_secret_and_no_address() {
    let shop = Marketplace::with_seller().await;
    let form = [
        ("ui_mode", "embedded_page"),
        ("success_url", ""),
        (
            "return_url",
            "https://shop.example/back?id={CHECKOUT_SESSION_ID}",
        ),
    ];
    let form: Vec<_> = super::selling(&form)
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let session = shop.post("/v1/checkout/sessions", &form).await.ok();
    let secret = session["client_secret"].as_str().unwrap();
    assert!(
        secret.starts_with(&format!("{}_secret_", id(&session))),
        "{secret}"
    );
    assert_eq!(session["url"], Value::Null);
    let path = format!("/_tollway/checkout/{}", id(&session));
    let paid = shop.stripe.press(&path, &CARD).await;
    assert!(location(&paid).starts_with("https://shop.example/back?id=cs_"));
}

#[tokio::test]
async fn what_belongs_to_one_kind_of_page_is_refused_on_the_other() {
    let shop = Marketplace::with_seller().await;
    let back = ("return_url", "https://shop.example/back");
    for mode in ["embedded_page", "elements", "form"] {
        let own = [("ui_mode", mode), ("cancel_url", "https://shop.example")];
        let refused = shop
            .post("/v1/checkout/sessions", &super::selling(&own))
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        let said = format!(
            "The following parameters are not supported with `ui_mode: {mode}`: cancel_url, success_url."
        );
        assert_eq!(refused.json()["error"]["message"], said);
        let mut form = super::selling(&[("ui_mode", mode), back]);
        form.retain(|(name, _)| *name != "success_url");
        let session = shop.post("/v1/checkout/sessions", &form).await.ok();
        assert!(session["client_secret"].is_string(), "{session}");
        assert_eq!(
            (&session["url"], &session["ui_mode"]),
            (&Value::Null, &mode.into())
        );
        form.push(("redirect_on_completion", "never"));
        let refused = shop.post("/v1/checkout/sessions", &form).await.json();
        assert_eq!(refused["error"]["param"], "return_url");
    }
    let refused = shop
        .post("/v1/checkout/sessions", &super::selling(&[back]))
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    // An application of an older version says it in its words.
    let headers = [("stripe-version", "2025-03-31.basil")];
    let method = axum::http::Method::POST;
    let form = super::selling(&[("ui_mode", "hosted")]);
    let path = "/v1/checkout/sessions";
    let key = Some(crate::marketplace::KEY);
    let hosted = shop
        .stripe
        .caller(key)
        .with_headers(&headers)
        .call(method.as_str(), path, &form)
        .send();
    let hosted = hosted.await.ok();
    assert!(hosted["url"].is_string() && hosted["client_secret"].is_null());
}

#[tokio::test]
async fn a_server_changes_an_open_session() {
    let shop = Marketplace::with_seller().await;
    let mut form = super::selling(&[
        ("ui_mode", "elements"),
        ("return_url", "https://shop.example/back"),
        ("permissions[update_shipping_details]", "server_only"),
        ("shipping_address_collection[allowed_countries][0]", "DE"),
    ]);
    form.retain(|(name, _)| *name != "success_url");
    let session = shop.post("/v1/checkout/sessions", &form).await.ok();
    let path = format!("/v1/checkout/sessions/{}", id(&session));
    let change = [
        ("collected_information[shipping_details][name]", "Jenny"),
        (
            "collected_information[shipping_details][address][country]",
            "DE",
        ),
        (
            "collected_information[shipping_details][address][line1]",
            "Weg 1",
        ),
        (
            "shipping_options[0][shipping_rate_data][display_name]",
            "Post",
        ),
        (
            "shipping_options[0][shipping_rate_data][type]",
            "fixed_amount",
        ),
        (
            "shipping_options[0][shipping_rate_data][fixed_amount][amount]",
            "400",
        ),
        (
            "shipping_options[0][shipping_rate_data][fixed_amount][currency]",
            "usd",
        ),
    ];
    let changed = shop.post(&path, &change).await.ok();
    let collected = &changed["collected_information"];
    assert_eq!(collected["shipping_details"]["address"]["line1"], "Weg 1");
    assert_eq!(collected["business_name"], Value::Null);
    assert_eq!(changed["amount_total"], 3400);
    let without = shop.post(&path, &[("shipping_options", "")]).await.ok();
    assert_eq!(without["amount_total"], 3000);
    let hosted = shop.session(&[]).await;
    let path = format!("/v1/checkout/sessions/{}", id(&hosted));
    let refused = shop.post(&path, &change[..3]).await.json();
    assert_eq!(refused["error"]["param"], "collected_information");
    // One that is over keeps all but its metadata.
    shop.post(&format!("{path}/expire"), &[]).await.ok();
    let refused = shop.post(&path, &[("shipping_options", "")]).await;
    assert!(
        refused.body.contains("status of expired"),
        "{}",
        refused.body
    );
    let noted = shop.post(&path, &[("metadata[k]", "v")]).await.ok();
    assert_eq!(noted["metadata"]["k"], "v");
}
