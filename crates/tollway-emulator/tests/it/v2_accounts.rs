//! Accounts and persons of `/v2`, their counterparts in `/v1`, and their thin events.

use serde_json::{Value, json};

use crate::client::id;
use crate::support::{Stripe, v2, v2_with};

const KEY: &str = "sk_test_market";

/// A destination for every thin event of the platform.
async fn listen(stripe: &Stripe) {
    let body = json!({
        "name": "all", "type": "webhook_endpoint", "event_payload": "thin", "enabled_events": ["*"],
        "webhook_endpoint": {"url": "http://localhost:4000/thin"},
    });
    let (status, made) = v2(stripe, "POST", "/v2/core/event_destinations", &body).await;
    assert_eq!(status, 200, "{made}");
    assert!(made["webhook_endpoint"].get("url").is_none(), "{made}");
}

/// The thin events of accounts, links and persons that arrived.
async fn told(stripe: &Stripe) -> Vec<Value> {
    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take().into_iter().map(|it| it.body);
    arrived
        .filter(|event| {
            event["type"]
                .as_str()
                .unwrap()
                .starts_with("v2.core.account")
        })
        .collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

async fn v2_ok(stripe: &Stripe, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = v2(stripe, method, path, body).await;
    assert_eq!(status, 200, "{method} {path}: {answer}");
    answer
}

fn merchant() -> Value {
    json!({
        "contact_email": "s@x.example", "dashboard": "none", "identity": {"country": "us", "entity_type": "company"},
        "configuration": {"merchant": {"mcc": "5734", "capabilities": {"card_payments": {"requested": true}}}},
        "defaults": {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
    })
}

#[tokio::test]
async fn each_changed_part_of_an_account_emits_its_event() {
    let stripe = Stripe::new();
    listen(&stripe).await;
    let account = v2_ok(&stripe, "POST", "/v2/core/accounts", &merchant()).await;
    assert_eq!(types(&told(&stripe).await), ["v2.core.account.created"]);
    let path = format!("/v2/core/accounts/{}", id(&account));

    // What is asked for comes with it, and nothing else.
    let all = "?include[0]=configuration.merchant&include[1]=defaults&include[2]=identity&include[3]=requirements";
    let whole = v2_ok(&stripe, "GET", &format!("{path}{all}"), &Value::Null).await;
    assert_eq!(whole["identity"]["country"], "US");
    let merchant = &whole["configuration"]["merchant"];
    assert_eq!(
        (&merchant["applied"], &merchant["mcc"]),
        (&json!(true), &json!("5734"))
    );
    let card = &merchant["capabilities"]["card_payments"];
    assert_eq!(card["status"], "restricted");
    assert_eq!(card["status_details"][0]["resolution"], "provide_info");
    assert_eq!(
        whole["defaults"]["responsibilities"]["requirements_collector"],
        "application"
    );
    let entries = whole["requirements"]["entries"].as_array().unwrap();
    let descriptions: Vec<&str> = entries
        .iter()
        .map(|it| it["description"].as_str().unwrap())
        .collect();
    assert!(
        descriptions.contains(&"identity.business_details.registered_name"),
        "{descriptions:?}"
    );
    assert!(!descriptions.contains(&"configuration.merchant.mcc"));
    let bare = v2_ok(&stripe, "GET", &path, &Value::Null).await;
    for part in ["configuration", "defaults", "identity", "requirements"] {
        assert!(bare.get(part).is_none(), "{part}");
    }

    // A name is a part of the identity, and one requirement fewer.
    let named = json!({"identity": {"business_details": {"registered_name": "Bakery"}}});
    v2_ok(&stripe, "POST", &path, &named).await;
    let events = told(&stripe).await;
    assert_eq!(
        types(&events),
        [
            "v2.core.account[identity].updated",
            "v2.core.account[requirements].updated"
        ]
    );
    assert_eq!(events[0]["related_object"]["url"], path);

    let more = json!({"configuration": {"recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": true}}}}}});
    let both = v2_ok(&stripe, "POST", &path, &more).await;
    assert_eq!(
        both["applied_configurations"],
        json!(["merchant", "recipient"])
    );
    let events = told(&stripe).await;
    let kinds = types(&events);
    assert!(
        kinds.contains(&"v2.core.account[configuration.recipient].updated"),
        "{kinds:?}"
    );
    assert!(kinds.contains(&"v2.core.account[configuration.recipient].capability_status_updated"));
    assert!(
        !kinds.contains(&"v2.core.account[configuration.merchant].updated"),
        "{kinds:?}"
    );

    // On the page everything is filled in.
    let link = json!({"account": id(&account), "use_case": {"type": "account_onboarding", "account_onboarding": {
        "refresh_url": "https://m.example/a", "return_url": "https://m.example/b",
    }}});
    let link = v2_ok(&stripe, "POST", "/v2/core/account_links", &link).await;
    let page = link["url"]
        .as_str()
        .unwrap()
        .split_once("/_tollway")
        .unwrap()
        .1;
    let page = format!("/_tollway{page}");
    stripe.get(&page).await;
    let done = stripe.post(&page, "", &[("decision", "skip")]).await;
    assert_eq!(done.header("location"), Some("https://m.example/b"));
    let events = told(&stripe).await;
    let kinds = types(&events);
    for wanted in [
        "v2.core.account[requirements].updated",
        "v2.core.account[identity].updated",
        "v2.core.account[configuration.merchant].capability_status_updated",
        "v2.core.account_person.created",
        "v2.core.account_link.returned",
    ] {
        assert!(kinds.contains(&wanted), "{wanted}: {kinds:?}");
    }
    let of = |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap();
    let back = of("v2.core.account_link.returned");
    assert_eq!(
        back["data"],
        json!({"account_id": id(&account), "configurations": ["merchant", "recipient"], "use_case": "account_onboarding"})
    );
    assert!(back.get("related_object").is_none());
    let status = of("v2.core.account[configuration.merchant].capability_status_updated");
    assert_eq!(status["data"]["updated_capability"], "card_payments");
    let whole = v2_ok(&stripe, "GET", &format!("{path}{all}"), &Value::Null).await;
    assert_eq!(whole["requirements"], json!({"entries": []}));
    assert_eq!(
        whole["configuration"]["merchant"]["capabilities"]["card_payments"]["status"],
        "active"
    );
}

#[tokio::test]
async fn persons_of_v1_and_v2_are_the_same() {
    let stripe = Stripe::new();
    listen(&stripe).await;
    let account = v2_ok(&stripe, "POST", "/v2/core/accounts", &merchant()).await;
    told(&stripe).await;
    let path = format!("/v2/core/accounts/{}/persons", id(&account));
    let ann = json!({
        "given_name": "Ann", "surname": "Baker", "email": "ann@x.example", "nationalities": ["US"],
        "date_of_birth": {"day": 1, "month": 2, "year": 1990}, "relationship": {"representative": true, "percent_ownership": "25.5"},
        "id_numbers": [{"type": "us_ssn_last_4", "value": "0000"}],
    });
    let made = v2_ok(&stripe, "POST", &path, &ann).await;
    assert_eq!(
        (&made["given_name"], &made["account"]),
        (&json!("Ann"), &account["id"])
    );
    assert_eq!(
        made["id_numbers"],
        json!([{"type": "us_ssn_last_4"}]),
        "the number is not shown"
    );
    assert_eq!(made["relationship"]["percent_ownership"], "25.5");
    let events = told(&stripe).await;
    assert_eq!(
        types(&events),
        [
            "v2.core.account_person.created",
            "v2.core.account[requirements].updated"
        ]
    );
    assert_eq!(events[0]["data"]["account_id"], account["id"]);
    let one = format!("{path}/{}", id(&made));
    assert_eq!(events[0]["related_object"]["url"], one);

    let v1 = format!("/v1/accounts/{}/persons/{}", id(&account), id(&made));
    let twin = stripe
        .call("GET".parse().unwrap(), &v1, Some(KEY), &[])
        .await
        .ok();
    assert_eq!(
        (&twin["first_name"], &twin["dob"]["year"]),
        (&json!("Ann"), &json!(1990))
    );
    assert_eq!(twin["ssn_last_4_provided"], true);
    assert_eq!(twin["relationship"]["percent_ownership"], 25.5);

    // A change by either is a change of both.
    v2_ok(&stripe, "POST", &one, &json!({"surname": "Smith"})).await;
    stripe
        .post(&v1, KEY, &[("email", "smith@x.example")])
        .await
        .ok();
    let read = v2_ok(&stripe, "GET", &one, &Value::Null).await;
    assert_eq!(
        (&read["surname"], &read["email"]),
        (&json!("Smith"), &json!("smith@x.example"))
    );
    assert_eq!(
        types(&told(&stripe).await),
        ["v2.core.account_person.updated"; 2]
    );

    let form = [("first_name", "Bob")];
    let bob = stripe
        .post(v1.rsplit_once('/').unwrap().0, KEY, &form)
        .await
        .ok();
    let page = v2_ok(&stripe, "GET", &format!("{path}?limit=1"), &Value::Null).await;
    assert_eq!(page["data"][0]["id"], bob["id"]);
    let next = page["next_page_url"].as_str().unwrap();
    let page = v2_ok(&stripe, "GET", next, &Value::Null).await;
    assert_eq!(
        (&page["data"][0]["id"], &page["next_page_url"]),
        (&made["id"], &Value::Null)
    );

    let gone = v2_ok(&stripe, "DELETE", &one, &Value::Null).await;
    assert_eq!(
        gone,
        json!({"id": made["id"], "object": "v2.core.account_person"})
    );
    assert_eq!(v2(&stripe, "GET", &one, &Value::Null).await.0, 404);
    let types_of = told(&stripe).await;
    assert!(types(&types_of).contains(&"v2.core.account_person.deleted"));
    let foreign = v2_ok(&stripe, "POST", "/v2/core/accounts", &merchant()).await;
    let wrong = format!("/v2/core/accounts/{}/persons/{}", id(&foreign), id(&bob));
    assert_eq!(
        v2(&stripe, "POST", &wrong, &json!({"surname": "X"}))
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn accounts_of_v1_are_accounts_of_v2() {
    let stripe = Stripe::new();
    listen(&stripe).await;
    let form = [
        ("type", "express"),
        ("email", "a@x.example"),
        ("capabilities[transfers][requested]", "true"),
    ];
    let made = stripe.post("/v1/accounts", KEY, &form).await.ok();
    let path = format!("/v2/core/accounts/{}", id(&made));
    let seen = v2_ok(
        &stripe,
        "GET",
        &format!("{path}?include[0]=configuration.recipient&include[1]=defaults"),
        &Value::Null,
    )
    .await;
    assert_eq!(
        (&seen["contact_email"], &seen["dashboard"]),
        (&json!("a@x.example"), &json!("express"))
    );
    assert_eq!(seen["applied_configurations"], json!(["recipient"]));
    let transfers =
        &seen["configuration"]["recipient"]["capabilities"]["stripe_balance"]["stripe_transfers"];
    assert_eq!(transfers["status"], "restricted");
    assert_eq!(
        seen["defaults"]["responsibilities"]["fees_collector"],
        "application_express"
    );
    told(&stripe).await;
    stripe
        .post(
            &format!("/v1/accounts/{}", id(&made)),
            KEY,
            &[("email", "b@x.example")],
        )
        .await
        .ok();
    assert_eq!(types(&told(&stripe).await), ["v2.core.account.updated"]);
    let rejection = format!("/v1/accounts/{}/reject", id(&made));
    stripe
        .post(&rejection, KEY, &[("reason", "fraud_other")])
        .await
        .ok();
    let events = told(&stripe).await;
    assert_eq!(
        types(&events),
        ["v2.core.account[configuration.recipient].capability_status_updated"; 2],
        "payouts and transfers"
    );
    let shown = v2_ok(
        &stripe,
        "GET",
        &format!("{path}?include[0]=configuration.recipient"),
        &Value::Null,
    )
    .await;
    let balance = &shown["configuration"]["recipient"]["capabilities"]["stripe_balance"];
    assert_eq!(
        balance["payouts"]["status_details"][0]["code"],
        "rejected_platform_fraud"
    );

    // A seller that came by OAuth, for as long as it is connected.
    let token = stripe.connect("ca_market", KEY, "seller@x.example").await;
    let seller = token["stripe_user_id"].as_str().unwrap();
    let theirs = v2_ok(
        &stripe,
        "GET",
        &format!("/v2/core/accounts/{seller}"),
        &Value::Null,
    )
    .await;
    assert_eq!(
        (&theirs["dashboard"], &theirs["contact_email"]),
        (&json!("full"), &json!("seller@x.example"))
    );
    let leave = [("client_id", "ca_market"), ("stripe_user_id", seller)];
    stripe.post("/oauth/deauthorize", KEY, &leave).await.ok();
    assert_eq!(
        v2(
            &stripe,
            "GET",
            &format!("/v2/core/accounts/{seller}"),
            &Value::Null
        )
        .await
        .0,
        404
    );
}

#[tokio::test]
async fn customer_account_exists_only_in_v2_until_it_is_a_merchant() {
    let stripe = Stripe::new();
    let body = json!({"contact_email": "c@x.example", "configuration": {"customer": {}}});
    let made = v2_ok(&stripe, "POST", "/v2/core/accounts", &body).await;
    assert_eq!(made["applied_configurations"], json!(["customer"]));
    let v1 = format!("/v1/accounts/{}", id(&made));
    assert_eq!(
        stripe
            .call("GET".parse().unwrap(), &v1, Some(KEY), &[])
            .await
            .status,
        403
    );
    let persons = format!("/v2/core/accounts/{}/persons", id(&made));
    let person = v2_ok(&stripe, "POST", &persons, &json!({"given_name": "Ann"})).await;
    let one = format!("{persons}/{}", id(&person));
    assert_eq!(
        v2_ok(&stripe, "POST", &one, &json!({"surname": "B"})).await["surname"],
        "B"
    );
    v2_ok(&stripe, "DELETE", &one, &Value::Null).await;

    let sells = json!({"configuration": {"merchant": {"capabilities": {"card_payments": {"requested": true}}}}});
    let path = format!("/v2/core/accounts/{}", id(&made));
    let both = v2_ok(&stripe, "POST", &path, &sells).await;
    assert_eq!(
        both["applied_configurations"],
        json!(["customer", "merchant"])
    );
    assert_eq!(both["contact_email"], "c@x.example");
    let twin = stripe
        .call("GET".parse().unwrap(), &v1, Some(KEY), &[])
        .await
        .ok();
    assert_eq!(
        (&twin["id"], &twin["email"]),
        (&made["id"], &json!("c@x.example"))
    );
}

#[tokio::test]
async fn account_list_pages_both_ways_without_closed_accounts() {
    let stripe = Stripe::new();
    let mut made = Vec::new();
    for configuration in ["merchant", "recipient", "customer", "merchant", "customer"] {
        let body = match configuration {
            "merchant" => merchant(),
            other => json!({"configuration": {other: {}}}),
        };
        made.push(id(&v2_ok(&stripe, "POST", "/v2/core/accounts", &body).await).to_owned());
    }
    made.reverse();
    let ids = |page: &Value| -> Vec<String> {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| id(it).to_owned())
            .collect()
    };
    let first = v2_ok(&stripe, "GET", "/v2/core/accounts?limit=2", &Value::Null).await;
    assert_eq!(
        (ids(&first).as_slice(), &first["previous_page_url"]),
        (&made[..2], &Value::Null)
    );
    let second = v2_ok(
        &stripe,
        "GET",
        first["next_page_url"].as_str().unwrap(),
        &Value::Null,
    )
    .await;
    assert_eq!(ids(&second), made[2..4]);
    let third = v2_ok(
        &stripe,
        "GET",
        second["next_page_url"].as_str().unwrap(),
        &Value::Null,
    )
    .await;
    assert_eq!(
        (ids(&third).as_slice(), &third["next_page_url"]),
        (&made[4..], &Value::Null)
    );
    let back = v2_ok(
        &stripe,
        "GET",
        third["previous_page_url"].as_str().unwrap(),
        &Value::Null,
    )
    .await;
    assert_eq!(ids(&back), made[2..4]);
    assert!(back["next_page_url"].is_string());
    let begin = v2_ok(
        &stripe,
        "GET",
        back["previous_page_url"].as_str().unwrap(),
        &Value::Null,
    )
    .await;
    assert_eq!(
        (ids(&begin).as_slice(), &begin["previous_page_url"]),
        (&made[..2], &Value::Null)
    );
    let (status, refused) = v2(
        &stripe,
        "GET",
        "/v2/core/accounts?page=nonsense",
        &Value::Null,
    )
    .await;
    assert_eq!((status, &refused["error"]["param"]), (400, &json!("page")));

    let merchants = "/v2/core/accounts?limit=1&applied_configurations[0]=merchant";
    let page = v2_ok(&stripe, "GET", merchants, &Value::Null).await;
    let next = page["next_page_url"].as_str().unwrap();
    let rest = v2_ok(&stripe, "GET", next, &Value::Null).await;
    assert_eq!(
        [ids(&page), ids(&rest)].concat(),
        [made[1].clone(), made[4].clone()]
    );

    let path = format!("/v2/core/accounts/{}", made[1]);
    let half = json!({"applied_configurations": ["customer"]});
    assert_eq!(
        v2(&stripe, "POST", &format!("{path}/close"), &half).await.0,
        400
    );
    let whole = json!({"applied_configurations": ["merchant"]});
    let closed = v2_ok(&stripe, "POST", &format!("{path}/close"), &whole).await;
    assert_eq!(
        (&closed["closed"], &closed["applied_configurations"]),
        (&json!(true), &json!([]))
    );
    let (status, refused) = v2(&stripe, "POST", &path, &json!({"display_name": "X"})).await;
    assert_eq!(status, 400, "{refused}");
    assert_eq!(
        v2_ok(&stripe, "GET", &path, &Value::Null).await["closed"],
        true
    );
    let open = v2_ok(&stripe, "GET", "/v2/core/accounts", &Value::Null).await;
    assert_eq!(ids(&open).len(), 4);
    let shut = v2_ok(
        &stripe,
        "GET",
        "/v2/core/accounts?closed=true",
        &Value::Null,
    )
    .await;
    assert_eq!(ids(&shut), [made[1].clone()]);
}

#[tokio::test]
async fn a_repeated_request_of_v2_is_one_request_unless_it_failed() {
    let stripe = Stripe::new();
    let key = [("idempotency-key", "k1")];
    let (_, first) = v2_with(&stripe, "POST", "/v2/core/accounts", &key, &merchant()).await;
    let (_, again) = v2_with(&stripe, "POST", "/v2/core/accounts", &key, &merchant()).await;
    assert_eq!(first["id"], again["id"]);
    let other = json!({"contact_email": "other@x.example"});
    let (status, refused) = v2_with(&stripe, "POST", "/v2/core/accounts", &key, &other).await;
    assert!(status == 400 || status == 409, "{status} {refused}");
    // `/v2` carries a failed one out again.
    let key = [("idempotency-key", "k2")];
    let path = format!("/v2/core/accounts/{}/persons", id(&first));
    let missing = format!("{path}/person_x");
    assert_eq!(
        v2_with(&stripe, "DELETE", &missing, &key, &Value::Null)
            .await
            .0,
        404
    );
    let person = v2_ok(&stripe, "POST", &path, &json!({"given_name": "A"})).await;
    let there = format!("{path}/{}", id(&person));
    let key = [("idempotency-key", "k3")];
    assert_eq!(
        v2_with(&stripe, "DELETE", &there, &key, &Value::Null)
            .await
            .0,
        200
    );
    assert_eq!(
        v2_with(&stripe, "DELETE", &there, &key, &Value::Null)
            .await
            .0,
        200,
        "the same answer again"
    );
    assert_eq!(v2(&stripe, "DELETE", &there, &Value::Null).await.0, 404);
}

#[tokio::test]
async fn event_destination_is_updated_disabled_pinged_and_deleted() {
    let stripe = Stripe::new();
    let path = "/v2/core/event_destinations";
    let body = |changes: Value| {
        let mut body = json!({
            "name": "a", "type": "webhook_endpoint", "event_payload": "snapshot", "enabled_events": ["customer.created"],
            "events_from": ["self", "other_accounts"], "snapshot_api_version": "2025-03-31.basil",
            "webhook_endpoint": {"url": "http://localhost:4000/a"},
        });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (wrong, param) in [
        (
            json!({"snapshot_api_version": "2020-02-31"}),
            "snapshot_api_version",
        ),
        (
            json!({"event_payload": "thin", "enabled_events": ["v1.customer.created"]}),
            "snapshot_api_version",
        ),
        (json!({"events_from": ["nobody"]}), "events_from"),
        (
            json!({"enabled_events": ["customer.invented"]}),
            "enabled_events",
        ),
        (json!({"webhook_endpoint": {"url": "nowhere"}}), "url"),
    ] {
        let (status, refused) = v2(&stripe, "POST", path, &body(wrong)).await;
        assert_eq!(
            (status, refused["error"]["param"].as_str()),
            (400, Some(param)),
            "{refused}"
        );
    }
    let made = v2_ok(&stripe, "POST", path, &body(json!({}))).await;
    let one = format!("{path}/{}", id(&made));
    let moved = json!({"webhook_endpoint": {"url": "http://localhost:4000/b"}, "name": "b", "include": ["webhook_endpoint.url"]});
    let moved = v2_ok(&stripe, "POST", &one, &moved).await;
    assert_eq!(
        (&moved["name"], &moved["webhook_endpoint"]["url"]),
        (&json!("b"), &json!("http://localhost:4000/b"))
    );
    let (status, _) = v2(
        &stripe,
        "POST",
        &one,
        &json!({"enabled_events": ["v1.customer.created"]}),
    )
    .await;
    assert_eq!(status, 400, "it is sent snapshots");

    // Both the platform's own events and those of connected accounts, rendered for its version.
    let token = stripe.connect("ca_market", KEY, "seller@x.example").await;
    let seller = token["stripe_user_id"].as_str().unwrap();
    stripe.post("/v1/customers", KEY, &[]).await.ok();
    stripe
        .caller(KEY)
        .as_account(seller)
        .post("/v1/customers", "")
        .await
        .ok();
    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take();
    let heard: Vec<_> = arrived
        .iter()
        .map(|it| {
            (
                it.url.path().to_owned(),
                it.body["api_version"].as_str().unwrap(),
                it.body["account"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        heard,
        [
            ("/b".to_owned(), "2025-03-31.basil", None),
            ("/b".to_owned(), "2025-03-31.basil", Some(seller))
        ]
    );

    let off = v2_ok(&stripe, "POST", &format!("{one}/disable"), &json!({})).await;
    assert_eq!(
        (&off["status"], &off["status_details"]["disabled"]["reason"]),
        (&json!("disabled"), &json!("user"))
    );
    stripe.post("/v1/customers", KEY, &[]).await.ok();
    stripe.emulator.deliver_webhooks().await;
    assert!(stripe.inbox.take().is_empty());
    let on = v2_ok(&stripe, "POST", &format!("{one}/enable"), &json!({})).await;
    assert!(on["status"] == "enabled" && on.get("status_details").is_none());
    let ping = v2_ok(&stripe, "POST", &format!("{one}/ping"), &json!({})).await;
    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take();
    assert_eq!((arrived.len(), &arrived[0].body["id"]), (1, &ping["id"]));
    assert_eq!(arrived[0].body["related_object"]["id"], made["id"]);

    v2_ok(&stripe, "DELETE", &one, &Value::Null).await;
    assert_eq!(v2(&stripe, "GET", &one, &Value::Null).await.0, 404);
    assert_eq!(
        v2_ok(&stripe, "GET", path, &Value::Null).await["data"],
        json!([])
    );
}

#[tokio::test]
async fn account_token_is_applied_once_before_it_expires() {
    let stripe = Stripe::new();
    let said = json!({"contact_email": "t@x.example", "identity": {"entity_type": "individual", "individual": {"given_name": "Ann"}}});
    let token = v2_ok(&stripe, "POST", "/v2/core/account_tokens", &said).await;
    assert_eq!(token["used"], false);
    let body = json!({
        "account_token": token["id"], "display_name": "Ann's",
        "configuration": {"merchant": {"capabilities": {"card_payments": {"requested": true}}}}, "include": ["identity"],
    });
    let account = v2_ok(&stripe, "POST", "/v2/core/accounts", &body).await;
    assert_eq!(
        (&account["contact_email"], &account["display_name"]),
        (&json!("t@x.example"), &json!("Ann's"))
    );
    assert_eq!(account["identity"]["individual"]["given_name"], "Ann");
    let path = format!("/v2/core/account_tokens/{}", id(&token));
    assert_eq!(
        v2_ok(&stripe, "GET", &path, &Value::Null).await["used"],
        true
    );
    let (status, refused) = v2(&stripe, "POST", "/v2/core/accounts", &body).await;
    assert_eq!(
        (status, &refused["error"]["param"]),
        (400, &json!("account_token")),
        "{refused}"
    );

    let persons = format!("/v2/core/accounts/{}", id(&account));
    let token = v2_ok(
        &stripe,
        "POST",
        &format!("{persons}/person_tokens"),
        &json!({"given_name": "Bob"}),
    )
    .await;
    let body = json!({"person_token": token["id"], "surname": "B"});
    let person = v2_ok(&stripe, "POST", &format!("{persons}/persons"), &body).await;
    assert_eq!(
        (&person["given_name"], &person["surname"]),
        (&json!("Bob"), &json!("B"))
    );
    let late = v2_ok(
        &stripe,
        "POST",
        &format!("{persons}/person_tokens"),
        &json!({"given_name": "Eve"}),
    )
    .await;
    stripe.advance(601);
    let body = json!({"person_token": late["id"]});
    let (status, refused) = v2(&stripe, "POST", &format!("{persons}/persons"), &body).await;
    assert!(
        status == 400
            && refused["error"]["message"]
                .as_str()
                .unwrap()
                .contains("expired"),
        "{refused}"
    );
}
