//! How fast a client sends, and what it does when Stripe says «slower».

use std::sync::Arc;
use std::time::Duration;

use tollway::request::Verb;
use tollway::testing::{ManualClock, StubResponse, StubTransport};
use tollway::{Client, ErrorKind, Json, RateLimit};

use crate::support::stubbed;

async fn get(client: &Client, path: &str) -> Result<Json, tollway::Error> {
    client.request(Verb::Get, path).send().await
}

fn ok() -> Arc<StubTransport> {
    Arc::new(StubTransport::responding(|_| StubResponse::json(200, "{}")))
}

#[tokio::test]
async fn a_client_and_its_copies_send_no_faster_than_the_limit() {
    let (stub, clock) = (ok(), ManualClock::default());
    let builder = stubbed(&stub).clock(Arc::new(clock.clone()));
    let client = builder
        .rate_limit(RateLimit::per_second(2))
        .build()
        .unwrap();
    for _ in 0..2 {
        get(&client, "/v1/balance").await.unwrap();
    }
    assert_eq!(clock.sleeps(), []);
    get(&client.for_account("acct_1"), "/v1/balance")
        .await
        .unwrap();
    assert_eq!(clock.sleeps(), [Duration::from_millis(500)]);
    // A live key has a limit of its own.
    let live = client.with_api_key("sk_live_1").unwrap();
    get(&live, "/v1/balance").await.unwrap();
    assert_eq!((clock.sleeps().len(), stub.requests().len()), (1, 4));
}

#[tokio::test]
async fn searches_have_their_own_limit() {
    let (stub, clock) = (ok(), ManualClock::default());
    let limit = RateLimit::stripe().searches_and_files(1);
    let builder = stubbed(&stub).clock(Arc::new(clock.clone()));
    let client = builder.rate_limit(limit).build().unwrap();
    for _ in 0..2 {
        get(&client, "/v1/customers/search?query=x").await.unwrap();
        get(&client, "/v1/customers").await.unwrap();
    }
    assert_eq!(clock.sleeps(), [Duration::from_secs(1)]);
}

#[tokio::test]
async fn a_queue_longer_than_the_calls_time_is_refused_unsent() {
    let stub = ok();
    let builder = stubbed(&stub).total_timeout(Duration::from_millis(900));
    let client = builder
        .rate_limit(RateLimit::per_second(1))
        .build()
        .unwrap();
    get(&client, "/v1/balance").await.unwrap();
    let request = client.request(Verb::Post, "/v1/charges");
    let error = request.send::<Json>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(
        !error.may_have_taken_effect() && error.to_string().contains("rate limit"),
        "{error}"
    );
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn plain_rate_limits_are_waited_for_on_demand() {
    let limited = r#"{"error": {"type": "invalid_request_error", "code": "rate_limit"}}"#;
    let (stub, clock) = (Arc::new(StubTransport::new()), ManualClock::default());
    stub.push(StubResponse::json(429, limited).header("Retry-After", "3"));
    stub.push_json(200, "{}");
    let builder = stubbed(&stub).clock(Arc::new(clock.clone()));
    let client = builder.retry_rate_limits(true).build().unwrap();
    get(&client, "/v1/balance").await.unwrap();
    assert_eq!(clock.sleeps(), [Duration::from_secs(3)]);
}

#[tokio::test]
async fn a_retry_after_of_60_seconds_is_waited_for_and_one_of_61_is_not() {
    for (seconds, expected) in [
        (60, Duration::from_secs(60)),
        (61, Duration::from_millis(500)),
    ] {
        let stub = Arc::new(StubTransport::new());
        let clock = ManualClock::default();
        let client = stubbed(&stub).clock(Arc::new(clock.clone()));
        let client = client.max_retries(1).build().unwrap();
        stub.push(StubResponse::json(503, "{}").header("Retry-After", &seconds.to_string()));
        stub.push_json(200, "{}");
        client.balance().retrieve().send().await.unwrap();
        assert_eq!(clock.sleeps(), [expected], "Retry-After: {seconds}");
    }
}
