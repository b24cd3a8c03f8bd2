//! The transports of `tollway`: [`Transport`] sends the bytes of a request. The default is hyper with rustls
//! (`HyperTransport`); tests use `tollway::testing::StubTransport`, and you can write your own.
//!
//! A transport sends one request once. Retries, timeouts, idempotency keys and errors are in `tollway`, which
//! re-exports this crate as `tollway::transport`. It is a crate of its own because hyper is generic over bodies: a
//! crate that names a body compiles all of HTTP/1 and HTTP/2, and this crate does so in parallel to the SDK.
//!
//! | feature | transport |
//! | --- | --- |
//! | `hyper` (default) | `HyperTransport`: hyper with rustls |
//! | `reqwest` | `ReqwestTransport`: the program's own reqwest, with its own TLS |
//! | `fetch` | `FetchTransport`: JavaScript's `fetch`, on `wasm32-unknown-unknown` |

mod body;
#[cfg(all(feature = "hyper", not(target_family = "wasm")))]
mod connector;
#[cfg(all(feature = "fetch", target_family = "wasm"))]
pub mod fetch;
#[cfg(all(feature = "hyper", not(target_family = "wasm")))]
mod hyper;
#[cfg(all(feature = "reqwest", not(target_family = "wasm")))]
mod reqwest;
#[cfg(all(feature = "hyper", not(target_family = "wasm")))]
mod tls;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};

pub use self::body::ResponseBody;
#[cfg(all(feature = "fetch", target_family = "wasm"))]
pub use self::fetch::FetchTransport;
#[cfg(all(feature = "hyper", not(target_family = "wasm")))]
pub use self::hyper::{HyperTransport, HyperTransportBuilder};
#[cfg(all(feature = "reqwest", not(target_family = "wasm")))]
pub use self::reqwest::ReqwestTransport;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one request and returns its response. Object-safe: a client holds an `Arc<dyn Transport>`.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request. Must not follow redirects: the request carries a secret key.
    ///
    /// The future is dropped when the request's time is up, so a transport need not watch
    /// [`TransportRequest::timeout`] itself.
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        (**self).send(request)
    }
}

/// One request that is ready to be sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct TransportRequest {
    /// `GET`, `POST` or `DELETE`.
    pub method: Method,
    /// The absolute URL.
    pub url: Uri,
    /// All headers, the key included; secret values are marked sensitive.
    pub headers: HeaderMap,
    /// The body; empty for `GET` and `DELETE`.
    pub body: Bytes,
    /// The time limit of this attempt.
    pub timeout: Duration,
}

impl TransportRequest {
    /// Creates a request with the default time limit of 80 seconds.
    pub fn new(method: Method, url: Uri, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            method,
            url,
            headers,
            body,
            timeout: Duration::from_secs(80),
        }
    }
}

// The body may hold card numbers and codes, so `Debug` leaves it out.
impl fmt::Debug for TransportRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportRequest")
            .field("method", &self.method)
            .field("path", &self.url.path())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// One response.
#[derive(Debug)]
#[non_exhaustive]
pub struct TransportResponse {
    /// The HTTP status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, whole or as a stream.
    pub body: ResponseBody,
}

impl TransportResponse {
    /// Creates a response.
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<ResponseBody>) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
        }
    }
}

/// Why there is no usable response. The kind says whether the request may have reached Stripe.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The kind of a [`TransportError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection was made: name not found, refused, unreachable, or it took too long. Nothing was sent.
    Connect,
    /// The server's certificate was not accepted. Nothing was sent.
    TlsCertificate,
    /// The request was sent, at least in part, and no response arrived in time.
    Timeout,
    /// The connection broke before the response was complete.
    Reset,
    /// The request is not valid HTTP. Nothing was sent.
    InvalidRequest,
    /// The transport itself could not be built, for example because a root certificate cannot be read. Nothing was sent.
    Setup,
    /// Something else; the request may have been sent.
    Other,
}

impl TransportError {
    /// Creates an error of a kind, with its cause.
    pub fn new(
        kind: TransportErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: source.into(),
        }
    }

    /// The kind of the error.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request may have reached Stripe. `false` is certain, `true` is not.
    pub fn may_have_been_sent(&self) -> bool {
        self.kind.may_have_been_sent()
    }
}

impl TransportErrorKind {
    /// Whether the request may have reached Stripe. `false` is certain, `true` is not.
    pub fn may_have_been_sent(self) -> bool {
        matches!(self, Self::Timeout | Self::Reset | Self::Other)
    }

    /// Whether a retry of the same request may succeed. A certificate that was refused stays refused.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Connect | Self::Timeout | Self::Reset)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            TransportErrorKind::Connect => "no connection could be made",
            TransportErrorKind::TlsCertificate => "the server's certificate was not accepted",
            TransportErrorKind::Timeout => "no answer came in time",
            TransportErrorKind::Reset => "the connection broke before the answer was whole",
            TransportErrorKind::InvalidRequest => "the request cannot be sent over HTTP",
            TransportErrorKind::Setup => "the transport cannot be built",
            TransportErrorKind::Other => "the request failed on the way",
        };
        write!(f, "{what}: {}", self.source)
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}
