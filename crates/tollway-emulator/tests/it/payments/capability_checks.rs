//! What an account cannot do before its requirements are met.

use crate::client::id;
use crate::marketplace::{Marketplace, intending, paying, with};

const MISSING: &str = "Your destination account needs to have at least one of the following capabilities enabled: transfers, \
                       crypto_transfers, legacy_payments";
const READY: &str = "tok_bypassPending";

/// A new account that wants these capabilities and has none of them yet.
async fn newcomer(shop: &Marketplace) -> String {
    let form = [
        ("type", "express"),
        ("country", "US"),
        ("capabilities[card_payments][requested]", "true"),
        ("capabilities[transfers][requested]", "true"),
    ];
    let account = shop.post("/v1/accounts", &form).await.ok();
    id(&account).to_owned()
}

#[tokio::test]
async fn money_goes_to_accounts_that_may_have_it() {
    let shop = Marketplace::with_seller().await;
    shop.post("/v1/charges", &paying(&[("source", READY)]))
        .await
        .ok();
    let account = newcomer(&shop).await;
    let transfer = [
        ("amount", "100"),
        ("currency", "usd"),
        ("destination", account.as_str()),
    ];
    let destined = [("transfer_data[destination]", account.as_str())];
    for (path, form, param) in [
        ("/v1/transfers", transfer.to_vec(), "destination"),
        (
            "/v1/charges",
            paying(&destined),
            "transfer_data[destination]",
        ),
        (
            "/v1/payment_intents",
            intending(&destined),
            "transfer_data[destination]",
        ),
    ] {
        let refused = shop.post(path, &form).await;
        assert_eq!(refused.status, 400, "{path}");
        let error = &refused.json()["error"];
        assert_eq!(error["code"], "insufficient_capabilities_for_transfer");
        assert_eq!(error["param"], param);
        assert_eq!(error["message"], MISSING);
    }
    shop.onboard(&account).await;
    shop.post("/v1/transfers", &transfer).await.ok();
    shop.post("/v1/charges", &paying(&destined)).await.ok();
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn charges_are_made_by_and_for_accounts_that_may_charge() {
    let shop = Marketplace::with_seller().await;
    let account = newcomer(&shop).await;
    let own = [("stripe-account", account.as_str())];
    let merchant = [("on_behalf_of", account.as_str())];
    let post = async |headers: &[(&str, &str)], form: &[(&str, &str)]| {
        shop.stripe
            .caller(crate::marketplace::KEY)
            .with_headers(headers)
            .post("/v1/charges", form)
            .await
    };
    for (headers, form) in [(&own[..], paying(&[])), (&[], paying(&merchant))] {
        let refused = post(headers, &form).await;
        assert_eq!(refused.status, 400);
        let message = refused.json()["error"]["message"].clone();
        let message = message.as_str().unwrap();
        assert!(
            message.starts_with("Your account cannot currently make charges."),
            "{message}"
        );
    }
    // An intent may be made before the account can be charged; it is its confirmation that is refused.
    let waiting = shop
        .post("/v1/payment_intents", &intending(&merchant))
        .await
        .ok();
    let confirm = format!("/v1/payment_intents/{}/confirm", id(&waiting));
    let card = [("payment_method", "pm_card_visa")];
    assert_eq!(shop.post(&confirm, &card).await.status, 400);
    shop.onboard(&account).await;
    post(&own, &paying(&[])).await.ok();
    let paid = shop.post(&confirm, &card).await.ok();
    assert_eq!(paid["status"], "succeeded");
}

#[tokio::test]
async fn a_standard_account_asks_for_its_capabilities_itself() {
    let shop = Marketplace::with_seller().await;
    let account = shop
        .post("/v1/accounts", &[("type", "standard"), ("country", "US")])
        .await
        .ok();
    let destined = paying(&[("transfer_data[destination]", id(&account))]);
    assert_eq!(shop.post("/v1/charges", &destined).await.status, 400);
    shop.onboard(id(&account)).await;
    shop.post("/v1/charges", &destined).await.ok();
}

#[tokio::test]
async fn automatic_payment_methods_need_a_way_back() {
    let shop = Marketplace::with_seller().await;
    let card = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ];
    let refused = shop.post("/v1/payment_intents", &card).await;
    let error = &refused.json()["error"];
    assert_eq!(refused.status, 400);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("you must provide a `return_url`"),
        "{error}"
    );
    for more in [
        ("return_url", "https://shop.example/back"),
        ("allowed_payment_method_types[]", "card"),
        ("off_session", "true"),
        ("use_stripe_sdk", "true"),
    ] {
        let paid = shop
            .post("/v1/payment_intents", &with(&card, &[more]))
            .await
            .ok();
        assert_eq!(paid["status"], "succeeded", "{more:?}");
    }
    // Before automatic payment methods were the rule, an intent took cards alone.
    let old = shop
        .stripe
        .caller(crate::marketplace::KEY)
        .with_headers(&[("stripe-version", "2022-11-15")])
        .post("/v1/payment_intents", &card)
        .await
        .ok();
    assert_eq!(old["automatic_payment_methods"], serde_json::Value::Null);
    assert_eq!(old["status"], "succeeded");
}

#[tokio::test]
async fn older_versions_name_their_methods_as_they_did() {
    let shop = Marketplace::with_seller().await;
    let form = intending(&[("payment_method_types[]", "card")]);
    let by_version = async |version: &str| {
        shop.stripe
            .caller(crate::marketplace::KEY)
            .with_headers(&[("stripe-version", version)])
            .post("/v1/payment_intents", &form)
            .await
    };
    let old = by_version("2025-08-27.basil").await.ok();
    assert_eq!(old["payment_method_types"], serde_json::json!(["card"]));
    let refused = by_version("2026-10-28.endive").await;
    refused.expect_error(400, "parameter_unknown");
}
