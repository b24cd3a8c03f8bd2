//! Liveness, readiness and metrics: for load balancers and Prometheus.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::error_page::ErrorPage;
use super::state::WebState;

const PLAIN_TEXT: &str = "text/plain; charset=utf-8; version=1";

/// Answers as long as the process runs.
pub(super) async fn healthz() -> Response {
    text(StatusCode::OK, "ok\n".to_owned())
}

/// Answers 200 if the store can be written.
pub(super) async fn readyz(State(web): State<WebState>) -> Response {
    match web.store().ping().await {
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

/// The metrics in the OpenMetrics text format.
pub(super) async fn get_metrics(State(web): State<WebState>) -> Result<Response, ErrorPage> {
    let inbox = web.store().inbox_state().await?;
    let text = web
        .services()
        .connections
        .metrics
        .render(&inbox, web.platform.now());
    let content_type = [(
        CONTENT_TYPE,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    Ok((content_type, text).into_response())
}

fn text(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, PLAIN_TEXT)], body).into_response()
}

fn json(status: StatusCode, body: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
