//! What a program can watch: observers and the span of a call.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tollway::observe::{Observer, RequestEvent, ResponseEvent};
use tollway::testing::{StubResponse, StubTransport};
use tollway::transport::TransportErrorKind;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::support::stubbed;

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }
}

impl Observer for Notes {
    fn on_request(&self, request: &RequestEvent<'_>) {
        self.note(format!(
            "{} {} {} {} for {:?}, {} bytes",
            request.attempt(),
            request.method(),
            request.host(),
            request.path(),
            request.stripe_account(),
            request.body().len()
        ));
        assert!(request.idempotency_key().is_some() && request.stripe_version().is_some());
        assert!(!format!("{request:?}").contains("tok_visa"));
    }

    fn on_response(&self, request: &RequestEvent<'_>, response: &ResponseEvent<'_>) {
        self.note(format!(
            "{} {:?} {:?} {:?} {}",
            request.operation(),
            response.status(),
            response.failure(),
            response.request_id(),
            String::from_utf8_lossy(response.body())
        ));
        assert!(!format!("{response:?}").contains("ch_1"));
    }
}

#[tokio::test]
async fn observers_hear_of_every_attempt() {
    let stub = Arc::new(StubTransport::new());
    stub.push(StubResponse::Fail(TransportErrorKind::Reset));
    stub.push(StubResponse::json(200, r#"{"id": "ch_1"}"#).header("Request-Id", "req_2"));
    let notes = Arc::new(Notes::default());
    let client = stubbed(&stub).observer(notes.clone()).build().unwrap();
    let create = client.charges().create().source("tok_visa");
    create.stripe_account("acct_1").send().await.unwrap();

    let heard = notes.0.lock().unwrap().clone();
    assert_eq!(
        heard,
        [
            "1 POST api.stripe.com /v1/charges for Some(\"acct_1\"), 15 bytes",
            "charges.create None Some(Reset) None ",
            "2 POST api.stripe.com /v1/charges for Some(\"acct_1\"), 15 bytes",
            "charges.create Some(200) None Some(\"req_2\") {\"id\": \"ch_1\"}",
        ]
    );
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The span of one call, as a log of closed spans has it.
fn span_of(answers: &[StubResponse]) -> Value {
    let stub = Arc::new(StubTransport::new());
    for answer in answers {
        stub.push(answer.clone());
    }
    let client = stubbed(&stub).stripe_account("acct_1").build().unwrap();
    let buffer = Buffer::default();
    let writer = buffer.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let call = client
            .charges()
            .create()
            .source("tok_visa")
            .idempotency_key("key-1")
            .send();
        let _ = runtime.block_on(call);
    });
    let log = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    assert!(
        !log.contains("tok_visa") && !log.contains("sk_test_123"),
        "{log}"
    );
    let mut closed = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let closed = closed.rfind(|line| line["fields"]["message"] == "close");
    closed.unwrap()["span"].clone()
}

#[test]
fn a_call_is_a_span_with_the_names_of_opentelemetry() {
    let span = span_of(&[
        StubResponse::json(500, "{}"),
        StubResponse::json(200, r#"{"id": "ch_1"}"#).header("Request-Id", "req_2"),
    ]);
    for (field, value) in [
        ("name", Value::from("stripe")),
        ("otel.name", "POST /v1/charges".into()),
        ("otel.kind", "client".into()),
        ("http.request.method", "POST".into()),
        ("http.request.resend_count", 1.into()),
        ("http.response.status_code", 200.into()),
        ("url.template", "/v1/charges".into()),
        ("server.address", "api.stripe.com".into()),
        ("stripe.operation", "charges.create".into()),
        ("stripe.account", "acct_1".into()),
        ("stripe.idempotency_key", "key-1".into()),
        ("stripe.request_id", "req_2".into()),
    ] {
        assert_eq!(span[field], value, "{field}: {span}");
    }
    assert!(span.get("error.type").is_none(), "{span}");
}

#[test]
fn the_span_of_a_failed_call_says_why() {
    let declined = r#"{"error": {"type": "card_error", "code": "card_declined"}}"#;
    let span = span_of(&[StubResponse::json(402, declined)]);
    assert_eq!(span["otel.status_code"], "ERROR", "{span}");
    assert_eq!(span["http.response.status_code"], 402, "{span}");
    assert_eq!(
        span["error.type"],
        tollway::ErrorKind::Card.to_string(),
        "{span}"
    );
}
