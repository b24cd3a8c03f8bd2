//! What is paid with: cards that are kept, methods that ask elsewhere, bank debits.

use axum::http::StatusCode;
use serde_json::Value;

use super::{GOOD, location, page_of};
use crate::client::id;
use crate::marketplace::Marketplace;

#[tokio::test]
async fn a_card_is_kept_and_chosen_again() {
    let shop = Marketplace::with_seller().await;
    let customer = shop
        .post("/v1/customers", &[("email", "k@x.example")])
        .await
        .ok();
    let more = [
        ("customer", id(&customer)),
        (
            "saved_payment_method_options[payment_method_save]",
            "enabled",
        ),
        ("payment_intent_data[setup_future_usage]", "off_session"),
    ];
    let first = shop.session(&more).await;
    let page = shop.open_page(&page_of(&first)).await;
    assert!(
        page.contains("id=\"save\"") && !page.contains("name=\"payment_method\""),
        "{page}"
    );
    location(
        &shop
            .stripe
            .press(&page_of(&first), &[("number", GOOD), ("save", "yes")])
            .await,
    );
    let methods = format!("/v1/customers/{}/payment_methods", id(&customer));
    let kept = shop.get(&methods).await["data"][0].clone();
    assert_eq!(kept["allow_redisplay"], "always");

    let second = shop.session(&more).await;
    let path = page_of(&second);
    let page = shop.open_page(&path).await;
    assert!(
        page.contains("visa ending in 4242") && page.contains("Another card"),
        "{page}"
    );
    let stranger = shop
        .stripe
        .press(&path, &[("payment_method", "pm_nobody")])
        .await;
    assert_eq!(stranger.status, StatusCode::UNPROCESSABLE_ENTITY);
    location(
        &shop
            .stripe
            .press(&path, &[("payment_method", id(&kept))])
            .await,
    );
    assert_eq!(shop.again(&second).await["payment_status"], "paid");
    assert_eq!(
        shop.get(&methods).await["data"].as_array().unwrap().len(),
        1
    );
    // What may not be shown again is not.
    let path = format!("/v1/payment_methods/{}", id(&kept));
    shop.post(&path, &[("allow_redisplay", "limited")])
        .await
        .ok();
    let third = shop.session(&more).await;
    let page = shop.open_page(&page_of(&third)).await;
    assert!(!page.contains("visa ending in 4242"), "{page}");
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_method_that_asks_elsewhere_leads_there_and_back() {
    let shop = Marketplace::with_seller().await;
    let more = [
        ("line_items[0][price_data][currency]", "eur"),
        ("allowed_payment_method_types[0]", "card"),
        ("allowed_payment_method_types[1]", "ideal"),
    ];
    let session = shop.session(&more).await;
    let path = page_of(&session);
    let page = shop.open_page(&path).await;
    assert!(
        page.contains("iDEAL") && page.contains("id=\"number\""),
        "{page}"
    );
    let ideal = [("email", "j@x.example"), ("payment_method_type", "ideal")];
    let bank = location(&shop.stripe.press(&path, &ideal).await).to_owned();
    assert!(bank.starts_with("/_tollway/authenticate/pi_"), "{bank}");
    let refused = shop.stripe.press(&bank, &[("decision", "fail")]).await;
    let returned = url::Url::parse(location(&refused)).unwrap();
    assert_eq!(returned.path(), path);
    let bank = location(&shop.stripe.press(&path, &ideal).await).to_owned();
    shop.stripe.press(&bank, &[("decision", "approve")]).await;
    let done = shop.again(&session).await;
    assert_eq!(
        (&done["status"], &done["payment_status"]),
        (&"complete".into(), &"paid".into())
    );
    let oxxo = [("email", "j@x.example"), ("payment_method_type", "paypal")];
    let other = shop.session(&more).await;
    let unknown = shop.stripe.press(&page_of(&other), &oxxo).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_bank_debit_completes_before_it_is_paid() {
    for (number, event) in [
        ("000123456789", "checkout.session.async_payment_succeeded"),
        ("000222222227", "checkout.session.async_payment_failed"),
    ] {
        let shop = Marketplace::with_seller().await;
        let session = shop
            .session(&[("allowed_payment_method_types[0]", "us_bank_account")])
            .await;
        let path = page_of(&session);
        let page = shop.open_page(&path).await;
        assert!(
            page.contains("Routing number") && !page.contains("id=\"number\""),
            "{page}"
        );
        let form = [
            ("email", "j@x.example"),
            ("name", "Jenny"),
            ("routing_number", "110000000"),
        ];
        let missing = shop.stripe.press(&path, &form).await;
        assert!(
            missing.body.contains("Account number is required."),
            "{}",
            missing.body
        );
        let mut form = form.to_vec();
        form.push(("account_number", number));
        location(&shop.stripe.press(&path, &form).await);
        let done = shop.again(&session).await;
        assert_eq!(
            (&done["status"], &done["payment_status"]),
            (&"complete".into(), &"unpaid".into())
        );
        shop.stripe.advance(6 * 86_400);
        let types = shop.event_types().await;
        assert!(types.iter().any(|it| it == event), "{types:?}");
        let paid = event.ends_with("succeeded");
        let status = if paid { "paid" } else { "unpaid" };
        assert_eq!(shop.again(&session).await["payment_status"], status);
        assert_eq!(shop.sum(), 0);
    }
}

#[tokio::test]
async fn a_voucher_completes_before_it_is_paid() {
    for (email, event) in [
        (
            "succeed_immediately@x.example",
            "checkout.session.async_payment_succeeded",
        ),
        (
            "expire_immediately@x.example",
            "checkout.session.async_payment_failed",
        ),
    ] {
        let shop = Marketplace::with_seller().await;
        let more = [
            ("line_items[0][price_data][currency]", "mxn"),
            ("allowed_payment_method_types[0]", "oxxo"),
        ];
        let session = shop.session(&more).await;
        let form = [("email", email), ("name", "Jenny Rosen")];
        location(&shop.stripe.press(&page_of(&session), &form).await);
        assert_eq!(shop.again(&session).await["status"], "complete");
        shop.stripe.advance(60);
        let types = shop.event_types().await;
        assert!(types.iter().any(|it| it == event), "{types:?}");
    }
}

#[tokio::test]
async fn consents_and_answers_change_the_customer_only_where_asked() {
    let shop = Marketplace::with_seller().await;
    let customer = shop
        .post("/v1/customers", &[("email", "k@x.example")])
        .await
        .ok();
    let session = shop
        .session(&[
            ("customer", id(&customer)),
            ("customer_update[name]", "auto"),
            ("customer_update[address]", "auto"),
            ("billing_address_collection", "required"),
            ("consent_collection[promotions]", "auto"),
            ("consent_collection[terms_of_service]", "required"),
            ("phone_number_collection[enabled]", "true"),
        ])
        .await;
    let form = [
        ("number", GOOD),
        ("name", "Jenny Rosen"),
        ("phone", "+1 555 0100"),
        ("line1", "Main St 1"),
        ("country", "us"),
        ("terms", "yes"),
        ("promotions", "yes"),
    ];
    location(&shop.stripe.press(&page_of(&session), &form).await);
    let done = shop.again(&session).await;
    assert_eq!(
        (
            &done["consent"]["promotions"],
            &done["consent"]["terms_of_service"],
            &done["customer_details"]["phone"]
        ),
        (&"opt_in".into(), &"accepted".into(), &"+1 555 0100".into())
    );
    let after = shop.get(&format!("/v1/customers/{}", id(&customer))).await;
    assert_eq!(
        (&after["name"], &after["address"]["line1"], &after["phone"]),
        (&"Jenny Rosen".into(), &"Main St 1".into(), &Value::Null)
    );
}
