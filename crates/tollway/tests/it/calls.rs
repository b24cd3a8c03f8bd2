//! What a call does beyond its parameters: retries, limits, errors, options and paging, each against a stub or a server.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tollway::request::{ApiMode, Encoding, Host, Operation, RequestBuilder, Verb};
use tollway::testing::{ManualClock, StubResponse, StubTransport};
use tollway::transport::TransportErrorKind;
use tollway::webhook::{self, Tolerance, Verifier};
use tollway::{Client, ErrorKind};

use crate::server::{Reply, Server};
use crate::support::{pairs, stubbed};

fn always(answer: StubResponse) -> Arc<StubTransport> {
    Arc::new(StubTransport::responding(move |_| answer.clone()))
}

#[tokio::test]
async fn a_decline_keeps_every_member_of_its_error() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).max_retries(0).build().unwrap();
    let charge = || {
        client
            .request(Verb::Post, "/v1/payment_intents")
            .send::<Json>()
    };

    let body = json!({"error": {
        "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "Declined",
        "payment_intent": {"id": "pi_1", "object": "payment_intent", "amount": null, "status": 7},
    }});
    stub.push(StubResponse::json(402, body.to_string()).header("Request-Id", "req_402"));
    let error = charge().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Card, Some(402)));
    assert_eq!(error.decline_code(), Some("insufficient_funds"));
    assert_eq!(error.request_id(), Some("req_402"));
    assert_eq!(error.payment_intent().unwrap().id(), "pi_1");
    assert_eq!(error.raw_body(), body.to_string().as_bytes());

    stub.push_json(402, r#"{"error": {"code": "card_declined"}}"#);
    let error = charge().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Card, Some("card_declined"))
    );

    stub.push_json(502, "<html>bad gateway</html>");
    let error = charge().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::InvalidResponse, Some(502))
    );
    assert_eq!(error.raw_body(), "<html>bad gateway</html>");
    assert!(error.may_have_taken_effect());
}

#[tokio::test]
async fn a_dropped_connection_is_retried_with_the_same_idempotency_key() {
    let server = Server::start(|number| {
        if number < 2 {
            Reply::Drop
        } else {
            Reply::Answer(200, "", "{}")
        }
    });
    let client = Client::builder("sk_test_123")
        .base_url(server.url())
        .clock(Arc::new(ManualClock::default()))
        .max_retries(3)
        .build()
        .unwrap();
    client
        .request(Verb::Post, "/v1/charges")
        .param("amount", 5)
        .send::<Json>()
        .await
        .unwrap();

    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    let key = |request: &str| {
        let line = request
            .lines()
            .find(|line| line.starts_with("idempotency-key: "))
            .map(str::to_owned);
        line.expect("every attempt has a key")
    };
    assert!(
        requests
            .iter()
            .all(|request| key(request) == key(&requests[0]))
    );
    assert!(
        requests
            .iter()
            .all(|request| request.ends_with("\r\n\r\namount=5"))
    );
}

#[tokio::test]
async fn retry_after_is_honoured_and_a_plain_rate_limit_is_returned() {
    let limited = json!({"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "slow"}});
    let stub = always(StubResponse::json(429, limited.to_string()).header("Retry-After", "7"));
    let client = stubbed(&stub).build().unwrap();
    let error = client
        .request(Verb::Get, "/v1/charges")
        .send::<Json>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimit);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(stub.requests().len(), 1);

    let locked = json!({"error": {"type": "invalid_request_error", "code": "lock_timeout", "message": "locked"}});
    let stub = always(StubResponse::json(429, locked.to_string()).header("Retry-After", "7"));
    let clock = ManualClock::default();
    let client = stubbed(&stub)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    client
        .request(Verb::Get, "/v1/charges")
        .send::<Json>()
        .await
        .unwrap_err();
    assert_eq!(
        clock.sleeps(),
        [Duration::from_secs(7), Duration::from_secs(7)]
    );
}

#[tokio::test]
async fn an_idempotency_key_of_the_caller_is_sent_with_every_attempt() {
    let stub = always(StubResponse::json(500, "{}"));
    let client = stubbed(&stub).build().unwrap();
    let request = client
        .request(Verb::Post, "/v1/charges")
        .idempotency_key("order_1");
    request.max_retries(3).send::<Json>().await.unwrap_err();
    assert_eq!(stub.requests().len(), 4);
    assert!(
        stub.requests()
            .iter()
            .all(|request| request.header("idempotency-key") == Some("order_1"))
    );
}

#[tokio::test]
async fn a_default_client_retries_twice_and_limits_each_attempt() {
    for answer in [
        StubResponse::json(500, "{}"),
        StubResponse::Fail(TransportErrorKind::Timeout),
    ] {
        let stub = always(answer);
        let client = stubbed(&stub).build().unwrap();
        let error = client
            .request(Verb::Post, "/v1/charges")
            .send::<Json>()
            .await
            .unwrap_err();
        assert_eq!((stub.requests().len(), error.retries()), (3, 2));
        assert_eq!(stub.requests()[0].timeout(), Duration::from_secs(80));
    }
}

#[tokio::test]
async fn a_call_ends_when_its_total_time_is_over() {
    // Every attempt takes its 80 seconds; the third may only use what is left of the call's 3 minutes.
    let clock = ManualClock::default();
    let ticking = clock.clone();
    let stub = Arc::new(StubTransport::responding(move |request| {
        ticking.advance(request.timeout());
        StubResponse::Hang
    }));
    let client = stubbed(&stub)
        .clock(Arc::new(clock.clone()))
        .total_timeout(Duration::from_mins(3))
        .max_retries(9)
        .build()
        .unwrap();
    // The stub moves the clock before the limit starts, so each attempt needs one more push.
    let pushing = clock.clone();
    let push = async move {
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
            pushing.advance(Duration::from_secs(1));
        }
    };
    let call = client.request(Verb::Post, "/v1/charges").send::<Json>();
    let error = tokio::select! {
        result = call => result.unwrap_err(),
        () = push => panic!("the call has no total limit"),
    };
    assert!(error.is_timeout() && error.may_have_taken_effect());
    assert!(
        stub.requests().len() <= 3,
        "{} attempts",
        stub.requests().len()
    );
    assert!(stub.requests().last().unwrap().timeout() <= Duration::from_secs(80));
}

#[tokio::test]
async fn ten_requests_share_one_connection() {
    let server = Server::start(|_| Reply::Answer(200, "", "{}"));
    let client = Client::builder("sk_test_123")
        .base_url(server.url())
        .build()
        .unwrap();
    for at in 0..10 {
        let client = client.for_account(format!("acct_{at}"));
        client
            .request(Verb::Get, "/v1/balance")
            .send::<Json>()
            .await
            .unwrap();
    }
    assert_eq!((server.requests().len(), server.connections()), (10, 1));
}

#[tokio::test]
async fn later_pages_keep_filter_account_and_options() {
    let stub = Arc::new(StubTransport::new());
    stub.push_json(
        200,
        r#"{"object": "list", "has_more": true, "data": [{"id": "ch_2"}]}"#,
    );
    stub.push_json(
        200,
        r#"{"object": "list", "has_more": false, "data": [{"id": "ch_1"}]}"#,
    );
    let request = stubbed(&stub)
        .build()
        .unwrap()
        .request(Verb::Get, "/v1/charges")
        .param("customer", "cus_1");
    let items = request
        .stripe_account("acct_1")
        .api_key("sk_test_other")
        .timeout(Duration::from_secs(3))
        .header("x-trace", "t1")
        .auto_paging::<tollway::Json>();
    assert_eq!(items.collect_up_to(100).await.unwrap().len(), 2);

    let second = &stub.requests()[1];
    assert_eq!(
        second.query(),
        pairs([("customer", "cus_1"), ("starting_after", "ch_2")])
    );
    assert_eq!(second.header("stripe-account"), Some("acct_1"));
    assert_eq!(second.header("authorization"), Some("Bearer sk_test_other"));
    assert_eq!(second.header("x-trace"), Some("t1"));
    assert_eq!(second.timeout(), Duration::from_secs(3));
}

#[tokio::test]
async fn paging_backward_sends_one_cursor() {
    let stub = Arc::new(StubTransport::new());
    stub.push_json(
        200,
        r#"{"object": "list", "has_more": true, "data": [{"id": "ch_3"}, {"id": "ch_2"}]}"#,
    );
    stub.push_json(
        200,
        r#"{"object": "list", "has_more": false, "data": [{"id": "ch_4"}]}"#,
    );
    let request = stubbed(&stub)
        .build()
        .unwrap()
        .request(Verb::Get, "/v1/charges")
        .param("ending_before", "ch_1");
    let items = request
        .auto_paging::<tollway::Json>()
        .collect_up_to(9)
        .await
        .unwrap();
    let ids: Vec<_> = items
        .iter()
        .map(|item| item.get("id").unwrap().as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["ch_2", "ch_3", "ch_4"]);
    assert_eq!(
        stub.requests()[1].query(),
        pairs([("ending_before", "ch_3")])
    );
}

#[tokio::test]
async fn an_empty_first_page_that_has_more_is_an_error() {
    let stub = always(StubResponse::json(
        200,
        r#"{"object": "list", "has_more": true, "data": []}"#,
    ));
    let mut items = stubbed(&stub)
        .build()
        .unwrap()
        .request(Verb::Get, "/v1/charges")
        .auto_paging::<tollway::Json>();
    let error = items.next().await.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("says that there is more"),
        "{error}"
    );
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn an_id_with_slashes_stays_one_path_segment() {
    static RETRIEVE: Operation = Operation::new(
        "charges.retrieve",
        Verb::Get,
        "/v1/charges/{charge}",
        Host::Api,
        ApiMode::V1,
        Encoding::Form,
    );
    let stub = always(StubResponse::json(200, "{}"));
    let client = stubbed(&stub).build().unwrap();
    let retrieve = |id: &str| {
        RequestBuilder::new(&client, &RETRIEVE)
            .path_arg(id)
            .send::<Json>()
    };
    retrieve("ch_1/refunds?limit=5#").await.unwrap();
    assert_eq!(
        stub.requests()[0].path(),
        "/v1/charges/ch_1%2Frefunds%3Flimit%3D5%23"
    );
    let error = retrieve("").await.unwrap_err();
    assert_eq!(
        (error.kind(), stub.requests().len()),
        (ErrorKind::InvalidInput, 1)
    );
}

#[tokio::test]
async fn a_base_url_with_a_path_prefix_is_joined_with_one_slash() {
    for base in [
        "https://proxy.example/prefix",
        "https://proxy.example/prefix/",
    ] {
        let stub = always(StubResponse::json(200, "{}"));
        let client = stubbed(&stub).base_url(base).build().unwrap();
        client
            .request(Verb::Get, "/v1/balance")
            .send::<Json>()
            .await
            .unwrap();
        assert_eq!(
            stub.requests()[0].url(),
            "https://proxy.example/prefix/v1/balance"
        );
    }
}

#[tokio::test]
async fn request_id_and_headers_come_with_success_and_error() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).max_retries(0).build().unwrap();
    let ok = StubResponse::json(200, r#"{"id": "ch_1"}"#).header("Request-Id", "req_1");
    stub.push(
        ok.header("Idempotent-Replayed", "true")
            .header("Stripe-Account", "acct_1"),
    );
    let response = client
        .request(Verb::Post, "/v1/charges")
        .send::<tollway::response::Response>()
        .await
        .unwrap();
    let meta = response.meta();
    assert_eq!(
        (meta.status(), meta.request_id(), meta.retries()),
        (200, Some("req_1"), 0)
    );
    assert!(meta.is_replayed());
    assert_eq!(
        (meta.stripe_account(), meta.header("STRIPE-ACCOUNT")),
        (Some("acct_1"), Some("acct_1"))
    );

    stub.push(
        StubResponse::json(404, r#"{"error": {"type": "invalid_request_error"}}"#)
            .header("Request-Id", "req_2"),
    );
    let error = client
        .request(Verb::Get, "/v1/charges/ch_1")
        .send::<Json>()
        .await
        .unwrap_err();
    assert_eq!(error.request_id(), Some("req_2"));
    assert_eq!(error.last_response().unwrap().status(), 404);
}

#[tokio::test]
async fn a_call_can_have_its_own_key_and_version() {
    let stub = always(StubResponse::json(200, "{}"));
    let client = stubbed(&stub).build().unwrap();
    let request = client
        .request(Verb::Get, "/v1/balance")
        .api_key("sk_test_other");
    request
        .stripe_version("2025-01-27.acacia")
        .send::<Json>()
        .await
        .unwrap();
    let sent = &stub.requests()[0];
    assert_eq!(sent.header("authorization"), Some("Bearer sk_test_other"));
    assert_eq!(sent.header("stripe-version"), Some("2025-01-27.acacia"));
}

#[test]
fn webhooks_take_bytes_several_secrets_and_a_tolerance() {
    let payload = [0xff, 0xfe, b'{'];
    let header = webhook::test_header(payload, "whsec_new", 1_000);
    let verifier = Verifier::new("whsec_old")
        .unwrap()
        .secret("whsec_new")
        .unwrap();
    let at = |now| verifier.clone().clock(Arc::new(ManualClock::at(now)));
    assert_eq!(at(1_000).verify(payload, &header).unwrap().secret_index, 1);
    assert_eq!(
        at(2_000).verify(payload, &header).unwrap_err().code(),
        "too_old"
    );
    let patient = at(2_000).tolerance(Tolerance::AtMost(Duration::from_secs(1_000)));
    assert!(patient.verify(payload, &header).is_ok());
}

#[test]
fn no_feature_leaves_a_part_of_the_api_out() {
    fn look(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .map(|path| {
                if path.is_dir() {
                    return look(&path);
                }
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(
                    !text.contains("cfg("),
                    "{} depends on a feature",
                    path.display()
                );
                1
            })
            .sum()
    }
    let api = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    assert!(look(&api) > 200);
}
