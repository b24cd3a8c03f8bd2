//! Optional items: offered on the page, in the order once taken, and at most as many as there may be.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{GOOD, location, page_of};
use crate::client::id;
use crate::marketplace::Marketplace;

const CARD: [(&str, &str); 2] = [("email", "j@x.example"), ("number", GOOD)];

async fn price(shop: &Marketplace, name: &str, amount: &str, currency: &str) -> String {
    let form = [
        ("currency", currency),
        ("unit_amount", amount),
        ("product_data[name]", name),
    ];
    id(&shop.post("/v1/prices", &form).await.ok()).to_owned()
}

fn with_card<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    CARD.iter().chain(more).copied().collect()
}

#[tokio::test]
async fn a_customer_adds_what_is_offered() {
    let shop = Marketplace::with_seller().await;
    let candle = price(&shop, "Candle", "500", "usd").await;
    let soap = price(&shop, "Soap", "300", "usd").await;
    let session = shop
        .session(&[
            ("optional_items[0][price]", &candle),
            ("optional_items[0][quantity]", "1"),
            ("optional_items[1][price]", &soap),
            ("optional_items[1][quantity]", "2"),
            ("optional_items[1][adjustable_quantity][enabled]", "true"),
            ("optional_items[1][adjustable_quantity][maximum]", "4"),
        ])
        .await;
    let offered = json!([
        {"adjustable_quantity": null, "price": candle, "quantity": 1},
        {"adjustable_quantity": {"enabled": true, "maximum": 4, "minimum": null}, "price": soap, "quantity": 2},
    ]);
    assert_eq!(session["optional_items"], offered);
    assert_eq!(session["amount_total"], 3000);
    let path = page_of(&session);
    let page = shop.open_page(&path).await;
    for part in [
        "<input type=\"checkbox\" name=\"optional_1\" id=\"optional-1\" value=\"yes\">",
        "<label for=\"optional-1\">Add to the order: Candle, 5.00 usd</label>",
        "<label for=\"optional-quantity-2\">Quantity: Soap, 3.00 usd",
        "id=\"update\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("optional-quantity-1"), "{page}");

    // Seen in the total, and ticked from then on.
    let taken = [("decision", "update"), ("optional_1", "yes")];
    let seen = shop.stripe.press(&path, &taken).await;
    assert!(seen.body.contains("Pay 35.00 usd"), "{}", seen.body);
    let ticked = "name=\"optional_1\" id=\"optional-1\" value=\"yes\" checked";
    assert!(shop.open_page(&path).await.contains(ticked));
    // One that is taken out again is gone.
    let none = shop.stripe.press(&path, &[("decision", "update")]).await;
    assert!(none.body.contains("Pay 30.00 usd"), "{}", none.body);
    // Too many are refused, at the input.
    let many = [("optional_2", "yes"), ("optional_quantity_2", "5")];
    let refused = shop.stripe.press(&path, &with_card(&many)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .body
            .contains("id=\"optional-quantity-2-error\">A number from 1 to 4")
    );

    let both = [
        ("optional_1", "yes"),
        ("optional_2", "yes"),
        ("optional_quantity_2", "3"),
    ];
    location(&shop.stripe.press(&path, &with_card(&both)).await);
    let done = shop.again(&session).await;
    assert_eq!(
        (&done["amount_total"], &done["optional_items"]),
        (&4400.into(), &offered)
    );
    let items = format!("/v1/checkout/sessions/{}/line_items", id(&session));
    let items = shop.get(&items).await;
    let sold: Vec<(&Value, &Value)> = items["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["description"], &item["quantity"]))
        .collect();
    let (bread, candle, soap) = (json!("Bread & <salt>"), json!("Candle"), json!("Soap"));
    assert_eq!(
        sold,
        [
            (&bread, &json!(2)),
            (&candle, &json!(1)),
            (&soap, &json!(3))
        ]
    );
    assert_eq!(shop.get("/v1/charges").await["data"][0]["amount"], 4400);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn links_and_subscriptions_offer_them_too() {
    let shop = Marketplace::with_seller().await;
    let candle = price(&shop, "Candle", "500", "usd").await;
    let club = shop.monthly("Club").await;
    let news = shop.monthly("News").await;
    let form = [
        ("line_items[0][price]", id(&club)),
        ("line_items[0][quantity]", "1"),
        ("optional_items[0][price]", id(&news)),
        ("optional_items[0][quantity]", "1"),
        ("optional_items[1][price]", candle.as_str()),
        ("optional_items[1][quantity]", "1"),
        ("name_collection[individual][enabled]", "true"),
        ("tax_id_collection[enabled]", "true"),
    ];
    let link = shop.post("/v1/payment_links", &form).await.ok();
    assert_eq!(link["optional_items"][1]["price"], *candle);
    let path = location(&shop.stripe.get(&page_of(&link)).await).to_owned();
    let page = shop.open_page(&path).await;
    assert!(
        page.contains("id=\"individual-name\"") && page.contains("id=\"tax-id\""),
        "{page}"
    );
    let more = [
        ("optional_1", "yes"),
        ("optional_2", "yes"),
        ("individual_name", "Jenny Rosen"),
    ];
    let paid = shop.stripe.press(&path, &with_card(&more)).await;
    assert!(paid.body.contains("Thank"), "{}", paid.body);
    let subscription = &shop.get("/v1/subscriptions").await["data"][0];
    assert_eq!(
        subscription["items"]["total_count"].as_i64().unwrap_or(2),
        2
    );
    assert_eq!(subscription["items"]["data"].as_array().unwrap().len(), 2);
    let invoice = subscription["latest_invoice"].as_str().unwrap();
    let invoice = shop.get(&format!("/v1/invoices/{invoice}")).await;
    assert_eq!(invoice["amount_paid"], 4500);
    let customer = subscription["customer"].as_str().unwrap();
    let customer = shop.get(&format!("/v1/customers/{customer}")).await;
    assert_eq!(customer["name"], "Jenny Rosen");
    // A link's offers can be changed, and taken away.
    let path = format!("/v1/payment_links/{}", id(&link));
    let form = [
        ("optional_items[0][price]", candle.as_str()),
        ("optional_items[0][quantity]", "3"),
    ];
    let changed = shop.post(&path, &form).await.ok();
    assert_eq!(changed["optional_items"].as_array().unwrap().len(), 1);
    let none = shop.post(&path, &[("optional_items", "")]).await.ok();
    assert_eq!(none["optional_items"], Value::Null);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn what_cannot_be_sold_together_is_refused() {
    let shop = Marketplace::with_seller().await;
    let euro = price(&shop, "Kerze", "500", "eur").await;
    let monthly = shop.monthly("Club").await;
    for price in [euro.as_str(), id(&monthly), "price_unknown"] {
        let form = super::selling(&[
            ("optional_items[0][price]", price),
            ("optional_items[0][quantity]", "1"),
        ]);
        let refused = shop.post("/v1/checkout/sessions", &form).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{price}");
        let param = refused.json()["error"]["param"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(param.starts_with("optional_items"), "{param}");
    }
    let form = [
        ("mode", "setup"),
        ("currency", "usd"),
        ("success_url", "https://shop.example"),
        ("optional_items[0][price]", euro.as_str()),
        ("optional_items[0][quantity]", "1"),
    ];
    let refused = shop.post("/v1/checkout/sessions", &form).await.json();
    assert_eq!(refused["error"]["param"], "optional_items");
}
