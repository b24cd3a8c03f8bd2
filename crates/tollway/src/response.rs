//! What came back: status, headers and request id of every answer, and how an answer becomes a result.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

use crate::error::Error;

/// What is known about an answer besides its body.
#[derive(Clone)]
pub struct ResponseMeta {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) retries: u32,
    pub(crate) elapsed: Duration,
    /// Whether the request only read, so that nothing can have changed.
    pub(crate) read_only: bool,
    pub(crate) sent: Sent,
}

/// What later pages of a list need to know of the request: whom it acted for, and what it asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    pub(crate) account: Option<HeaderValue>,
    pub(crate) context: Option<HeaderValue>,
    pub(crate) version: Option<HeaderValue>,
    /// Path and query; empty when nothing was sent.
    pub(crate) url: Uri,
}

impl ResponseMeta {
    /// The HTTP status, for example `200`.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first value of a header, whatever the case of its name. `None` when absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Stripe's id of the request, `req_…`: what their support asks for.
    /// <https://docs.stripe.com/api/request_ids>
    pub fn request_id(&self) -> Option<&str> {
        self.header("request-id")
    }

    /// The idempotency key Stripe saw.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.header("idempotency-key")
    }

    /// Whether Stripe answered with the stored result of an earlier request with the same idempotency key.
    /// <https://docs.stripe.com/api/idempotent_requests>
    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The connected account the request acted for.
    pub fn stripe_account(&self) -> Option<&str> {
        self.header("stripe-account")
    }

    /// The API version of the answer.
    pub fn stripe_version(&self) -> Option<&str> {
        self.header("stripe-version")
    }

    /// How many times the request was sent again after its first attempt.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// How long the call took, retries and waits included.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How long Stripe asks to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds: f64 = self.header("retry-after")?.trim().parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

impl fmt::Debug for ResponseMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseMeta")
            .field("status", &self.status())
            .field("request_id", &self.request_id())
            .field("retries", &self.retries)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}

/// A successful answer (status 200 to 299) before it is read.
#[derive(Clone)]
pub struct Response {
    pub(crate) meta: Arc<ResponseMeta>,
    pub(crate) body: Bytes,
}

impl Response {
    /// Status, headers and request id.
    pub fn meta(&self) -> &Arc<ResponseMeta> {
        &self.meta
    }

    /// The body as it came.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, without the rest.
    pub fn into_body(self) -> Bytes {
        self.body
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("meta", &self.meta)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// What a successful answer can be read as: a view of an object, or the plain bytes.
pub trait FromResponse: Sized + Send + 'static {
    /// Reads the answer. Fails only when the body is not what HTTP promised (no JSON at all), never for its shape: the
    /// money may have moved.
    fn from_response(response: Response) -> Result<Self, Error>;
}

impl FromResponse for Response {
    fn from_response(response: Response) -> Result<Self, Error> {
        Ok(response)
    }
}

impl FromResponse for Bytes {
    fn from_response(response: Response) -> Result<Self, Error> {
        Ok(response.body)
    }
}

impl FromResponse for () {
    fn from_response(_: Response) -> Result<Self, Error> {
        Ok(())
    }
}

impl FromResponse for serde_json::Value {
    fn from_response(response: Response) -> Result<Self, Error> {
        serde_json::from_slice(&response.body)
            .map_err(|cause| Error::invalid_response(&response, Box::new(cause)))
    }
}
