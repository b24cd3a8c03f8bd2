//! Serving the router on a listener.
//!
//! A loop of our own rather than axum's, because a fault may ask for a connection that breaks without an answer.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::{from_fn, from_fn_with_state};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::engine::Engine;
use crate::http::{self, around, front};
use crate::listener::{Listener, Stream};
use crate::pages::from_here_only;
use crate::registry::Routes;
use crate::request_context::{DropConnection, Https};

/// A client that has not shaken hands by then is sent away.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A client that has not sent the whole head of a request by then is sent away, as is one that sends nothing more for so long in
/// the middle of a body.
const SILENCE: Duration = Duration::from_mins(1);

/// What is not answered by then when the server stops is broken off.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// How long a listener that has no file handles left waits before it tries again.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Who answers: the API itself what is its own, the router the rest.
#[derive(Clone)]
pub struct Front {
    /// The engine.
    pub engine: Arc<Engine>,
    /// All routes.
    pub router: Router,
}

/// Every route: those of the API, and those that modules registered.
pub fn router(engine: &Arc<Engine>) -> Router {
    let Routes { logged, unlogged } = engine.services().get().cloned().unwrap_or_default();
    logged
        .fallback(front)
        .layer(from_fn_with_state(Arc::clone(engine), around))
        .merge(unlogged)
        .layer(from_fn(from_here_only))
        .with_state(Arc::clone(engine))
}

/// Serves until `shutdown` is done, then answers what is under way.
///
/// # Errors
/// If the listener fails for good.
pub async fn serve(
    front: Front,
    listener: Listener,
    mut shutdown: Pin<&mut (dyn Future<Output = ()> + Send + '_)>,
) -> io::Result<()> {
    let connections = GracefulShutdown::new();
    let tls = listener.acceptor();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (front, watcher, tls) = (front.clone(), connections.watcher(), tls.clone());
        match accepted {
            Ok(Stream::Tcp(stream)) => drop(tokio::spawn(talk(front, stream, tls, watcher))),
            #[cfg(unix)]
            Ok(Stream::Unix(stream)) => drop(tokio::spawn(talk(front, stream, tls, watcher))),
            // One connection that broke while it was accepted is no reason to stop.
            Err(error) if is_passing(&error) => {}
            Err(error) if is_exhaustion(&error) => {
                tracing::warn!(%error, "no more connections can be taken for now");
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the system has no event for a free file descriptor"
                )]
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
async fn talk<S>(front: Front, stream: S, tls: Option<TlsAcceptor>, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(tls) = tls else {
        return converse(front, stream, false, watcher).await;
    };
    match timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(front, stream, true, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn converse<S>(front: Front, stream: S, https: bool, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        if https {
            request.extensions_mut().insert(Https);
        }
        answer(front.clone(), request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    let timer = TokioTimer::new();
    builder
        .http1()
        .timer(timer)
        .header_read_timeout(SILENCE)
        // Who has said everything may still want to hear the answer: `printf … | nc`.
        .half_close(true);
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(
    front: Front,
    request: hyper::Request<Incoming>,
) -> io::Result<axum::response::Response> {
    let request = request.map(|body| Body::new(Patient::new(body)));
    let response = if http::is_api(request.uri().path()) {
        http::api(&front.engine, request).await
    } else {
        let response = front.router.oneshot(request).await;
        response.unwrap_or_else(|never: Infallible| match never {})
    };
    if response.extensions().get::<DropConnection>().is_some() {
        return Err(io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "a fault broke the connection",
        ));
    }
    Ok(response)
}

/// A body that fails once its sender has been silent for too long.
struct Patient<B> {
    inner: B,
    /// Runs while nothing comes.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<B> Patient<B> {
    fn new(inner: B) -> Self {
        Self {
            inner,
            patience: None,
        }
    }
}

impl<B> hyper::body::Body for Patient<B>
where
    B: hyper::body::Body + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Data = B::Data;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.patience = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a connection is idle in real time"
        )]
        let patience = || Box::pin(tokio::time::sleep(SILENCE));
        match self.patience.get_or_insert_with(patience).as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err("the body stopped coming".into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::registry::Registry;
    use crate::{Clock, Config};

    /// What a client hears that sends this and then nothing more, on a clock that runs as soon as everybody waits.
    async fn silent_after(sent: &str) -> String {
        let (mut client, server) = tokio::io::duplex(4096);
        let registry = Registry::default();
        let engine = registry.build(Config::default(), Clock::manual(0), [7; 32]);
        let engine = Arc::new(engine.unwrap());
        let router = router(&engine);
        let front = Front { engine, router };
        let connections = GracefulShutdown::new();
        let talk = tokio::spawn(converse(front, server, false, connections.watcher()));
        client.write_all(sent.as_bytes()).await.unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).await.unwrap();
        talk.await.unwrap();
        heard
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_falls_silent_is_sent_away() {
        assert_eq!(silent_after("GET /v1/balance HTTP/1.1\r\nhost:").await, "");
        let half = "POST /v1/customers HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer sk_test_a\r\ncontent-length: 9\r\n\r\nname";
        let heard = silent_after(half).await;
        assert!(
            heard.starts_with("HTTP/1.1 400") && heard.contains("ended early"),
            "{heard}"
        );
    }
}
