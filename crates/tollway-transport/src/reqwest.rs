//! A transport over `reqwest`, for programs that use it already and want its TLS, DNS or proxies. Feature `reqwest`.

use std::error::Error as StdError;

use futures_util::TryStreamExt as _;

use crate::{
    BoxFuture, ResponseBody, Transport, TransportError, TransportErrorKind, TransportRequest,
    TransportResponse,
};

/// A [`Transport`] over `reqwest`. Its TLS is that of the program's own `reqwest` dependency: this crate turns on none
/// of its features.
///
/// ```
/// use tollway_transport::ReqwestTransport;
///
/// let builder = reqwest::Client::builder().user_agent("shop/1.0").no_proxy();
/// let transport = ReqwestTransport::new(builder)?;
/// # drop(transport);
/// # Ok::<(), tollway_transport::TransportError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// Builds the client. Redirects are always turned off, because requests carry a secret key. Of its time limits only
    /// the one for connecting matters; the SDK has its own for the others.
    ///
    /// # Errors
    /// When `reqwest` cannot build it.
    pub fn new(builder: reqwest::ClientBuilder) -> Result<Self, TransportError> {
        let client = builder.redirect(reqwest::redirect::Policy::none()).build();
        let client = client
            .map_err(|cause| TransportError::new(TransportErrorKind::InvalidRequest, cause))?;
        Ok(Self { client })
    }
}

impl Transport for ReqwestTransport {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let client = self.client.clone();
        Box::pin(async move {
            let answer = client
                .request(request.method, request.url.to_string())
                .headers(request.headers)
                .body(request.body)
                .timeout(request.timeout)
                .send()
                .await
                .map_err(classify)?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let chunks = answer.bytes_stream().map_err(classify);
            Ok(TransportResponse::new(
                status,
                headers,
                ResponseBody::stream(chunks),
            ))
        })
    }
}

/// Derives the kind of a failure. The URL, which may hold personal data, is left out of the text.
fn classify(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let mut kind = if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_builder() {
        TransportErrorKind::InvalidRequest
    } else {
        TransportErrorKind::Reset
    };
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    // Every TLS stack has its own error type, and this crate does not know which one is built in.
    if kind == TransportErrorKind::Connect && text.to_ascii_lowercase().contains("certificate") {
        kind = TransportErrorKind::TlsCertificate;
    }
    TransportError::new(kind, text)
}
