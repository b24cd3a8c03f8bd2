//! The default transport against a server that misbehaves.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tollway::request::Verb;
use tollway::testing::ManualClock;
use tollway::transport::TransportErrorKind;
use tollway::{Client, ErrorKind};

use crate::server::{Reply, Server};

fn client(url: impl Into<String>, clock: &ManualClock) -> Client {
    Client::builder("sk_test_123")
        .base_url(url)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_refused_connection_had_no_effect() {
    // A port that was just closed: no server listens on it.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let client = client(format!("http://{free}"), &ManualClock::default());
    let error = client
        .request(Verb::Post, "/v1/charges")
        .send::<Json>()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.transport()),
        (ErrorKind::Connection, Some(TransportErrorKind::Connect))
    );
    assert!(!error.may_have_taken_effect());
    assert_eq!(error.retries(), 2);
}

#[tokio::test]
async fn silence_ends_with_a_timeout_that_may_have_taken_effect() {
    let clock = ManualClock::default();
    let time = clock.clone();
    // The time passes once the request has arrived: nothing here waits for real.
    let server = Server::start(move |_| {
        time.advance(Duration::from_mins(2));
        Reply::Silence
    });
    let error = client(server.url(), &clock)
        .request(Verb::Post, "/v1/charges")
        .max_retries(0)
        .send::<Json>()
        .await
        .unwrap_err();
    assert!(
        error.is_timeout() && error.may_have_taken_effect(),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_code_exchange_whose_answer_was_lost_is_not_repeated() {
    let server = Server::start(|_| Reply::Drop);
    let oauth = client(server.url(), &ManualClock::default()).oauth();
    let error = oauth
        .token()
        .authorization_code("ac_1")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.transport()),
        (ErrorKind::OutcomeUnknown, Some(TransportErrorKind::Reset))
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn half_a_body_is_a_broken_connection() {
    let server = Server::start(|number| {
        if number == 0 {
            Reply::Truncate(r#"{"id": "ch_1"}"#)
        } else {
            Reply::Answer(200, "", "{}")
        }
    });
    client(server.url(), &ManualClock::default())
        .request(Verb::Get, "/v1/balance")
        .send::<Json>()
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = Server::start(|_| Reply::Answer(302, "Location: http://127.0.0.1:1/\r\n", ""));
    let error = client(server.url(), &ManualClock::default())
        .request(Verb::Get, "/v1/balance")
        .send::<Json>()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::InvalidResponse, Some(302))
    );
    assert_eq!(server.requests().len(), 1);
}
