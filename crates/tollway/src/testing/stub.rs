//! A transport with scripted responses.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::clock::{ManualClock, SeededRandom};
use super::exchange::{StubRequest, StubResponse};
use super::expect::{Expectation, ExpectationQueue};
use super::lock::lock;
use crate::client::ClientBuilder;
use crate::runtime::BoxFuture;
use crate::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};

type Script = Box<dyn Fn(&StubRequest) -> StubResponse + Send + Sync>;

/// A [`Transport`] that sends nothing. It records each request and responds from a queue or a function.
///
/// The response is that of the first [`Expectation`] that matches, else the next one in the queue, else that of the
/// function. Without any of them it is a 500 that is not retried, with a message that says so.
///
/// # Panics
/// When dropped, if expectations were not met; also in [`StubTransport::verify`].
#[derive(Default)]
pub struct StubTransport {
    expected: Mutex<ExpectationQueue>,
    queue: Mutex<VecDeque<StubResponse>>,
    script: Option<Script>,
    requests: Mutex<Vec<StubRequest>>,
}

impl StubTransport {
    /// Creates a stub with an empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a stub that calls a function when its queue is empty.
    pub fn responding(
        script: impl Fn(&StubRequest) -> StubResponse + Send + Sync + 'static,
    ) -> Self {
        let mut stub = Self::default();
        stub.script = Some(Box::new(script));
        stub
    }

    /// Queues a response.
    pub fn push(&self, answer: StubResponse) {
        lock(&self.queue).push_back(answer);
    }

    /// Queues a JSON response.
    pub fn push_json(&self, status: u16, body: impl Into<Bytes>) {
        self.push(StubResponse::json(status, body));
    }

    /// All requests so far, retries included.
    pub fn requests(&self) -> Vec<StubRequest> {
        lock(&self.requests).clone()
    }

    /// Expects a request. See [`Expectation`].
    pub fn expect(&self, expectation: Expectation) {
        lock(&self.expected).push(expectation);
    }

    /// Begins a client that sends to this stub, never waits, and has the same idempotency keys in every run.
    pub fn client(self: &Arc<Self>) -> ClientBuilder {
        crate::Client::builder("sk_test_123")
            .transport(Arc::clone(self) as Arc<dyn Transport>)
            .clock(Arc::new(ManualClock::at(1_700_000_000)))
            .random(Arc::new(SeededRandom::new(1)))
    }

    /// Checks the expectations. Dropping the stub does the same; call this when a client in another task may outlive
    /// the test.
    ///
    /// # Panics
    /// When a request is missing or was not expected; the message says which one, and what differs.
    pub fn verify(&self) {
        let failures = std::mem::take(&mut *lock(&self.expected)).failures();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    fn pick(&self, request: &StubRequest) -> StubResponse {
        let expected = lock(&self.expected).respond(request);
        if let Some(answer) = expected.or_else(|| lock(&self.queue).pop_front()) {
            return answer;
        }
        if let Some(script) = &self.script {
            return script(request);
        }
        let why = lock(&self.expected)
            .surprise(request)
            .unwrap_or_else(|| "the stub has no answer left for this request".to_owned());
        let body = serde_json::json!({ "error": { "type": "api_error", "message": why } });
        StubResponse::json(500, body.to_string()).header("Stripe-Should-Retry", "false")
    }
}

impl Drop for StubTransport {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.verify();
        }
    }
}

impl Transport for StubTransport {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let request = StubRequest(request);
        let answer = self.pick(&request);
        lock(&self.requests).push(request);
        Box::pin(async move {
            match answer {
                StubResponse::Http {
                    status,
                    headers,
                    body,
                } => response(status, headers, body),
                StubResponse::Fail(kind) => {
                    Err(TransportError::new(kind, "the stub was told to fail"))
                }
                StubResponse::Hang => std::future::pending().await,
            }
        })
    }
}

pub(super) fn response(
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
) -> Result<TransportResponse, TransportError> {
    let bad = |text: String| TransportError::new(TransportErrorKind::Other, text);
    let status =
        StatusCode::from_u16(status).map_err(|_| bad(format!("{status} is not an HTTP status")))?;
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| bad(format!("{name} is not a header name")))?;
        let value = HeaderValue::from_str(&value)
            .map_err(|_| bad(format!("{name} has a value no header can carry")))?;
        map.append(key, value);
    }
    Ok(TransportResponse::new(status, map, body))
}

impl fmt::Debug for StubTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StubTransport")
            .field("requests", &lock(&self.requests).len())
            .finish_non_exhaustive()
    }
}
