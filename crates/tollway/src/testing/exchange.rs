//! Requests that stubs receive, and their responses.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::body::body_params;
use crate::transport::{TransportErrorKind, TransportRequest};
use crate::wire::form;

/// A request that a [`StubTransport`](super::StubTransport) received.
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

/// A response of a [`StubTransport`](super::StubTransport).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StubResponse {
    /// An HTTP response.
    Http {
        /// The HTTP status.
        status: u16,
        /// Headers, for example `("Request-Id", "req_1")`.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
    },
    /// No response: the transport fails.
    Fail(TransportErrorKind),
    /// No response, ever: only a time limit ends the attempt.
    Hang,
}

impl StubResponse {
    /// Creates a JSON response.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Http {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// Adds a header to a response.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}
