//! The event router: exactly one handler, in the right context.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tollway::api::{EventType, V2EventType};
use tollway::runtime::BoxFuture;
use tollway::testing::{ManualClock, StubTransport};
use tollway::webhook::{
    self, BeginResult, DeliveryStore, EndState, EventRouter, EventRouterBuilder, MemoryDeliveries,
    RouterError, Verifier, WebhookError,
};
use tollway::{Client, StoreError};

use crate::support::stubbed;

const NOW: i64 = 1_700_000_000;
const SECRET: &str = "whsec_test";
const LEFT: &str = r#"{"id": "evt_1", "object": "event", "type": "account.application.deauthorized", "account": "acct_1"}"#;
const THIN: &str = r#"{"id": "evt_2", "object": "v2.core.event", "type": "v2.core.account.updated", "livemode": false,
    "context": "org_1/acct_2", "reason": {"type": "request", "request": {"id": "req_9", "idempotency_key": "k"}},
    "related_object": {"id": "acct_2", "type": "v2.core.account", "url": "/v2/core/accounts/acct_2"}}"#;

fn client(stub: &Arc<StubTransport>) -> Client {
    // An account of its own, which must never go along.
    stubbed(stub)
        .stripe_account("acct_platform")
        .build()
        .unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(SECRET)
        .unwrap()
        .clock(Arc::new(ManualClock::at(1_700_000_000)))
}

/// A router whose handlers return their own name and the account that their client acts for.
fn builder(client: &Client) -> EventRouterBuilder<String> {
    let acting_for = |client: &Client| {
        format!(
            "{:?} {:?}",
            client.stripe_account(),
            client.stripe_context()
        )
    };
    EventRouter::builder(client, verifier(), move |delivery, client| async move {
        let known = delivery.is_known_event_type();
        format!(
            "fallback {} known={known} {}",
            delivery.type_(),
            acting_for(&client)
        )
    })
    .on(
        EventType::AccountApplicationDeauthorized,
        move |event, client| async move { format!("left {} {}", event.id(), acting_for(&client)) },
    )
    .on_notification(
        V2EventType::V2CoreAccountUpdated,
        move |event, client| async move { format!("thin {} {}", event.id(), acting_for(&client)) },
    )
}

async fn deliver(
    router: &EventRouter<String>,
    payload: &str,
) -> Result<Option<String>, WebhookError> {
    let header = webhook::test_header(payload.as_bytes(), SECRET, NOW);
    router.handle(payload, &header).await
}

#[tokio::test]
async fn each_delivery_goes_to_one_handler_with_a_client_of_its_own() {
    let stub = Arc::new(StubTransport::new());
    let router = builder(&client(&stub)).build().unwrap();
    for (payload, answer) in [
        (LEFT, "left evt_1 Some(\"acct_1\") None"),
        (THIN, "thin evt_2 None Some(\"org_1/acct_2\")"),
        // An event of the platform itself has no account.
        (
            r#"{"id": "evt_3", "object": "event", "type": "charge.succeeded"}"#,
            "fallback charge.succeeded known=true None None",
        ),
        (
            r#"{"id": "evt_4", "object": "event", "type": "brand.new", "context": "org_1"}"#,
            "fallback brand.new known=false None Some(\"org_1\")",
        ),
        // The same words as a snapshot type are another type when the event is thin.
        (
            r#"{"id": "evt_5", "object": "v2.core.event", "type": "account.application.deauthorized"}"#,
            "fallback account.application.deauthorized known=false None None",
        ),
    ] {
        assert_eq!(
            deliver(&router, payload).await.unwrap().as_deref(),
            Some(answer)
        );
    }
    assert_eq!(
        router.registered_event_types(),
        [
            "account.application.deauthorized",
            "v2.core.account.updated"
        ]
    );
}

#[tokio::test]
async fn what_is_not_stripes_reaches_no_handler() {
    let calls = Arc::new(AtomicUsize::new(0));
    let stub = Arc::new(StubTransport::new());
    let counter = calls.clone();
    let router = EventRouter::builder(&client(&stub), verifier(), move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        async {}
    });
    let router = router.build().unwrap();
    let forged = webhook::test_header(LEFT.as_bytes(), "whsec_other", NOW);
    assert_eq!(
        router.handle(LEFT, &forged).await,
        Err(WebhookError::NoMatch)
    );
    let header = webhook::test_header(b"[1]", SECRET, NOW);
    assert_eq!(
        router.handle("[1]", &header).await,
        Err(WebhookError::Unrecognized)
    );
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    let header = webhook::test_header(LEFT.as_bytes(), SECRET, NOW);
    assert_eq!(router.handle(LEFT, &header).await, Ok(Some(())));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_filter_ends_repeated_deliveries() {
    let stub = Arc::new(StubTransport::new());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let router = builder(&client(&stub)).pre_handle(move |delivery| {
        let mut seen = seen.lock().unwrap();
        let fresh = !seen.contains(&delivery.id().to_owned());
        seen.push(delivery.id().to_owned());
        async move { fresh }
    });
    let router = router.build().unwrap();
    assert!(deliver(&router, LEFT).await.unwrap().is_some());
    assert_eq!(deliver(&router, LEFT).await, Ok(None));
    assert!(deliver(&router, THIN).await.unwrap().is_some());
}

#[test]
fn two_handlers_for_one_type_are_refused_by_name() {
    let stub = Arc::new(StubTransport::new());
    let client = client(&stub);
    let twice = builder(&client).on("account.application.deauthorized", |_, _| async {
        String::new()
    });
    let error = twice.build().unwrap_err();
    assert_eq!(
        error,
        RouterError::Twice("account.application.deauthorized".to_owned())
    );
    assert!(
        error
            .to_string()
            .contains("account.application.deauthorized has two handlers")
    );
    let filters = builder(&client)
        .pre_handle(|_| async { true })
        .pre_handle(|_| async { true });
    assert_eq!(filters.build().unwrap_err(), RouterError::TwoFilters);
}

#[tokio::test]
async fn checked_deliveries_come_in_their_envelopes() {
    let stub = Arc::new(StubTransport::new());
    let router =
        EventRouter::builder_without_verification(&client(&stub), |delivery, _| async move {
            delivery.id().to_owned()
        });
    let router = router.build().unwrap();
    let bridge = format!(r#"{{"source": "aws.partner/stripe.com", "detail": {LEFT}}}"#);
    let grid = format!(r#"{{"specversion": "1.0", "data": {THIN}}}"#);
    for (payload, id) in [(LEFT, "evt_1"), (&bridge, "evt_1"), (&grid, "evt_2")] {
        assert_eq!(router.handle(payload, "").await, Ok(Some(id.to_owned())));
    }
    assert!(router.handle(r#"{"detail": 1}"#, "").await.is_err());
}

#[tokio::test]
async fn what_an_event_is_about_is_fetched_where_it_happened() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub)
        .stripe_account("acct_platform")
        .telemetry(true)
        .build()
        .unwrap();
    stub.push(
        tollway::testing::StubResponse::json(200, r#"{"id": "acct_2"}"#)
            .header("Request-Id", "req_1"),
    );
    stub.push_json(200, r#"{"id": "evt_2"}"#);
    let event = webhook::parse_event_notification_without_verification(THIN).unwrap();
    let reason = event.reason().unwrap();
    assert_eq!(
        reason.get("request").unwrap().get("id").unwrap().as_str(),
        Some("req_9")
    );

    let object = event.fetch_related_object(&client).unwrap();
    object.send::<tollway::Json>().await.unwrap();
    event
        .fetch_event(&client)
        .send::<tollway::Json>()
        .await
        .unwrap();

    let requests = stub.requests();
    assert_eq!(requests[0].path(), "/v2/core/accounts/acct_2");
    assert_eq!(requests[1].path(), "/v2/core/events/evt_2");
    for request in &requests {
        assert_eq!(request.header("stripe-context"), Some("org_1/acct_2"));
        assert_eq!(request.header("stripe-account"), None);
        assert_eq!(
            request.header("stripe-request-trigger"),
            Some("event=evt_2")
        );
    }
    let telemetry = requests[1].header("x-stripe-client-telemetry").unwrap();
    assert!(telemetry.contains("fetch_related_object"), "{telemetry}");
}

/// A router that counts its calls and fails as often as it is told.
fn counting(
    calls: &Arc<AtomicUsize>,
    failures: usize,
    store: Arc<dyn DeliveryStore>,
) -> EventRouter<Result<usize, String>> {
    let calls = calls.clone();
    let stub = Arc::new(StubTransport::new());
    EventRouter::builder(&client(&stub), verifier(), move |_, _| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::task::yield_now().await;
            if call < failures {
                Err("the database is down".to_owned())
            } else {
                Ok(call)
            }
        }
    })
    .once(store, Result::is_ok)
    .build()
    .unwrap()
}

#[tokio::test]
async fn an_event_that_was_handled_calls_no_handler_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let router = counting(&calls, 1, Arc::new(MemoryDeliveries::new(100)));
    let header = webhook::test_header(LEFT.as_bytes(), SECRET, NOW);
    // It fails, is delivered again and succeeds, and is delivered twice more.
    assert!(matches!(
        router.handle(LEFT, &header).await,
        Ok(Some(Err(_)))
    ));
    assert_eq!(router.handle(LEFT, &header).await, Ok(Some(Ok(1))));
    for _ in 0..2 {
        assert_eq!(router.handle(LEFT, &header).await, Ok(None));
    }
    // Another event is another event.
    let header = webhook::test_header(THIN.as_bytes(), SECRET, NOW);
    assert_eq!(router.handle(THIN, &header).await, Ok(Some(Ok(2))));
}

#[tokio::test]
async fn of_one_event_at_the_same_time_one_handler_runs() {
    let calls = Arc::new(AtomicUsize::new(0));
    let router = counting(&calls, 0, Arc::new(MemoryDeliveries::new(100)));
    let header = webhook::test_header(LEFT.as_bytes(), SECRET, NOW);
    let (first, second) =
        futures_util::join!(router.handle(LEFT, &header), router.handle(LEFT, &header));
    assert_eq!(first, Ok(Some(Ok(0))));
    assert_eq!(second, Err(WebhookError::Running));
    assert_eq!(WebhookError::Running.status(), 503);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// A store whose database is gone.
struct Gone;

impl DeliveryStore for Gone {
    fn begin<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<BeginResult, StoreError>> {
        Box::pin(async { Err("no connection".into()) })
    }

    fn end<'a>(&'a self, _: &'a str, _: EndState) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Err("no connection".into()) })
    }
}

#[tokio::test]
async fn without_its_store_a_router_handles_nothing_and_asks_for_another_delivery() {
    let calls = Arc::new(AtomicUsize::new(0));
    let router = counting(&calls, 0, Arc::new(Gone));
    let header = webhook::test_header(LEFT.as_bytes(), SECRET, NOW);
    let error = router.handle(LEFT, &header).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("store", 503));
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[test]
fn a_verifier_can_refuse_other_modes_and_versions() {
    let event = |livemode: bool, version: &str| {
        format!(
            r#"{{"id": "evt_1", "object": "event", "type": "charge.succeeded", "livemode": {livemode}, "api_version": "{version}"}}"#
        )
    };
    let sdk = tollway::STRIPE_VERSION;
    let all = verifier().live_secret("whsec_live").unwrap();
    let all = all.test_secret("whsec_cli").unwrap();
    let check = |verifier: &Verifier, payload: &str, secret: &str| {
        let header = webhook::test_header(payload, secret, NOW);
        let event = verifier.construct_event(payload, &header);
        let delivery = verifier.parse_delivery(payload, &header);
        assert_eq!(event.is_ok(), delivery.is_ok());
        event.map(drop).map_err(|error| error.code())
    };
    let (live, test) = (event(true, sdk), event(false, sdk));
    for (payload, secret, verdict) in [
        (&live, "whsec_live", Ok(())),
        (&live, "whsec_test", Ok(())), // a secret of no said mode
        (&live, "whsec_cli", Err("wrong_mode")),
        (&test, "whsec_live", Ok(())), // live endpoints of Connect get test events
        (&test, "whsec_cli", Ok(())),
    ] {
        assert_eq!(check(&all, payload, secret), verdict, "{secret} {payload}");
    }
    let header = webhook::test_header(&test, "whsec_cli", NOW);
    let verified = all.verify(&test, &header).unwrap();
    assert_eq!((verified.secret_index, verified.livemode), (2, Some(false)));

    let live_only = all.clone().livemode(true);
    assert_eq!(check(&live_only, &test, "whsec_live"), Err("wrong_mode"));
    assert_eq!(check(&live_only, &live, "whsec_live"), Ok(()));

    let old = event(true, "2024-06-20");
    assert_eq!(check(&all, &old, "whsec_live"), Ok(()));
    let strict = all.strict_version();
    assert_eq!(check(&strict, &old, "whsec_live"), Err("other_version"));
    assert_eq!(check(&strict, &live, "whsec_live"), Ok(()));
    let header = webhook::test_header(THIN, SECRET, NOW);
    assert!(strict.parse_event_notification(THIN, &header).is_ok());
}
