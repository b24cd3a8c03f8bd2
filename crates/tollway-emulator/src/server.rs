//! Serving the router on a listener.
//!
//! A loop of our own rather than axum's, because a fault may ask for a connection that breaks without an answer.

use std::convert::Infallible;
use std::io;
use std::pin::pin;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::http::DropConnection;

/// Serves until `shutdown` is done, then answers what is under way.
///
/// # Errors
/// If the listener fails for good.
pub(crate) async fn serve(
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let connections = GracefulShutdown::new();
    let builder = Builder::new(TokioExecutor::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            // One connection that broke while it was accepted is no reason to stop.
            Err(error) if is_passing(&error) => continue,
            Err(error) => return Err(error),
        };
        // An answer is one small write: waiting to fill a packet only adds delay.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service =
            service_fn(move |request: hyper::Request<Incoming>| answer(router.clone(), request));
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let watched = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    connections.shutdown().await;
    Ok(())
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
