//! Bytes on a socket that are no proper request, or an odd one: each is answered, or the connection is closed; nothing fails
//! inside, and nothing hangs.

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::client::emulator;

/// Longer than any answer takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(20);

/// An emulator on a port, for as long as the runtime lives.
fn served() -> (Runtime, SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { emulator().serve(listener, std::future::pending()).await });
    (runtime, address)
}

/// Everything that comes back when `sent` is all that is ever sent.
async fn exchange(address: SocketAddr, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    let talk = async {
        // The emulator may have heard enough, and close before all is sent.
        let (mut reader, mut writer) = stream.split();
        let write = async {
            writer.write_all(sent).await.ok();
            writer.shutdown().await.ok();
        };
        tokio::join!(write, async { reader.read_to_end(&mut answer).await.ok() });
    };
    let shown = String::from_utf8_lossy(&sent[..sent.len().min(200)]).into_owned();
    tokio::time::timeout(HANG, talk)
        .await
        .unwrap_or_else(|_| panic!("it hangs: {shown:?}"));
    answer
}

/// The answers on a connection, each with status and body; what is not HTTP/1 ends them.
fn answers(mut bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut all = Vec::new();
    while bytes.starts_with(b"HTTP/1.") {
        let end = bytes
            .windows(4)
            .position(|part| part == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(bytes[..end].to_vec())
            .unwrap()
            .to_ascii_lowercase();
        let status = head[9..12].parse().unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let body = &bytes[end + 4..];
        let body = &body[..body.len().min(length)];
        all.push((status, body.to_vec()));
        bytes = &bytes[end + 4 + body.len()..];
    }
    all
}

/// Not one is a failure of the emulator, and every refusal that says something says it as Stripe does.
fn check(sent: &[u8], received: &[u8]) -> Vec<u16> {
    let shown = String::from_utf8_lossy(&sent[..sent.len().min(200)]);
    let all = answers(received);
    for (status, body) in &all {
        let text = String::from_utf8_lossy(body);
        assert!(*status < 500, "{shown:?}: {status} {text}");
        if *status >= 400 && !body.is_empty() && !shown.contains("/oauth/") {
            let json: Value = serde_json::from_slice(body).unwrap_or_default();
            let error = &json["error"];
            assert!(
                error["type"].is_string() && error["message"].is_string(),
                "{shown:?}: {status} {text}"
            );
        }
    }
    all.into_iter().map(|(status, _)| status).collect()
}

#[test]
fn odd_requests_are_answered_or_refused() {
    let (runtime, address) = served();
    let auth = "host: localhost\r\nauthorization: Bearer sk_test_a\r\n";
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let giant = "x".repeat(100 * 1024);
    let cases: Vec<(Vec<u8>, &[u16])> = [
        // Half of something.
        (String::new(), &[][..]),
        ("G".into(), &[]),
        ("GET /v1/customers".into(), &[]),
        (format!("GET /v1/customers HTTP/1.1\r\n{auth}"), &[]),
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}content-length: 50\r\n\r\nname=A"), &[400]),
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}transfer-encoding: chunked\r\n\r\n5\r\nna"), &[400]),
        // Not a request.
        ("\0\0\0\0\r\n\r\n".into(), &[400]),
        ("\r\n\r\n\r\n".into(), &[]),
        ("HELLO\r\n\r\n".into(), &[400]),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense".into(), &[]),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}".into(), &[400]),
        // Methods.
        (format!("BREW /v1/customers HTTP/1.1\r\n{auth}\r\n"), &[404]),
        (format!("PUT /v1/customers HTTP/1.1\r\n{auth}\r\n"), &[404]),
        (format!("OPTIONS * HTTP/1.1\r\n{auth}\r\n"), &[404]),
        (format!("TRACE /v1/customers HTTP/1.1\r\n{auth}\r\n"), &[404]),
        (format!("G\u{7f}T / HTTP/1.1\r\n{auth}\r\n"), &[400]),
        // Targets.
        (format!("GET http://localhost/v1/customers HTTP/1.1\r\n{auth}\r\n"), &[200]),
        (format!("GET https://api.stripe.com/v1/customers?limit=1 HTTP/1.1\r\n{auth}\r\n"), &[200]),
        (format!("CONNECT api.stripe.com:443 HTTP/1.1\r\n{auth}\r\n"), &[404]),
        (format!("GET v1/customers HTTP/1.1\r\n{auth}\r\n"), &[400]),
        (format!("GET /%zz/%00/%ff%fe HTTP/1.1\r\n{auth}\r\n"), &[404]),
        (format!("GET /v1/customers/%00%0d%0a%ff HTTP/1.1\r\n{auth}\r\n"), &[404]),
        (format!("GET /v1/customers?limit=%ff%00 HTTP/1.1\r\n{auth}\r\n"), &[400]),
        (format!("GET /v1/customers?%5b%5d=&=&[=&a[=1 HTTP/1.1\r\n{auth}\r\n"), &[400]),
        (format!("GET //v1//customers/../ HTTP/1.1\r\n{auth}\r\n"), &[404]),
        (format!("GET /{giant} HTTP/1.1\r\n{auth}\r\n"), &[414]),
        (format!("GET /v1/cust\0mers HTTP/1.1\r\n{auth}\r\n"), &[400]),
        // Headers.
        (format!("GET /v1/customers HTTP/1.1\r\n{auth}x-a: {giant}\r\n\r\n"), &[400]),
        (format!("GET /v1/customers HTTP/1.1\r\n{auth}{}\r\n", "x-a: b\r\n".repeat(200)), &[431]),
        (format!("GET /v1/customers HTTP/1.1\r\n{auth}x-a: \0\r\n\r\n"), &[400]),
        (format!("GET /v1/customers HTTP/1.1\r\n{auth}no colon\r\n\r\n"), &[400]),
        ("GET /v1/customers HTTP/1.1\r\nauthorization: Bearer \u{e9}\r\n\r\n".into(), &[401]),
        ("GET /v1/customers HTTP/1.1\r\nauthorization: Basic ====\r\n\r\n".into(), &[401]),
        (format!("GET /v1/customers HTTP/1.1\r\n{auth}stripe-version: \u{e9}\r\n\r\n"), &[400]),
        (format!("GET /v1/customers HTTP/1.1\r\n{auth}stripe-account: \u{e9}\r\n\r\n"), &[403]),
        // Lengths.
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}content-length: x\r\n\r\n"), &[400]),
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}content-length: -1\r\n\r\n"), &[400]),
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}content-length: 1\r\ncontent-length: 2\r\n\r\nab"), &[400]),
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}content-length: 99999999999999999999\r\n\r\n"), &[400]),
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}transfer-encoding: chunked\r\n\r\nzz\r\nname\r\n"), &[400]),
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nname\r\n"), &[400]),
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}transfer-encoding: chunked\r\n\r\n6\r\nname=A\r\n0\r\n\r\n"), &[200]),
        // More than was announced is the beginning of the next request.
        (format!("POST /v1/customers HTTP/1.1\r\n{auth}{form}content-length: 6\r\n\r\nname=A&b=c \r\n\r\n"), &[200, 400]),
        // One after the other.
        (format!("GET /v1/balance HTTP/1.1\r\n{auth}\r\nGET /v1/nothing HTTP/1.1\r\n{auth}\r\nGET /healthz HTTP/1.1\r\n\r\n"), &[200, 404, 200]),
        // Older.
        (format!("GET /v1/balance HTTP/1.0\r\n{auth}\r\n"), &[200]),
        (format!("GET /v1/balance HTTP/9.9\r\n{auth}\r\n"), &[400]),
        ("GET /v1/balance\r\n\r\n".into(), &[400]),
    ]
    .into_iter()
    .map(|(sent, statuses)| (sent.into_bytes(), statuses))
    .collect();
    let mut wrong = Vec::new();
    for (sent, expected) in &cases {
        let received = runtime.block_on(exchange(address, sent));
        let statuses = check(sent, &received);
        if statuses != *expected {
            let shown = String::from_utf8_lossy(&sent[..sent.len().min(120)]).into_owned();
            wrong.push(format!("{shown:?}: {statuses:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_slow_client_is_waited_for_and_holds_up_nobody() {
    let (runtime, address) = served();
    runtime.block_on(async {
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.set_nodelay(true).unwrap();
        let request = b"GET /v1/balance HTTP/1.1\r\nhost: a\r\nauthorization: Bearer sk_test_a\r\nconnection: close\r\n\r\n";
        for byte in request {
            slow.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
            if *byte == b'/' {
                let other = exchange(address, request).await;
                assert_eq!(check(request, &other), [200]);
            }
        }
        let mut answer = Vec::new();
        let read = tokio::time::timeout(HANG, slow.read_to_end(&mut answer));
        read.await.unwrap().unwrap();
        assert_eq!(check(request, &answer), [200]);
    });
}

/// Parts of requests, and rubbish.
fn part() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "GET ",
        "POST ",
        "DELETE ",
        "/v1/customers",
        "/v2/core/accounts",
        "/oauth/token",
        "/",
        "?limit=1",
        "%ff",
        "http://h/v1/charges",
        " HTTP/1.1\r\n",
        " HTTP/1.0\r\n",
        "Host: a\r\n",
        "Authorization: Bearer sk_test_a\r\n",
        "Content-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Type: application/json\r\n",
        "Expect: 100-continue\r\n",
        "Upgrade: h2c\r\n",
        "Connection: close\r\n",
        "Idempotency-Key: a\r\n",
        "\r\n",
        "a=b&",
        "4\r\n",
        "0\r\n\r\n",
        "{\"a\":1}",
        "\0",
    ]);
    prop_oneof![
        6 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

#[test]
fn any_bytes_are_answered_or_refused() {
    let (runtime, address) = served();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    let sent = prop::collection::vec(part(), 0..16).prop_map(|parts| parts.concat());
    runner
        .run(&sent, |sent| {
            check(&sent, &runtime.block_on(exchange(address, &sent)));
            Ok(())
        })
        .unwrap();
    let alive = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert_eq!(
        check(alive, &runtime.block_on(exchange(address, alive))),
        [200]
    );
}
