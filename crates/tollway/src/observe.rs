//! Observers of every attempt to send a request and its outcome, for metrics and audit logs.
//!
//! ```
//! use std::sync::Arc;
//! use tollway::observe::{Observer, RequestEvent, ResponseEvent};
//!
//! struct Log;
//!
//! impl Observer for Log {
//!     fn on_response(&self, request: &RequestEvent<'_>, response: &ResponseEvent<'_>) {
//!         println!("{} {:?} {:?}", request.operation(), response.status(), response.elapsed());
//!     }
//! }
//!
//! let client = tollway::Client::builder("sk_test_123").observer(Arc::new(Log)).build()?;
//! # drop(client);
//! # Ok::<(), tollway::Error>(())
//! ```
//!
//! Traces need no observer: every call is a [`tracing`] span named `stripe`, with OpenTelemetry's field names
//! (`http.request.method`, `url.template`, `http.response.status_code`, …).

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Uri};

use crate::transport::TransportErrorKind;

/// Receives every attempt of every call of a client and its clones. Set by
/// [`ClientBuilder::observer`](crate::ClientBuilder::observer). The methods run on the task that makes the call, so
/// they must not block.
pub trait Observer: Send + Sync + 'static {
    /// Called before an attempt is sent. When the call is dropped during the attempt, [`Observer::on_response`] is not
    /// called.
    fn on_request(&self, request: &RequestEvent<'_>) {
        let _ = request;
    }

    /// Called when an attempt has ended: with a response of any status, or without one.
    fn on_response(&self, request: &RequestEvent<'_>, response: &ResponseEvent<'_>) {
        let _ = (request, response);
    }
}

/// One attempt to send a request.
pub struct RequestEvent<'a> {
    pub(crate) operation: &'static str,
    pub(crate) method: &'a str,
    pub(crate) url: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) attempt: u32,
}

impl RequestEvent<'_> {
    /// The operation, for example `charges.create`; `raw` for a request without types.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// `GET`, `POST` or `DELETE`.
    pub fn method(&self) -> &str {
        self.method
    }

    /// The host it goes to.
    pub fn host(&self) -> &str {
        self.url.host().unwrap_or_default()
    }

    /// The path without the query, which may name people.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// 1 for the first attempt of a call, 2 for its first retry.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The API version that it requests.
    pub fn stripe_version(&self) -> Option<&str> {
        self.header("stripe-version")
    }

    /// The connected account it acts for.
    pub fn stripe_account(&self) -> Option<&str> {
        self.header("stripe-account")
    }

    /// The context it acts in.
    pub fn stripe_context(&self) -> Option<&str> {
        self.header("stripe-context")
    }

    /// The idempotency key; the same on all attempts.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.header("idempotency-key")
    }

    /// The body. It may hold card numbers, codes and personal data: do not log it.
    pub fn body(&self) -> &Bytes {
        self.body
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for RequestEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestEvent")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("path", &self.path())
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// The outcome of an attempt.
pub struct ResponseEvent<'a> {
    pub(crate) outcome: Result<ObservedResponse<'a>, TransportErrorKind>,
    pub(crate) elapsed: Duration,
}

/// A response of any status.
pub(crate) struct ObservedResponse<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
}

impl ResponseEvent<'_> {
    /// The HTTP status; `None` without a response.
    pub fn status(&self) -> Option<u16> {
        self.outcome.as_ref().ok().map(|answer| answer.status)
    }

    /// Why there is no response.
    pub fn failure(&self) -> Option<TransportErrorKind> {
        self.outcome.as_ref().err().copied()
    }

    /// Stripe's id of the request, `req_…`.
    pub fn request_id(&self) -> Option<&str> {
        self.outcome
            .as_ref()
            .ok()?
            .headers
            .get("request-id")?
            .to_str()
            .ok()
    }

    /// How long this attempt took, without the waits between attempts.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The body; empty without a response, and for downloads that are streamed. It may hold secrets and personal data:
    /// do not log it.
    pub fn body(&self) -> &[u8] {
        self.outcome.as_ref().map_or(&[], |answer| answer.body)
    }
}

impl fmt::Debug for ResponseEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseEvent")
            .field("status", &self.status())
            .field("failure", &self.failure())
            .field("request_id", &self.request_id())
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}
