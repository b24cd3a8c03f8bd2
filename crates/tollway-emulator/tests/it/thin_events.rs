//! Accounts of `/v2`, and the thin events that event destinations are sent.

use serde_json::{Value, json};

use crate::support::{Stripe, v2};

const KEY: &str = "sk_test_market";

async fn destination(stripe: &Stripe, events: &[&str], from: &str, payload: &str) -> Value {
    let body = json!({
        "name": "mine", "type": "webhook_endpoint", "event_payload": payload, "enabled_events": events, "events_from": [from],
        "webhook_endpoint": {"url": "http://localhost:4000/thin"},
        "include": ["webhook_endpoint.signing_secret", "webhook_endpoint.url"],
    });
    let (status, made) = v2(stripe, "POST", "/v2/core/event_destinations", &body).await;
    assert_eq!(status, 200, "{made}");
    let secret = made["webhook_endpoint"]["signing_secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    made
}

#[tokio::test]
async fn an_account_of_v2_is_one_of_v1_too() {
    let stripe = Stripe::new();
    let events = ["v2.core.account.created", "v2.core.account.updated"];
    destination(&stripe, &events, "self", "thin").await;
    let body = json!({
        "contact_email": "s@x.example", "display_name": "Seller", "dashboard": "express",
        "identity": {"country": "us", "entity_type": "individual"},
        "configuration": {"merchant": {"capabilities": {"card_payments": {"requested": true}}}},
        "defaults": {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
        "include": ["configuration.merchant", "requirements"],
    });
    let (status, account) = v2(&stripe, "POST", "/v2/core/accounts", &body).await;
    assert_eq!(status, 200, "{account}");
    let id = account["id"].as_str().unwrap();
    assert!(id.starts_with("acct_"));
    assert_eq!(account["applied_configurations"], json!(["merchant"]));
    assert!(
        !account["requirements"]["entries"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let twin = stripe
        .call(
            axum::http::Method::GET,
            &format!("/v1/accounts/{id}"),
            Some(KEY),
            &[],
        )
        .await
        .ok();
    assert_eq!(twin["email"], "s@x.example");
    assert_eq!(twin["capabilities"]["card_payments"], "inactive");

    let path = format!("/v2/core/accounts/{id}");
    let (_, bare) = v2(&stripe, "GET", &path, &Value::Null).await;
    assert!(bare.get("configuration").is_none() && bare.get("identity").is_none());
    let (status, named) = v2(&stripe, "POST", &path, &json!({"display_name": "Other"})).await;
    assert_eq!((status, &named["display_name"]), (200, &json!("Other")));

    let link = json!({"account": id, "use_case": {"type": "account_onboarding", "account_onboarding": {
        "refresh_url": "https://m.example/a", "return_url": "https://m.example/b",
    }}});
    let (status, link) = v2(&stripe, "POST", "/v2/core/account_links", &link).await;
    assert_eq!(status, 200, "{link}");
    let url = link["url"].as_str().unwrap();
    assert!(url.contains("/_tollway/onboarding/"), "{url}");

    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take();
    let types: Vec<&Value> = arrived.iter().map(|it| &it.body["type"]).collect();
    assert_eq!(types, events);
    let event = &arrived[0].body;
    assert_eq!(event["object"], "v2.core.event");
    assert_eq!(
        event["related_object"],
        json!({"id": id, "type": "v2.core.account", "url": path})
    );
    assert!(event.get("data").is_none());
    let own = format!("/v2/core/events/{}", event["id"].as_str().unwrap());
    assert_eq!(
        v2(&stripe, "GET", &own, &Value::Null).await.1["type"],
        events[0]
    );
    let of_it = format!("/v2/core/events?object_id={id}&limit=1");
    let (_, page) = v2(&stripe, "GET", &of_it, &Value::Null).await;
    assert_eq!(page["data"][0]["type"], events[1]);
    let next = page["next_page_url"].as_str().unwrap();
    assert!(next.starts_with("/v2/core/events?"));

    let (status, closed) = v2(&stripe, "POST", &format!("{path}/close"), &json!({})).await;
    assert_eq!((status, &closed["closed"]), (200, &json!(true)));
    let gone = stripe
        .caller(KEY)
        .as_account(id)
        .get("/v1/customers", "")
        .await;
    assert_eq!(gone.status, 403);
}

#[tokio::test]
async fn snapshots_have_thin_twins_for_those_who_want_them() {
    let stripe = Stripe::new();
    let mine = destination(&stripe, &["v1.customer.created"], "self", "thin").await;
    destination(
        &stripe,
        &["v1.account.application.authorized"],
        "other_accounts",
        "thin",
    )
    .await;
    destination(&stripe, &["customer.created"], "self", "snapshot").await;
    let customer = stripe.post("/v1/customers", KEY, &[]).await.ok();
    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take();
    let mut objects: Vec<&str> = arrived
        .iter()
        .map(|it| it.body["object"].as_str().unwrap())
        .collect();
    objects.sort_unstable();
    assert_eq!(objects, ["event", "v2.core.event"]);
    let thin = arrived
        .iter()
        .find(|it| it.body["object"] == "v2.core.event")
        .unwrap();
    assert_eq!(thin.body["related_object"]["id"], customer["id"]);
    assert_eq!(
        thin.body["related_object"]["url"],
        format!("/v1/customers/{}", customer["id"].as_str().unwrap())
    );
    assert!(
        thin.body["snapshot_event"]
            .as_str()
            .unwrap()
            .starts_with("evt_")
    );

    let token = stripe.connect("ca_market", KEY, "a@x.example").await;
    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].body["context"], token["stripe_user_id"]);
    assert!(arrived[0].body.get("related_object").is_none());

    let path = format!(
        "/v2/core/event_destinations/{}",
        mine["id"].as_str().unwrap()
    );
    let (_, ping) = v2(&stripe, "POST", &format!("{path}/ping"), &json!({})).await;
    assert_eq!(ping["type"], "v2.core.event_destination.ping");
    let (_, off) = v2(&stripe, "POST", &format!("{path}/disable"), &json!({})).await;
    assert_eq!(off["status"], "disabled");
    stripe.post("/v1/customers", KEY, &[]).await.ok();
    stripe.emulator.deliver_webhooks().await;
    let types = stripe.inbox.types();
    assert!(
        !types.contains(&"v1.customer.created".to_owned()),
        "{types:?}"
    );

    let wrong = json!({
        "name": "x", "type": "webhook_endpoint", "event_payload": "thin", "enabled_events": ["customer.created"],
        "webhook_endpoint": {"url": "http://localhost:4000/thin"},
    });
    let (status, refused) = v2(&stripe, "POST", "/v2/core/event_destinations", &wrong).await;
    assert_eq!(status, 400, "{refused}");
}
