//! What a coupon may say, and what becomes of its discounts.

use axum::http::Method;

use super::{Club, noon, paid};
use crate::client::id;
use crate::marketplace::{KEY, Marketplace};

#[tokio::test]
async fn a_coupon_takes_a_share_or_an_amount_for_a_time() {
    let shop = Marketplace::with_seller().await;
    let (past, far) = ("1000", "99999999999");
    for (form, param) in [
        (&[("name", "Nothing")][..], ""),
        (&[("percent_off", "0")], "percent_off"),
        (&[("percent_off", "-5")], "percent_off"),
        (&[("percent_off", "100.5")], "percent_off"),
        (&[("percent_off", "10"), ("amount_off", "5")], "amount_off"),
        (&[("amount_off", "500")], "currency"),
        (&[("amount_off", "0"), ("currency", "usd")], "amount_off"),
        (&[("amount_off", "500"), ("currency", "zzz")], "currency"),
        (
            &[("percent_off", "5"), ("duration", "repeating")],
            "duration_in_months",
        ),
        (
            &[("percent_off", "5"), ("duration_in_months", "3")],
            "duration_in_months",
        ),
        (
            &[
                ("percent_off", "5"),
                ("duration", "repeating"),
                ("duration_in_months", "0"),
            ],
            "duration_in_months",
        ),
        (
            &[("percent_off", "5"), ("max_redemptions", "0")],
            "max_redemptions",
        ),
        (&[("percent_off", "5"), ("redeem_by", past)], "redeem_by"),
        (&[("percent_off", "5"), ("redeem_by", far)], "redeem_by"),
        (
            &[
                ("percent_off", "5"),
                ("applies_to[products][0]", "prod_nobody"),
            ],
            "applies_to[products][0]",
        ),
    ] {
        let refused = shop.post("/v1/coupons", form).await;
        assert_eq!(refused.status, 400, "{form:?}");
        let error = refused.json()["error"].clone();
        assert_eq!(error["param"].as_str().unwrap_or(""), param, "{error}");
    }
    for form in [
        &[("percent_off", "100")][..],
        &[("percent_off", "0.5"), ("duration", "forever")],
        &[("amount_off", "500"), ("currency", "USD")],
    ] {
        let made = shop.post("/v1/coupons", form).await.ok();
        assert_eq!(made["valid"], true);
        assert_ne!(made["currency"], "USD");
    }
}

#[tokio::test]
async fn a_discount_outlives_its_coupon_and_a_late_one_is_refused() {
    let club = Club::since("2027-04-01").await;
    let over = noon("2027-04-15").to_string();
    let form = [
        ("percent_off", "50"),
        ("duration", "forever"),
        ("redeem_by", over.as_str()),
    ];
    let coupon = club.shop.post("/v1/coupons", &form).await.ok();
    let given = [("discounts[0][coupon]", id(&coupon))];
    club.subscribe(&given).await;
    club.advance_to(noon("2027-04-20")).await;
    let late = [
        ("customer", club.customer.as_str()),
        ("items[0][price]", &club.price),
        given[0],
    ];
    let late = club.shop.post("/v1/subscriptions", &late).await;
    late.expect_error(400, "coupon_expired");
    let path = format!("/v1/coupons/{}", id(&coupon));
    let gone = club.shop.stripe.call(Method::DELETE, &path, Some(KEY), &[]);
    assert_eq!(gone.await.ok()["deleted"], true);
    club.advance_to(noon("2027-05-02")).await;
    assert_eq!(club.invoices().await, [paid(1000), paid(1000)]);
}
