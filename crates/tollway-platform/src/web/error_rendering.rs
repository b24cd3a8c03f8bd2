//! Renders every error response as a page that explains it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use super::error_page::ErrorPage;
use super::pages::MessagePage;
use super::state::WebState;

/// The response of every path without a route.
pub(super) async fn respond_not_found() -> ErrorPage {
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
                if !rendered.headers().contains_key(name) && name != CONTENT_LENGTH {
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
