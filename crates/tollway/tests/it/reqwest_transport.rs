//! The adapter for reqwest against a server that misbehaves.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tollway::request::Verb;
use tollway::testing::ManualClock;
use tollway::transport::{ReqwestTransport, TransportErrorKind};
use tollway::{Client, ErrorKind};

use crate::server::{Reply, Server};

fn client(url: String) -> Client {
    let builder = reqwest::Client::builder().no_proxy();
    Client::builder("sk_test_123")
        .base_url(url)
        .transport(Arc::new(ReqwestTransport::new(builder).unwrap()))
        .clock(Arc::new(ManualClock::default()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn requests_arrive_whole_and_share_a_connection() {
    let server =
        Server::start(|_| Reply::Answer(200, "Request-Id: req_1\r\n", r#"{"id": "ch_1"}"#));
    let client = client(server.url());
    for _ in 0..3 {
        let request = client.request(Verb::Post, "/v1/charges").param("amount", 5);
        let answer = request.send::<tollway::Json>().await.unwrap();
        assert_eq!(answer.get("id").unwrap().as_str(), Some("ch_1"));
        assert_eq!(answer.last_response().unwrap().request_id(), Some("req_1"));
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
    let sent = &server.requests()[0];
    assert!(sent.starts_with("POST /v1/charges HTTP/1.1\r\n"), "{sent}");
    assert!(
        sent.contains("authorization: Bearer sk_test_123\r\n"),
        "{sent}"
    );
    assert!(sent.ends_with("\r\n\r\namount=5"), "{sent}");
}

#[tokio::test]
async fn failures_have_the_names_that_the_default_transport_gives_them() {
    // A port that was just closed: no server listens on it.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let call = |client: Client| async move {
        let request = client.request(Verb::Post, "/v1/charges").max_retries(1);
        let request = request.timeout(Duration::from_millis(300));
        request.send::<Json>().await.unwrap_err()
    };
    let error = call(client(format!("http://{free}"))).await;
    assert_eq!(
        error.transport(),
        Some(TransportErrorKind::Connect),
        "{error}"
    );
    assert!(!error.may_have_taken_effect());

    let server = Server::start(|_| Reply::Drop);
    let error = call(client(server.url())).await;
    assert_eq!(
        error.transport(),
        Some(TransportErrorKind::Reset),
        "{error}"
    );
    assert!(error.may_have_taken_effect());
    assert_eq!(server.requests().len(), 2);

    let server = Server::start(|_| Reply::Silence);
    let error = call(client(server.url())).await;
    assert_eq!(
        error.transport(),
        Some(TransportErrorKind::Timeout),
        "{error}"
    );
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");

    let server = Server::start(|_| Reply::Truncate(r#"{"id": "ch_1", "object": "charge"}"#));
    let error = call(client(server.url())).await;
    assert_eq!(
        error.transport(),
        Some(TransportErrorKind::Reset),
        "{error}"
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_the_key_goes_nowhere_else() {
    let elsewhere = Server::start(|_| Reply::Answer(200, "", "{}"));
    let target: &'static str = format!("Location: {}/v1/charges\r\n", elsewhere.url()).leak();
    let server = Server::start(move |_| Reply::Answer(302, target, ""));
    let request = client(server.url()).request(Verb::Get, "/v1/charges");
    let error = request.send::<Json>().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::InvalidResponse, Some(302))
    );
    assert_eq!(elsewhere.connections(), 0);
}
