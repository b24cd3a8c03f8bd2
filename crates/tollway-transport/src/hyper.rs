//! The default transport: hyper over rustls, one pool of kept-alive connections per client.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::{BodyDataStream, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use secrecy::{ExposeSecret as _, SecretString};

use crate::connector::Connector;
use crate::tls::Tls;
use crate::{
    BoxFuture, ResponseBody, Transport, TransportError, TransportErrorKind, TransportRequest,
    TransportResponse,
};

/// The default [`Transport`]: HTTP/1.1 and HTTP/2 over rustls, connections pooled and kept alive, no redirects. A proxy
/// is used when [`HyperTransportBuilder::proxy`] names one; `HTTPS_PROXY` and its like in the environment are not read,
/// so that only the program decides where its key is sent.
#[derive(Debug, Clone)]
pub struct HyperTransport {
    client: Pool,
}

type Pool = HyperClient<HttpsConnector<Connector>, Full<Bytes>>;

/// Settings of a [`HyperTransport`].
#[derive(Debug, Clone)]
pub struct HyperTransportBuilder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    tls: Tls,
    proxy: Option<SecretString>,
    #[cfg(unix)]
    unix_socket: Option<std::path::PathBuf>,
}

impl Default for HyperTransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            tls: Tls::default(),
            proxy: None,
            #[cfg(unix)]
            unix_socket: None,
        }
    }
}

impl HyperTransportBuilder {
    /// The longest duration of connecting. Default: 30 seconds.
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
        self.tls.roots.push(der.into());
        self
    }

    /// Trusts the root certificates of a PEM file besides the public ones, for example the one a company's gateway
    /// comes with.
    #[must_use]
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.pem_roots.push(pem.into());
        self
    }

    /// Accepts any certificate, also a forged one, so that an attacker on the network can read the key and every
    /// response. For test servers only; each build logs it at `WARN`. To trust one server, prefer
    /// [`HyperTransportBuilder::root_certificate`].
    #[must_use]
    pub fn danger_accept_invalid_certs(mut self) -> Self {
        self.tls.accept_any = true;
        self
    }

    /// Sends through a proxy: `http://[user:password@]host:port`. Connections are tunnelled (`CONNECT`), so the proxy
    /// sees the host but neither key nor body. Default: none; environment variables are not read.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<SecretString>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Sends everything to a Unix socket, whatever the host in the base URLs. For test servers; excludes a proxy.
    #[cfg(unix)]
    #[must_use]
    pub fn unix_socket(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.unix_socket = Some(path.into());
        self
    }

    /// Builds the transport.
    ///
    /// # Errors
    /// When an extra root certificate cannot be read, the proxy's URL is malformed, or a proxy and a Unix socket are
    /// both set.
    pub fn build(self) -> Result<HyperTransport, TransportError> {
        let connector = self.connector()?;
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.config()?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(connector);
        let client = HyperClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .build(connector);
        Ok(HyperTransport { client })
    }

    fn connector(&self) -> Result<Connector, TransportError> {
        let mut direct = HttpConnector::new();
        direct.set_connect_timeout(Some(self.connect_timeout));
        direct.set_nodelay(true);
        direct.enforce_http(false);
        #[cfg(unix)]
        if let Some(path) = &self.unix_socket {
            return if self.proxy.is_none() {
                Ok(Connector::Unix(path.as_path().into()))
            } else {
                Err(TransportError::new(
                    TransportErrorKind::InvalidRequest,
                    "a proxy and a Unix socket are both set: keep one of them",
                ))
            };
        }
        match &self.proxy {
            Some(url) => Connector::proxy(url.expose_secret(), direct),
            None => Ok(Connector::Direct(direct)),
        }
    }
}

impl HyperTransport {
    /// Begins a transport with settings of your own.
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
    client: Pool,
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
            // Without a connection nothing was sent.
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

/// Derives the kind of a failure from its causes.
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
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InvalidCertificate(_));
    }
    // rustls wraps its errors in `io::Error`s, whose `source` skips the wrapped error.
    error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
        .is_some_and(|inner| is_certificate_refusal(inner))
}
