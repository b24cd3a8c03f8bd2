//! The default transport: hyper over rustls, one pool of kept-alive connections per client.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::{BodyDataStream, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;

use super::{
    ResponseBody, Transport, TransportError, TransportErrorKind, TransportRequest,
    TransportResponse,
};
use crate::runtime::BoxFuture;

/// The default [`Transport`]: HTTP/1.1 and HTTP/2 over rustls, connections pooled and kept alive, no redirects.
/// Environment proxies are not used.
#[derive(Debug, Clone)]
pub struct HyperTransport {
    client: HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// Settings of a [`HyperTransport`].
#[derive(Debug, Clone)]
pub struct HyperTransportBuilder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    extra_roots: Vec<Vec<u8>>,
}

impl Default for HyperTransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            extra_roots: Vec::new(),
        }
    }
}

impl HyperTransportBuilder {
    /// How long making a connection may take. Default: 30 seconds.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long an unused connection is kept. Default: 30 seconds.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Trusts one more root certificate (DER) besides the public ones, for a company's own gateway.
    #[must_use]
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.extra_roots.push(der.into());
        self
    }

    /// Builds the transport.
    ///
    /// # Errors
    /// When an extra root certificate cannot be read.
    pub fn build(self) -> Result<HyperTransport, TransportError> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(self.connect_timeout));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls()?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(connector);
        let client = HyperClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .build(connector);
        Ok(HyperTransport { client })
    }

    fn tls(&self) -> Result<rustls::ClientConfig, TransportError> {
        let mut roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for der in &self.extra_roots {
            roots
                .add(CertificateDer::from(der.clone()))
                .map_err(|cause| TransportError::new(TransportErrorKind::TlsCertificate, cause))?;
        }
        // The provider is named, so that another one installed by the program cannot make the choice ambiguous.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| TransportError::new(TransportErrorKind::InvalidRequest, cause))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(config)
    }
}

impl HyperTransport {
    /// Settings to change before building.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }
}

impl Transport for HyperTransport {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let client = self.client.clone();
        Box::pin(async move { exchange(client, request).await })
    }
}

async fn exchange(
    client: HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    request: TransportRequest,
) -> Result<TransportResponse, TransportError> {
    let TransportRequest {
        method,
        url,
        headers,
        body,
        timeout,
    } = request;
    let mut request = http::Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = url;
    *request.headers_mut() = headers;
    let connection = capture_connection(&mut request);

    let answer = match tokio::time::timeout(timeout, client.request(request)).await {
        Ok(answer) => answer.map_err(|cause| classify(&cause, cause.is_connect()))?,
        Err(elapsed) => {
            // Without a connection nothing can have been written.
            let connected = connection.connection_metadata().is_some();
            let kind = if connected {
                TransportErrorKind::Timeout
            } else {
                TransportErrorKind::Connect
            };
            return Err(TransportError::new(kind, elapsed));
        }
    };
    let (parts, body) = answer.into_parts();
    let chunks = BodyDataStream::new(body)
        .map(|chunk| chunk.map_err(|cause| TransportError::new(TransportErrorKind::Reset, cause)));
    Ok(TransportResponse::new(
        parts.status,
        parts.headers,
        ResponseBody::stream(chunks),
    ))
}

/// Names the failure by the deepest cause that says something.
fn classify(error: &hyper_util::client::legacy::Error, connecting: bool) -> TransportError {
    let mut kind = if connecting {
        TransportErrorKind::Connect
    } else {
        TransportErrorKind::Reset
    };
    let mut text = error.to_string();
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        if is_certificate_refusal(inner) {
            kind = TransportErrorKind::TlsCertificate;
        }
        if inner
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_user)
        {
            kind = TransportErrorKind::InvalidRequest;
        }
        cause = inner.source();
    }
    TransportError::new(kind, text)
}

fn is_certificate_refusal(error: &(dyn StdError + 'static)) -> bool {
    let refused = |error: &rustls::Error| matches!(error, rustls::Error::InvalidCertificate(_));
    // rustls travels inside an `io::Error`, whose `source` skips the error it carries.
    error.downcast_ref::<rustls::Error>().is_some_and(refused)
        || error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .is_some_and(refused)
}
