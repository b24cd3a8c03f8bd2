//! The router: thin handlers that read a request, ask the platform, and show a page.

mod cookies;
mod error_page;
mod health;
pub(crate) mod rate_limit;
pub(crate) mod operator;
pub(crate) mod pages;
mod security;
mod seller;
mod webhooks;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use http::StatusCode;
use tokio::net::TcpListener;
use tower_http::timeout::TimeoutLayer;

use crate::platform::Platform;

/// Largest form that is read.
const FORM_BYTES: usize = 16 * 1024;

impl Platform {
    /// The router, to be mounted where `public_url` leads to. For the rate limit to know who asks, serve it with
    /// `into_make_service_with_connect_info::<SocketAddr>()`, as [`Platform::serve`] does.
    pub fn router(&self) -> Router {
        let limited = |place| from_fn_with_state((self.clone(), place), rate_limit::per_address);
        let timeout = Duration::from_secs(self.config().web.request_timeout_seconds.into());
        let start = Router::new()
            .route("/connect/{platform}", get(seller::connect_page))
            .route("/connect/{platform}/start", get(seller::start))
            .route("/connect/{platform}/again/{attempt}", get(seller::again))
            .route("/connect/{platform}/disconnect", post(seller::disconnect))
            .layer(limited("start"));
        let callback = Router::new()
            .route("/connect/{platform}/callback", get(seller::callback))
            .route(
                "/connect/{platform}/outcome/{attempt}",
                get(seller::outcome),
            )
            .route(
                "/connect/{platform}/confirm/{attempt}",
                post(seller::confirm),
            )
            .layer(limited("callback"));
        let webhooks = Router::new()
            .route(
                "/webhooks/{platform}/{mode}/{endpoint}",
                post(webhooks::receive),
            )
            .layer(DefaultBodyLimit::max(
                usize::try_from(self.config().webhooks.max_body_bytes).unwrap_or(usize::MAX),
            ));
        Router::new()
            .merge(start)
            .merge(callback)
            .merge(operator::routes(self))
            .layer(DefaultBodyLimit::max(FORM_BYTES))
            .merge(webhooks)
            .route("/assets/tollway.css", get(pages::stylesheet))
            .fallback(error_page::not_found)
            .layer(TimeoutLayer::with_status_code(
                StatusCode::SERVICE_UNAVAILABLE,
                timeout,
            ))
            .route("/healthz", get(health::healthz))
            .route("/readyz", get(health::readyz))
            .route("/metrics", get(health::metrics))
            .layer(from_fn_with_state(self.clone(), error_page::as_page))
            .layer(from_fn_with_state(self.clone(), security::headers))
            .layer(from_fn(security::trace))
            .with_state(self.clone())
    }

    /// Serves the router on a listener and works in the background, until `shutdown` ends.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let (stop, stopped) = tokio::sync::watch::channel(());
        let ended = |mut stopped: tokio::sync::watch::Receiver<()>| async move {
            // Nothing is ever sent: the channel closes when it is time to stop.
            while stopped.changed().await.is_ok() {}
        };
        let worker = {
            let (platform, ended) = (self.clone(), ended(stopped.clone()));
            tokio::spawn(async move { platform.run(ended).await })
        };
        tokio::spawn(async move {
            shutdown.await;
            drop(stop);
        });
        let service = self
            .router()
            .into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service)
            .with_graceful_shutdown(ended(stopped))
            .await;
        // A browser may have hung up on an exchange that still runs: let it be recorded.
        self.inner().in_flight.drained().await;
        if let Err(error) = worker.await {
            tracing::error!(error = %error, "the background worker ended badly");
        }
        served
    }
}
