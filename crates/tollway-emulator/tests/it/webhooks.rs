//! Connect events and their delivery: signed, retried, visible.

use axum::http::Method;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use tollway_emulator::EventCtx as _;

use crate::support::{START, STUCK, Stripe};

const KEY: &str = "sk_test_market";
const CLIENT: &str = "ca_market";

/// A Connect endpoint for everything; its secret.
async fn connect_endpoint(stripe: &Stripe, key: &str, url: &str) -> String {
    let form = [("key", key), ("url", url), ("connect", "true")];
    let endpoint = stripe
        .call(Method::POST, "/_tollway/webhook_endpoints", None, &form)
        .await
        .ok();
    endpoint["secret"].as_str().unwrap().to_owned()
}

fn is_signed(signature: &str, secret: &str, body: &str) -> bool {
    let (timestamp, v1) = signature.split_once(",v1=").unwrap();
    let timestamp = timestamp.strip_prefix("t=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let expected = mac
        .finalize()
        .into_bytes()
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    expected == v1
}

fn deliveries(answer: &Value) -> &Vec<Value> {
    answer["deliveries"].as_array().unwrap()
}

#[tokio::test]
async fn connecting_and_leaving_reach_the_connect_endpoint_signed() {
    let stripe = Stripe::new();
    let secret = connect_endpoint(&stripe, KEY, "http://localhost:4000/webhooks").await;
    let token = stripe.connect(CLIENT, KEY, "a@x.example").await;
    let account = token["stripe_user_id"].as_str().unwrap();
    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take();
    assert_eq!(arrived.len(), 1);
    let event = &arrived[0].body;
    assert_eq!(
        (event["type"].as_str(), event["account"].as_str()),
        (Some("account.application.authorized"), Some(account))
    );
    assert_eq!(
        (
            event["data"]["object"]["id"].as_str(),
            event["data"]["object"]["object"].as_str()
        ),
        (Some(CLIENT), Some("application"))
    );
    assert_eq!(arrived[0].url.to_string(), "http://localhost:4000/webhooks");
    assert!(is_signed(&arrived[0].signature, &secret, &arrived[0].raw));
    assert!(arrived[0].signature.starts_with(&format!("t={START},")));

    let left = stripe
        .call(
            Method::POST,
            &format!("/_tollway/dashboard/{account}/disconnect"),
            None,
            &[("mode", "test")],
        )
        .await;
    assert_eq!(left.status, 303, "{}", left.body);
    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take();
    let event = &arrived[0].body;
    assert_eq!(
        (event["type"].as_str(), event["account"].as_str()),
        (Some("account.application.deauthorized"), Some(account))
    );

    // The first can be asked for afterwards, the second cannot.
    let world = stripe.emulator.engine().worlds().get("market").unwrap();
    let state = world.lock();
    let scope = state
        .platform_scope(tollway_emulator::Mode::Test)
        .for_account(account);
    let kept: Vec<String> = state
        .store
        .all(&scope, "event")
        .iter()
        .map(|event| event["type"].to_string())
        .collect();
    assert_eq!(kept, ["\"account.application.authorized\""]);
}

#[tokio::test]
async fn a_platform_endpoint_hears_nothing_of_connected_accounts() {
    let stripe = Stripe::new();
    let form = [
        ("key", KEY),
        ("url", "http://localhost:4000/own"),
        ("connect", "false"),
    ];
    stripe
        .call(Method::POST, "/_tollway/webhook_endpoints", None, &form)
        .await
        .ok();
    stripe.connect(CLIENT, KEY, "a@x.example").await;
    stripe.emulator.deliver_webhooks().await;
    assert!(stripe.inbox.take().is_empty());
}

#[tokio::test]
async fn a_live_connect_endpoint_also_hears_of_the_test_pair() {
    let stripe = Stripe::new();
    connect_endpoint(&stripe, "sk_live_market", "https://market.example/webhooks").await;
    let live = stripe
        .connect("ca_live", "sk_live_market", "a@x.example")
        .await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", live["refresh_token"].as_str().unwrap()),
    ];
    stripe.post("/oauth/token", KEY, &form).await.ok();
    stripe.emulator.deliver_webhooks().await;
    let modes: Vec<bool> = stripe
        .inbox
        .take()
        .iter()
        .map(|event| event.body["livemode"].as_bool().unwrap())
        .collect();
    assert_eq!(modes, [true, false]);
}

#[tokio::test]
async fn failed_deliveries_are_tried_again_on_the_emulators_clock_and_then_given_up() {
    let stripe = Stripe::new();
    connect_endpoint(&stripe, KEY, "http://localhost:4000/webhooks").await;
    stripe
        .inbox
        .answers
        .lock()
        .unwrap()
        .extend([500, 0, 302, 204]);
    stripe.connect(CLIENT, KEY, "a@x.example").await;
    for (wait, arrivals) in [(0, 1), (4, 0), (1, 1), (30, 1), (120, 1), (100_000, 0)] {
        stripe.advance(wait);
        stripe.emulator.deliver_webhooks().await;
        assert_eq!(stripe.inbox.take().len(), arrivals, "after {wait} s");
    }
    let answer = stripe.get("/_tollway/deliveries").await.ok();
    let delivery = &deliveries(&answer)[0];
    assert_eq!(
        (
            delivery["state"].as_str(),
            delivery["next_attempt"].is_null()
        ),
        (Some("delivered"), true)
    );
    let statuses: Vec<Option<u64>> = delivery["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["status"].as_u64())
        .collect();
    assert_eq!(statuses, [Some(500), None, Some(302), Some(204)]);

    stripe.inbox.answers.lock().unwrap().extend([500; 20]);
    stripe.connect(CLIENT, KEY, "b@x.example").await;
    for _ in 0..20 {
        stripe.emulator.deliver_webhooks().await;
        stripe.advance(86_400);
    }
    assert_eq!(stripe.inbox.take().len(), 13);
    let flushed = stripe
        .call(Method::POST, "/_tollway/deliveries/flush", None, &[])
        .await
        .ok();
    assert_eq!(
        (flushed["delivered"].as_u64(), flushed["failed"].as_u64()),
        (Some(1), Some(1))
    );
}

#[tokio::test]
async fn an_event_can_be_sent_again() {
    let stripe = Stripe::new();
    connect_endpoint(&stripe, KEY, "http://localhost:4000/webhooks").await;
    stripe.connect(CLIENT, KEY, "a@x.example").await;
    stripe.emulator.deliver_webhooks().await;
    let event = stripe.inbox.take().remove(0).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    stripe.advance(3600);
    let path = format!("/_tollway/events/{event}/resend");
    assert_eq!(
        stripe.call(Method::POST, &path, None, &[]).await.ok()["deliveries"],
        1
    );
    stripe.emulator.deliver_webhooks().await;
    let again = stripe.inbox.take();
    assert_eq!(again[0].body["id"].as_str(), Some(event.as_str()));
    assert!(
        again[0]
            .signature
            .starts_with(&format!("t={},", START + 3600))
    );
    assert_eq!(
        stripe
            .call(Method::POST, "/_tollway/events/evt_none/resend", None, &[])
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn what_is_undone_is_not_delivered() {
    let stripe = Stripe::new();
    connect_endpoint(&stripe, KEY, "http://localhost:4000/webhooks").await;
    let world = stripe.emulator.engine().worlds().get("market").unwrap();
    let scope = world
        .lock()
        .platform_scope(tollway_emulator::Mode::Test)
        .for_account("acct_1");
    let undone = stripe
        .emulator
        .engine()
        .transact_internal(&world, scope, |ctx| {
            ctx.emit("charge.succeeded", &serde_json::json!({"id": "ch_1"}), None);
            Err::<(), _>(tollway_emulator::ApiError::invalid_request("no"))
        });
    undone.unwrap_err();
    stripe.emulator.deliver_webhooks().await;
    assert!(stripe.inbox.types().is_empty());
}

#[tokio::test]
async fn the_background_worker_delivers_by_itself() {
    let stripe = Stripe::new();
    connect_endpoint(&stripe, KEY, "http://localhost:4000/webhooks").await;
    let emulator = stripe.emulator.clone();
    let worker = tokio::spawn(async move { emulator.run_webhooks().await });
    stripe.inbox.answers.lock().unwrap().push(503);
    stripe.connect(CLIENT, KEY, "a@x.example").await;
    let until = async |count| {
        while stripe.inbox.received.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
    };
    until(1).await;
    // The second attempt waits for the clock to be moved, not for time to pass.
    loop {
        let answer = stripe.get("/_tollway/deliveries").await.ok();
        if deliveries(&answer)[0]["attempts"].as_array().unwrap().len() == 1 {
            break;
        }
        tokio::task::yield_now().await;
    }
    stripe.advance(5);
    until(2).await;
    worker.abort();
}

#[tokio::test]
async fn endpoints_by_the_api_show_their_secret_once() {
    let stripe = Stripe::new();
    let form = [
        ("url", "http://localhost:4000/hooks"),
        ("enabled_events[]", "customer.created"),
        ("metadata[k]", "v"),
    ];
    let made = stripe.post("/v1/webhook_endpoints", KEY, &form).await.ok();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_") && made["status"] == "enabled");
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let kept = stripe.call(Method::GET, &path, Some(KEY), &[]).await.ok();
    assert_eq!(
        (kept.get("secret"), kept["url"].as_str()),
        (None, Some("http://localhost:4000/hooks"))
    );

    let customer = stripe
        .post("/v1/customers", KEY, &[("name", "Ann")])
        .await
        .ok();
    stripe
        .post(
            &format!("/v1/customers/{}", customer["id"].as_str().unwrap()),
            KEY,
            &[("name", "Bea")],
        )
        .await
        .ok();
    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take();
    assert_eq!(arrived.len(), 1);
    assert!(is_signed(&arrived[0].signature, &secret, &arrived[0].raw));
    assert!(
        arrived[0].body["request"]["id"]
            .as_str()
            .unwrap()
            .starts_with("req_")
    );

    let events = stripe
        .call(Method::GET, "/v1/events", Some(KEY), &[])
        .await
        .ok();
    assert_eq!(
        (
            events["data"][0]["type"].as_str(),
            events["data"][1]["type"].as_str()
        ),
        (Some("customer.updated"), Some("customer.created"))
    );
    assert_eq!(
        events["data"][0]["data"]["previous_attributes"]["name"],
        "Ann"
    );
    let event = format!("/v1/events/{}", events["data"][1]["id"].as_str().unwrap());
    assert_eq!(
        stripe.call(Method::GET, &event, Some(KEY), &[]).await.ok()["data"]["object"]["id"],
        customer["id"]
    );

    let change = [
        ("enabled_events[]", "*"),
        ("disabled", "true"),
        ("metadata[k]", ""),
    ];
    let changed = stripe.post(&path, KEY, &change).await.ok();
    assert_eq!(
        (
            changed["status"].as_str(),
            changed["metadata"].as_object().unwrap().len()
        ),
        (Some("disabled"), 0)
    );
    stripe.post("/v1/customers", KEY, &[]).await.ok();
    stripe.emulator.deliver_webhooks().await;
    assert!(stripe.inbox.types().is_empty());
    stripe.post(&path, KEY, &[("disabled", "false")]).await.ok();
    stripe.post("/v1/customers", KEY, &[]).await.ok();
    stripe.emulator.deliver_webhooks().await;
    assert_eq!(stripe.inbox.types(), ["customer.created"]);
    assert_eq!(
        stripe
            .call(Method::DELETE, &path, Some(KEY), &[])
            .await
            .ok()["deleted"],
        true
    );
    assert_eq!(
        stripe
            .post(
                "/v1/webhook_endpoints",
                KEY,
                &[("url", "nowhere"), ("enabled_events[]", "*")]
            )
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn connections_and_waiting_deliveries_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let first = Stripe::with(|builder| builder.data(&path));
    connect_endpoint(&first, KEY, "http://localhost:4000/webhooks").await;
    first.inbox.answers.lock().unwrap().push(500);
    let token = first.connect(CLIENT, KEY, "a@x.example").await;
    let waiting = first.code("ca_other", "b@x.example").await;
    first.emulator.deliver_webhooks().await;
    drop(first);

    let second = Stripe::with(|builder| builder.data(&path));
    second.advance(5);
    second.emulator.deliver_webhooks().await;
    assert_eq!(second.inbox.types(), ["account.application.authorized"]);
    let account = token["stripe_user_id"].as_str().unwrap();
    let access = token["access_token"].as_str().unwrap();
    let itself = second
        .call(Method::GET, "/v1/account", Some(access), &[])
        .await
        .ok();
    assert_eq!(itself["id"].as_str(), Some(account));
    // A code of a client id that nobody has claimed is as good as before.
    second.redeem("sk_test_other", &waiting).await.ok();
    let form = [("client_id", CLIENT), ("stripe_user_id", account)];
    second.post("/oauth/deauthorize", KEY, &form).await.ok();
    drop(second);

    let third = Stripe::with(|builder| builder.data(&path));
    assert_eq!(
        third
            .call(Method::GET, "/v1/account", Some(access), &[])
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn only_the_last_thousand_deliveries_are_kept() {
    let stripe = Stripe::new();
    let form = [("key", KEY), ("url", "http://localhost:4000/own")];
    let path = "/_tollway/webhook_endpoints";
    stripe.call(Method::POST, path, None, &form).await.ok();
    for _ in 0..1_005 {
        stripe.post("/v1/customers", KEY, &[]).await.ok();
    }
    stripe.emulator.deliver_webhooks().await;
    assert_eq!(stripe.inbox.take().len(), 1_005);
    let list = async |query: &str| {
        let path = format!("/_tollway/deliveries?{query}");
        stripe.get(&path).await
    };
    assert_eq!(deliveries(&list("").await.ok()).len(), 100);
    assert_eq!(deliveries(&list("limit=1000").await.ok()).len(), 1_000);
    assert_eq!(list("limit=1001").await.status, 400);
    assert_eq!(list("limit=x").await.status, 400);
    let path = "/_tollway/deliveries/flush";
    let counts = stripe.call(Method::POST, path, None, &[]).await.ok();
    assert_eq!(counts["delivered"], 1_000);
    assert_eq!(counts["pending"], 0);
}

async fn endpoint(stripe: &Stripe, url: &str, more: &[(&str, &str)]) -> Value {
    let mut form = vec![("url", url), ("enabled_events[]", "customer.created")];
    form.extend(more);
    stripe.post("/v1/webhook_endpoints", KEY, &form).await.ok()
}

async fn event(stripe: &Stripe, id: &str) -> Value {
    let path = format!("/v1/events/{id}");
    stripe.call(Method::GET, &path, Some(KEY), &[]).await.ok()
}

#[tokio::test]
async fn an_endpoint_is_sent_its_own_version_and_no_other() {
    let stripe = Stripe::new();
    endpoint(
        &stripe,
        "http://localhost:4000/old",
        &[("api_version", "2024-06-20")],
    )
    .await;
    endpoint(&stripe, "http://localhost:4000/new", &[]).await;
    stripe.post("/v1/customers", KEY, &[]).await.ok();
    stripe.emulator.deliver_webhooks().await;
    let arrived = stripe.inbox.take();
    let versions: Vec<_> = arrived
        .iter()
        .map(|it| (it.url.path(), it.body["api_version"].as_str().unwrap()))
        .collect();
    assert_eq!(
        versions,
        [("/old", "2024-06-20"), ("/new", "2026-10-28.endive")]
    );
    // The event itself has the account's version, whatever was sent.
    let kept = event(&stripe, arrived[0].body["id"].as_str().unwrap()).await;
    assert_eq!(kept["api_version"], "2026-10-28.endive");
    let form = [
        ("url", "http://localhost:4000/x"),
        ("enabled_events[]", "*"),
        ("api_version", "2024-06-31"),
    ];
    let refused = stripe.post("/v1/webhook_endpoints", KEY, &form).await;
    assert_eq!((refused.error().0, refused.error().3), (400, "api_version"));
}

#[tokio::test]
async fn an_event_waits_for_as_many_webhooks_as_have_not_taken_it() {
    let stripe = Stripe::new();
    endpoint(&stripe, "http://localhost:4000/a", &[]).await;
    let off = endpoint(&stripe, "http://localhost:4000/b", &[]).await;
    let gone = endpoint(&stripe, "http://localhost:4000/c", &[]).await;
    *stripe.inbox.answers.lock().unwrap() = vec![200, 500, 500];
    stripe.post("/v1/customers", KEY, &[]).await.ok();
    stripe.emulator.deliver_webhooks().await;
    let id = stripe.inbox.take()[0].body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(event(&stripe, &id).await["pending_webhooks"], 2);

    // What is disabled or deleted when the next attempt is due is not tried again.
    let one =
        |endpoint: &Value| format!("/v1/webhook_endpoints/{}", endpoint["id"].as_str().unwrap());
    stripe
        .post(&one(&off), KEY, &[("disabled", "true")])
        .await
        .ok();
    stripe
        .call(Method::DELETE, &one(&gone), Some(KEY), &[])
        .await
        .ok();
    stripe.advance(5);
    stripe.emulator.deliver_webhooks().await;
    assert!(stripe.inbox.take().is_empty());
    let answer = stripe
        .get(&format!("/_tollway/deliveries?event={id}"))
        .await
        .ok();
    let mut ended: Vec<(&str, &str)> = deliveries(&answer)
        .iter()
        .map(|it| {
            let last = it["attempts"].as_array().unwrap().last().unwrap();
            (
                it["state"].as_str().unwrap(),
                last["answer"].as_str().unwrap(),
            )
        })
        .collect();
    ended.sort_unstable();
    assert_eq!(
        ended,
        [
            ("delivered", "noted"),
            ("failed", "the endpoint is disabled"),
            ("failed", "the endpoint was deleted")
        ]
    );
    assert_eq!(event(&stripe, &id).await["pending_webhooks"], 2);

    // Sent again to one that works by now, the event has one webhook fewer to wait for.
    stripe
        .post(&one(&off), KEY, &[("disabled", "false")])
        .await
        .ok();
    stripe
        .post(&format!("/_tollway/events/{id}/resend"), "", &[])
        .await
        .ok();
    stripe.emulator.deliver_webhooks().await;
    let mut paths: Vec<_> = stripe
        .inbox
        .take()
        .iter()
        .map(|it| it.url.path().to_owned())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/a", "/b"]);
    assert_eq!(event(&stripe, &id).await["pending_webhooks"], 1);
}

#[tokio::test]
async fn what_is_sent_again_has_its_whole_schedule_again() {
    let stripe = Stripe::new();
    endpoint(&stripe, "http://localhost:4000/a", &[]).await;
    *stripe.inbox.answers.lock().unwrap() = vec![500; 14];
    stripe.post("/v1/customers", KEY, &[]).await.ok();
    for _ in 0..13 {
        stripe.emulator.deliver_webhooks().await;
        stripe.advance(24 * 60 * 60);
    }
    let attempts = stripe.inbox.take();
    assert_eq!(attempts.len(), 13);
    let id = attempts[0].body["id"].as_str().unwrap();
    stripe
        .post(&format!("/_tollway/events/{id}/resend"), "", &[])
        .await
        .ok();
    stripe.emulator.deliver_webhooks().await;
    assert_eq!(stripe.inbox.take().len(), 1);
    stripe.advance(5);
    stripe.emulator.deliver_webhooks().await;
    assert_eq!(
        stripe.inbox.take().len(),
        1,
        "five seconds after the first failure, as at first"
    );
}

#[tokio::test]
async fn an_endpoint_that_hangs_holds_up_nobody_else() {
    let stripe = Stripe::new();
    endpoint(&stripe, &format!("http://localhost:4000{STUCK}"), &[]).await;
    endpoint(&stripe, "http://localhost:4000/good", &[]).await;
    let emulator = stripe.emulator.clone();
    let worker = tokio::spawn(async move { emulator.run_webhooks().await });
    for count in 1..=100 {
        stripe.post("/v1/customers", KEY, &[]).await.ok();
        while stripe.inbox.received.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
    }
    worker.abort();
}
