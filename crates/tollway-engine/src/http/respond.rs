//! Answers, and the headers that Stripe puts on them.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::error::{ApiError, ErrorBody};
use crate::generic::Reply;
use crate::request_context::{DropConnection, RequestContext};
use crate::store::to_bytes;

/// An answer before it becomes a response.
#[derive(Debug)]
pub struct ApiResponse {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: Bytes,
    content_type: &'static str,
    should_retry: Option<bool>,
    /// Refused for asking too often, not for a lock that somebody else holds.
    rate_limited: bool,
    /// The request this answer was first given to.
    original_request: Option<String>,
    echo: Option<Echo>,
}

/// What a response repeats of its request.
#[derive(Debug)]
pub(super) struct Echo {
    version: String,
    idempotency_key: Option<HeaderValue>,
    account: Option<HeaderValue>,
}

impl Echo {
    pub(super) fn new(headers: &HeaderMap, version: &str) -> Self {
        Self {
            version: version.to_owned(),
            idempotency_key: headers.get("idempotency-key").cloned(),
            account: headers.get("stripe-account").cloned(),
        }
    }
}

impl ApiResponse {
    fn new(status: StatusCode, body: Bytes) -> Self {
        Self {
            status,
            body,
            content_type: "application/json",
            should_retry: None,
            rate_limited: false,
            original_request: None,
            echo: None,
        }
    }

    /// 200 with what an operation answered.
    pub(super) fn success(reply: Reply) -> Self {
        let content_type = match &reply {
            Reply::Stream { content_type, .. } => content_type,
            _ => "application/json",
        };
        Self {
            content_type,
            ..Self::new(StatusCode::OK, reply.into_bytes())
        }
    }

    /// An error's status and body, which leads to the request in the log.
    pub fn error(error: &ApiError, context: Option<&RequestContext>) -> Self {
        let mut body = error.to_json();
        if let (ErrorBody::Api(_), Some(context)) = (&error.body, context) {
            body["error"]["request_log_url"] = context.log_url().into();
        }
        let status =
            StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            should_retry: error.should_retry,
            rate_limited: error.status == 429 && error.get("code") == Some("rate_limit"),
            ..Self::new(status, to_bytes(&body))
        }
    }

    /// An answer that was given before.
    pub(super) fn replayed(status: StatusCode, body: Bytes, original_request: String) -> Self {
        Self {
            original_request: Some(original_request),
            ..Self::new(status, body)
        }
    }

    pub(super) fn with_echo(mut self, echo: Echo) -> Self {
        self.echo = Some(echo);
        self
    }

    pub(super) fn is_json(&self) -> bool {
        self.content_type == "application/json"
    }

    /// Whether it was given before.
    pub fn is_replayed(&self) -> bool {
        self.original_request.is_some()
    }

    /// The message of an error.
    pub(super) fn message(&self) -> Option<String> {
        if self.status.is_success() {
            return None;
        }
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        Some(body["error"]["message"].as_str()?.to_owned())
    }

    /// The response with Stripe's headers.
    pub fn into_response(self, request_id: &str) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let text = |text: &str| {
            HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
        };
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-store"),
        );
        headers.insert(HeaderName::from_static("request-id"), text(request_id));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"Stripe\""),
            );
        }
        if let Some(echo) = self.echo {
            headers.insert(
                HeaderName::from_static("stripe-version"),
                text(&echo.version),
            );
            if let Some(key) = echo.idempotency_key {
                headers.insert(HeaderName::from_static("idempotency-key"), key);
                let original = self.original_request.as_deref().unwrap_or(request_id);
                headers.insert(HeaderName::from_static("original-request"), text(original));
            }
            if let Some(account) = echo.account {
                headers.insert(HeaderName::from_static("stripe-account"), account);
            }
        }
        if self.original_request.is_some() {
            headers.insert(
                HeaderName::from_static("idempotent-replayed"),
                HeaderValue::from_static("true"),
            );
        }
        if self.rate_limited {
            headers.insert(
                HeaderName::from_static("stripe-rate-limited-reason"),
                HeaderValue::from_static("global-rate"),
            );
        }
        if let Some(retry) = self.should_retry {
            headers.insert(
                HeaderName::from_static("stripe-should-retry"),
                HeaderValue::from_static(if retry { "true" } else { "false" }),
            );
        }
        response
    }
}

/// No answer: the connection breaks.
pub(super) fn dropped() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.extensions_mut().insert(DropConnection);
    response
}
