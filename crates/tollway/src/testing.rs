//! Help for tests: a transport that answers from a script, a clock that never waits, seeded randomness.
//!
//! ```
//! use std::sync::Arc;
//! use tollway::testing::StubTransport;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let stub = Arc::new(StubTransport::new());
//! stub.push_json(200, r#"{"id": "cus_1", "object": "customer"}"#);
//! let client = tollway::Client::builder("sk_test_123").transport(stub.clone()).build()?;
//!
//! let customer: serde_json::Value =
//!     client.request(tollway::request::Verb::Post, "/v1/customers").param("name", "Jenny").send().await?;
//!
//! assert_eq!(customer["id"], "cus_1");
//! assert_eq!(stub.requests()[0].form(), [("name".to_owned(), "Jenny".to_owned())]);
//! # Ok::<(), tollway::Error>(())
//! # }).unwrap();
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::runtime::{BoxFuture, Clock, Random};
use crate::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use crate::wire::form;

/// Runs a documentation example with a client that always gets one JSON answer.
#[doc(hidden)]
pub fn doc_test<F, E>(body: &'static str, example: impl FnOnce(crate::Client) -> F)
where
    F: Future<Output = Result<(), E>>,
    E: fmt::Debug,
{
    let stub = StubTransport::answering(move |_| StubAnswer::json(200, body));
    let client = crate::Client::builder("sk_test_123")
        .transport(Arc::new(stub))
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let client = client.expect("a stubbed client needs nothing");
    runtime
        .expect("a runtime on this thread")
        .block_on(example(client))
        .expect("the example works");
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request as a [`StubTransport`] saw it.
#[derive(Clone)]
pub struct StubRequest(TransportRequest);

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
/// A request nobody prepared an answer for is answered with a 500 that says so.
#[derive(Default)]
pub struct StubTransport {
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
        Self {
            script: Some(Box::new(script)),
            ..Self::default()
        }
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

    fn answer(&self, request: &StubRequest) -> StubAnswer {
        if let Some(answer) = lock(&self.queue).pop_front() {
            return answer;
        }
        match &self.script {
            Some(script) => script(request),
            None => StubAnswer::json(
                500,
                r#"{"error": {"type": "api_error", "message": "the stub has no answer left for this request"}}"#,
            ),
        }
    }
}

impl Transport for StubTransport {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let request = StubRequest(request);
        let answer = self.answer(&request);
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

fn response(
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

/// A [`Clock`] that moves only when told: by [`ManualClock::advance`], and by sleeps, which pass at once and are noted.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<Mutex<ClockState>>);

#[derive(Debug, Default)]
struct ClockState {
    /// Since the unix epoch.
    now: Duration,
    /// Since the clock was made.
    passed: Duration,
    sleeps: Vec<Duration>,
    waiting: Vec<Waker>,
}

impl ClockState {
    fn advance(&mut self, by: Duration) {
        self.now += by;
        self.passed += by;
        for waker in self.waiting.drain(..) {
            waker.wake();
        }
    }
}

impl ManualClock {
    /// A clock that shows the given unix time in seconds.
    pub fn at(unix_seconds: u64) -> Self {
        let state = ClockState {
            now: Duration::from_secs(unix_seconds),
            ..ClockState::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Lets time pass. Limits that are reached end.
    pub fn advance(&self, by: Duration) {
        lock(&self.0).advance(by);
    }

    /// The sleeps so far, in order.
    pub fn sleeps(&self) -> Vec<Duration> {
        lock(&self.0).sleeps.clone()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + lock(&self.0).now
    }

    fn monotonic(&self) -> Duration {
        lock(&self.0).passed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            let mut state = lock(&state);
            state.sleeps.push(duration);
            state.advance(duration);
        })
    }

    fn limit(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let state = Arc::clone(&self.0);
        let end = lock(&state).passed.saturating_add(duration);
        Box::pin(std::future::poll_fn(move |cx| {
            let mut state = lock(&state);
            if state.passed >= end {
                return Poll::Ready(());
            }
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        }))
    }
}

/// A [`Random`] that gives the same bytes for the same seed. Not for secrets.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// A source for a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = lock(&self.0);
        for byte in bytes {
            // SplitMix64: one step and one mix for each byte, good enough to spread.
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
    }
}
