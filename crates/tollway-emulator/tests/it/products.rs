//! Identity, Issuing, Radar's lists, reports, entitlements, secrets: what their users' programs wait for.

use serde_json::Value;

use crate::client::{Caller, START, caller, emulator};

/// A caller in a world of its own.
fn api() -> Caller {
    caller(&emulator(), "sk_test_products")
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// The types of the newest events, newest first.
async fn events(api: &Caller, count: usize) -> Vec<String> {
    let events = api.get("/v1/events", &format!("limit={count}")).await.ok();
    let events = events["data"].as_array().unwrap().clone();
    let types = events
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned());
    types.collect()
}

#[tokio::test]
async fn an_identity_is_verified_on_its_page() {
    let api = api();
    let form = "type=document&options[document][require_matching_selfie]=true&return_url=http://localhost:3000/back";
    let session = api
        .post("/v1/identity/verification_sessions", form)
        .await
        .ok();
    let secret = session["client_secret"].as_str().unwrap();
    assert!(secret.starts_with(&format!("{}_secret_", id(&session))));
    let url = session["url"].as_str().unwrap();
    let page = url
        .split_once("/_tollway")
        .map(|(_, rest)| format!("/_tollway{rest}"))
        .unwrap();
    assert!(
        api.get(&page, "")
            .await
            .body
            .contains("Verify your identity")
    );
    let failed = api.post(&page, "decision=fail").await;
    assert_eq!(
        failed.header("location"),
        Some("http://localhost:3000/back")
    );
    let path = format!("/v1/identity/verification_sessions/{}", id(&session));
    let again = api.get(&path, "").await.ok();
    assert_eq!(
        (&again["status"], &again["last_error"]["code"]),
        (
            &"requires_input".into(),
            &"document_unverified_other".into()
        )
    );
    assert_eq!(api.post(&page, "decision=verify").await.status, 303);
    let verified = api
        .get(
            &path,
            "expand[]=last_verification_report&expand[]=verified_outputs",
        )
        .await
        .ok();
    assert_eq!(
        (&verified["status"], &verified["url"]),
        (&"verified".into(), &Value::Null)
    );
    let report = &verified["last_verification_report"];
    assert_eq!(
        (&report["document"]["status"], &report["selfie"]["status"]),
        (&"verified".into(), &"verified".into())
    );
    assert_eq!(verified["verified_outputs"]["first_name"], "Jenny");
    let plain = api.get(&path, "").await.ok();
    assert_eq!(plain["verified_outputs"], Value::Null);
    assert_eq!(
        events(&api, 2).await,
        [
            "identity.verification_session.verified",
            "identity.verification_session.processing"
        ]
    );
    assert_eq!(api.post(&page, "decision=verify").await.status, 409);
}

/// A card that is active, unless the parameters say otherwise.
async fn card(api: &Caller, more: &str) -> Value {
    let holder = "type=individual&name=Jenny&billing[address][line1]=1&billing[address][city]=SF&billing[address][country]=US\
                  &billing[address][postal_code]=94111";
    let holder = api.post("/v1/issuing/cardholders", holder).await.ok();
    let form = format!(
        "cardholder={}&currency=usd&type=virtual&{more}",
        id(&holder)
    );
    api.post("/v1/issuing/cards", &form).await.ok()
}

#[tokio::test]
async fn an_issued_card_shows_its_number_to_those_who_ask() {
    let api = api();
    let made = card(&api, "status=active").await;
    assert_eq!(made.get("number"), None);
    let path = format!("/v1/issuing/cards/{}", id(&made));
    let full = api.get(&path, "expand[]=number&expand[]=cvc").await.ok();
    let number = full["number"].as_str().unwrap();
    assert_eq!((number.len(), full["cvc"].as_str().unwrap().len()), (16, 3));
    assert_eq!(full["last4"], number[12..]);
    let doubled = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, twice) => twice % 10 + twice / 10,
    };
    let digits = number
        .chars()
        .rev()
        .map(|digit| digit.to_digit(10).unwrap());
    assert_eq!(digits.enumerate().map(doubled).sum::<u32>() % 10, 0);
}

#[tokio::test]
async fn purchases_are_authorized_captured_and_refunded() {
    let api = api();
    let card = card(&api, "status=active").await;
    let helpers = "/v1/test_helpers/issuing";
    let form = format!("card={}&amount=1000&merchant_data[name]=Bar", id(&card));
    let asked = api
        .post(&format!("{helpers}/authorizations"), &form)
        .await
        .ok();
    assert_eq!(
        (&asked["approved"], &asked["status"]),
        (&true.into(), &"pending".into())
    );
    let path = format!("{helpers}/authorizations/{}", id(&asked));
    let more = api
        .post(&format!("{path}/increment"), "increment_amount=500")
        .await
        .ok();
    assert_eq!(more["amount"], 1500);
    let less = api
        .post(&format!("{path}/reverse"), "reverse_amount=300")
        .await
        .ok();
    assert_eq!(
        (&less["amount"], &less["status"]),
        (&1200.into(), &"pending".into())
    );
    let captured = api.post(&format!("{path}/capture"), "").await.ok();
    assert_eq!(captured["status"], "closed");
    let bought = api
        .get("/v1/issuing/transactions", &format!("card={}", id(&card)))
        .await
        .ok();
    assert_eq!(
        (
            &bought["data"][0]["amount"],
            &bought["data"][0]["merchant_data"]["name"]
        ),
        (&(-1200).into(), &"Bar".into())
    );
    let bought = id(&bought["data"][0]).to_owned();
    let refund = format!("{helpers}/transactions/{bought}/refund");
    let back = api.post(&refund, "refund_amount=200").await.ok();
    assert_eq!(
        (&back["amount"], &back["type"]),
        (&200.into(), &"refund".into())
    );
    assert_eq!(
        api.post(&refund, "refund_amount=1201").await.error().3,
        "refund_amount"
    );
    let late = api.post(&format!("{path}/capture"), "").await;
    assert!(
        late.error().1.contains("only a pending one"),
        "{}",
        late.body
    );
    let dispute = format!("transaction={bought}&evidence[reason]=not_received");
    let dispute = api.post("/v1/issuing/disputes", &dispute).await.ok();
    assert_eq!(
        (&dispute["amount"], &dispute["currency"], &dispute["status"]),
        (&1200.into(), &"usd".into(), &"unsubmitted".into())
    );
    let forced = format!("card={}&amount=70", id(&card));
    let forced = api
        .post(
            &format!("{helpers}/transactions/create_force_capture"),
            &forced,
        )
        .await
        .ok();
    assert_eq!(
        (&forced["amount"], &forced["authorization"]),
        (&(-70).into(), &Value::Null)
    );
}

#[tokio::test]
async fn cards_and_their_controls_decline_purchases() {
    let api = api();
    let limited = "status=active&spending_controls[spending_limits][0][amount]=1500&spending_controls[spending_limits][0][interval]=daily\
                   &spending_controls[blocked_merchant_countries][]=FR";
    let cards = [
        card(&api, "status=inactive").await,
        card(&api, limited).await,
    ];
    let path = "/v1/test_helpers/issuing/authorizations";
    let mut reasons = Vec::new();
    for (card, more) in [
        (&cards[0], "amount=1000"),
        (&cards[1], "amount=1000"),
        (&cards[1], "amount=501"),
        (&cards[1], "amount=500&merchant_data[country]=FR"),
        (&cards[1], "amount=500"),
    ] {
        let asked = api
            .post(path, &format!("card={}&{more}", id(card)))
            .await
            .ok();
        reasons.push((
            asked["approved"] == true,
            asked["request_history"][0]["reason"]
                .as_str()
                .unwrap()
                .to_owned(),
        ));
    }
    let expected = [
        (false, "card_inactive"),
        (true, "card_active"),
        (false, "spending_controls"),
        (false, "spending_controls"),
        (true, "card_active"),
    ];
    assert_eq!(
        reasons,
        expected.map(|(approved, reason)| (approved, reason.to_owned()))
    );
}

#[tokio::test]
async fn value_lists_show_their_items() {
    let api = api();
    let list = api
        .post(
            "/v1/radar/value_lists",
            "alias=bad&name=Bad&item_type=email",
        )
        .await
        .ok();
    assert_eq!(list["list_items"]["data"], Value::Array(Vec::new()));
    let again = api
        .post("/v1/radar/value_lists", "alias=bad&name=Bad")
        .await;
    assert_eq!(again.error().3, "alias");
    let items = "/v1/radar/value_list_items";
    let add = |value: &str| format!("value_list={}&value={value}", id(&list));
    let item = api.post(items, &add("a@b.example")).await.ok();
    for bad in ["nobody", "a@b.example"] {
        assert_eq!(api.post(items, &add(bad)).await.error().3, "value", "{bad}");
    }
    let path = format!("/v1/radar/value_lists/{}", id(&list));
    let shown = api.get(&path, "").await.ok();
    assert_eq!(shown["list_items"]["data"][0]["value"], "a@b.example");
    api.delete(&format!("{items}/{}", id(&item))).await.ok();
    assert_eq!(
        api.get(&path, "").await.ok()["list_items"]["data"],
        Value::Array(Vec::new())
    );
    let item = api.post(items, &add("c@d.example")).await.ok();
    api.delete(&path).await.ok();
    assert_eq!(
        api.get(&format!("{items}/{}", id(&item)), "")
            .await
            .error()
            .0,
        404
    );
}

#[tokio::test]
async fn a_report_lists_what_moved() {
    let api = api();
    api.post("/v1/charges", "amount=1000&currency=usd&source=tok_visa")
        .await
        .ok();
    let types = api.get("/v1/reporting/report_types", "").await.ok();
    assert!(types["data"].as_array().unwrap().len() > 3);
    let parameters = format!(
        "parameters[interval_start]={}&parameters[interval_end]={}",
        START - 10,
        START
    );
    let empty = format!("report_type=balance_change_from_activity.itemized.3&{parameters}");
    let run = api.post("/v1/reporting/report_runs", &empty).await.ok();
    assert_eq!(run["status"], "pending");
    let path = format!("/v1/reporting/report_runs/{}", id(&run));
    let done = api.get(&path, "").await.ok();
    assert_eq!(
        (&done["status"], &done["succeeded_at"]),
        (&"succeeded".into(), &START.into())
    );
    assert_eq!(events(&api, 1).await, ["reporting.report_run.succeeded"]);
    let content = format!("/v1/files/{}/contents", id(&done["result"]));
    assert_eq!(api.get(&content, "").await.body.lines().count(), 1);
    let unknown = api
        .post(
            "/v1/reporting/report_runs",
            &format!("report_type=what.1&{parameters}"),
        )
        .await;
    assert!(
        unknown.error().1.contains("payouts.summary.1"),
        "{}",
        unknown.body
    );
    let backwards =
        "report_type=payouts.summary.1&parameters[interval_start]=5&parameters[interval_end]=5";
    let backwards = api.post("/v1/reporting/report_runs", backwards).await;
    assert_eq!(backwards.error().3, "parameters[interval_end]");
}

#[tokio::test]
async fn a_summary_adds_up_by_category() {
    let stripe = emulator();
    let api = caller(&stripe, "sk_test_products");
    for amount in [1000, 2000] {
        api.post(
            "/v1/charges",
            &format!("amount={amount}&currency=usd&source=tok_visa"),
        )
        .await
        .ok();
    }
    stripe.clock().advance(std::time::Duration::from_secs(10));
    let form = format!(
        "report_type=balance_change_from_activity.summary.1&parameters[interval_start]={START}&parameters[interval_end]={}\
         &parameters[columns][]=reporting_category&parameters[columns][]=count&parameters[columns][]=gross",
        START + 5
    );
    let run = api.post("/v1/reporting/report_runs", &form).await.ok();
    let done = api
        .get(&format!("/v1/reporting/report_runs/{}", id(&run)), "")
        .await
        .ok();
    let content = api
        .get(&format!("/v1/files/{}/contents", id(&done["result"])), "")
        .await;
    assert_eq!(
        content.body,
        "\"reporting_category\",\"count\",\"gross\"\n\"charge\",\"2\",\"30.00\"\n"
    );
}

#[tokio::test]
async fn subscriptions_entitle_to_the_features_of_their_products() {
    let api = api();
    let feature = api
        .post("/v1/entitlements/features", "name=Export&lookup_key=export")
        .await
        .ok();
    let product = api.post("/v1/products", "name=Pro").await.ok();
    let path = format!("/v1/products/{}/features", id(&product));
    api.post(&path, &format!("entitlement_feature={}", id(&feature)))
        .await
        .ok();
    let price = format!(
        "product={}&unit_amount=500&currency=usd&recurring[interval]=month",
        id(&product)
    );
    let price = api.post("/v1/prices", &price).await.ok();
    let customer =
        "payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa";
    let customer = api.post("/v1/customers", customer).await.ok();
    let of = format!("customer={}", id(&customer));
    let active = "/v1/entitlements/active_entitlements";
    assert_eq!(
        api.get(active, &of).await.ok()["data"],
        Value::Array(Vec::new())
    );
    let subscription = format!("{of}&items[0][price]={}", id(&price));
    let subscription = api.post("/v1/subscriptions", &subscription).await.ok();
    let entitled = api.get(active, &of).await.ok();
    assert_eq!(entitled["data"][0]["lookup_key"], "export");
    let one = api
        .get(
            &format!("{active}/{}", id(&entitled["data"][0])),
            "expand[]=feature",
        )
        .await
        .ok();
    assert_eq!(one["feature"]["name"], "Export");
    api.delete(&format!("/v1/subscriptions/{}", id(&subscription)))
        .await
        .ok();
    assert_eq!(
        api.get(active, &of).await.ok()["data"],
        Value::Array(Vec::new())
    );
}

#[tokio::test]
async fn secrets_of_apps_are_sent_to_those_who_expand_them() {
    let api = api();
    for payload in ["one", "two"] {
        let form = format!("name=token&payload={payload}&scope[type]=account");
        assert_eq!(
            api.post("/v1/apps/secrets", &form).await.ok()["payload"],
            Value::Null
        );
    }
    let named = "name=token&scope[type]=account";
    let found = api
        .get(
            "/v1/apps/secrets/find",
            &format!("{named}&expand[]=payload"),
        )
        .await
        .ok();
    assert_eq!(found["payload"], "two");
    assert_eq!(
        api.get("/v1/apps/secrets/find", named).await.ok()["payload"],
        Value::Null
    );
    let all = api
        .get("/v1/apps/secrets", "scope[type]=account")
        .await
        .ok();
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
    let gone = api.post("/v1/apps/secrets/delete", named).await.ok();
    assert_eq!(gone["deleted"], true);
    assert_eq!(api.get("/v1/apps/secrets/find", named).await.error().0, 404);
}

#[tokio::test]
async fn an_ephemeral_key_belongs_to_one_thing() {
    let api = api();
    let customer = api.post("/v1/customers", "").await.ok();
    let key = api
        .post("/v1/ephemeral_keys", &format!("customer={}", id(&customer)))
        .await
        .ok();
    assert!(key["secret"].as_str().unwrap().starts_with("ek_test_"));
    assert_eq!(key["expires"], START + 3600);
    assert!(
        api.post("/v1/ephemeral_keys", "")
            .await
            .error()
            .1
            .contains("exactly one")
    );
    let gone = api
        .delete(&format!("/v1/ephemeral_keys/{}", id(&key)))
        .await
        .ok();
    assert_eq!(
        (&gone["expires"], gone.get("secret")),
        (&START.into(), None)
    );
}

#[tokio::test]
async fn every_account_has_a_configuration_of_payment_methods() {
    let api = api();
    let path = "/v1/payment_method_configurations";
    let all = api.get(path, "").await.ok();
    let default = &all["data"][0];
    assert_eq!(
        (&default["is_default"], &default["card"]["available"]),
        (&true.into(), &true.into())
    );
    assert_eq!(
        api.get(path, "").await.ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let own = "name=Own&klarna[display_preference][preference]=on&card[display_preference][preference]=none";
    let own = api.post(path, own).await.ok();
    assert_eq!(
        (
            &own["klarna"]["available"],
            &own["card"]["display_preference"]["value"]
        ),
        (&true.into(), &"on".into())
    );
    let off = api
        .post(
            &format!("{path}/{}", id(&own)),
            "klarna[display_preference][preference]=off",
        )
        .await
        .ok();
    assert_eq!(
        (&off["klarna"]["available"], &off["card"]["available"]),
        (&false.into(), &true.into())
    );
}

#[tokio::test]
async fn a_vault_shows_the_last_digits() {
    let api = api();
    let call = |path: &str, body: &str| {
        let call = api.call("POST", path, body);
        call.header("content-type", "application/json").send()
    };
    let us = "/v2/core/vault/us_bank_accounts";
    let made = call(
        us,
        r#"{"account_number":"000123456789","routing_number":"110000000","currency":"usd"}"#,
    )
    .await
    .ok();
    assert_eq!(
        (&made["last4"], &made["bank_name"]),
        (&"6789".into(), &"STRIPE TEST BANK".into())
    );
    let bad = call(
        us,
        r#"{"account_number":"1","routing_number":"110000000","currency":"usd"}"#,
    )
    .await;
    assert_eq!(bad.status, 400);
    let gb = call(
        "/v2/core/vault/gb_bank_accounts",
        r#"{"account_number":"00012345","sort_code":"108800","currency":"gbp"}"#,
    );
    assert_eq!(gb.await.ok()["last4"], "2345");
}
