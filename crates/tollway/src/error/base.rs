//! [`Error`]: its kind, its message, and what Stripe sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::kind::ErrorKind;
use crate::json::Json;
use crate::meta::ResponseMeta;
use crate::transport::{TransportError, TransportErrorKind};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a call failed. One pointer wide.
pub struct Error(Box<ErrorData>);

struct ErrorData {
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
        Self(Box::new(ErrorData {
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

    /// An error that was found before anything was sent.
    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// A client that cannot be built because of its environment; nothing was sent.
    #[cfg(any(
        feature = "blocking",
        all(feature = "hyper", not(target_family = "wasm"))
    ))]
    pub(crate) fn setup(message: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self::new(ErrorKind::Setup, message).caused_by(cause)
    }

    fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// A missing or unusable key or client id; nothing was sent.
    pub(crate) fn authentication(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Authentication, message)
    }

    /// A request without a response.
    pub(crate) fn connection(cause: TransportError, retries: u32) -> Self {
        let mut error = Self::new(ErrorKind::Connection, cause.to_string());
        error.0.transport = Some(cause.kind());
        error.0.retries = retries;
        error.0.cause = Some(Box::new(cause));
        error
    }

    /// A success status with a body that is not JSON.
    pub(crate) fn invalid_response(
        meta: &Arc<ResponseMeta>,
        body: Bytes,
        cause: impl Into<Cause>,
    ) -> Self {
        let start: String = String::from_utf8_lossy(&body).chars().take(120).collect();
        let message = format!(
            "Stripe answered {} with a body that is not JSON: {start:?}",
            meta.status()
        );
        let mut error = Self::new(ErrorKind::InvalidResponse, message).caused_by(cause);
        error.0.retries = meta.retries;
        error.0.meta = Some(Arc::clone(meta));
        error.0.body = body;
        error.0.may_have_taken_effect = !meta.read_only;
        error
    }

    /// A list whose next page cannot be requested.
    pub(crate) fn unpageable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidResponse, message)
    }

    /// A response with an error status. `json` is its parsed body, null when it is not JSON.
    pub(crate) fn from_response(
        meta: Arc<ResponseMeta>,
        body: Bytes,
        mut json: Value,
        v2: bool,
    ) -> Self {
        let status = meta.status();
        let description = json
            .get("error_description")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let error = json.get_mut("error").map(Value::take).unwrap_or_default();
        let (kind, message) = match &error {
            Value::String(code) => (
                ErrorKind::of_response(status, v2, &error),
                description.unwrap_or_else(|| code.clone()),
            ),
            Value::Object(members) => {
                let message = members
                    .get("message")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                (
                    ErrorKind::of_response(status, v2, &error),
                    message.to_owned(),
                )
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

    /// Turns the error into [`ErrorKind::OutcomeUnknown`]: an OAuth code or refresh token was sent without a clear
    /// response.
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

    /// A member of the body's `error`.
    pub(super) fn error_member(&self, name: &str) -> Option<&Value> {
        self.0.error.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.error_member(name).and_then(Value::as_str)
    }

    /// The message; empty when Stripe sent none. Messages of [`ErrorKind::Card`](super::ErrorKind::Card) are for the
    /// card holder, others are for developers.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The machine-readable reason, for example `resource_missing`; for OAuth the `error` text.
    /// <https://docs.stripe.com/error-codes>
    pub fn code(&self) -> Option<&str> {
        match &self.0.error {
            Value::String(code) => Some(code),
            _ => self.text("code"),
        }
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the request may have changed something at Stripe although the call failed: it was sent and no response
    /// arrived, or the response was 5xx or unreadable.
    ///
    /// When this is `true`, do not retry with a new idempotency key. Sending the same request with the same key is
    /// safe.
    pub fn may_have_taken_effect(&self) -> bool {
        self.0.may_have_taken_effect
    }

    /// Whether the request timed out.
    pub fn is_timeout(&self) -> bool {
        self.0.transport == Some(TransportErrorKind::Timeout)
    }

    /// How the request failed in the transport; `None` when there was a response, or nothing was sent.
    pub fn transport(&self) -> Option<TransportErrorKind> {
        self.0.transport
    }

    /// Status, headers and request id of the response; `None` without a response.
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

    /// The number of retries before the error was returned.
    pub fn retries(&self) -> u32 {
        self.0.retries
    }

    /// The wait that Stripe requests before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.last_response()?.retry_after()
    }

    /// The body of the response as JSON; `None` when it is not JSON. It holds the whole objects that are embedded in
    /// the error: `error.json()?.get("error")?.get("payment_intent")`.
    pub fn json(&self) -> Option<Json> {
        Json::parse_with(self.0.body.clone(), self.0.meta.clone()).ok()
    }

    /// The body of the response as Stripe sent it; empty without a response.
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
