//! The frame of every page: the base template, the stylesheet, the inputs of a form, the page with one message, PDF documents,
//! and what every page needs to know of its request.
//!
//! A page's handler, context and template live in one folder of its product. The context is a struct that implements [`Page`]
//! and names its template; a name that the template uses and the context lacks is an error, so the tests render every
//! template with a sample of its context. Templates may extend `base.html` and include `inputs.html`. Pages carry no script
//! and no inline style.

mod inputs;
mod message;
mod pdf;
mod request;
#[doc(hidden)]
pub mod soundness;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

pub use self::inputs::{Choose, Input};
pub use self::message::{Link, message, not_found, refused};
pub use self::pdf::{Document, Line};
pub use self::request::from_here_only;
use crate::Engine;
pub use crate::request_context::Address;

/// The stylesheet of every page, served at `/_tollway/assets/pages.css`.
const STYLESHEET: &str = include_str!("pages.css");

/// The templates that others extend or include.
static FRAME: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut frame = Environment::new();
    frame.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in [
        ("base.html", include_str!("templates/base.html")),
        ("inputs.html", include_str!("templates/inputs.html")),
    ] {
        frame
            .add_template(name, text)
            .expect("the templates are compiled in and parse");
    }
    frame
});

/// The template of a page, compiled into the program.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    name: &'static str,
    text: &'static str,
}

impl Template {
    /// A template. `name` appears in errors and ends in `.html`, so that values are escaped.
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text }
    }
}

/// The data of a page and the template that shows it.
pub trait Page: Serialize {
    /// The template.
    const TEMPLATE: Template;

    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not parse, or uses a name that the data lacks.
    fn html(&self) -> Result<String, minijinja::Error> {
        let Template { name, text } = Self::TEMPLATE;
        FRAME
            .template_from_named_str(name, text)?
            .render(minijinja::value::Serde(self))
    }
}

/// The page as a response with the headers of every page. `form_target` is the site that its forms may redirect to besides this
/// server: browsers check a redirect after a form against `form-action`, so the policy must name the platform's origin.
pub fn respond<P: Page>(status: StatusCode, page: &P, form_target: Option<&url::Url>) -> Response {
    match page.html() {
        Ok(html) => with_page_headers((status, Html(html)).into_response(), form_target),
        Err(error) => {
            tracing::error!(template = P::TEMPLATE.name, %error, "a page could not be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The page could not be rendered; see the emulator's log.",
            )
                .into_response()
        }
    }
}

/// Adds the headers that keep codes and tokens from leaking: no framing, no referrer to other sites, no caching, no script.
pub fn with_page_headers(mut response: Response, form_target: Option<&url::Url>) -> Response {
    let target = form_target.map_or_else(String::new, |url| match url.origin() {
        // An app's own scheme has no origin.
        url::Origin::Opaque(_) => format!(" {}:", url.scheme()),
        origin @ url::Origin::Tuple(..) => format!(" {}", origin.ascii_serialization()),
    });
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'{target}"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// A date in words: `2 January 2026`.
pub fn day(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds)
        .map_or_else(|_| String::new(), |at| at.strftime("%-d %B %Y").to_string())
}

/// The route of the stylesheet.
pub fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/_tollway/assets/pages.css", get(stylesheet))
}

/// `GET /_tollway/assets/pages.css`.
async fn stylesheet() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "max-age=300"),
        ],
        STYLESHEET,
    )
}

#[cfg(test)]
pub mod tests;
