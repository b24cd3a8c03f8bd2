//! Whether a failed call may have taken effect when one of its attempts ended without a clear response.

use std::sync::Arc;

use tollway::request::Verb;
use tollway::testing::{StubResponse, StubTransport};
use tollway::transport::TransportErrorKind;
use tollway::{Error, Json};

use crate::support::stubbed;

/// The error of a call whose first attempt times out and whose second one gets this response.
async fn error_after_timeout(verb: Verb, second: StubResponse) -> Error {
    let stub = Arc::new(StubTransport::new());
    stub.push(StubResponse::Fail(TransportErrorKind::Timeout));
    stub.push(second);
    let client = stubbed(&stub).max_retries(1).build().unwrap();
    let request = client.request(verb, "/v1/customers/cus_1");
    let error = request.send::<Json>().await.unwrap_err();
    assert_eq!(stub.requests().len(), 2);
    error
}

fn refusal(status: u16) -> StubResponse {
    StubResponse::json(status, r#"{"error": {"type": "invalid_request_error"}}"#)
}

async fn may_have_taken_effect(status: u16) -> bool {
    let error = error_after_timeout(Verb::Post, refusal(status)).await;
    assert_eq!(error.status(), Some(status));
    error.may_have_taken_effect()
}

#[tokio::test]
async fn a_refusal_that_follows_the_check_of_the_key_settles_the_attempts_before_it() {
    assert!(!may_have_taken_effect(400).await);
    assert!(!may_have_taken_effect(402).await);
    assert!(!may_have_taken_effect(404).await);
}

#[tokio::test]
async fn a_refusal_before_the_check_of_the_key_settles_nothing() {
    assert!(may_have_taken_effect(401).await);
    assert!(may_have_taken_effect(403).await);
    assert!(may_have_taken_effect(409).await);
    assert!(may_have_taken_effect(429).await);
    assert!(may_have_taken_effect(500).await);
}

#[tokio::test]
async fn a_replayed_response_settles_whatever_its_status() {
    let replayed = refusal(409).header("Idempotent-Replayed", "true");
    let error = error_after_timeout(Verb::Post, replayed).await;
    assert!(!error.may_have_taken_effect());
}

#[tokio::test]
async fn without_an_idempotency_key_no_refusal_settles() {
    let error = error_after_timeout(Verb::Delete, refusal(404)).await;
    assert!(error.may_have_taken_effect());
}

#[tokio::test]
async fn a_request_that_only_reads_never_takes_effect() {
    let error = error_after_timeout(Verb::Get, refusal(500)).await;
    assert!(!error.may_have_taken_effect());
}
