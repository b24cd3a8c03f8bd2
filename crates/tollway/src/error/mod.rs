//! The one error type of every call: what it is about ([`ErrorKind`]), whether the request may have taken effect, and
//! all that came back (status, headers, request id, raw body).
//!
//! ```
//! fn explain(error: &tollway::Error) -> String {
//!     if error.may_have_taken_effect() {
//!         return "the payment may exist: look before trying again".to_owned();
//!     }
//!     match error.kind() {
//!         tollway::ErrorKind::Card => format!("declined: {}", error.decline_code().unwrap_or("no reason given")),
//!         _ => error.to_string(),
//!     }
//! }
//! ```

mod fields;
mod kind;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

pub use self::kind::{ErrorKind, OAuthErrorCode, V2ErrorType};
use crate::response::{Response, ResponseMeta};
use crate::transport::{TransportError, TransportErrorKind};
use crate::wire::json::Json;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a call failed. One pointer wide.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    meta: Option<Arc<ResponseMeta>>,
    body: Bytes,
    /// The body's `error` member; null when there is none.
    error: Value,
    retries: u32,
    may_have_taken_effect: bool,
    transport: Option<TransportErrorKind>,
    cause: Option<Cause>,
}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            meta: None,
            body: Bytes::new(),
            error: Value::Null,
            retries: 0,
            may_have_taken_effect: false,
            transport: None,
            cause: None,
        }))
    }

    /// Refused before anything was sent.
    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// The program's surroundings lack something that a client needs; nothing was sent.
    pub(crate) fn setup(message: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self::new(ErrorKind::Setup, message).caused_by(cause)
    }

    fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// No usable key or client id; nothing was sent.
    pub(crate) fn authentication(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Authentication, message)
    }

    /// No answer came.
    pub(crate) fn connection(cause: TransportError, retries: u32) -> Self {
        let mut error = Self::new(ErrorKind::Connection, cause.to_string());
        error.0.transport = Some(cause.kind());
        error.0.retries = retries;
        error.0.cause = Some(Box::new(cause));
        error
    }

    /// The success status promised a body that is not there.
    pub(crate) fn invalid_response(response: &Response, cause: Cause) -> Self {
        let start: String = String::from_utf8_lossy(&response.body)
            .chars()
            .take(120)
            .collect();
        let message = format!(
            "Stripe answered {} with a body that is not JSON: {start:?}",
            response.meta.status()
        );
        let mut error = Self::new(ErrorKind::InvalidResponse, message);
        error.0.retries = response.meta.retries;
        error.0.meta = Some(Arc::clone(&response.meta));
        error.0.body = response.body.clone();
        error.0.may_have_taken_effect = !response.meta.read_only;
        error.0.cause = Some(cause);
        error
    }

    /// A list whose next page cannot be asked for.
    pub(crate) fn unpageable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidResponse, message)
    }

    /// An answer with an error status. `json` is its parsed body, null when it is not JSON.
    pub(crate) fn answer(meta: Arc<ResponseMeta>, body: Bytes, mut json: Value, v2: bool) -> Self {
        let status = meta.status();
        let description = json
            .get("error_description")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let error = json.get_mut("error").map(Value::take).unwrap_or_default();
        let (kind, message) = match &error {
            Value::String(code) => (
                ErrorKind::of_answer(status, v2, &error),
                description.unwrap_or_else(|| code.clone()),
            ),
            Value::Object(members) => {
                let message = members
                    .get("message")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                (ErrorKind::of_answer(status, v2, &error), message.to_owned())
            }
            _ => {
                let start: String = String::from_utf8_lossy(&body).chars().take(120).collect();
                (
                    ErrorKind::InvalidResponse,
                    format!("an error status without a Stripe error: {start:?}"),
                )
            }
        };
        let mut out = Self::new(kind, message);
        out.0.retries = meta.retries;
        out.0.meta = Some(meta);
        out.0.body = body;
        out.0.error = error;
        out
    }

    pub(crate) fn set_may_have_taken_effect(&mut self, may: bool) {
        self.0.may_have_taken_effect = may;
    }

    /// A code or refresh token went out and it is not known what became of it.
    pub(crate) fn into_outcome_unknown(mut self) -> Self {
        self.0.kind = ErrorKind::OutcomeUnknown;
        self.0.may_have_taken_effect = true;
        self.0.message = format!(
            "it is not known whether Stripe redeemed the token; do not send it again, because a second use revokes the \
             connection ({})",
            self.0.message
        );
        self
    }

    /// What the error is about.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the request may have changed something at Stripe although the call failed: no answer came after it was
    /// sent, the answer was 5xx, or it could not be read.
    ///
    /// When this is `true`, do not simply try again with a new idempotency key. Sending the same request with the same
    /// key is safe.
    pub fn may_have_taken_effect(&self) -> bool {
        self.0.may_have_taken_effect
    }

    /// Whether no answer came in time.
    pub fn is_timeout(&self) -> bool {
        self.0.transport == Some(TransportErrorKind::Timeout)
    }

    /// How the request failed on the way, when it did.
    pub fn transport(&self) -> Option<TransportErrorKind> {
        self.0.transport
    }

    /// Status, headers and more of the answer; `None` when there was none.
    pub fn last_response(&self) -> Option<&ResponseMeta> {
        self.0.meta.as_deref()
    }

    /// The HTTP status of the answer.
    pub fn status(&self) -> Option<u16> {
        self.last_response().map(ResponseMeta::status)
    }

    /// Stripe's id of the request, `req_…`.
    pub fn request_id(&self) -> Option<&str> {
        self.last_response()?.request_id()
    }

    /// How many times the request was sent again before the error was given up to you.
    pub fn retries(&self) -> u32 {
        self.0.retries
    }

    /// How long Stripe asks to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.last_response()?.retry_after()
    }

    /// The body of the answer, read as JSON; `None` when it is not JSON. Objects embedded in the error are here whole:
    /// `error.json()?.get("error")?.get("payment_intent")`.
    pub fn json(&self) -> Option<Json> {
        Json::parse_with(self.0.body.clone(), self.0.meta.clone()).ok()
    }

    /// The body of the answer as it came; empty when there was none.
    pub fn raw_body(&self) -> &Bytes {
        &self.0.body
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        if let Some(code) = self.code() {
            write!(f, " ({code})")?;
        }
        if let Some(status) = self.status() {
            write!(f, " [status {status}]")?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " [request {id}]")?;
        }
        if self.0.message.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.0.message)
        }
    }
}

// The raw body stays out: it can hold client secrets and personal data.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("status", &self.status())
            .field("code", &self.code())
            .field("request_id", &self.request_id())
            .field("message", &self.0.message)
            .field("retries", &self.0.retries)
            .field("may_have_taken_effect", &self.0.may_have_taken_effect)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .cause
            .as_deref()
            .map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

impl From<crate::params::ParamError> for Error {
    fn from(cause: crate::params::ParamError) -> Self {
        Self::invalid_input(cause.to_string()).caused_by(cause)
    }
}

impl From<crate::wire::path::PathError> for Error {
    fn from(cause: crate::wire::path::PathError) -> Self {
        Self::invalid_input(cause.to_string()).caused_by(cause)
    }
}

#[cfg(test)]
mod tests;
