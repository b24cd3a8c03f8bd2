//! The router: handlers that read a request, call a service and respond with a page.

mod address_limiter;
mod browser_cookie;
mod cookies;
mod error_page;
mod error_rendering;
mod health;
mod operator;
mod outcome_text;
mod pages;
mod rate_limit;
mod redirect;
mod security;
mod seller;
mod seller_pages;
mod state;
mod visitor;
mod webhooks;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::timeout::TimeoutLayer;

use self::state::WebState;
use crate::platform::Platform;

/// Largest form that is read.
const MAX_FORM_BYTES: usize = 16 * 1024;

impl Platform {
    /// The router, to be mounted at the path of `public_url`. The rate limit needs the client's address: serve the router
    /// with `into_make_service_with_connect_info::<SocketAddr>()`, as [`Platform::serve`] does. Each router counts requests
    /// on its own.
    pub fn router(&self) -> Router {
        let web = WebState::new(self);
        let limited =
            |place| from_fn_with_state((web.clone(), place), rate_limit::limit_per_address);
        let timeout = Duration::from_secs(self.config().web.request_timeout_seconds.into());
        let start = Router::new()
            .route("/connect/{platform}", get(seller::get_connect_page))
            .route("/connect/{platform}/start", get(seller::start))
            .route(
                "/connect/{platform}/again/{attempt}",
                get(seller::start_again),
            )
            .route("/connect/{platform}/disconnect", post(seller::disconnect))
            .layer(limited("start"));
        let callback = Router::new()
            .route("/connect/{platform}/callback", get(seller::callback))
            .route(
                "/connect/{platform}/outcome/{attempt}",
                get(seller::get_outcome),
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
            .merge(operator::routes(&web))
            .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
            .merge(webhooks)
            .route("/assets/tollway.css", get(pages::stylesheet))
            .fallback(error_rendering::not_found)
            .layer(TimeoutLayer::with_status_code(
                StatusCode::SERVICE_UNAVAILABLE,
                timeout,
            ))
            .route("/healthz", get(health::healthz))
            .route("/readyz", get(health::readyz))
            .route("/metrics", get(health::metrics))
            .layer(from_fn_with_state(
                web.clone(),
                error_rendering::render_errors,
            ))
            .layer(from_fn_with_state(
                web.clone(),
                security::add_security_headers,
            ))
            .layer(from_fn(security::trace_request))
            .with_state(web)
    }

    /// Serves the router on a listener and works in the background, until `shutdown` ends. Exchanges that are running then
    /// are finished and recorded first.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let (stop, stopped) = watch::channel(());
        let worker = {
            let (platform, stopped) = (self.clone(), closed(stopped.clone()));
            tokio::spawn(async move { platform.run(stopped).await })
        };
        tokio::spawn(async move {
            shutdown.await;
            drop(stop);
        });
        let service = self
            .router()
            .into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service)
            .with_graceful_shutdown(closed(stopped))
            .await;
        // A browser may have disconnected from an exchange that is still running.
        self.services().flow.wait_for_exchanges().await;
        if let Err(error) = worker.await {
            tracing::error!(error = %error, "the background worker ended badly");
        }
        served
    }
}

/// Ends when the channel's sender is dropped.
async fn closed(mut receiver: watch::Receiver<()>) {
    while receiver.changed().await.is_ok() {}
}
