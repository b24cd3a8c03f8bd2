//! Errors of handlers, each with the message that its page shows.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::flow::StartError;
use crate::link::LinkError;
use crate::store::StoreError;

/// An error response whose body is a page with a message.
#[derive(Clone, Debug)]
pub(super) struct ErrorPage {
    pub status: StatusCode,
    pub title: &'static str,
    pub text: String,
}

impl ErrorPage {
    pub(super) fn new(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            title,
            text: text.into(),
        }
    }

    /// A failure of the platform itself, which is logged.
    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong on our side",
            "It has been noted. Please try again in a moment.",
        )
    }

    pub(super) fn too_many_requests() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests",
            "Please wait a minute, then try again.",
        )
    }

    pub(super) fn invalid_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This form is no longer good",
            "It may be from another browser or too old. Go back, reload the page, and send it again.",
        )
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is nothing here",
            "The address may be old or mistyped.",
        )
    }
}

impl IntoResponse for ErrorPage {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ErrorPage {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<StartError> for ErrorPage {
    fn from(error: StartError) -> Self {
        Self::internal(&error)
    }
}

impl From<LinkError> for ErrorPage {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Expired => Self::new(
                StatusCode::GONE,
                "This link has expired",
                "Links to connect an account work for a limited time. Go back to where you came from and start again.",
            ),
            LinkError::Realm(_) => Self::not_found(),
            _ => Self::new(
                StatusCode::FORBIDDEN,
                "This link does not work",
                "It may be cut off or changed. Go back to where you came from and start again.",
            ),
        }
    }
}
