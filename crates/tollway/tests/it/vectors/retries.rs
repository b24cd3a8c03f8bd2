//! retry, backoff, backoff_go, idempotency

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tollway::request::{RequestBuilder, Verb};
use tollway::testing::{ManualClock, SeededRandom, StubResponse, StubTransport};
use tollway::transport::TransportErrorKind;
use tollway::{Client, ErrorKind};

use super::{VECTORS, id, run};
use crate::support::stubbed;

fn answer(vector: &Json) -> StubResponse {
    if let Some(failure) = vector["transport_error"].as_str() {
        return StubResponse::Fail(match failure {
            "connect" => TransportErrorKind::Connect,
            "timeout" => TransportErrorKind::Timeout,
            "reset" => TransportErrorKind::Reset,
            "tls_certificate" => TransportErrorKind::TlsCertificate,
            other => panic!("unknown failure {other}"),
        });
    }
    let code = &vector["error_code"];
    let body =
        serde_json::json!({ "error": { "type": "x", "code": code, "message": "m" } }).to_string();
    let mut answer =
        StubResponse::json(vector["status"].as_u64().unwrap().try_into().unwrap(), body);
    for (name, value) in vector["headers"].as_object().unwrap() {
        answer = answer.header(name, value.as_str().unwrap());
    }
    answer
}

fn request(client: &Client, vector: &Json) -> RequestBuilder {
    let verb = if vector["method"] == "GET" {
        Verb::Get
    } else {
        Verb::Post
    };
    client.request(verb, vector["path"].as_str().unwrap())
}

/// How many attempts a call makes when every attempt ends like the vector says.
async fn attempts(vector: &Json) -> usize {
    let ended = answer(vector);
    let stub = Arc::new(StubTransport::responding(move |_| ended.clone()));
    let client = stubbed(&stub)
        .max_retries(vector["max_retries"].as_u64().unwrap().try_into().unwrap())
        .build()
        .unwrap();
    if vector["path"] == "/oauth/token" {
        client
            .oauth()
            .token()
            .authorization_code("ac_1")
            .send()
            .await
            .unwrap_err();
    } else {
        request(&client, vector).send::<Json>().await.unwrap_err();
    }
    stub.requests().len()
}

#[tokio::test]
async fn failed_attempts_are_retried_by_the_rules() {
    let mut made = Vec::new();
    for vector in VECTORS["retry"].as_array().unwrap() {
        made.push(attempts(vector).await);
    }
    let at = std::cell::Cell::new(0);
    run("retry", |vector| {
        // A vector is one decision; the same ending again and again gives all attempts or just one.
        let max = usize::try_from(vector["max_retries"].as_u64().unwrap()).unwrap();
        let so_far = usize::try_from(vector["retries_so_far"].as_u64().unwrap()).unwrap();
        let retried = vector["retry"].as_bool().unwrap();
        let expected = if retried || so_far > 0 { max + 1 } else { 1 };
        assert_eq!(made[at.replace(at.get() + 1)], expected, "{}", id(vector));
    });
}

/// The waits of calls that fail seven times, for many seeds.
async fn waits() -> Vec<Vec<Duration>> {
    let mut all = Vec::new();
    for seed in 0..200 {
        let stub = Arc::new(StubTransport::responding(|_| StubResponse::json(500, "")));
        let clock = ManualClock::at(0);
        let client = stubbed(&stub)
            .clock(Arc::new(clock.clone()))
            .random(Arc::new(SeededRandom::new(seed)))
            .max_retries(7)
            .build()
            .unwrap();
        client
            .request(Verb::Get, "/v1/balance")
            .send::<Json>()
            .await
            .unwrap_err();
        all.push(clock.sleeps());
    }
    all
}

#[tokio::test]
async fn waits_double_within_their_bounds() {
    let waits = waits().await;
    run("backoff", |vector| {
        let at = usize::try_from(vector["retry_number"].as_u64().unwrap()).unwrap() - 1;
        let limit = |name: &str| Duration::from_secs_f64(vector[name].as_f64().unwrap());
        for waits in &waits {
            assert!(
                (limit("min_s")..=limit("max_s")).contains(&waits[at]),
                "{} {:?}",
                id(vector),
                waits[at]
            );
        }
        let spread = waits
            .iter()
            .map(|waits| waits[at])
            .collect::<std::collections::HashSet<_>>()
            .len();
        assert!(
            spread > 100 || vector["min_s"] == vector["max_s"],
            "{} is not random",
            id(vector)
        );
    });
}

#[tokio::test]
async fn waits_stay_within_the_bounds_of_stripe_go() {
    // Another library's schedule, kept for comparison: ours starts and ends in the same place.
    let waits = waits().await;
    run("backoff_go", |vector| {
        let at = usize::try_from(vector["retry_index_from_0"].as_u64().unwrap()).unwrap();
        let (first, last) = (Duration::from_millis(500), Duration::from_secs(5));
        assert!(
            waits
                .iter()
                .all(|waits| (first..=last).contains(&waits[at]))
        );
    });
}

#[tokio::test]
async fn idempotency_keys_stay_the_same_on_retries() {
    let mut keys = Vec::new();
    for vector in VECTORS["idempotency"].as_array().unwrap() {
        let stub = Arc::new(StubTransport::new());
        stub.push_json(500, "");
        stub.push_json(200, "{}");
        let client = stubbed(&stub).build().unwrap();
        let verb = match vector["method"].as_str().unwrap() {
            "GET" => Verb::Get,
            "POST" => Verb::Post,
            _ => Verb::Delete,
        };
        let path = if vector["api"] == "v2" {
            "/v2/core/accounts"
        } else {
            "/v1/customers"
        };
        let mut request = client.request(verb, path);
        if let Some(own) = vector["caller_key"].as_str() {
            request = request.idempotency_key(own);
        }
        request.send::<Json>().await.unwrap();
        let sent = stub.requests();
        assert_eq!(sent.len(), 2);
        let key = |at: usize| sent[at].header("idempotency-key").map(str::to_owned);
        assert_eq!(
            key(0),
            key(1),
            "{}: the key must not change between attempts",
            id(vector)
        );
        keys.push(key(0));
    }
    let at = std::cell::Cell::new(0);
    run("idempotency", |vector| {
        let key = keys[at.replace(at.get() + 1)].as_deref();
        if let Some(own) = vector["header"].as_str() {
            assert_eq!(key, Some(own), "{}", id(vector));
            return;
        }
        assert_eq!(
            key.is_some(),
            vector["auto_key"].as_bool().unwrap(),
            "{}",
            id(vector)
        );
        let is_uuid_v4 = |key: &str| key.len() == 36 && key.as_bytes()[14] == b'4';
        assert!(key.is_none_or(is_uuid_v4), "{key:?} is no UUID v4");
    });
}

#[tokio::test]
async fn an_exchange_that_timed_out_has_an_unknown_outcome() {
    let stub = Arc::new(StubTransport::responding(|_| {
        StubResponse::Fail(TransportErrorKind::Timeout)
    }));
    let client = stubbed(&stub).build().unwrap();
    let error = client
        .oauth()
        .token()
        .authorization_code("ac_1")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert!(error.may_have_taken_effect() && error.is_timeout());
    assert_eq!(stub.requests().len(), 1);

    let stub = Arc::new(StubTransport::responding(|_| {
        StubResponse::Fail(TransportErrorKind::Connect)
    }));
    let client = stubbed(&stub).build().unwrap();
    let error = client
        .oauth()
        .token()
        .refresh_token("rt_1")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.may_have_taken_effect()),
        (ErrorKind::Connection, false)
    );
    assert_eq!(stub.requests().len(), 3);
}
