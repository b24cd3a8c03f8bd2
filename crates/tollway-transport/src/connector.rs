//! Connections: directly to the host, through a proxy's tunnel, or to a Unix socket.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::{TransportError, TransportErrorKind};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The way that connections are made.
#[derive(Debug, Clone)]
pub(crate) enum Connector {
    Direct(HttpConnector),
    /// By `CONNECT`, so that the proxy sees no key and no body.
    Proxy(Tunnel<HttpConnector>),
    /// To this Unix socket, for every host.
    #[cfg(unix)]
    Unix(std::sync::Arc<std::path::Path>),
}

impl Connector {
    /// Connects through an `http://` proxy; user and password in its URL are sent to the proxy.
    pub(crate) fn proxy(url: &str, direct: HttpConnector) -> Result<Self, TransportError> {
        let refuse = || {
            TransportError::new(
                TransportErrorKind::InvalidRequest,
                "the proxy's URL is not of the form http://[user:password@]host:port",
            )
        };
        let parsed: Uri = url.parse().map_err(|_| refuse())?;
        let authority = parsed.authority().ok_or_else(refuse)?;
        if parsed.scheme_str() != Some("http")
            || parsed.path().len() > 1
            || parsed.query().is_some()
        {
            return Err(refuse());
        }
        let (user, host) = match authority.as_str().rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority.as_str()),
        };
        let port = if authority.port().is_some() {
            ""
        } else {
            ":80"
        };
        let address: Uri = format!("http://{host}{port}")
            .parse()
            .map_err(|_| refuse())?;
        let mut tunnel = Tunnel::new(address, direct);
        if let Some(user) = user {
            let user: Vec<u8> = percent_encoding::percent_decode_str(user).collect();
            let header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(user)));
            tunnel = tunnel.with_auth(header.map_err(|_| refuse())?);
        }
        Ok(Self::Proxy(tunnel))
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Direct(connector) => connector.poll_ready(cx).map_err(Into::into),
            Self::Proxy(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
            #[cfg(unix)]
            Self::Unix(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, host: Uri) -> Self::Future {
        match self {
            Self::Direct(connector) => {
                let connecting = connector.call(host);
                Box::pin(async move { Ok(Stream::Tcp(connecting.await?)) })
            }
            Self::Proxy(tunnel) => {
                let connecting = tunnel.call(host);
                Box::pin(async move { Ok(Stream::Tcp(connecting.await?)) })
            }
            #[cfg(unix)]
            Self::Unix(path) => {
                let path = std::sync::Arc::clone(path);
                Box::pin(async move {
                    let stream = tokio::net::UnixStream::connect(&*path).await?;
                    Ok(Stream::Unix(TokioIo::new(stream)))
                })
            }
        }
    }
}

/// A connection of either kind.
pub(crate) enum Stream {
    Tcp(TokioIo<TcpStream>),
    #[cfg(unix)]
    Unix(TokioIo<tokio::net::UnixStream>),
}

/// Calls the same method on either kind of connection.
macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Tcp($inner) => $call,
            #[cfg(unix)]
            Stream::Unix($inner) => $call,
        }
    };
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match self {
            Self::Tcp(stream) => stream.connected(),
            #[cfg(unix)]
            Self::Unix(_) => Connected::new(),
        }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        either!(&mut *self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(&mut *self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(&mut *self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(&mut *self, stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn is_write_vectored(&self) -> bool {
        either!(self, stream => stream.is_write_vectored())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(&mut *self, stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }
}
