//! PaymentIntents: their states, holds, and the bank's question.

use axum::http::Method;

use crate::client::id;
use crate::marketplace::{Marketplace, intending};

#[tokio::test]
async fn payment_intents_succeed_decline_and_recover() {
    let shop = Marketplace::with_seller().await;
    let intent = shop
        .post_for_seller(
            "/v1/payment_intents",
            &intending(&[("application_fee_amount", "100")]),
        )
        .await
        .ok();
    assert_eq!(intent["status"], "requires_payment_method");
    assert!(
        intent["client_secret"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{}_secret_", id(&intent)))
    );
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let confirm = format!("{path}/confirm");
    assert_eq!(
        shop.post_for_seller(&confirm, &[]).await.json()["error"]["code"],
        "payment_intent_unexpected_state"
    );

    let answer = shop
        .post_for_seller(
            &confirm,
            &[("payment_method", "pm_card_chargeDeclinedInsufficientFunds")],
        )
        .await;
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status.as_u16(), error["decline_code"].as_str()),
        (402, Some("insufficient_funds"))
    );
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    assert!(
        error["payment_method"]["id"]
            .as_str()
            .unwrap()
            .starts_with("pm_")
    );
    let kept = shop.get_for_seller(&path).await;
    assert_eq!(kept["last_payment_error"]["code"], "card_declined");

    let paid = shop
        .post_for_seller(&confirm, &[("payment_method", "pm_card_visa")])
        .await
        .ok();
    assert_eq!(
        (paid["status"].as_str(), paid["amount_received"].as_i64()),
        (Some("succeeded"), Some(1000))
    );
    assert_eq!(shop.balances().await, [(0, 100), (0, 841)]);
    let charge = shop
        .get_for_seller(&format!(
            "/v1/charges/{}",
            paid["latest_charge"].as_str().unwrap()
        ))
        .await;
    assert_eq!(charge["payment_intent"].as_str(), Some(id(&intent)));
    let refund = shop
        .post_for_seller("/v1/refunds", &[("payment_intent", id(&intent))])
        .await
        .ok();
    assert_eq!(refund["charge"], charge["id"]);
    assert_eq!(
        shop.post_for_seller(&format!("{path}/cancel"), &[])
            .await
            .status,
        400
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn payment_intents_hold_capture_and_cancel() {
    let shop = Marketplace::with_seller().await;
    let form = intending(&[
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ]);
    let held = shop.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(
        (held["status"].as_str(), held["amount_capturable"].as_i64()),
        (Some("requires_capture"), Some(1000))
    );
    let capture = format!("/v1/payment_intents/{}/capture", id(&held));
    assert_eq!(
        shop.post(&capture, &[("amount_to_capture", "1001")])
            .await
            .status,
        400
    );
    let paid = shop
        .post(&capture, &[("amount_to_capture", "700")])
        .await
        .ok();
    assert_eq!(
        (paid["status"].as_str(), paid["amount_received"].as_i64()),
        (Some("succeeded"), Some(700))
    );
    assert_eq!(shop.balances().await[0], (0, 700 - 50));

    let held = shop.post("/v1/payment_intents", &form).await.ok();
    let canceled = shop
        .post(
            &format!("/v1/payment_intents/{}/cancel", id(&held)),
            &[("cancellation_reason", "duplicate")],
        )
        .await
        .ok();
    assert_eq!(
        (
            canceled["status"].as_str(),
            canceled["cancellation_reason"].as_str()
        ),
        (Some("canceled"), Some("duplicate"))
    );
    assert_eq!(
        shop.get(&format!(
            "/v1/charges/{}",
            held["latest_charge"].as_str().unwrap()
        ))
        .await["refunded"],
        true
    );
    assert_eq!(shop.balances().await[0], (0, 650));
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_card_holder_approves_or_fails_the_banks_question() {
    let shop = Marketplace::with_seller().await;
    let form = intending(&[
        ("payment_method", "pm_card_threeDSecure2Required"),
        ("confirm", "true"),
        ("return_url", "https://shop.example/back?order=7"),
    ]);
    for (decision, status, result) in [
        ("fail", "requires_payment_method", "failed"),
        ("approve", "succeeded", "succeeded"),
    ] {
        let intent = shop
            .post_for_seller("/v1/payment_intents", &form)
            .await
            .ok();
        assert_eq!(
            (
                intent["status"].as_str(),
                intent["next_action"]["type"].as_str()
            ),
            (Some("requires_action"), Some("redirect_to_url"))
        );
        let url = url::Url::parse(
            intent["next_action"]["redirect_to_url"]["url"]
                .as_str()
                .unwrap(),
        );
        let path = url.map_or_else(
            |_| format!("/_tollway/authenticate/{}", id(&intent)),
            |url| url.path().to_owned(),
        );
        let page = shop.stripe.get(&path).await;
        assert!(
            page.body.contains("id=\"approve\"") && page.body.contains("10.00 usd"),
            "{}",
            page.body
        );
        let undecided = shop.stripe.call(Method::POST, &path, None, &[]).await;
        assert_eq!(undecided.status, 400);
        let back = shop
            .stripe
            .call(Method::POST, &path, None, &[("decision", decision)])
            .await;
        let location = back.headers["location"].to_str().unwrap();
        assert!(
            location.starts_with("https://shop.example/back?order=7&payment_intent=pi_"),
            "{location}"
        );
        assert!(
            location.ends_with(&format!("redirect_status={result}")),
            "{location}"
        );
        let after = shop
            .get_for_seller(&format!("/v1/payment_intents/{}", id(&intent)))
            .await;
        assert_eq!(after["status"], status);
        assert_eq!(shop.stripe.get(&path).await.status, 409);
    }
    assert_eq!(shop.balances().await[1], (0, 941));
    let charges = shop.get_for_seller("/v1/charges").await;
    let receipt = url::Url::parse(charges["data"][0]["receipt_url"].as_str().unwrap());
    let path = receipt.map_or_else(
        |_| format!("/_tollway/receipts/{}", id(&charges["data"][0])),
        |url| url.path().to_owned(),
    );
    assert!(
        shop.stripe
            .get(&path)
            .await
            .body
            .contains("10.00 usd paid to")
    );
    assert_eq!(
        shop.stripe.get("/_tollway/receipts/ch_none").await.status,
        404
    );
}

#[tokio::test]
async fn a_hold_grows_if_asked_and_ends_after_a_week() {
    let shop = Marketplace::with_seller().await;
    let form = intending(&[
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
        (
            "payment_method_options[card][request_incremental_authorization]",
            "if_available",
        ),
    ]);
    let held = shop.post("/v1/payment_intents", &form).await.ok();
    let path = format!("/v1/payment_intents/{}", id(&held));
    let more = format!("{path}/increment_authorization");
    assert_eq!(shop.post(&more, &[("amount", "1000")]).await.status, 400);
    let grown = shop.post(&more, &[("amount", "1500")]).await.ok();
    assert_eq!(grown["amount_capturable"], 1500);
    shop.stripe.advance(8 * 86_400);
    let over = shop.get(&path).await;
    assert_eq!(
        (
            over["status"].as_str(),
            over["cancellation_reason"].as_str()
        ),
        (Some("canceled"), Some("expired"))
    );
    assert_eq!(shop.balances().await[0], (0, 0));

    let plain = intending(&[
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ]);
    let held = shop.post("/v1/payment_intents", &plain).await.ok();
    let path = format!("/v1/payment_intents/{}", id(&held));
    let refused = shop
        .post(
            &format!("{path}/increment_authorization"),
            &[("amount", "1500")],
        )
        .await;
    assert_eq!(refused.status, 400);
    shop.post(&format!("{path}/capture"), &[]).await.ok();
    assert_eq!(shop.balances().await[0], (0, 941));
}

#[tokio::test]
async fn with_manual_confirmation_the_server_confirms_twice() {
    let shop = Marketplace::with_seller().await;
    let form = intending(&[
        ("confirmation_method", "manual"),
        ("payment_method", "pm_card_threeDSecure2Required"),
        ("confirm", "true"),
    ]);
    let intent = shop.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(intent["next_action"]["type"], "use_stripe_sdk");
    let page = format!("/_tollway/authenticate/{}", id(&intent));
    shop.stripe
        .call(Method::POST, &page, None, &[("decision", "approve")])
        .await;
    let path = format!("/v1/payment_intents/{}", id(&intent));
    assert_eq!(shop.get(&path).await["status"], "requires_confirmation");
    let paid = shop.post(&format!("{path}/confirm"), &[]).await.ok();
    assert_eq!(paid["status"], "succeeded");
}

#[tokio::test]
async fn a_hold_is_captured_in_several_parts_if_asked() {
    let shop = Marketplace::with_seller().await;
    let several = "payment_method_options[card][request_multicapture]";
    let asking = |wish| {
        intending(&[
            ("capture_method", "manual"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
            ("application_fee_amount", "100"),
            (several, wish),
        ])
    };
    let once = asking("never");
    let held = shop
        .post_for_seller("/v1/payment_intents", &once)
        .await
        .ok();
    let part = [("amount_to_capture", "300"), ("final_capture", "false")];
    let path = format!("/v1/payment_intents/{}/capture", id(&held));
    let refused = shop.post_for_seller(&path, &part).await.json();
    assert_eq!(refused["error"]["param"], "final_capture");

    let often = asking("if_available");
    let held = shop
        .post_for_seller("/v1/payment_intents", &often)
        .await
        .ok();
    let path = format!("/v1/payment_intents/{}/capture", id(&held));
    let state = |intent: &serde_json::Value| {
        let number = |name: &str| intent[name].as_i64().unwrap();
        let status = intent["status"].as_str().unwrap().to_owned();
        (
            status,
            number("amount_capturable"),
            number("amount_received"),
        )
    };
    let first = shop.post_for_seller(&path, &part).await.ok();
    assert_eq!(state(&first), ("requires_capture".to_owned(), 700, 300));
    let more = [
        ("amount_to_capture", "200"),
        ("final_capture", "false"),
        ("application_fee_amount", "20"),
    ];
    let second = shop.post_for_seller(&path, &more).await.ok();
    assert_eq!(state(&second), ("requires_capture".to_owned(), 500, 500));
    let last = [("amount_to_capture", "100")];
    let done = shop.post_for_seller(&path, &last).await.ok();
    assert_eq!(state(&done), ("succeeded".to_owned(), 0, 600));
    let charge = format!("/v1/charges/{}", done["latest_charge"].as_str().unwrap());
    let charge = shop.get_for_seller(&charge).await;
    assert_eq!(
        [
            charge["amount_captured"].as_i64(),
            charge["amount_refunded"].as_i64()
        ],
        [Some(600), Some(400)]
    );
    let fees = (9 + 30) + (6 + 30) + (3 + 30);
    assert_eq!(shop.balances().await, [(0, 120), (0, 600 - fees - 120)]);
    let back = [("charge", id(&charge))];
    let refund = shop.post_for_seller("/v1/refunds", &back).await.ok();
    assert_eq!(refund["amount"], 600);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_fifth_more_is_captured_if_asked() {
    let shop = Marketplace::with_seller().await;
    let form = intending(&[
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
        (
            "payment_method_options[card][request_overcapture]",
            "if_available",
        ),
    ]);
    let held = shop.post("/v1/payment_intents", &form).await.ok();
    let path = format!("/v1/payment_intents/{}/capture", id(&held));
    let over = shop.post(&path, &[("amount_to_capture", "1201")]).await;
    over.expect_error(400, "amount_too_large");
    let taken = shop
        .post(&path, &[("amount_to_capture", "1200")])
        .await
        .ok();
    assert_eq!(taken["amount_received"], 1200);
    let back = [("payment_intent", id(&held))];
    let refund = shop.post("/v1/refunds", &back).await.ok();
    assert_eq!(refund["amount"], 1200);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn an_intent_takes_what_it_was_made_for() {
    let shop = Marketplace::with_seller().await;
    let card = ("payment_method", "pm_card_visa");
    let now = ("confirm", "true");
    let refused = async |form: &[(&str, &str)]| {
        let answer = shop.post("/v1/payment_intents", &intending(form)).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        let param = answer.json()["error"]["param"].clone();
        param.as_str().unwrap_or_default().to_owned()
    };
    let ideal = ("allowed_payment_method_types[0]", "ideal");
    assert_eq!(refused(&[ideal, card, now]).await, "payment_method");
    let not_cards = ("excluded_payment_method_types[0]", "card");
    assert_eq!(refused(&[not_cards, card, now]).await, "payment_method");
    let away = ("payment_method_data[type]", "klarna");
    assert_eq!(refused(&[away, now]).await, "payment_method");
    let form = intending(&[card, now]);
    let paid = shop.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(paid["status"], "succeeded");
}

#[tokio::test]
async fn a_confirmation_token_pays_once() {
    let shop = Marketplace::with_seller().await;
    let said = [
        ("payment_method", "pm_card_visa"),
        ("return_url", "https://shop.example/back"),
        ("shipping[name]", "Jenny Rosen"),
        ("shipping[address][line1]", "1 Main Street"),
    ];
    let path = "/v1/test_helpers/confirmation_tokens";
    let token = shop.post(path, &said).await.ok();
    assert_eq!(token["payment_method_preview"]["card"]["last4"], "4242");
    let form = intending(&[
        ("confirmation_token", id(&token)),
        ("automatic_payment_methods[allow_redirects]", "always"),
        ("confirm", "true"),
    ]);
    let paid = shop.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(paid["status"], "succeeded");
    assert_eq!(paid["shipping"]["name"], "Jenny Rosen");
    let spent = shop
        .get(&format!("/v1/confirmation_tokens/{}", id(&token)))
        .await;
    assert_eq!(spent["payment_intent"], paid["id"]);
    let again = shop.post("/v1/payment_intents", &form).await.json();
    assert_eq!(again["error"]["param"], "confirmation_token");

    // Its `return_url` is the way back that automatic payment methods need.
    let late = shop.post(path, &said).await.ok();
    let intent = shop.post("/v1/payment_intents", &intending(&[])).await.ok();
    let confirm = format!("/v1/payment_intents/{}/confirm", id(&intent));
    shop.stripe.advance(13 * 3600);
    let with = [("confirmation_token", id(&late))];
    let refused = shop.post(&confirm, &with).await.json();
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("expired"), "{message}");
    let fresh = shop.post(path, &said).await.ok();
    let with = [("confirmation_token", id(&fresh))];
    assert_eq!(shop.post(&confirm, &with).await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn what_the_statement_says() {
    let shop = Marketplace::with_seller().await;
    for (name, text, printed) in [
        ("statement_descriptor_suffix", "order 7", "TOLLWAY* ORDER 7"),
        ("statement_descriptor", "Fine Bread", "FINE BREAD"),
    ] {
        let form = intending(&[
            (name, text),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
            ("expand[]", "latest_charge"),
        ]);
        let paid = shop.post("/v1/payment_intents", &form).await.ok();
        let charge = &paid["latest_charge"];
        assert_eq!(charge["calculated_statement_descriptor"], printed);
    }
    for wrong in ["<bread>", "1234567", "a name much too long for a statement"] {
        let form = intending(&[("statement_descriptor", wrong)]);
        let refused = shop.post("/v1/payment_intents", &form).await.json();
        assert_eq!(refused["error"]["param"], "statement_descriptor", "{wrong}");
    }
    let form = intending(&[("amount_details[shipping][amount]", "50")]);
    let made = shop.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(made["amount_details"]["shipping"]["amount"], 50);
}

#[tokio::test]
async fn a_refund_takes_its_share_from_every_part_of_a_charge() {
    let shop = Marketplace::with_seller().await;
    let several = "payment_method_options[card][request_multicapture]";
    for destination in [false, true] {
        let seller = shop.seller.clone();
        let mut form = intending(&[
            ("capture_method", "manual"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
            ("application_fee_amount", "40"),
            (several, "if_available"),
        ]);
        if destination {
            form.push(("transfer_data[destination]", &seller));
        }
        let call = async |path: &str, form: &[(&str, &str)]| {
            if destination {
                shop.post(path, form).await.ok()
            } else {
                shop.post_for_seller(path, form).await.ok()
            }
        };
        let held = call("/v1/payment_intents", &form).await;
        let path = format!("/v1/payment_intents/{}/capture", id(&held));
        let part = [("amount_to_capture", "400"), ("final_capture", "false")];
        call(&path, &part).await;
        let rest = [
            ("amount_to_capture", "600"),
            ("application_fee_amount", "60"),
        ];
        let done = call(&path, &rest).await;
        let charge = done["latest_charge"].as_str().unwrap();
        let mut back = vec![
            ("charge", charge),
            ("amount", "500"),
            ("refund_application_fee", "true"),
        ];
        if destination {
            back.push(("reverse_transfer", "true"));
        }
        for (fees, reversed) in [([30, 20], [300, 200]), ([60, 40], [600, 400])] {
            let refund = call("/v1/refunds", &back).await;
            let numbers = |list: &serde_json::Value, name: &str| -> Vec<i64> {
                let data = list["data"].as_array().unwrap().iter().take(2);
                data.map(|it| it[name].as_i64().unwrap()).collect()
            };
            let all = shop.get("/v1/application_fees").await;
            assert_eq!(numbers(&all, "amount_refunded"), fees);
            if destination {
                let all = shop.get("/v1/transfers").await;
                assert_eq!(numbers(&all, "amount_reversed"), reversed);
                assert!(refund["transfer_reversal"].is_string());
            }
        }
        assert_eq!(shop.sum(), 0);
    }
    let left = shop.balances().await;
    assert_eq!(
        [left[0].1, left[1].1],
        [-(12 + 30 + 17 + 30), -(12 + 30 + 17 + 30)]
    );
}

#[tokio::test]
async fn a_hold_expires_after_seven_days_and_not_before() {
    let shop = Marketplace::with_seller().await;
    let form = intending(&[
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ]);
    let intent = shop.post("/v1/payment_intents", &form).await.ok();
    let path = format!("/v1/payment_intents/{}", id(&intent));
    shop.stripe.advance(7 * 86_400 - 1);
    assert_eq!(shop.get(&path).await["status"], "requires_capture");
    shop.stripe.advance(1);
    let expired = shop.get(&path).await;
    assert_eq!(expired["status"], "canceled");
    assert_eq!(expired["cancellation_reason"], "expired");
}

#[tokio::test]
async fn overcapture_adds_a_fifth_to_the_authorized_amount_also_after_an_increment() {
    let shop = Marketplace::with_seller().await;
    let form = intending(&[
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
        (
            "payment_method_options[card][request_overcapture]",
            "if_available",
        ),
        (
            "payment_method_options[card][request_incremental_authorization]",
            "if_available",
        ),
    ]);
    for (increment, most) in [(None, 1200), (Some("1500"), 1800)] {
        let intent = shop.post("/v1/payment_intents", &form).await.ok();
        let path = format!("/v1/payment_intents/{}", id(&intent));
        if let Some(amount) = increment {
            let increment = format!("{path}/increment_authorization");
            shop.post(&increment, &[("amount", amount)]).await.ok();
        }
        let charge = format!("/v1/charges/{}", intent["latest_charge"].as_str().unwrap());
        let details = &shop.get(&charge).await["payment_method_details"]["card"]["overcapture"];
        assert_eq!(details["maximum_amount_capturable"], most);
        let capture = format!("{path}/capture");
        let too_much = (most + 1).to_string();
        let form = [("amount_to_capture", too_much.as_str())];
        let refused = shop.post(&capture, &form).await;
        assert_eq!(refused.json()["error"]["code"], "amount_too_large");
        let all = most.to_string();
        let form = [("amount_to_capture", all.as_str())];
        let captured = shop.post(&capture, &form).await;
        assert_eq!(captured.ok()["amount_received"], most);
    }
}
