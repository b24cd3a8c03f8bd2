//! What a response has besides its body: status, headers and request id.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, Uri};

/// The metadata of a response: everything but its body.
#[derive(Clone)]
pub struct ResponseMeta {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) retries: u32,
    pub(crate) elapsed: Duration,
    /// Whether the request only read, so that it cannot have changed anything.
    pub(crate) read_only: bool,
    pub(crate) sent: SentRequest,
}

/// What the requests for later pages of a list take over from the first one: account, context, version and URL.
#[derive(Debug, Clone, Default)]
pub(crate) struct SentRequest {
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

    /// The first value of a header; its name in any case. `None` when absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Stripe's id of the request, `req_…`, for questions to Stripe's support.
    /// <https://docs.stripe.com/api/request_ids>
    pub fn request_id(&self) -> Option<&str> {
        self.header("request-id")
    }

    /// The idempotency key that Stripe received.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.header("idempotency-key")
    }

    /// Whether this is the stored response to an earlier request with the same idempotency key.
    /// <https://docs.stripe.com/api/idempotent_requests>
    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The connected account the request acted for.
    pub fn stripe_account(&self) -> Option<&str> {
        self.header("stripe-account")
    }

    /// The API version of the response.
    pub fn stripe_version(&self) -> Option<&str> {
        self.header("stripe-version")
    }

    /// The number of retries after the first attempt.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// The duration of the call, retries and waits included.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The wait that Stripe requests before the next attempt.
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
