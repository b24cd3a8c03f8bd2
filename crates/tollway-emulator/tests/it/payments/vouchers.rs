//! Vouchers: paid at a shop, or expired.

use axum::http::Method;

use super::non_card::pay;
use crate::client::id;
use crate::marketplace::Marketplace;

const DAY: u64 = 86_400;

/// The form of a voucher by this kind for whoever has this email.
fn voucher<'a>(kind: &'a str, email: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("payment_method_data[type]", kind),
        ("payment_method_data[billing_details][name]", "Jenny Rosen"),
        ("payment_method_data[billing_details][email]", email),
    ]
}

#[tokio::test]
async fn a_voucher_is_paid_at_a_shop_or_expires() {
    let shop = Marketplace::with_seller().await;
    let fates = [
        ("jenny@example.com", 0, "requires_action"),
        ("jenny@example.com", 180, "succeeded"),
        ("succeed_immediately@example.com", 0, "succeeded"),
        (
            "expire_immediately@example.com",
            0,
            "requires_payment_method",
        ),
        ("expire_with_delay@example.com", 179, "requires_action"),
        (
            "expire_with_delay@example.com",
            180,
            "requires_payment_method",
        ),
        ("fill_never@example.com", 3 * DAY, "requires_action"),
        ("fill_never@example.com", 5 * DAY, "requires_payment_method"),
    ];
    for (email, seconds, status) in fates {
        let intent = pay(&shop, "mxn", &voucher("oxxo", email)).await;
        assert_eq!(intent["status"], "requires_action", "{intent}");
        let details = &intent["next_action"]["oxxo_display_details"];
        assert_eq!(details["number"].as_str().map(str::len), Some(14));
        shop.stripe.advance(seconds);
        let path = format!("/v1/payment_intents/{}", id(&intent));
        let later = shop.get(&path).await;
        assert_eq!(later["status"], status, "{email} after {seconds}");
        if status == "requires_payment_method" {
            let code = &later["last_payment_error"]["code"];
            assert_eq!(code, "payment_intent_payment_attempt_expired");
        }
    }
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn each_kind_of_voucher_shows_what_its_shop_needs() {
    let shop = Marketplace::with_seller().await;
    let mut boleto = voucher("boleto", "fill_never@example.com");
    boleto.push(("payment_method_data[boleto][tax_id]", "000.000.000-00"));
    let mut konbini = voucher("konbini", "fill_never@example.com");
    konbini.push((
        "payment_method_options[konbini][confirmation_number]",
        "22222222220",
    ));
    let multibanco = voucher("multibanco", "fill_never@example.com");
    for (currency, form, action) in [
        ("brl", &boleto, "boleto_display_details"),
        ("jpy", &konbini, "konbini_display_details"),
        ("eur", &multibanco, "multibanco_display_details"),
    ] {
        let intent = pay(&shop, currency, form).await;
        assert_eq!(intent["next_action"]["type"], action);
        let details = &intent["next_action"][action];
        let page = details["hosted_voucher_url"].as_str().unwrap();
        let page = &page[page.find("/_tollway").unwrap()..];
        let path = format!("/v1/payment_intents/{}", id(&intent));
        shop.get(&path).await;
        let shown = shop.stripe.get(page).await;
        if currency == "jpy" {
            // The number that was said has it paid at once.
            assert_eq!(shown.status, 409, "{}", shown.body);
            continue;
        }
        assert!(shown.body.contains("Let it expire"), "{}", shown.body);
        let form = [("decision", "approve")];
        shop.stripe.call(Method::POST, page, None, &form).await;
        let paid = shop.get(&format!("{path}?expand[]=latest_charge")).await;
        assert_eq!(paid["status"], "succeeded");
        let charge = &paid["latest_charge"];
        assert!(id(charge).starts_with("py_"), "{charge}");
        if currency == "eur" {
            let by = &charge["payment_method_details"]["multibanco"]["reference"];
            assert_eq!(*by, details["reference"]);
        }
    }
    let nobody = [
        ("amount", "1000"),
        ("currency", "mxn"),
        ("confirm", "true"),
        ("return_url", "https://shop.example/back"),
        ("payment_method_data[type]", "oxxo"),
    ];
    let refused = shop.post("/v1/payment_intents", &nobody).await.json();
    assert_eq!(
        refused["error"]["param"],
        "payment_method_data[billing_details][name]"
    );
    assert_eq!(shop.sum(), 0);
}
