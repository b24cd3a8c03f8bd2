//! Payment methods and tokens.

use crate::client::id;
use crate::marketplace::{Marketplace, intending, paying};

#[tokio::test]
async fn cards_are_kept_attached_and_tokenised() {
    let shop = Marketplace::with_seller().await;
    let customer = shop
        .post("/v1/customers", &[("email", "c@x.example")])
        .await
        .ok();
    let card = [
        ("card[number]", "4000000000000341"),
        ("card[exp_month]", "8"),
        ("card[exp_year]", "2031"),
        ("card[cvc]", "123"),
    ];
    let mut form = card.to_vec();
    form.push(("type", "card"));
    let method = shop.post("/v1/payment_methods", &form).await.ok();
    assert_eq!(
        (
            method["card"]["last4"].as_str(),
            method["card"]["exp_year"].as_i64()
        ),
        (Some("0341"), Some(2031))
    );
    let attach = format!("/v1/payment_methods/{}/attach", id(&method));
    let attached = shop
        .post(&attach, &[("customer", id(&customer))])
        .await
        .ok();
    assert_eq!(attached["customer"], customer["id"]);
    let intent = intending(&[
        ("customer", id(&customer)),
        ("payment_method", id(&method)),
        ("confirm", "true"),
    ]);
    assert_eq!(
        shop.post("/v1/payment_intents", &intent).await.json()["error"]["decline_code"],
        "generic_decline"
    );
    let detached = shop
        .post(&format!("/v1/payment_methods/{}/detach", id(&method)), &[])
        .await
        .ok();
    assert!(detached["customer"].is_null());

    let mut number = card;
    number[0].1 = "4242424242424242";
    let token = shop.post("/v1/tokens", &number).await.ok();
    let charge = paying(&[("source", id(&token))]);
    let paid = shop.post("/v1/charges", &charge).await.ok();
    assert_eq!(paid["source"]["last4"], "4242");
    assert_eq!(
        shop.post("/v1/charges", &charge).await.json()["error"]["code"],
        "token_already_used"
    );
    for (wrong, code) in [
        ("4242424242424243", "incorrect_number"),
        ("4012888888881881", "card_declined"),
        ("1", "incorrect_number"),
    ] {
        number[0].1 = wrong;
        let answer = shop.post("/v1/tokens", &number).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_str()
            ),
            (402, Some(code)),
            "{wrong}"
        );
    }
}

/// Every test card by its documented name: what a payment on it comes to, and the advice that goes with a refusal.
#[tokio::test]
async fn test_cards_do_what_stripe_says() {
    let shop = Marketplace::with_seller().await;
    for (name, code, decline_code, advice) in [
        (
            "chargeDeclined",
            "card_declined",
            "generic_decline",
            "try_again_later",
        ),
        (
            "visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
            "try_again_later",
        ),
        (
            "visa_chargeDeclinedLostCard",
            "card_declined",
            "lost_card",
            "do_not_try_again",
        ),
        (
            "visa_chargeDeclinedStolenCard",
            "card_declined",
            "stolen_card",
            "do_not_try_again",
        ),
        (
            "visa_chargeDeclinedVelocityLimitExceeded",
            "card_declined",
            "card_velocity_exceeded",
            "try_again_later",
        ),
        (
            "chargeDeclinedExpiredCard",
            "expired_card",
            "",
            "confirm_card_data",
        ),
        (
            "chargeDeclinedIncorrectCvc",
            "incorrect_cvc",
            "",
            "confirm_card_data",
        ),
        (
            "chargeDeclinedProcessingError",
            "processing_error",
            "",
            "try_again_later",
        ),
        (
            "chargeCustomerFail",
            "card_declined",
            "generic_decline",
            "try_again_later",
        ),
        ("radarBlock", "card_declined", "fraudulent", ""),
    ] {
        let method = format!("pm_card_{name}");
        let form = intending(&[("payment_method", &method), ("confirm", "true")]);
        let refused = shop.post("/v1/payment_intents", &form).await;
        let error = &refused.json()["error"];
        let said =
            ["code", "decline_code", "advice_code"].map(|it| error[it].as_str().unwrap_or(""));
        assert_eq!(
            (refused.status.as_u16(), said),
            (402, [code, decline_code, advice]),
            "{name}"
        );
        let charge = shop
            .get(&format!(
                "/v1/charges/{}",
                error["charge"].as_str().unwrap()
            ))
            .await;
        assert_eq!(
            charge["outcome"]["advice_code"].as_str().unwrap_or(""),
            advice
        );
    }
    for (name, path, expected) in [
        ("visa", "/outcome/risk_level", "normal"),
        ("riskLevelElevated", "/outcome/risk_level", "elevated"),
        ("riskLevelHighest", "/outcome/risk_level", "highest"),
        (
            "cvcCheckFail",
            "/payment_method_details/card/checks/cvc_check",
            "fail",
        ),
        (
            "avsZipFail",
            "/payment_method_details/card/checks/address_postal_code_check",
            "fail",
        ),
        (
            "avsLine1Fail",
            "/payment_method_details/card/checks/address_line1_check",
            "fail",
        ),
        (
            "avsUnchecked",
            "/payment_method_details/card/checks/address_line1_check",
            "unavailable",
        ),
        ("threeDSecureOptional", "/status", "succeeded"),
        ("de", "/payment_method_details/card/country", "DE"),
        ("amex", "/payment_method_details/card/brand", "amex"),
        (
            "mastercard_prepaid",
            "/payment_method_details/card/funding",
            "prepaid",
        ),
    ] {
        let source = format!("tok_{name}");
        let form = paying(&[("source", &source)]);
        let charge = shop.post("/v1/charges", &form).await.ok();
        assert_eq!(charge.pointer(path).unwrap(), expected, "{name}");
    }
    for (name, refunded) in [("pendingRefund", "succeeded"), ("refundFail", "failed")] {
        let source = format!("tok_{name}");
        let form = paying(&[("source", &source)]);
        let charge = shop.post("/v1/charges", &form).await.ok();
        let refund = shop
            .post("/v1/refunds", &[("charge", id(&charge))])
            .await
            .ok();
        let later = shop.get(&format!("/v1/refunds/{}", id(&refund))).await;
        assert_ne!(refund["status"], later["status"]);
        assert_eq!(later["status"], refunded);
        let charge = shop.get(&format!("/v1/charges/{}", id(&charge))).await;
        assert_eq!(charge["refunded"], refunded == "succeeded");
    }
    // What cannot be charged cannot be kept, with one exception made for tests.
    let customer = shop.post("/v1/customers", &[]).await.ok();
    let form = [("customer", id(&customer))];
    let refused = shop
        .post("/v1/payment_methods/pm_card_chargeDeclined/attach", &form)
        .await;
    assert_eq!(refused.status, 402);
    shop.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach",
        &form,
    )
    .await
    .ok();
    let refused = shop
        .post("/v1/customers", &[("source", "tok_chargeDeclined")])
        .await;
    assert_eq!(refused.status, 402);
    let kept = shop
        .post("/v1/customers", &[("source", "tok_visa")])
        .await
        .ok();
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("customer", id(&kept)),
    ];
    let charge = shop.post("/v1/charges", &form).await.ok();
    assert_eq!(charge["payment_method"], kept["default_source"]);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn what_cannot_be_on_a_card_is_refused_at_its_field() {
    let shop = Marketplace::with_seller().await;
    let make = async |change: (&str, &str)| {
        let form = [
            ("type", "card"),
            ("card[number]", "4242424242424242"),
            ("card[exp_month]", "8"),
            ("card[exp_year]", "2031"),
            ("card[cvc]", "123"),
        ];
        let form = crate::marketplace::with(&form, &[change]);
        shop.post("/v1/payment_methods", &form).await
    };
    for (change, code) in [
        (("card[exp_month]", "13"), "invalid_expiry_month"),
        (("card[exp_year]", "2020"), "invalid_expiry_year"),
        (("card[exp_year]", "2099"), "invalid_expiry_year"),
        (("card[cvc]", "99"), "invalid_cvc"),
        (("card[cvc]", "1234"), "invalid_cvc"),
    ] {
        let refused = make(change).await;
        assert_eq!(refused.status, 402, "{}", refused.body);
        assert_eq!(refused.json()["error"]["code"], code, "{change:?}");
    }
    let short = make(("card[exp_year]", "31")).await.ok();
    assert_eq!(short["card"]["exp_year"], 2031);
}

#[tokio::test]
async fn cards_of_two_networks_and_of_some_risk() {
    let shop = Marketplace::with_seller().await;
    let path = "/v1/payment_methods/pm_card_visa_cartesBancaires";
    let card = shop.get(path).await["card"].clone();
    assert_eq!(
        card["networks"]["available"],
        serde_json::json!(["visa", "cartes_bancaires"])
    );
    let form = paying(&[("source", "tok_cvcCheckFailElevatedRisk")]);
    let charge = shop.post("/v1/charges", &form).await.ok();
    assert_eq!(charge["outcome"]["risk_level"], "elevated");
    let checks = &charge["payment_method_details"]["card"]["checks"];
    assert_eq!(checks["cvc_check"], "fail");
}
