//! Serving the router on a listener.
//!
//! A loop of our own rather than axum's, because a fault may ask for a connection that breaks without an answer.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::http::{DropConnection, Https};
use crate::listener::{Listener, Stream};

/// A client that has not shaken hands by then is sent away.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What is not answered by then when the server stops is broken off.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// How long a listener that has no file handles left waits before it tries again.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is done, then answers what is under way.
///
/// # Errors
/// If the listener fails for good.
pub(crate) async fn serve(
    router: Router,
    listener: Listener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let connections = GracefulShutdown::new();
    let tls = listener.acceptor();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (router, watcher, tls) = (router.clone(), connections.watcher(), tls.clone());
        match accepted {
            Ok(Stream::Tcp(stream)) => drop(tokio::spawn(talk(router, stream, tls, watcher))),
            #[cfg(unix)]
            Ok(Stream::Unix(stream)) => drop(tokio::spawn(talk(router, stream, tls, watcher))),
            // One connection that broke while it was accepted is no reason to stop.
            Err(error) if is_passing(&error) => {}
            Err(error) if is_exhaustion(&error) => {
                tracing::warn!(%error, "no more connections can be taken for now");
                tokio::time::sleep(EXHAUSTED).await;
            }
            Err(error) => return Err(error),
        }
    }
    drop(listener);
    if timeout(LAST_ANSWERS, connections.shutdown()).await.is_err() {
        tracing::warn!("requests under way were broken off");
    }
    Ok(())
}

/// Shakes hands if need be, and answers a connection's requests.
async fn talk<S>(router: Router, stream: S, tls: Option<TlsAcceptor>, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(tls) = tls else {
        return converse(router, stream, false, watcher).await;
    };
    match timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(router, stream, true, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn converse<S>(router: Router, stream: S, https: bool, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        if https {
            request.extensions_mut().insert(Https);
        }
        answer(router.clone(), request)
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(
    router: Router,
    request: hyper::Request<Incoming>,
) -> io::Result<axum::response::Response> {
    let response = router
        .oneshot(request.map(axum::body::Body::new) as Request)
        .await;
    let response = response.unwrap_or_else(|never: Infallible| match never {});
    if response.extensions().get::<DropConnection>().is_some() {
        return Err(io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "a fault broke the connection",
        ));
    }
    Ok(response)
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// `EMFILE` and `ENFILE`, which have no kind of their own.
fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24)) && cfg!(unix)
}
