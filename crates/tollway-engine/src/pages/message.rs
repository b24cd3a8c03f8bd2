//! The page with one message: an error, a missing object, or a confirmation.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::{Page, Template, respond};
use crate::error::ApiError;

/// One message and where to go next.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MessagePage {
    /// Its heading.
    pub heading: String,
    /// The message.
    pub text: String,
    /// Where to go next.
    pub link: Option<Link>,
}

impl Page for MessagePage {
    const TEMPLATE: Template =
        Template::new("message.html", include_str!("templates/message.html"));
}

/// Where to go next.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    /// Its target.
    pub href: String,
    /// Its text.
    pub label: String,
}

/// One message, and where to go next.
pub fn message(
    status: StatusCode,
    heading: &str,
    text: impl Into<String>,
    link: Option<Link>,
) -> Response {
    let page = MessagePage {
        heading: heading.to_owned(),
        text: text.into(),
        link,
    };
    respond(status, &page, None)
}

/// There is no such object.
pub fn not_found(what: &str, id: &str) -> Response {
    let text = format!("There is no {what} '{id}' here.");
    message(StatusCode::NOT_FOUND, "Not found", text, None)
}

/// An error of the API as a page.
pub fn refused(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let text = error.get("message").unwrap_or_default();
    message(status, "Nothing was changed", text, None)
}
