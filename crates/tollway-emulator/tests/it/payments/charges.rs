//! Charges: declines, bad parameters, captures.

use crate::client::id;
use crate::marketplace::{KEY, Marketplace, intending, paying};

#[tokio::test]
async fn declined_cards_get_stripes_402_and_leave_a_failed_charge() {
    let shop = Marketplace::with_seller().await;
    for (source, code, decline_code) in [
        (
            "tok_chargeDeclined",
            "card_declined",
            Some("generic_decline"),
        ),
        (
            "tok_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            Some("insufficient_funds"),
        ),
        (
            "tok_chargeDeclinedLostCard",
            "card_declined",
            Some("lost_card"),
        ),
        ("tok_chargeDeclinedExpiredCard", "expired_card", None),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        (
            "tok_chargeDeclinedProcessingError",
            "processing_error",
            None,
        ),
        (
            "tok_chargeDeclinedFraudulent",
            "card_declined",
            Some("fraudulent"),
        ),
        (
            "tok_threeDSecure2Required",
            "card_declined",
            Some("authentication_required"),
        ),
    ] {
        let form = paying(&[("source", source)]);
        let answer = shop.post("/v1/charges", &form).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status.as_u16(), error["type"].as_str()),
            (402, Some("card_error")),
            "{source}"
        );
        assert_eq!(
            (error["code"].as_str(), error["decline_code"].as_str()),
            (Some(code), decline_code),
            "{source}"
        );
        let charge = shop
            .get(&format!(
                "/v1/charges/{}",
                error["charge"].as_str().unwrap()
            ))
            .await;
        assert_eq!(
            (
                charge["status"].as_str(),
                charge["paid"].as_bool(),
                charge["failure_code"].as_str()
            ),
            (Some("failed"), Some(false), Some(code))
        );
    }
    assert_eq!(shop.sum(), 0);
    assert_eq!(shop.balances().await[0], (0, 0));
}

#[tokio::test]
async fn bad_charges_are_refused_with_the_parameter_at_fault() {
    let shop = Marketplace::with_seller().await;
    for (change, param) in [
        (("amount", "0"), "amount"),
        (("amount", "100000000"), "amount"),
        (("source", "tok_none"), "source"),
        (("customer", "cus_none"), "customer"),
        (("application_fee_amount", "10"), "application_fee_amount"),
        (
            ("transfer_data[destination]", "acct_none"),
            "transfer_data[destination]",
        ),
        (("on_behalf_of", "acct_none"), "on_behalf_of"),
    ] {
        let answer = shop.post("/v1/charges", &paying(&[change])).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["param"].as_str()
            ),
            (400, Some(param)),
            "{change:?}"
        );
    }
    let form = paying(&[("application_fee_amount", "1001")]);
    assert_eq!(shop.post_for_seller("/v1/charges", &form).await.status, 400);
    assert_eq!(shop.post("/v1/charges", &intending(&[])).await.status, 400);
}

#[tokio::test]
async fn a_held_charge_is_captured_in_part_and_only_once() {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[("capture", "false"), ("application_fee_amount", "100")]);
    let charge = shop.post_for_seller("/v1/charges", &form).await.ok();
    assert_eq!(
        (
            charge["captured"].as_bool(),
            charge["balance_transaction"].is_null()
        ),
        (Some(false), true)
    );
    assert_eq!(shop.balances().await, [(0, 0), (0, 0)]);
    let path = format!("/v1/charges/{}/capture", id(&charge));
    let captured = shop
        .post_for_seller(
            &path,
            &[("amount", "600"), ("application_fee_amount", "50")],
        )
        .await
        .ok();
    assert_eq!(
        (
            captured["amount_captured"].as_i64(),
            captured["amount_refunded"].as_i64()
        ),
        (Some(600), Some(400))
    );
    assert_eq!(shop.balances().await, [(0, 50), (0, 600 - 47 - 50)]);
    assert_eq!(
        shop.post_for_seller(&path, &[]).await.json()["error"]["code"],
        "charge_already_captured"
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn currencies_with_zero_and_three_decimals() {
    let shop = Marketplace::with_seller().await;
    for (currency, amount, fee) in [("jpy", 1000, 59), ("kwd", 1000, 329), ("eur", 1000, 59)] {
        let form = paying(&[("amount", "1000"), ("currency", currency)]);
        let charge = shop.post("/v1/charges", &form).await.ok();
        let path = format!(
            "/v1/balance_transactions/{}",
            charge["balance_transaction"].as_str().unwrap()
        );
        let moved = shop.get(&path).await;
        assert_eq!(
            (moved["amount"].as_i64(), moved["fee"].as_i64()),
            (Some(amount), Some(fee)),
            "{currency}"
        );
    }
    for (amount, currency, code) in [
        ("1001", "kwd", "parameter_invalid_integer"),
        ("49", "usd", "amount_too_small"),
        ("49", "jpy", "amount_too_small"),
    ] {
        let form = paying(&[("amount", amount), ("currency", currency)]);
        let refused = shop.post("/v1/charges", &form).await.json();
        assert_eq!(refused["error"]["code"], code);
        assert_eq!(refused["error"]["param"], "amount");
    }
    let unknown = shop
        .post("/v1/charges", &paying(&[("currency", "zzz")]))
        .await
        .json();
    assert_eq!(unknown["error"]["param"], "currency");
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn the_processing_fee_can_be_set() {
    let stripe = crate::support::Stripe::with(|builder| builder.processing_fee(150, 25));
    let form = paying(&[("source", "tok_bypassPending")]);
    stripe.post("/v1/charges", KEY, &form).await.ok();
    let get = axum::http::Method::GET;
    let balance = stripe.call(get, "/v1/balance", Some(KEY), &[]).await.ok();
    assert_eq!(balance["available"][0]["amount"], 1000 - 15 - 25);
}
