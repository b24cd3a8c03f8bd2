//! Is it alive, is it ready, how is it doing: for load balancers and Prometheus.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::error_page::ErrorPage;
use crate::platform::Platform;

const TEXT: &str = "text/plain; charset=utf-8; version=1";

/// The process runs.
pub(super) async fn healthz() -> Response {
    text(StatusCode::OK, "ok\n".to_owned())
}

/// The store can be written.
pub(super) async fn readyz(State(platform): State<Platform>) -> Response {
    match platform.store().ping().await {
        Ok(()) => text(StatusCode::OK, "ready\n".to_owned()),
        Err(error) => {
            tracing::error!(error = %error, "not ready");
            json(
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"status":"not ready","reason":"the database cannot be written"}"#,
            )
        }
    }
}

/// The numbers, in the OpenMetrics text format.
pub(super) async fn metrics(State(platform): State<Platform>) -> Result<Response, ErrorPage> {
    let inbox = platform.store().inbox_state().await?;
    let page = platform.inner().metrics.page(&inbox, platform.now());
    let kind = [(
        CONTENT_TYPE,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    Ok((kind, page).into_response())
}

fn text(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, TEXT)], body).into_response()
}

fn json(status: StatusCode, body: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
