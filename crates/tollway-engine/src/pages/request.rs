//! Requests to pages: those that another site's page sent are refused.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};

use super::message;
use crate::request_context::Address;

/// Around the pages and the control API: a change that a browser sends from another site's page is refused. Programs that
/// are no browsers say nothing of where they come from, and are let through.
pub async fn from_here_only(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && comes_from_elsewhere(&request) {
        let text =
            "The request came from a page of another site. Open this page itself and try again.";
        return message(StatusCode::FORBIDDEN, "Nothing was changed", text, None);
    }
    next.run(request).await
}

/// `Sec-Fetch-Site` says it wherever browsers send it, `Origin` elsewhere.
fn comes_from_elsewhere(request: &Request) -> bool {
    let path = request.uri().path();
    let ours = path.starts_with("/_tollway")
        || matches!(path, "/oauth/authorize" | "/express/oauth/authorize");
    if !ours {
        return false;
    }
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    };
    if let Some(site) = header("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let here = Address::of(request.headers(), request.uri(), request.extensions());
    header("origin").is_some_and(|origin| !origin.eq_ignore_ascii_case(here.base()))
}
