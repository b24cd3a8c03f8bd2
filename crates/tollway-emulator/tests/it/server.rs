//! Over a real socket, and as a client's transport.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tollway::transport::{TransportErrorKind, TransportRequest};
use tollway_emulator::{Identity, Listener};

use crate::client::emulator;

async fn exchange(address: std::net::SocketAddr, request: &str) -> String {
    ask(TcpStream::connect(address).await.unwrap(), request).await
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap_or_default();
    answer
}

/// An emulator that serves until it is told to stop.
fn serving(listener: impl Into<Listener>) -> (oneshot::Sender<()>, JoinHandle<io::Result<()>>) {
    let (stop, stopped) = oneshot::channel();
    let (emulator, listener) = (emulator(), listener.into());
    let server = async move {
        let stopped = async { drop(stopped.await) };
        emulator.serve(listener, stopped).await
    };
    (stop, tokio::spawn(server))
}

const NOTHING: &str = "GET /v1/nothing HTTP/1.1\r\nhost: localhost:9\r\nauthorization: Bearer sk_test_a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn https_with_a_certificate_of_its_own() {
    let identity = Identity::self_made(&["stripe.test".into()]).unwrap();
    let trusted = CertificateDer::from_pem_slice(identity.certificate().as_bytes()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, server) = serving(Listener::from(listener).tls(identity));

    let mut roots = RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    for name in ["localhost", "127.0.0.1", "stripe.test"] {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(name).unwrap();
        let stream = connector.connect(name, stream).await.unwrap();
        let answer = ask(stream, NOTHING).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        assert!(answer.contains("https://localhost:9/_tollway/requests/req_"));
    }
    let stranger = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("stripe.com").unwrap();
    assert!(connector.connect(name, stranger).await.is_err());
    // Who speaks plain HTTP is sent away, and the others go on.
    assert!(!exchange(address, NOTHING).await.contains("404"));
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    assert!(Identity::self_made(&["no host name".into()]).is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stripe.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let (stop, server) = serving(listener);
    let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    assert!(ask(stream, NOTHING).await.starts_with("HTTP/1.1 404"));
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
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
