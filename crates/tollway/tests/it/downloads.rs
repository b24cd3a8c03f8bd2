//! Bodies that are handed over as they arrive.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tollway::runtime::BoxFuture;
use tollway::testing::{ManualClock, StubTransport};
use tollway::transport::{
    ResponseBody, Transport, TransportError, TransportRequest, TransportResponse,
};
use tollway::{Client, ErrorKind};

use crate::server::{Reply, Server};
use crate::support::stubbed;

#[tokio::test]
async fn files_come_from_their_host_for_the_account() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    stub.push_json(500, "{}");
    stub.push_json(200, "%PDF");
    let pdf = client
        .quotes()
        .pdf("qt_1/x")
        .stripe_account("acct_1")
        .download()
        .await
        .unwrap();
    assert_eq!(
        (pdf.last_response().status(), pdf.last_response().retries()),
        (200, 1)
    );
    let chunks: Vec<Bytes> = pdf.map(Result::unwrap).collect().await;
    assert_eq!(chunks.concat(), b"%PDF");

    stub.push_json(200, "abc");
    let whole: Bytes = client.file_contents("file_1").send().await.unwrap();
    assert_eq!(whole, "abc");
    let requests = stub.requests();
    assert_eq!(
        requests[1].url(),
        "https://files.stripe.com/v1/quotes/qt_1%2Fx/pdf"
    );
    assert_eq!(requests[1].header("stripe-account"), Some("acct_1"));
    assert_eq!(
        requests[2].url(),
        "https://files.stripe.com/v1/files/file_1/contents"
    );
}

#[tokio::test]
async fn an_error_status_is_an_error_with_its_body() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    stub.push_json(
        404,
        r#"{"error": {"type": "invalid_request_error", "code": "resource_missing"}}"#,
    );
    let error = client.file_contents("file_1").download().await.unwrap_err();
    assert_eq!(
        (error.status(), error.code()),
        (Some(404), Some("resource_missing"))
    );
    let error = client.file_contents("").download().await.unwrap_err();
    assert_eq!(
        (error.kind(), stub.requests().len()),
        (ErrorKind::InvalidInput, 1)
    );
}

#[tokio::test]
async fn a_body_that_breaks_is_an_error_at_that_place() {
    let server = Server::start(|_| Reply::Truncate("0123456789"));
    let client = Client::builder("sk_test_123")
        .base_url(server.url())
        .build()
        .unwrap();
    let mut file = client.file_contents("file_1").download().await.unwrap();
    let mut read = Vec::new();
    let error = loop {
        match file.next().await.unwrap() {
            Ok(chunk) => read.extend_from_slice(&chunk),
            Err(error) => break error,
        }
    };
    assert_eq!(
        (read.as_slice(), error.kind()),
        (&b"01234"[..], ErrorKind::Connection)
    );
    assert!(file.next().await.is_none());
    // What was handed out cannot be taken back, so it is not asked for again.
    assert_eq!(server.requests().len(), 1);
}

/// Gives one chunk and then nothing, ever.
struct Stalls;

impl Transport for Stalls {
    fn send(
        &self,
        _: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let first = futures_util::stream::once(async { Ok(Bytes::from_static(b"first")) });
        let body = ResponseBody::stream(first.chain(futures_util::stream::pending()));
        let answer = TransportResponse::new(http::StatusCode::OK, http::HeaderMap::new(), body);
        Box::pin(std::future::ready(Ok(answer)))
    }
}

#[tokio::test]
async fn a_body_that_stalls_ends_with_a_timeout() {
    let clock = ManualClock::default();
    let client = Client::builder("sk_test_123")
        .transport(Arc::new(Stalls))
        .clock(Arc::new(clock.clone()));
    let client = client.build().unwrap();
    let mut file = client
        .file_contents("file_1")
        .timeout(Duration::from_secs(9))
        .download()
        .await
        .unwrap();
    assert_eq!(file.next().await.unwrap().unwrap(), "first");
    {
        let mut next = std::pin::pin!(file.next());
        assert!(futures_util::poll!(next.as_mut()).is_pending());
        clock.advance(Duration::from_secs(8));
        assert!(futures_util::poll!(next.as_mut()).is_pending());
        clock.advance(Duration::from_secs(1));
        assert!(next.await.unwrap().unwrap_err().is_timeout());
    }
    assert!(file.next().await.is_none());
}
