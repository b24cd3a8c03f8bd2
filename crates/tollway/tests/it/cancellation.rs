//! What is left when a future is dropped after its first poll. `apps` has the same for token refreshes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, StatusCode};
use tollway::request::Verb;
use tollway::runtime::BoxFuture;
use tollway::testing::{ManualClock, StubTransport};
use tollway::transport::{
    ResponseBody, Transport, TransportError, TransportRequest, TransportResponse,
};
use tollway::webhook::{self, EventRouter, MemoryDeliveries, Verifier, WebhookError};
use tollway::{Client, Json};

use crate::support::{HeldTransport, stubbed};

fn held() -> (Client, Arc<StubTransport>, Arc<HeldTransport>) {
    let stub = Arc::new(StubTransport::new());
    let held = Arc::new(HeldTransport::new(stub.clone()));
    let client = stubbed(&stub).transport(held.clone()).build().unwrap();
    (client, stub, held)
}

#[tokio::test]
async fn a_dropped_call_sends_nothing_more_and_leaves_the_client_usable() {
    let (client, stub, held) = held();
    stub.push_json(500, "{}");
    let call = client.request(Verb::Post, "/v1/customers").send::<Json>();
    assert!(call.now_or_never().is_none());
    held.release();
    tokio::task::yield_now().await;
    assert_eq!(stub.requests().len(), 1, "a dropped call is not retried");
    stub.push_json(200, r#"{"id": "cus_1"}"#);
    let customer = client.customers().create().send().await.unwrap();
    assert_eq!(customer.id(), "cus_1");
}

#[tokio::test]
async fn a_dropped_wait_for_an_item_goes_on_with_the_same_request() {
    let (client, stub, held) = held();
    stub.push_json(
        200,
        r#"{"object": "list", "data": [{"id": "cus_1"}], "has_more": false}"#,
    );
    let mut customers = client.customers().list().auto_paging();
    assert!(customers.next().now_or_never().is_none());
    held.release();
    let first = customers.next().await.unwrap().unwrap();
    assert_eq!(first.id(), "cus_1");
    assert!(customers.next().await.is_none());
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn a_dropped_wait_for_a_page_goes_on_with_the_same_request() {
    let (client, stub, held) = held();
    stub.push_json(
        200,
        r#"{"object": "list", "data": [{"id": "cus_1"}], "has_more": false}"#,
    );
    let mut pages = client.customers().list().pages();
    assert!(pages.next().now_or_never().is_none());
    held.release();
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 1);
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn a_dropped_download_can_be_begun_again() {
    let (client, stub, held) = held();
    stub.push_json(200, "lost");
    stub.push_json(200, "file");
    let download = client.file_contents("file_1").download();
    assert!(download.now_or_never().is_none());
    held.release();
    let mut file = client.file_contents("file_1").download().await.unwrap();
    assert_eq!(file.next().await.unwrap().unwrap(), "file");
    assert_eq!(stub.requests().len(), 2);
}

/// A body whose chunks come from a channel.
struct Channel(
    Mutex<Option<futures_util::stream::BoxStream<'static, Result<Bytes, TransportError>>>>,
);

impl Transport for Channel {
    fn send(
        &self,
        _: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let chunks = self.0.lock().unwrap().take().unwrap();
        let body = ResponseBody::stream(chunks);
        let response = TransportResponse::new(StatusCode::OK, HeaderMap::new(), body);
        Box::pin(std::future::ready(Ok(response)))
    }
}

#[tokio::test]
async fn a_dropped_wait_for_a_chunk_loses_no_chunk() {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    let chunks = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let chunk = receiver.recv().await?;
        Some((Ok(chunk), receiver))
    });
    let transport = Channel(Mutex::new(Some(Box::pin(chunks))));
    let client = Client::builder("sk_test_123")
        .transport(Arc::new(transport))
        .clock(Arc::new(ManualClock::default()))
        .build()
        .unwrap();
    let mut file = client.file_contents("file_1").download().await.unwrap();
    assert!(file.next().now_or_never().is_none());
    sender.send(Bytes::from_static(b"first")).await.unwrap();
    assert_eq!(file.next().await.unwrap().unwrap(), "first");
}

#[tokio::test]
async fn a_dropped_handler_counts_as_running_until_its_lease_ends() {
    const PAYLOAD: &str = r#"{"id": "evt_1", "object": "event", "type": "charge.succeeded"}"#;
    let calls = Arc::new(AtomicUsize::new(0));
    let clock = ManualClock::at(1_700_000_000);
    let store = MemoryDeliveries::new(10)
        .lease(Duration::from_secs(60))
        .clock(Arc::new(clock.clone()));
    let stub = Arc::new(StubTransport::new());
    let verifier = Verifier::new("whsec_test")
        .unwrap()
        .clock(Arc::new(clock.clone()));
    let count = calls.clone();
    let router = EventRouter::builder(&stubbed(&stub).build().unwrap(), verifier, move |_, _| {
        let call = count.fetch_add(1, Ordering::SeqCst);
        async move {
            if call == 0 {
                std::future::pending::<()>().await;
            }
            Ok::<usize, String>(call)
        }
    })
    .once(Arc::new(store), Result::is_ok)
    .build()
    .unwrap();
    let header = webhook::test_header(PAYLOAD, "whsec_test", 1_700_000_000);

    assert!(router.handle(PAYLOAD, &header).now_or_never().is_none());
    clock.advance(Duration::from_secs(59));
    let again = router.handle(PAYLOAD, &header).await;
    assert_eq!(again, Err(WebhookError::Running));
    clock.advance(Duration::from_secs(1));
    assert_eq!(router.handle(PAYLOAD, &header).await, Ok(Some(Ok(1))));
    assert_eq!(router.handle(PAYLOAD, &header).await, Ok(None));
}
