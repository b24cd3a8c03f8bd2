//! How the default transport gets to the server: own roots of trust, a proxy, a Unix socket.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value as Json;
use tollway::request::Verb;
use tollway::transport::{HyperTransport, TransportError, TransportErrorKind};
use tollway::{Client, ClientBuilder, Error, ErrorKind};

use crate::server::{Reply, Server};

const CERTIFICATE: &str = include_str!("../data/localhost.pem");
const KEY: &str = include_str!("../data/localhost.key");

async fn balance(client: ClientBuilder) -> Result<Json, Error> {
    let client = client.max_retries(0).build()?;
    client
        .request(Verb::Get, "/v1/balance")
        .send::<Json>()
        .await
}

/// A head up to its empty line.
fn read_head(stream: impl std::io::Read) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    head
}

/// Answers one HTTPS request with a certificate that only [`CERTIFICATE`] vouches for.
fn https_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap(),
        )
        .unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let session = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut tls = rustls::StreamOwned::new(session, stream);
        let mut head = Vec::new();
        // A client that refuses the certificate sends nothing.
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match tls.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"tls\":true}");
        let _ = tls.flush();
    });
    port
}

#[tokio::test]
async fn a_root_of_ones_own_is_trusted_and_nothing_else() {
    let trusting = Client::builder("sk_test_123")
        .base_url(format!("https://localhost:{}", https_server()))
        .root_certificates_pem(CERTIFICATE);
    assert_eq!(balance(trusting).await.unwrap()["tls"], true);

    let strange =
        Client::builder("sk_test_123").base_url(format!("https://localhost:{}", https_server()));
    let error = balance(strange).await.unwrap_err();
    assert_eq!(
        error.transport(),
        Some(TransportErrorKind::TlsCertificate),
        "{error}"
    );
    assert!(!error.may_have_taken_effect());
}

#[tokio::test]
async fn any_certificate_is_accepted_only_on_demand_and_never_for_stripe() {
    let careless = || Client::builder("sk_test_123").danger_accept_invalid_certs();
    let url = format!("https://localhost:{}", https_server());
    assert_eq!(
        balance(careless().base_url(url)).await.unwrap()["tls"],
        true
    );

    for builder in [careless(), careless().api_base("http://localhost:1")] {
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains("Stripe's own"), "{error}");
    }
}

#[test]
fn roots_that_cannot_be_read_are_refused() {
    for (pem, why) in [
        ("", "holds no certificate"),
        ("sk_live_1", "holds no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "",
        ),
    ] {
        let error = Client::builder("sk_test_123")
            .root_certificates_pem(pem)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(!error.to_string().contains("sk_live_1"), "{error}");
    }
}

/// A proxy for one tunnel; tells the head it was asked with.
fn proxy(answer: &'static str) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let head = read_head(&client);
        let target = head.split(' ').nth(1).unwrap().to_owned();
        tell.send(head).unwrap();
        client.write_all(answer.as_bytes()).unwrap();
        if !answer.contains("200") {
            return;
        }
        let mut server = TcpStream::connect(target).unwrap();
        let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut up, &mut down));
        let _ = std::io::copy(&mut server, &mut client);
    });
    (port, told)
}

#[tokio::test]
async fn a_proxy_tunnels_and_never_sees_the_key() {
    let server = Server::start(|_| Reply::Answer(200, "", r#"{"object": "balance"}"#));
    let (port, told) = proxy("HTTP/1.1 200 OK\r\n\r\n");
    let client = Client::builder("sk_test_123")
        .base_url(server.url())
        .proxy(format!("http://me:p%40ss@127.0.0.1:{port}"));
    assert_eq!(balance(client).await.unwrap()["object"], "balance");

    let head = told.recv().unwrap();
    let host = server.url().replace("http://", "");
    assert!(
        head.starts_with(&format!("CONNECT {host} HTTP/1.1\r\n")),
        "{head}"
    );
    // me:p@ss
    assert!(
        head.contains("Proxy-Authorization: Basic bWU6cEBzcw==\r\n"),
        "{head}"
    );
    assert!(!head.contains("sk_test_123"), "{head}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_refuses_had_no_effect() {
    let (port, _told) = proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    let client = Client::builder("sk_test_123")
        .base_url("http://127.0.0.1:1")
        .proxy(format!("http://127.0.0.1:{port}"));
    let error = balance(client).await.unwrap_err();
    assert_eq!(
        error.transport(),
        Some(TransportErrorKind::Connect),
        "{error}"
    );
}

#[test]
fn a_proxy_has_a_plain_url_and_its_password_stays_secret() {
    for bad in [
        "",
        "proxy",
        "https://proxy:1",
        "socks5://proxy:1",
        "http://me:hunter2@proxy/path",
        "http://p?x",
    ] {
        let error = Client::builder("sk_test_123")
            .proxy(bad)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("host:port"), "{bad}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let builder = HyperTransport::builder().proxy("http://me:hunter2@proxy:1");
    assert!(!format!("{builder:?}").contains("hunter2"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("hunter2"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_takes_the_place_of_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stripe.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = read_head(&stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"unix\":true}")
            .unwrap();
        head
    });
    let transport = HyperTransport::builder()
        .unix_socket(&path)
        .build()
        .unwrap();
    let client = Client::builder("sk_test_123")
        .base_url("http://stripe.test")
        .transport(Arc::new(transport));
    assert_eq!(balance(client).await.unwrap()["unix"], true);
    assert!(served.join().unwrap().contains("host: stripe.test"));

    let both = HyperTransport::builder()
        .unix_socket(&path)
        .proxy("http://proxy:1")
        .build();
    assert!(both.unwrap_err().to_string().contains("keep one of them"));
}

#[test]
fn a_root_certificate_that_cannot_be_read_is_a_setup_error_with_its_cause() {
    let builders = [
        Client::builder("sk_test_123").root_certificates_pem("no certificate"),
        Client::builder("sk_test_123").root_certificate(b"no certificate".to_vec()),
    ];
    for builder in builders {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Setup, "{error}");
        let cause = std::error::Error::source(&error).unwrap();
        let cause = cause.downcast_ref::<TransportError>().unwrap();
        assert_eq!(cause.kind(), TransportErrorKind::Setup);
    }
    let proxy = Client::builder("sk_test_123").proxy("ftp://proxy");
    assert_eq!(proxy.build().unwrap_err().kind(), ErrorKind::InvalidInput);
}
