//! Recordings: real responses in a JSON file, and tests that replay them without the network.
//!
//! A file holds the requests (method, path, parameters) and their responses, in order. It never holds keys: only
//! headers without secrets are recorded, and secrets in parameters and responses are replaced by `[redacted]`. In a
//! replay the test's requests are redacted in the same way, so a redacted value that the test sends back still matches.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};

use super::compare::RequestOutline;
use super::exchange::{StubRequest, StubResponse};
use super::lock::lock;
use super::redact::Redaction;
use super::stub;
use crate::runtime::BoxFuture;
use crate::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};

/// The longest response that is recorded, in bytes.
const LONGEST_RESPONSE_BYTES: usize = 16 << 20;

/// The headers of responses that the SDK reads and that hold no secret.
const KEPT_HEADERS: [&str; 9] = [
    "content-type",
    "idempotency-key",
    "idempotent-replayed",
    "request-id",
    "retry-after",
    "stripe-account",
    "stripe-notice",
    "stripe-should-retry",
    "stripe-version",
];

/// The texts of failures without a response.
const FAILURES: [(&str, TransportErrorKind); 7] = [
    ("connect", TransportErrorKind::Connect),
    ("tls_certificate", TransportErrorKind::TlsCertificate),
    ("timeout", TransportErrorKind::Timeout),
    ("reset", TransportErrorKind::Reset),
    ("invalid_request", TransportErrorKind::InvalidRequest),
    ("setup", TransportErrorKind::Setup),
    ("other", TransportErrorKind::Other),
];

/// A transport that sends through another one and records requests and responses. [`Recorder::save`] writes the file
/// that [`Replay`] reads.
///
/// ```
/// use std::sync::Arc;
/// use tollway::testing::{Recorder, Replay, StubResponse, StubTransport};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let real = StubTransport::responding(|_| StubResponse::json(200, r#"{"object": "balance", "livemode": false}"#));
/// // once, with a real transport such as tollway::transport::HyperTransport:
/// let recorder = Arc::new(Recorder::new(Arc::new(real)));
/// let client = tollway::Client::builder("sk_test_123").transport(recorder.clone()).build()?;
/// client.balance().retrieve().send().await?;
/// let file = recorder.to_json(); // or recorder.save("tests/recordings/balance.json")
///
/// // in the test:
/// let replay = Arc::new(Replay::from_json(&file).unwrap());
/// let client = tollway::Client::builder("sk_test_any").transport(replay).build()?;
/// assert!(!client.balance().retrieve().send().await?.livemode());
/// # Ok::<(), tollway::Error>(())
/// # }).unwrap();
/// ```
pub struct Recorder {
    inner: Arc<dyn Transport>,
    redaction: Redaction,
    exchanges: Arc<Mutex<Vec<Value>>>,
}

impl Recorder {
    /// Records what goes through this transport.
    pub fn new(inner: Arc<dyn Transport>) -> Self {
        Self {
            inner,
            redaction: Redaction::default(),
            exchanges: Arc::default(),
        }
    }

    /// Also redacts the values of parameters and members of this name: `email`, `name`.
    #[must_use]
    pub fn redact(mut self, name: &str) -> Self {
        self.redaction.0.push(name.to_owned());
        self
    }

    /// What was recorded so far, as the text of a file.
    pub fn to_json(&self) -> String {
        let file = json!({
            "tollway_recording": 1,
            "redacted": self.redaction.0,
            "exchanges": *lock(&self.exchanges),
        });
        format!("{file:#}\n")
    }

    /// Writes what was recorded so far.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> std::io::Result<()> {
        std::fs::write(path, self.to_json())
    }
}

impl Transport for Recorder {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let mut outline = RequestOutline::of(&StubRequest(request.clone()));
        self.redaction.params(&mut outline.params);
        let request_json = json!({
            "method": outline.method, "path": outline.path, "params": outline.params,
        });
        let exchanges = Arc::clone(&self.exchanges);
        let redaction = self.redaction.clone();
        let sending = self.inner.send(request);
        Box::pin(async move {
            let outcome = match sending.await {
                Ok(answer) => {
                    let (status, headers) = (answer.status, answer.headers);
                    let body = answer.body.collect(LONGEST_RESPONSE_BYTES).await;
                    body.map(|body| (status, headers, body))
                }
                Err(error) => Err(error),
            };
            let response = match &outcome {
                Ok((status, headers, body)) => {
                    let headers: serde_json::Map<String, Value> = KEPT_HEADERS
                        .iter()
                        .filter_map(|name| Some((*name, headers.get(*name)?.to_str().ok()?)))
                        .map(|(name, value)| (name.to_owned(), value.into()))
                        .collect();
                    let mut answer = json!({ "status": status.as_u16(), "headers": headers });
                    write_body(&mut answer, body, &redaction);
                    answer
                }
                Err(error) => {
                    let word = FAILURES.iter().find(|(_, kind)| *kind == error.kind());
                    json!({ "failure": word.map_or("other", |(word, _)| word) })
                }
            };
            lock(&exchanges).push(json!({ "request": request_json, "response": response }));
            let (status, headers, body) = outcome?;
            Ok(TransportResponse::new(status, headers, body))
        })
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("exchanges", &lock(&self.exchanges).len())
            .finish_non_exhaustive()
    }
}

/// JSON as JSON, so that a diff of two recordings is readable; else text, else hex digits.
fn write_body(answer: &mut Value, body: &[u8], redaction: &Redaction) {
    if let Ok(mut json) = serde_json::from_slice::<Value>(body) {
        redaction.json("", &mut json);
        answer["body"] = json;
    } else if let Ok(text) = std::str::from_utf8(body) {
        answer["text"] = text.into();
    } else {
        use std::fmt::Write as _;
        let hex = body.iter().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        });
        answer["hex"] = hex.into();
    }
}

fn read_body(answer: &Value) -> Option<Bytes> {
    if let Some(json) = answer.get("body") {
        return Some(json.to_string().into());
    }
    if let Some(text) = answer.get("text") {
        return Some(text.as_str()?.to_owned().into());
    }
    let hex = answer.get("hex")?.as_str()?.as_bytes();
    let digits = hex.chunks(2);
    let bytes = digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>().map(Bytes::from)
}

/// Why a recording cannot be replayed.
#[derive(Debug)]
pub struct RecordingError(String);

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RecordingError {}

/// A transport that responds from a recording. A request gets the first unused response that was recorded for the same
/// method, path and parameters. A request that was not recorded fails with a [`TransportError`] that says what differs.
///
/// # Panics
/// When dropped, if responses of the recording were not used.
pub struct Replay {
    redaction: Redaction,
    exchanges: Mutex<Vec<RecordedExchange>>,
}

struct RecordedExchange {
    request: RequestOutline,
    response: Value,
    used: bool,
}

impl Replay {
    /// Reads a recording.
    ///
    /// # Errors
    /// When the file cannot be read or is no recording.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let path = path.as_ref();
        let in_file =
            |cause: String| RecordingError(format!("the recording {} {cause}", path.display()));
        let text = std::fs::read_to_string(path)
            .map_err(|cause| in_file(format!("cannot be read: {cause}")))?;
        Self::from_json(&text).map_err(|RecordingError(why)| in_file(format!("is unusable: {why}")))
    }

    /// Reads the text of a recording.
    ///
    /// # Errors
    /// When it is no recording.
    pub fn from_json(text: &str) -> Result<Self, RecordingError> {
        let refuse = |why: &str| RecordingError(format!("{why}: record it again"));
        let file: Value = serde_json::from_str(text)
            .map_err(|cause| refuse(&format!("it is not JSON ({cause})")))?;
        if file["tollway_recording"] != 1 {
            return Err(refuse("it is not a recording of this version"));
        }
        let redacted = serde_json::from_value(file["redacted"].clone()).unwrap_or_default();
        let exchanges = file["exchanges"].as_array().cloned().unwrap_or_default();
        let recorded = exchanges.into_iter().enumerate().map(|(at, exchange)| {
            RecordedExchange::read(&exchange)
                .ok_or_else(|| refuse(&format!("exchange {at} is incomplete")))
        });
        Ok(Self {
            redaction: Redaction(redacted),
            exchanges: Mutex::new(recorded.collect::<Result<_, _>>()?),
        })
    }

    fn respond(&self, request: TransportRequest) -> Result<TransportResponse, TransportError> {
        let mut sent = RequestOutline::of(&StubRequest(request));
        self.redaction.params(&mut sent.params);
        let mut exchanges = lock(&self.exchanges);
        let differences = |recorded: &RecordedExchange| recorded.request.differences(&sent, true);
        let next = exchanges
            .iter_mut()
            .find(|recorded| !recorded.used && differences(recorded).is_empty());
        if let Some(recorded) = next {
            recorded.used = true;
            return recorded.respond();
        }
        let unused = exchanges.iter().filter(|recorded| !recorded.used);
        let nearest = unused.map(differences).min_by_key(Vec::len);
        let why = nearest.map_or_else(
            || "all recorded answers are used up".to_owned(),
            |differences| differences.join("; "),
        );
        Err(TransportError::new(
            TransportErrorKind::InvalidRequest,
            format!(
                "the recording has no answer for {sent}: {why}; record it again if this is right"
            ),
        ))
    }

    /// Checks that every recorded response was used. Dropping the transport does the same.
    ///
    /// # Panics
    /// When one was not used; the message names it.
    pub fn verify(&self) {
        let exchanges = std::mem::take(&mut *lock(&self.exchanges));
        let unused: Vec<String> = exchanges
            .iter()
            .filter(|recorded| !recorded.used)
            .map(|recorded| format!("{} was recorded and never sent", recorded.request))
            .collect();
        assert!(unused.is_empty(), "{}", unused.join("\n"));
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.verify();
        }
    }
}

impl RecordedExchange {
    fn read(exchange: &Value) -> Option<Self> {
        let request = &exchange["request"];
        let text = |name: &str| request[name].as_str().map(str::to_owned);
        let recorded = Self {
            request: RequestOutline {
                method: text("method")?,
                path: text("path")?,
                params: serde_json::from_value(request["params"].clone()).ok()?,
            },
            response: exchange["response"].clone(),
            used: false,
        };
        let whole = recorded.response["failure"].is_string() || recorded.stub_response().is_some();
        whole.then_some(recorded)
    }

    fn stub_response(&self) -> Option<StubResponse> {
        let status = u16::try_from(self.response["status"].as_u64()?).ok()?;
        let headers = self.response["headers"].as_object()?.iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Some(StubResponse::Http {
            status,
            headers: headers.collect(),
            body: read_body(&self.response)?,
        })
    }

    fn respond(&self) -> Result<TransportResponse, TransportError> {
        if let Some(StubResponse::Http {
            status,
            headers,
            body,
        }) = self.stub_response()
        {
            return stub::response(status, headers, body);
        }
        let word = self.response["failure"].as_str().unwrap_or_default();
        let failure = FAILURES.iter().find(|(known, _)| *known == word);
        let kind = failure.map_or(TransportErrorKind::Other, |(_, kind)| *kind);
        Err(TransportError::new(
            kind,
            "so it was when this was recorded",
        ))
    }
}

impl Transport for Replay {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let answer = self.respond(request);
        Box::pin(async move { answer })
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("exchanges", &lock(&self.exchanges).len())
            .finish_non_exhaustive()
    }
}
