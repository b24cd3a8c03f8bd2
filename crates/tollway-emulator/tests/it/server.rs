//! Over a real socket, and as a client's transport.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tollway::transport::{TransportErrorKind, TransportRequest};

use crate::client::emulator;

async fn exchange(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap_or_default();
    answer
}

#[tokio::test]
async fn serves_until_told_to_stop() {
    let emulator = emulator();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn({
        let emulator = emulator.clone();
        async move {
            emulator
                .serve(listener, async { drop(stopped.await) })
                .await
        }
    });
    let request = "GET /v1/customers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk_test_a\r\nconnection: close\r\n\r\n";
    let answer = exchange(address, request).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("request-id: req_"),
        "{answer}"
    );
    let unknown = exchange(
        address,
        "GET /%ff/../x?%%% HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");

    emulator.engine().faults().add(
        serde_json::from_str(r#"{"times": 1, "then": "drop_after", "method": "POST"}"#).unwrap(),
    );
    let post = "POST /v1/customers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk_test_a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    assert_eq!(exchange(address, post).await, "");
    assert!(exchange(address, request).await.contains("\"cus_"));

    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

fn request(method: Method, path: &str) -> TransportRequest {
    let mut headers = HeaderMap::new();
    headers.insert(
        "authorization",
        HeaderValue::from_static("Bearer sk_test_a"),
    );
    TransportRequest::new(
        method,
        format!("https://api.stripe.com{path}").parse().unwrap(),
        headers,
        Bytes::new(),
    )
}

#[tokio::test]
async fn a_client_needs_no_port() {
    let emulator = emulator();
    let transport = emulator.transport();
    let made = transport
        .send(request(Method::POST, "/v1/customers"))
        .await
        .unwrap();
    assert_eq!(made.status, 200);
    assert!(made.headers.contains_key("request-id"));
    emulator
        .engine()
        .faults()
        .add(serde_json::from_str(r#"{"times": 1, "then": "drop_before"}"#).unwrap());
    let error = transport
        .send(request(Method::POST, "/v1/customers"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    let page = transport
        .send(request(Method::GET, "/v1/customers"))
        .await
        .unwrap();
    let body = page.body.collect(1 << 20).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&body).matches("\"cus_").count(), 1);
}
