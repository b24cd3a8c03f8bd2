//! The client without `async`, against a real server and a real pool.

use std::sync::Arc;
use std::time::Duration;

use tollway::testing::{ManualClock, StubResponse, StubTransport};
use tollway::{Client, ErrorKind, blocking};

use crate::server::{Reply, Server};

#[test]
fn calls_and_pages_without_a_runtime_share_connections() {
    let server = Server::start(|number| match number {
        0 => Reply::Answer(200, "", r#"{"id": "cus_1", "object": "customer"}"#),
        1 => Reply::Answer(
            200,
            "",
            r#"{"object": "list", "data": [{"id": "cus_1"}], "has_more": true}"#,
        ),
        _ => Reply::Answer(
            200,
            "",
            r#"{"object": "list", "data": [{"id": "cus_2"}], "has_more": false}"#,
        ),
    });
    let client = Client::builder("sk_test_123")
        .base_url(server.url())
        .build_blocking()
        .unwrap();
    let customer = client
        .customers()
        .create()
        .email("a@b.example")
        .send()
        .wait()
        .unwrap();
    assert_eq!(customer.id(), "cus_1");
    let all = client.customers().list().auto_paging().blocking();
    let ids: Vec<String> = all
        .map(|customer| customer.unwrap().id().to_owned())
        .collect();
    assert_eq!(ids, ["cus_1", "cus_2"]);
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}

#[test]
fn a_request_outlives_the_client_that_made_it() {
    let server = Server::start(|_| Reply::Answer(200, "", r#"{"object": "balance"}"#));
    let client = Client::builder("sk_test_123")
        .base_url(server.url())
        .build_blocking()
        .unwrap();
    let request = client.balance().retrieve().send();
    drop(client);
    assert!(request.wait().is_ok());
}

#[test]
fn retries_and_limits_work_as_ever() {
    let stub = Arc::new(StubTransport::new());
    let clock = ManualClock::at(1_700_000_000);
    let client = Client::builder("sk_test_123")
        .transport(stub.clone())
        .clock(Arc::new(clock.clone()));
    let client = client.build_blocking().unwrap();
    stub.push_json(500, "{}");
    stub.push_json(200, r#"{"stripe_user_id": "acct_1"}"#);
    assert!(client.balance().retrieve().send().wait().is_ok());
    assert_eq!(clock.sleeps().len(), 1);

    stub.push(StubResponse::Hang);
    let call = client
        .balance()
        .retrieve()
        .max_retries(0)
        .timeout(Duration::from_secs(7))
        .send();
    let waiting = std::thread::spawn(move || blocking::wait(call));
    while stub.requests().len() < 3 {
        std::thread::yield_now();
    }
    // The limit starts after the request: time passes until it has.
    while !waiting.is_finished() {
        clock.advance(Duration::from_secs(7));
        std::thread::yield_now();
    }
    let error = waiting.join().unwrap().unwrap_err();
    assert!(
        error.is_timeout() && error.kind() == ErrorKind::Connection,
        "{error}"
    );
}
