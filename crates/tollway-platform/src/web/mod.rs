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
mod routes;
mod security;
mod seller;
mod seller_pages;
mod state;
mod visitor;
mod webhooks;

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::timeout::TimeoutLayer;

pub use self::routes::{Route, RouteAccess};

use self::routes::RouteTable;
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
        route_table(&web).into_router().with_state(web)
    }

    /// The routes of the router, each with the authorisation that it requires. The operator's routes are missing if no
    /// password is configured.
    pub fn routes(&self) -> Vec<Route> {
        route_table(&WebState::new(self)).into_routes()
    }

    /// Serves the router on a listener and works in the background, until `shutdown` ends. Exchanges that are running then
    /// are finished and recorded first.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        self.serve_until(listener, Box::pin(shutdown)).await
    }

    /// [`Platform::serve`] without a type parameter: the server's code is compiled in this crate, not again in each program.
    fn serve_until(
        &self,
        listener: TcpListener,
        shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<()>> + Send + '_>> {
        Box::pin(self.serve_router(listener, shutdown))
    }

    async fn serve_router(
        &self,
        listener: TcpListener,
        shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
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

/// All routes with their layers.
fn route_table(web: &WebState) -> RouteTable {
    let timeout = Duration::from_secs(web.config().web.request_timeout_seconds.into());
    RouteTable::default()
        .merge(start_routes(web))
        .merge(callback_routes(web))
        .merge(operator::operator_routes(web))
        .map(|router| router.layer(DefaultBodyLimit::max(MAX_FORM_BYTES)))
        .merge(webhook_routes(web))
        .get(
            "/assets/tollway.css",
            RouteAccess::Public,
            pages::get_stylesheet,
        )
        .map(|router| {
            router.fallback(error_rendering::respond_not_found).layer(
                TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, timeout),
            )
        })
        .get("/healthz", RouteAccess::Public, health::healthz)
        .get("/readyz", RouteAccess::Public, health::readyz)
        .get("/metrics", RouteAccess::Public, health::get_metrics)
        .map(|router| {
            router
                .layer(from_fn_with_state(
                    web.clone(),
                    error_rendering::render_errors,
                ))
                .layer(from_fn_with_state(
                    web.clone(),
                    security::add_security_headers,
                ))
                .layer(from_fn(security::trace_request))
        })
}

fn start_routes(web: &WebState) -> RouteTable {
    RouteTable::default()
        .get(
            "/connect/{platform}",
            RouteAccess::SignedLink,
            seller::get_connect_page,
        )
        .get(
            "/connect/{platform}/start",
            RouteAccess::SignedLink,
            seller::start,
        )
        .get(
            "/connect/{platform}/again/{attempt}",
            RouteAccess::StartingBrowser,
            seller::start_again,
        )
        .post(
            "/connect/{platform}/disconnect",
            RouteAccess::BrowserForm,
            seller::disconnect_by_seller,
        )
        .map(|router| limit_addresses(router, web, "start"))
}

fn callback_routes(web: &WebState) -> RouteTable {
    RouteTable::default()
        .get(
            "/connect/{platform}/callback",
            RouteAccess::Callback,
            seller::callback,
        )
        .get(
            "/connect/{platform}/outcome/{attempt}",
            RouteAccess::StartingBrowser,
            seller::get_outcome,
        )
        .post(
            "/connect/{platform}/confirm/{attempt}",
            RouteAccess::StartingBrowserForm,
            seller::confirm,
        )
        .map(|router| limit_addresses(router, web, "callback"))
}

fn webhook_routes(web: &WebState) -> RouteTable {
    let max_body = usize::try_from(web.config().webhooks.max_body_bytes).unwrap_or(usize::MAX);
    RouteTable::default()
        .post(
            "/webhooks/{platform}/{mode}/{endpoint}",
            RouteAccess::WebhookSignature,
            webhooks::receive_webhook,
        )
        .map(|router| router.layer(DefaultBodyLimit::max(max_body)))
}

/// Limits the requests of each IP address to these routes. `place` is the label in metrics.
fn limit_addresses(
    router: Router<WebState>,
    web: &WebState,
    place: &'static str,
) -> Router<WebState> {
    router.layer(from_fn_with_state(
        (web.clone(), place),
        rate_limit::limit_per_address,
    ))
}
