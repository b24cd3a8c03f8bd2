//! The JSON responses of the OAuth endpoints, and the forms that they read.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::oauth::error::OAuthFailure;

/// A JSON response that is never cached.
pub(super) fn json_response(status: StatusCode, body: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}

/// The response to a request that failed: a flat OAuth error, or an error of the API.
pub(super) fn failure_response(failure: &OAuthFailure) -> Response {
    match failure {
        OAuthFailure::Refused(error) => json_response(error.status(), error.body()),
        OAuthFailure::Failed(error) => {
            let status =
                StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            json_response(status, error.to_json().to_string().into_bytes())
        }
    }
}

/// The fields of a form body; a repeated field has its last value.
pub(super) fn read_form(body: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// A field that is present and not empty.
pub(super) fn nonempty(field: Option<&String>) -> Option<String> {
    field.filter(|text| !text.is_empty()).cloned()
}
