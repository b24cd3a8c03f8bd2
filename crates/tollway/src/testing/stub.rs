//! A transport that answers from a script.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::compare::body_params;
use super::expect::Expected;
use super::{Expectation, ManualClock, SeededRandom, lock};
use crate::config::ClientBuilder;
use crate::runtime::BoxFuture;
use crate::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use crate::wire::form;

/// A request as a [`StubTransport`] saw it.
#[derive(Clone)]
pub struct StubRequest(pub(super) TransportRequest);

impl StubRequest {
    /// `GET`, `POST` or `DELETE`.
    pub fn method(&self) -> &str {
        self.0.method.as_str()
    }

    /// The whole URL.
    pub fn url(&self) -> String {
        self.0.url.to_string()
    }

    /// The path, escaped as it was sent.
    pub fn path(&self) -> &str {
        self.0.url.path()
    }

    /// The query, decoded into pairs.
    pub fn query(&self) -> Vec<(String, String)> {
        form::decode(self.0.url.query().unwrap_or_default())
    }

    /// A header; `None` when it was not sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    /// The body as it was sent.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// The form body, decoded into pairs.
    pub fn form(&self) -> Vec<(String, String)> {
        form::decode(&String::from_utf8_lossy(&self.0.body))
    }

    /// All parameters, those of the query and those of the body, by their names on the wire: `metadata[order]`. The
    /// leaves of a JSON body are named alike.
    pub fn params(&self) -> Vec<(String, String)> {
        let content_type = self.header("content-type").unwrap_or_default();
        let mut pairs = self.query();
        pairs.extend(body_params(content_type, &self.0.body));
        pairs
    }

    /// The JSON body; null when there is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.0.body).unwrap_or_default()
    }

    /// How long the attempt was allowed to take.
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }
}

impl fmt::Debug for StubRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a [`StubTransport`] answers.
#[derive(Debug, Clone)]
pub enum StubAnswer {
    /// An answer with a status, headers and a body.
    Response {
        /// The HTTP status.
        status: u16,
        /// Headers, for example `("Request-Id", "req_1")`.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
    },
    /// No answer: the transport fails.
    Fail(TransportErrorKind),
    /// No answer, ever: only a time limit ends it.
    Hang,
}

impl StubAnswer {
    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Response {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// Adds a header to an answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Response { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

type Script = Box<dyn Fn(&StubRequest) -> StubAnswer + Send + Sync>;

/// A [`Transport`] that sends nothing: it notes each request and answers from a queue or a function.
///
/// A request is answered by the first [`Expectation`] that fits, else from the queue, else by the function. One that
/// nobody prepared an answer for gets a 500 that says so and is not retried.
///
/// # Panics
/// When dropped, if expectations were not met; also in [`StubTransport::verify`].
#[derive(Default)]
pub struct StubTransport {
    expected: Mutex<Expected>,
    queue: Mutex<VecDeque<StubAnswer>>,
    script: Option<Script>,
    requests: Mutex<Vec<StubRequest>>,
}

impl StubTransport {
    /// A stub with an empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// A stub that asks a function once its queue is empty.
    pub fn answering(script: impl Fn(&StubRequest) -> StubAnswer + Send + Sync + 'static) -> Self {
        let mut stub = Self::default();
        stub.script = Some(Box::new(script));
        stub
    }

    /// Queues an answer.
    pub fn push(&self, answer: StubAnswer) {
        lock(&self.queue).push_back(answer);
    }

    /// Queues a JSON answer.
    pub fn push_json(&self, status: u16, body: impl Into<Bytes>) {
        self.push(StubAnswer::json(status, body));
    }

    /// All requests so far, retries included.
    pub fn requests(&self) -> Vec<StubRequest> {
        lock(&self.requests).clone()
    }

    /// Expects a request. See [`Expectation`].
    pub fn expect(&self, expectation: Expectation) {
        lock(&self.expected).push(expectation);
    }

    /// A builder of clients that send to this stub, never wait, and choose the same idempotency keys in every run.
    pub fn client(self: &Arc<Self>) -> ClientBuilder {
        crate::Client::builder("sk_test_123")
            .transport(Arc::clone(self) as Arc<dyn Transport>)
            .clock(Arc::new(ManualClock::at(1_700_000_000)))
            .random(Arc::new(SeededRandom::new(1)))
    }

    /// Checks the expectations now. Dropping the stub does it, too; call this when a client that another task holds may
    /// outlive the test.
    ///
    /// # Panics
    /// When a request is missing or was not expected. Says which, and what differs.
    pub fn verify(&self) {
        let failures = std::mem::take(&mut *lock(&self.expected)).failures();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    fn pick(&self, request: &StubRequest) -> StubAnswer {
        let expected = lock(&self.expected).answer(request);
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
        StubAnswer::json(500, body.to_string()).header("Stripe-Should-Retry", "false")
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
                StubAnswer::Response {
                    status,
                    headers,
                    body,
                } => response(status, headers, body),
                StubAnswer::Fail(kind) => {
                    Err(TransportError::new(kind, "the stub was told to fail"))
                }
                StubAnswer::Hang => std::future::pending().await,
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
