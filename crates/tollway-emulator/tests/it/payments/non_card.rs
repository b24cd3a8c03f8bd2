//! Payment methods that are no cards: bank debits by the clock, redirects by the page.

use axum::http::Method;
use serde_json::json;

use crate::client::id;
use crate::marketplace::{Marketplace, with};

const DAY: u64 = 86_400;

/// A confirmed payment of ten by what the payer said of their method.
pub(crate) async fn pay(
    shop: &Marketplace,
    currency: &str,
    method: &[(&str, &str)],
) -> serde_json::Value {
    let form = [
        ("amount", "1000"),
        ("currency", currency),
        ("confirm", "true"),
        ("return_url", "https://shop.example/back"),
    ];
    shop.post("/v1/payment_intents", &with(&form, method))
        .await
        .ok()
}

#[tokio::test]
async fn a_debit_is_processing_until_the_bank_pays() {
    let shop = Marketplace::with_seller().await;
    let debits: [(&str, &[(&str, &str)]); 4] = [
        (
            "usd",
            &[
                ("payment_method_data[type]", "us_bank_account"),
                (
                    "payment_method_data[us_bank_account][account_number]",
                    "000123456789",
                ),
                (
                    "payment_method_data[us_bank_account][routing_number]",
                    "110000000",
                ),
                (
                    "payment_method_options[us_bank_account][verification_method]",
                    "instant",
                ),
            ],
        ),
        (
            "eur",
            &[
                ("payment_method_data[type]", "sepa_debit"),
                (
                    "payment_method_data[sepa_debit][iban]",
                    "DE89370400440532013000",
                ),
            ],
        ),
        (
            "gbp",
            &[
                ("payment_method_data[type]", "bacs_debit"),
                (
                    "payment_method_data[bacs_debit][account_number]",
                    "00012345",
                ),
                ("payment_method_data[bacs_debit][sort_code]", "108800"),
            ],
        ),
        (
            "aud",
            &[
                ("payment_method_data[type]", "au_becs_debit"),
                (
                    "payment_method_data[au_becs_debit][account_number]",
                    "000123456",
                ),
                ("payment_method_data[au_becs_debit][bsb_number]", "000000"),
            ],
        ),
    ];
    for (currency, method) in debits {
        let intent = pay(&shop, currency, method).await;
        assert_eq!(intent["status"], "processing", "{intent}");
        let charge = format!("/v1/charges/{}", intent["latest_charge"].as_str().unwrap());
        let pending = shop.get(&charge).await;
        assert_eq!(
            (
                &pending["status"],
                &pending["paid"],
                &pending["balance_transaction"]
            ),
            (&json!("pending"), &json!(false), &json!(null))
        );
        let kind = method[0].1;
        let details = &pending["payment_method_details"];
        assert_eq!(details["type"], kind);
        assert_eq!(
            details[kind]["last4"].as_str().map(str::len),
            Some(4),
            "{details}"
        );
        shop.stripe.advance(6 * DAY);
        let path = format!("/v1/payment_intents/{}", id(&intent));
        let paid = shop.get(&path).await;
        assert_eq!(
            (&paid["status"], &paid["amount_received"]),
            (&json!("succeeded"), &json!(1000))
        );
        let charge = shop.get(&charge).await;
        assert_eq!(
            (&charge["status"], &charge["paid"]),
            (&json!("succeeded"), &json!(true))
        );
        assert!(charge["balance_transaction"].is_string());
    }
    for event in [
        "charge.pending",
        "payment_intent.processing",
        "charge.succeeded",
    ] {
        let events = shop.get(&format!("/v1/events?type={event}")).await;
        assert_eq!(events["data"].as_array().map(Vec::len), Some(4), "{event}");
    }
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_debit_that_comes_back_leaves_the_intent_waiting() {
    let shop = Marketplace::with_seller().await;
    let failing = [
        ("pm_usBankAccount_insufficientFunds", "insufficient_funds"),
        ("pm_usBankAccount_accountClosed", "account_closed"),
        ("pm_usBankAccount_noAccount", "no_account"),
        (
            "pm_usBankAccount_debitNotAuthorized",
            "debit_not_authorized",
        ),
    ];
    for (name, code) in failing {
        let intent = pay(&shop, "usd", &[("payment_method", name)]).await;
        assert_eq!(intent["status"], "processing");
        shop.stripe.advance(5 * DAY);
        let path = format!("/v1/payment_intents/{}", id(&intent));
        let failed = shop.get(&path).await;
        assert_eq!(failed["status"], "requires_payment_method");
        assert_eq!(failed["last_payment_error"]["code"], code);
        assert_eq!(
            failed["last_payment_error"]["payment_method"]["type"],
            "us_bank_account"
        );
        let charge = failed["latest_charge"].as_str().unwrap();
        let charge = shop.get(&format!("/v1/charges/{charge}")).await;
        assert_eq!(
            (&charge["status"], &charge["failure_code"]),
            (&json!("failed"), &json!(code))
        );
        let again = [
            ("payment_method", "pm_card_visa"),
            ("return_url", "https://shop.example/back"),
        ];
        let paid = shop.post(&format!("{path}/confirm"), &again).await.ok();
        assert_eq!(paid["status"], "succeeded");
    }
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_redirect_is_approved_on_the_page() {
    let shop = Marketplace::with_seller().await;
    for (kind, decision, status) in [
        ("ideal", "approve", "succeeded"),
        ("bancontact", "approve", "succeeded"),
        ("klarna", "fail", "requires_payment_method"),
    ] {
        let intent = pay(&shop, "eur", &[("payment_method_data[type]", kind)]).await;
        assert_eq!(intent["status"], "requires_action", "{intent}");
        let action = &intent["next_action"]["redirect_to_url"];
        assert_eq!(action["return_url"], "https://shop.example/back");
        let page = format!("/_tollway/authenticate/{}", id(&intent));
        assert!(action["url"].as_str().unwrap().ends_with(&page));
        let answered = shop
            .stripe
            .call(Method::POST, &page, None, &[("decision", decision)])
            .await;
        let location = answered.headers["location"].to_str().unwrap();
        assert!(
            location.starts_with("https://shop.example/back?payment_intent=pi_"),
            "{location}"
        );
        let intent = shop
            .get(&format!("/v1/payment_intents/{}", id(&intent)))
            .await;
        assert_eq!(intent["status"], status);
        if status == "succeeded" {
            let charge = format!("/v1/charges/{}", intent["latest_charge"].as_str().unwrap());
            assert_eq!(
                shop.get(&charge).await["payment_method_details"]["type"],
                kind
            );
            let refund = shop
                .post("/v1/refunds", &[("payment_intent", id(&intent))])
                .await
                .ok();
            assert_eq!(refund["status"], "succeeded");
        }
    }
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn currencies_and_unknown_methods_are_refused() {
    let shop = Marketplace::with_seller().await;
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("confirm", "true"),
        ("return_url", "https://shop.example/back"),
    ];
    let post = async |kind| {
        let form = with(&form, &[("payment_method_data[type]", kind)]);
        let answer = shop.post("/v1/payment_intents", &form).await;
        (
            answer.status.as_u16(),
            answer.json()["error"]["message"]
                .as_str()
                .unwrap()
                .to_owned(),
        )
    };
    let (status, message) = post("ideal").await;
    assert_eq!(status, 400);
    assert_eq!(
        message,
        "The currency provided (usd) is invalid. Payments with ideal support the following currencies: eur."
    );
    let (status, message) = post("custom").await;
    assert_eq!(status, 400);
    assert!(
        message.starts_with("Invalid type: must be one of"),
        "{message}"
    );
}

#[tokio::test]
async fn a_bank_account_is_set_up_and_kept_with_its_customer() {
    let shop = Marketplace::with_seller().await;
    let customer = shop.post("/v1/customers", &[]).await.ok();
    let form = [
        ("customer", id(&customer)),
        ("payment_method", "pm_usBankAccount_success"),
        ("allowed_payment_method_types[]", "us_bank_account"),
        ("confirm", "true"),
    ];
    let intent = shop.post("/v1/setup_intents", &form).await.ok();
    assert_eq!(intent["status"], "succeeded", "{intent}");
    let method = format!(
        "/v1/payment_methods/{}",
        intent["payment_method"].as_str().unwrap()
    );
    let method = shop.get(&method).await;
    assert_eq!(method["customer"].as_str(), Some(id(&customer)));
    assert_eq!(method["us_bank_account"]["last4"], "6789");
    assert_eq!(method["us_bank_account"]["account_number"], json!(null));
}

#[tokio::test]
async fn a_customer_is_made_with_a_default_payment_method_by_its_test_name() {
    let shop = Marketplace::with_seller().await;
    for name in ["pm_card_visa", "pm_usBankAccount_success"] {
        let form = [
            ("payment_method", name),
            ("invoice_settings[default_payment_method]", name),
        ];
        let customer = shop.post("/v1/customers", &form).await.ok();
        let default = customer["invoice_settings"]["default_payment_method"]
            .as_str()
            .unwrap();
        let methods = shop
            .get(&format!("/v1/customers/{}/payment_methods", id(&customer)))
            .await;
        assert_eq!(methods["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(methods["data"][0]["id"], default);
        let path = format!("/v1/customers/{}", id(&customer));
        let other = [(
            "invoice_settings[default_payment_method]",
            "pm_card_mastercard",
        )];
        let changed = shop.post(&path, &other).await.ok();
        assert_ne!(
            changed["invoice_settings"]["default_payment_method"],
            default
        );
    }
}

#[tokio::test]
async fn debits_cost_less_than_cards_and_prices_can_be_set() {
    let fee = async |shop: &Marketplace| {
        let name = [("payment_method", "pm_usBankAccount_success")];
        let intent = pay(shop, "usd", &name).await;
        shop.stripe.advance(6 * DAY);
        let path = format!(
            "/v1/payment_intents/{}?expand[]=latest_charge.balance_transaction",
            id(&intent)
        );
        let moved = shop.get(&path).await["latest_charge"]["balance_transaction"].clone();
        assert_eq!(moved["type"], "payment");
        moved["fee"].as_i64().unwrap()
    };
    assert_eq!(fee(&Marketplace::with_seller().await).await, 8);
    let stripe = crate::support::Stripe::with(|builder| {
        builder.method_fee(
            "us_bank_account",
            tollway_emulator::MethodFee::new(100, 25, None),
        )
    });
    let seller = String::new();
    assert_eq!(fee(&Marketplace::of_seller(stripe, seller)).await, 35);
}

#[tokio::test]
async fn a_bank_account_that_nobody_knows_is_verified_by_two_deposits() {
    let shop = Marketplace::with_seller().await;
    let account = [
        ("payment_method_data[type]", "us_bank_account"),
        (
            "payment_method_data[us_bank_account][account_number]",
            "000123456789",
        ),
        (
            "payment_method_data[us_bank_account][routing_number]",
            "110000000",
        ),
    ];
    let verify = async |path: &str, form: &[(&str, &str)]| {
        shop.post(&format!("{path}/verify_microdeposits"), form)
            .await
    };
    let intent = pay(&shop, "usd", &account).await;
    let action = &intent["next_action"];
    assert_eq!(action["type"], "verify_with_microdeposits");
    let path = format!("/v1/payment_intents/{}", id(&intent));
    for (form, code) in [
        (
            [("amounts[0]", "1"), ("amounts[1]", "2")],
            "payment_method_microdeposit_verification_amounts_mismatch",
        ),
        (
            [("amounts[0]", "10"), ("amounts[1]", "11")],
            "payment_method_microdeposit_verification_attempts_exceeded",
        ),
    ] {
        let refused = verify(&path, &form).await;
        assert_eq!(refused.json()["error"]["code"], code);
    }
    let wrong = verify(&path, &[("descriptor_code", "SM99ZZ")]).await;
    wrong.expect_error(
        400,
        "payment_method_microdeposit_verification_descriptor_code_mismatch",
    );
    let right = [("amounts[0]", "32"), ("amounts[1]", "45")];
    let goes_on = verify(&path, &right).await.ok();
    assert_eq!(goes_on["status"], "processing");
    let again = verify(&path, &right).await;
    again.expect_error(400, "payment_intent_unexpected_state");

    let customer = shop.post("/v1/customers", &[("name", "Jenny")]).await.ok();
    let mut form = account.to_vec();
    form.extend([
        ("customer", id(&customer)),
        ("confirm", "true"),
        ("return_url", "https://shop.example/back"),
        ("mandate_data[customer_acceptance][type]", "offline"),
    ]);
    let set_up = shop.post("/v1/setup_intents", &form).await.ok();
    assert_eq!(set_up["status"], "requires_action", "{set_up}");
    let path = format!("/v1/setup_intents/{}", id(&set_up));
    let done = verify(&path, &[("descriptor_code", "SM11AA")]).await.ok();
    assert_eq!(done["status"], "succeeded");
    let mandate = format!("/v1/mandates/{}", done["mandate"].as_str().unwrap());
    assert_eq!(shop.get(&mandate).await["status"], "active");
    // It is known now.
    let method = done["payment_method"].as_str().unwrap();
    let kept = [("payment_method", method), ("customer", id(&customer))];
    let intent = pay(&shop, "usd", &kept).await;
    assert_eq!(intent["status"], "processing");
}

#[tokio::test]
async fn money_is_held_by_methods_that_can_hold_it() {
    let shop = Marketplace::with_seller().await;
    let manual = ("capture_method", "manual");
    let klarna = [("payment_method_data[type]", "klarna"), manual];
    let intent = pay(&shop, "eur", &klarna).await;
    let page = format!("/_tollway/authenticate/{}", id(&intent));
    let approve = [("decision", "approve")];
    shop.stripe.call(Method::POST, &page, None, &approve).await;
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let held = shop.get(&path).await;
    assert_eq!(
        (&held["status"], &held["amount_capturable"]),
        (&json!("requires_capture"), &json!(1000))
    );
    let part = [("amount_to_capture", "600")];
    let taken = shop.post(&format!("{path}/capture"), &part).await.ok();
    assert_eq!(
        (&taken["status"], &taken["amount_received"]),
        (&json!("succeeded"), &json!(600))
    );
    for kind in ["ideal", "sepa_debit"] {
        let form = [
            ("amount", "1000"),
            ("currency", "eur"),
            ("allowed_payment_method_types[0]", kind),
            manual,
        ];
        let refused = shop.post("/v1/payment_intents", &form).await.json();
        assert_eq!(refused["error"]["param"], "capture_method", "{kind}");
    }
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_debit_without_an_answer_stays_as_it_is() {
    let shop = Marketplace::with_seller().await;
    let method = [("payment_method", "pm_usBankAccount_processing")];
    let intent = pay(&shop, "usd", &method).await;
    shop.stripe.advance(40 * DAY);
    let path = format!("/v1/payment_intents/{}", id(&intent));
    assert_eq!(shop.get(&path).await["status"], "processing");
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_wrong_iban_is_refused_wherever_it_is_given() {
    let shop = Marketplace::with_seller().await;
    let wrong = "DE88370400440532013000";
    for (path, form, code, param) in [
        (
            "/v1/payment_methods",
            vec![("type", "sepa_debit"), ("sepa_debit[iban]", wrong)],
            "invalid_bank_account_iban",
            "sepa_debit[iban]",
        ),
        (
            "/v1/tokens",
            vec![
                ("bank_account[country]", "DE"),
                ("bank_account[currency]", "eur"),
                ("bank_account[account_number]", wrong),
            ],
            "account_number_invalid",
            "bank_account[account_number]",
        ),
        (
            "/v1/accounts",
            vec![
                ("type", "custom"),
                ("country", "DE"),
                ("external_account[object]", "bank_account"),
                ("external_account[country]", "DE"),
                ("external_account[currency]", "eur"),
                ("external_account[account_number]", wrong),
            ],
            "account_number_invalid",
            "external_account[account_number]",
        ),
    ] {
        let error = shop.post(path, &form).await.json()["error"].clone();
        assert_eq!([&error["code"], &error["param"]], [code, param], "{path}");
        let right: Vec<(&str, &str)> = form
            .iter()
            .map(|(name, value)| {
                (
                    *name,
                    if *value == wrong {
                        "DE89370400440532013000"
                    } else {
                        value
                    },
                )
            })
            .collect();
        let made = shop.post(path, &right).await.ok();
        let bank = match path {
            "/v1/tokens" => &made["bank_account"],
            "/v1/accounts" => &made["external_accounts"]["data"][0],
            _ => continue,
        };
        assert_eq!(
            (&bank["routing_number"], &bank["last4"]),
            (&json!(null), &json!("3000"))
        );
    }
}
