//! Error pages: every error response without a body of its own gets a page that explains it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::pages::MessagePage;
use super::state::WebState;
use crate::flow::StartError;
use crate::link::LinkError;
use crate::store::StoreError;

/// An error response whose body is a page with a message.
#[derive(Clone, Debug)]
pub(super) struct ErrorPage {
    status: StatusCode,
    title: &'static str,
    text: String,
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

pub(super) async fn not_found() -> ErrorPage {
    ErrorPage::not_found()
}

/// Renders [`ErrorPage`]s, and error statuses of extractors and layers, as pages.
pub(super) async fn render_errors(
    State(web): State<WebState>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let status = response.status();
    let needs_page =
        (status.is_client_error() || status.is_server_error()) && has_plain_body(&response);
    let error_page = response
        .extensions_mut()
        .remove::<ErrorPage>()
        .or_else(|| needs_page.then(|| for_status(status)));
    match error_page {
        Some(error_page) => {
            let page = MessagePage {
                title: error_page.title.to_owned(),
                text: error_page.text,
            };
            let mut rendered = web.respond(error_page.status, &page);
            // Keeps the headers that the handler set, such as `Allow` and `Retry-After`.
            for (name, value) in response.headers() {
                if !rendered.headers().contains_key(name) && name != http::header::CONTENT_LENGTH {
                    rendered.headers_mut().insert(name, value.clone());
                }
            }
            rendered
        }
        None => response,
    }
}

/// Whether the body is empty or the plain text of an extractor or layer.
fn has_plain_body(response: &Response) -> bool {
    match response.headers().get(CONTENT_TYPE) {
        None => true,
        Some(kind) => kind.as_bytes().starts_with(b"text/plain"),
    }
}

fn for_status(status: StatusCode) -> ErrorPage {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => ErrorPage::new(
            status,
            "This address does not work that way",
            "Go back and use the page's own buttons.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ErrorPage::new(
            status,
            "That is too much",
            "What was sent is larger than allowed.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => ErrorPage::new(
            status,
            "This takes too long",
            "It may still be under way. Please reload the page in a moment.",
        ),
        _ => ErrorPage::new(
            status,
            "This request cannot be read",
            "Go back and use the page's own links and buttons.",
        ),
    }
}
