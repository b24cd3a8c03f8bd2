//! What prices, products and promotion codes may say.

use axum::http::Method;

use super::Club;
use crate::client::id;
use crate::marketplace::{KEY, Marketplace};

#[tokio::test]
async fn a_price_costs_something_in_one_way() {
    let shop = Marketplace::with_seller().await;
    let product = shop.post("/v1/products", &[("name", "Bread")]).await.ok();
    let refused = async |more: &[(&str, &str)]| {
        let mut form = vec![("product", id(&product)), ("currency", "usd")];
        form.extend(more);
        let error = shop.post("/v1/prices", &form).await.json()["error"].clone();
        error["param"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&[]).await, "unit_amount");
    let both = [("unit_amount", "5"), ("unit_amount_decimal", "5.5")];
    assert_eq!(refused(&both).await, "unit_amount");
    let tiers = [
        ("billing_scheme", "tiered"),
        ("tiers[0][up_to]", "inf"),
        ("tiers[0][unit_amount]", "5"),
    ];
    assert_eq!(refused(&tiers).await, "tiers_mode");
}

#[tokio::test]
async fn a_lookup_key_is_one_prices_and_can_be_handed_over() {
    let shop = Marketplace::with_seller().await;
    let product = shop.post("/v1/products", &[("name", "Bread")]).await.ok();
    let form = |amount| {
        [
            ("product", id(&product)),
            ("currency", "usd"),
            ("unit_amount", amount),
            ("lookup_key", "standard"),
        ]
    };
    let first = shop.post("/v1/prices", &form("500")).await.ok();
    let taken = shop.post("/v1/prices", &form("600")).await.json();
    assert_eq!(taken["error"]["param"], "lookup_key");
    let mut taking = form("600").to_vec();
    taking.push(("transfer_lookup_key", "true"));
    let second = shop.post("/v1/prices", &taking).await.ok();
    let listed = shop.get("/v1/prices?lookup_keys[]=standard").await;
    let ids: Vec<&str> = listed["data"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(ids, [id(&second)]);
    let path = format!("/v1/prices/{}", id(&first));
    let again = [("lookup_key", "standard")];
    assert_eq!(shop.post(&path, &again).await.status, 400);
    let again = [("lookup_key", "standard"), ("transfer_lookup_key", "true")];
    let again = shop.post(&path, &again).await.ok();
    assert_eq!(again["lookup_key"], "standard");
    // A product stays while it has prices.
    let path = format!("/v1/products/{}", id(&product));
    let delete = async |path: &str| shop.stripe.call(Method::DELETE, path, Some(KEY), &[]).await;
    assert_eq!(delete(&path).await.status, 400);
    let bare = shop.post("/v1/products", &[("name", "Air")]).await.ok();
    let path = format!("/v1/products/{}", id(&bare));
    assert_eq!(delete(&path).await.ok()["deleted"], true);
}

#[tokio::test]
async fn what_recurs_is_no_item() {
    let club = Club::open("pm_card_visa").await;
    let form = [
        ("customer", club.customer.as_str()),
        ("pricing[price]", &club.price),
    ];
    let refused = club.shop.post("/v1/invoiceitems", &form).await.json();
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("`type=one_time`"), "{message}");
}

#[tokio::test]
async fn a_promotion_code_is_one_active_codes_and_for_some() {
    let club = Club::open("pm_card_visa").await;
    let shop = &club.shop;
    let coupon = shop
        .post("/v1/coupons", &[("percent_off", "25")])
        .await
        .ok();
    let code = async |more: &[(&str, &str)]| {
        let mut form = vec![
            ("promotion[type]", "coupon"),
            ("promotion[coupon]", id(&coupon)),
        ];
        form.extend(more);
        shop.post("/v1/promotion_codes", &form).await
    };
    let save = code(&[("code", "SAVE25")]).await.ok();
    let twice = code(&[("code", "save25")]).await.json();
    assert_eq!(
        twice["error"]["message"],
        "An active promotion code with `code: save25` already exists."
    );
    let path = format!("/v1/promotion_codes/{}", id(&save));
    shop.post(&path, &[("active", "false")]).await.ok();
    code(&[("code", "save25")]).await.ok();
    let own = code(&[]).await.ok();
    assert_eq!(own["code"].as_str().unwrap().len(), 8);

    // Who has paid before is no first-time customer.
    let first = code(&[("restrictions[first_time_transaction]", "true")]);
    let first = first.await.ok();
    let subscribe = async |code: &str| {
        let form = [
            ("customer", club.customer.as_str()),
            ("items[0][price]", &club.price),
            ("discounts[0][promotion_code]", code),
        ];
        shop.post("/v1/subscriptions", &form).await
    };
    let begun = subscribe(id(&first)).await.ok();
    assert_eq!(club.latest(&begun).await["total"], 1500);
    let again = subscribe(id(&first)).await.json();
    assert_eq!(again["error"]["param"], "discounts[0][promotion_code]");
    let other = shop.post("/v1/customers", &[("name", "Other")]).await.ok();
    let theirs = code(&[("customer", id(&other))]).await.ok();
    assert_eq!(subscribe(id(&theirs)).await.status, 400);
}
