//! Redirects.

use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use super::error_page::ErrorPage;

/// A redirect that the browser follows with GET.
pub(super) fn see_other(url: &str) -> Result<Response, ErrorPage> {
    let location = HeaderValue::from_str(url).map_err(|error| ErrorPage::internal(&error))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}
