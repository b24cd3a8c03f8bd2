//! Terminal: what is presented to a reader is charged.

use serde_json::{Value, json};

use crate::client::id;
use crate::marketplace::{Marketplace, intending, with};

/// A reader of the platform; its path below `/v1`, and below the test helpers.
async fn reader(shop: &Marketplace) -> [String; 2] {
    let form = [("registration_code", "simulated-wpe")];
    let reader = shop.post("/v1/terminal/readers", &form).await.ok();
    assert_eq!(
        [&reader["device_type"], &reader["label"]],
        ["simulated_wisepos_e", "simulated-wpe"]
    );
    assert_eq!(
        (&reader["status"], &reader["action"]),
        (&json!("online"), &json!(null))
    );
    [
        format!("/v1/terminal/readers/{}", id(&reader)),
        format!("/v1/test_helpers/terminal/readers/{}", id(&reader)),
    ]
}

async fn in_person(shop: &Marketplace, changes: &[(&str, &str)]) -> Value {
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("allowed_payment_method_types[]", "card_present"),
    ];
    shop.post("/v1/payment_intents", &with(&form, changes))
        .await
        .ok()
}

async fn events(shop: &Marketplace, kind: &str) -> usize {
    let all = shop.get(&format!("/v1/events?type={kind}")).await;
    all["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_presented_card_pays_an_intent_and_its_seller() {
    let shop = Marketplace::with_seller().await;
    let [reader, helper] = reader(&shop).await;
    let seller = shop.seller.clone();
    let shares = [
        ("application_fee_amount", "100"),
        ("transfer_data[destination]", seller.as_str()),
    ];
    let intent = in_person(&shop, &shares).await;
    let path = format!("{reader}/process_payment_intent");
    let form = [("payment_intent", id(&intent))];
    let begun = shop.post(&path, &form).await.ok();
    assert_eq!(
        begun["action"],
        json!({
            "api_error": null, "failure_code": null, "failure_message": null, "status": "in_progress",
            "type": "process_payment_intent", "process_payment_intent": {"payment_intent": id(&intent)},
        })
    );
    let present = format!("{helper}/present_payment_method");
    let tip = [("amount_tip", "200")];
    let done = shop.post(&present, &tip).await.ok();
    assert_eq!(done["action"]["status"], "succeeded", "{done}");
    assert_eq!(events(&shop, "terminal.reader.action_succeeded").await, 1);
    let paid = shop
        .get(&format!("/v1/payment_intents/{}", id(&intent)))
        .await;
    assert_eq!(
        [&paid["status"], &paid["amount"], &paid["amount_received"]],
        [&json!("succeeded"), &json!(1200), &json!(1200)]
    );
    assert_eq!(paid["amount_details"]["tip"]["amount"], 200);
    let charge = format!("/v1/charges/{}", paid["latest_charge"].as_str().unwrap());
    let details = shop.get(&charge).await["payment_method_details"].clone();
    assert_eq!(details["type"], "card_present");
    let card = &details["card_present"];
    assert_eq!([&card["last4"], &card["brand"]], ["4242", "visa"]);
    assert!(reader.ends_with(card["reader"].as_str().unwrap()));
    let fee = 1200 * 27 / 1000 + 5;
    assert_eq!(shop.balances().await, [(0, 100 - fee), (0, 1100)]);
    let again = shop.post(&present, &[]).await;
    assert_eq!(again.status, 400, "the reader waits for nothing");
    let again = shop.post(&path, &form).await;
    again.expect_error(400, "intent_invalid_state");

    let form = [("payment_intent", id(&intent)), ("amount", "300")];
    let path = format!("{reader}/refund_payment");
    shop.post(&path, &form).await.ok();
    let done = shop.post(&present, &[]).await.ok();
    let refund = done["action"]["refund_payment"]["refund"].as_str();
    let refund = shop.get(&format!("/v1/refunds/{}", refund.unwrap())).await;
    assert_eq!(refund["amount"], 300);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_declined_card_fails_the_action_and_another_one_pays() {
    let shop = Marketplace::with_seller().await;
    let [reader, helper] = reader(&shop).await;
    let intent = in_person(&shop, &[("capture_method", "manual")]).await;
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let process = format!("{reader}/process_payment_intent");
    let form = [("payment_intent", id(&intent))];
    shop.post(&process, &form).await.ok();
    let present = format!("{helper}/present_payment_method");
    let bad = [
        ("type", "card_present"),
        ("card_present[number]", "4000000000009995"),
    ];
    let done = shop.post(&present, &bad).await.ok();
    let action = &done["action"];
    assert_eq!(
        [
            &action["status"],
            &action["failure_code"],
            &action["api_error"]["decline_code"]
        ],
        ["failed", "card_declined", "insufficient_funds"]
    );
    assert_eq!(events(&shop, "terminal.reader.action_failed").await, 1);
    let waits = shop.get(&path).await;
    assert_eq!(waits["status"], "requires_payment_method");
    assert_eq!(
        waits["last_payment_error"]["decline_code"],
        "insufficient_funds"
    );

    shop.post(&process, &form).await.ok();
    let done = shop.post(&present, &[]).await.ok();
    assert_eq!(done["action"]["status"], "succeeded");
    assert_eq!(shop.get(&path).await["status"], "requires_capture");
    shop.post(&format!("{path}/capture"), &[]).await.ok();
    assert_eq!(shop.balances().await[0], (0, 1000 - 27 - 5));
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_card_is_collected_and_confirmed_later() {
    let shop = Marketplace::with_seller().await;
    let [reader, helper] = reader(&shop).await;
    let intent = in_person(&shop, &[]).await;
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let form = [("payment_intent", id(&intent))];
    shop.post(&format!("{reader}/collect_payment_method"), &form)
        .await
        .ok();
    let confirm = format!("{reader}/confirm_payment_intent");
    let early = shop.post(&confirm, &form).await;
    early.expect_error(400, "intent_invalid_state");
    let done = shop
        .post(&format!("{helper}/present_payment_method"), &[])
        .await
        .ok();
    let method = &done["action"]["collect_payment_method"]["payment_method"];
    assert_eq!(method["card_present"]["last4"], "4242");
    assert_eq!(shop.get(&path).await["status"], "requires_confirmation");
    let begun = shop.post(&confirm, &form).await.ok();
    assert_eq!(begun["action"]["status"], "in_progress");
    assert_eq!(shop.get(&reader).await["action"]["status"], "succeeded");
    assert_eq!(shop.get(&path).await["status"], "succeeded");
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_presented_card_is_kept_as_another_one() {
    let shop = Marketplace::with_seller().await;
    let [reader, helper] = reader(&shop).await;
    let customer = shop.post("/v1/customers", &[]).await.ok();
    let form = [
        ("customer", id(&customer)),
        ("allowed_payment_method_types[]", "card_present"),
    ];
    let intent = shop.post("/v1/setup_intents", &form).await.ok();
    let form = [("setup_intent", id(&intent)), ("allow_redisplay", "always")];
    shop.post(&format!("{reader}/process_setup_intent"), &form)
        .await
        .ok();
    let done = shop
        .post(&format!("{helper}/present_payment_method"), &[])
        .await
        .ok();
    let action = &done["action"];
    assert_eq!(action["status"], "succeeded", "{action}");
    let card = action["process_setup_intent"]["generated_card"]
        .as_str()
        .unwrap();
    let method = shop.get(&format!("/v1/payment_methods/{card}")).await;
    assert_eq!(
        [&method["type"], &method["customer"]],
        [&json!("card"), &customer["id"]]
    );
    let form = intending(&[
        ("customer", id(&customer)),
        ("payment_method", card),
        ("off_session", "true"),
        ("confirm", "true"),
    ]);
    let paid = shop.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(paid["status"], "succeeded");
}

#[tokio::test]
async fn a_reader_shows_a_cart_asks_and_is_told_to_stop() {
    let shop = Marketplace::with_seller().await;
    let [reader, helper] = reader(&shop).await;
    let cart = [
        ("type", "cart"),
        ("cart[currency]", "usd"),
        ("cart[total]", "1200"),
        ("cart[line_items][0][amount]", "1200"),
        ("cart[line_items][0][description]", "Bread"),
        ("cart[line_items][0][quantity]", "1"),
    ];
    shop.post(&format!("{reader}/set_reader_display"), &cart)
        .await
        .ok();
    let action = shop.get(&reader).await["action"].clone();
    assert_eq!(
        [
            &action["status"],
            &action["set_reader_display"]["cart"]["total"]
        ],
        [&json!("succeeded"), &json!(1200)]
    );
    let asks = [
        ("inputs[0][type]", "email"),
        ("inputs[0][custom_text][title]", "Your address"),
        ("inputs[0][required]", "true"),
        ("inputs[1][type]", "selection"),
        ("inputs[1][custom_text][title]", "Sugar?"),
        ("inputs[1][selection][choices][0][id]", "y"),
        ("inputs[1][selection][choices][0][text]", "Yes"),
    ];
    let path = format!("{reader}/collect_inputs");
    shop.post(&path, &asks).await.ok();
    let form = [("skip_non_required_inputs", "all")];
    let done = shop
        .post(&format!("{helper}/succeed_input_collection"), &form)
        .await
        .ok();
    let inputs = &done["action"]["collect_inputs"]["inputs"];
    assert_eq!(inputs[0]["email"]["value"], "jenny@example.com");
    assert_eq!(inputs[1]["skipped"], true);
    shop.post(&path, &asks).await.ok();
    let over = shop
        .post(&format!("{helper}/timeout_input_collection"), &[])
        .await
        .ok();
    assert_eq!(
        [&over["action"]["status"], &over["action"]["failure_code"]],
        ["failed", "terminal_reader_timeout"]
    );
    shop.post(&path, &asks).await.ok();
    let idle = shop
        .post(&format!("{reader}/cancel_action"), &[])
        .await
        .ok();
    assert!(idle["action"].is_null());
    let path = format!("{helper}/present_payment_method");
    let present = shop.post(&path, &[]).await;
    assert_eq!(present.status, 400);
    let token = shop.post("/v1/terminal/connection_tokens", &[]).await.ok();
    assert!(
        token["secret"].as_str().unwrap().starts_with("pst_"),
        "{token}"
    );
    let by_card = intending(&[("allowed_payment_method_types[]", "card")]);
    let by_card: Vec<_> = by_card
        .into_iter()
        .filter(|(name, _)| !name.starts_with("automatic"))
        .collect();
    let intent = shop.post("/v1/payment_intents", &by_card).await.ok();
    let form = [("payment_intent", id(&intent))];
    let path = format!("{reader}/process_payment_intent");
    let refused = shop.post(&path, &form).await;
    assert_eq!(refused.json()["error"]["param"], "payment_intent");
}
