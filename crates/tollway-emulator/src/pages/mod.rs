//! The pages people see: the OAuth page, the onboarding page, a seller's dashboard, the console.
//!
//! Each template has one context type here; a name that a template uses and its context lacks is an error, so the tests
//! render every template with a sample of every context. Pages carry no script and no inline style.
//!
//! Names that scripts and browser tests may rely on, on the OAuth page: the form `#authorize`; the radio buttons
//! `account` (`#account-acct_…`, `#account-new`); the inputs `#email`, `#business_name`, `#country` and `#url`, sent as
//! `stripe_user[…]`; the buttons `#connect`, `#skip` and `#deny`, sent as `decision`; the message `#error`. On a seller's
//! dashboard: `#disconnect-test` and `#disconnect-live`.

mod console;
mod context;
mod message;
mod pdf;
mod request;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

pub(crate) use self::console::{
    ApplicationRow, AttemptRow, Bar, Chart, ChartRow, ConsolePage, DeliveryCard, EndpointRow,
    EventPage, EventRow, FaultRow, FaultsPage, RequestPage, RequestRow, RequestsPage,
    SellerConnection, SellerRow, WorldPage, WorldSection,
};
pub(crate) use self::context::{
    AuthenticatePage, AuthorizePage, BalanceRow, CheckoutItem, CheckoutPage, Choice, Choose,
    ConnectionCard, DashboardPage, Field, IdentityPage, Input, Link, MessagePage, OnboardingField,
    OnboardingPage, PortalInvoice, PortalPage, PortalSubscription, Question, Sum,
};
pub(crate) use self::message::{message, not_found, refused};
pub(crate) use self::pdf::{Document, Line};
pub(crate) use self::request::{Address, from_here_only};
use crate::Engine;

/// The stylesheet of every page, served at `/_tollway/assets/pages.css`.
const STYLESHEET: &str = include_str!("pages.css");

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, source) in [
        ("base.html", include_str!("templates/base.html")),
        (
            "authenticate.html",
            include_str!("templates/authenticate.html"),
        ),
        ("authorize.html", include_str!("templates/authorize.html")),
        ("checkout.html", include_str!("templates/checkout.html")),
        ("event.html", include_str!("templates/event.html")),
        ("faults.html", include_str!("templates/faults.html")),
        ("identity.html", include_str!("templates/identity.html")),
        ("inputs.html", include_str!("templates/inputs.html")),
        ("console.html", include_str!("templates/console.html")),
        (
            "console_base.html",
            include_str!("templates/console_base.html"),
        ),
        ("dashboard.html", include_str!("templates/dashboard.html")),
        ("message.html", include_str!("templates/message.html")),
        ("onboarding.html", include_str!("templates/onboarding.html")),
        ("portal.html", include_str!("templates/portal.html")),
        ("request.html", include_str!("templates/request.html")),
        ("requests.html", include_str!("templates/requests.html")),
        ("world.html", include_str!("templates/world.html")),
    ] {
        templates
            .add_template(name, source)
            .expect("the templates are compiled in and parse");
    }
    templates
});

/// A page's data: knows the template it belongs to.
pub(crate) trait Page: Serialize {
    /// The template's file name.
    const TEMPLATE: &'static str;

    /// The page as HTML.
    fn html(&self) -> Result<String, minijinja::Error> {
        TEMPLATES
            .get_template(Self::TEMPLATE)?
            .render(minijinja::value::Serde(self))
    }
}

/// The page as a response with the headers every page has. `form_target` is where its forms may lead besides this server:
/// browsers hold a redirect after a form against `form-action`, so the platform's origin must be named.
pub(crate) fn respond<P: Page>(
    status: StatusCode,
    page: &P,
    form_target: Option<&url::Url>,
) -> Response {
    match page.html() {
        Ok(html) => with_page_headers((status, Html(html)).into_response(), form_target),
        Err(error) => {
            tracing::error!(template = P::TEMPLATE, %error, "a page could not be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The page could not be rendered; see the emulator's log.",
            )
                .into_response()
        }
    }
}

/// Adds what keeps codes and tokens from leaking: no framing, no referrer to other sites, no caching, no script.
pub(crate) fn with_page_headers(
    mut response: Response,
    form_target: Option<&url::Url>,
) -> Response {
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

/// A day as people write it: `2 January 2026`.
pub(crate) fn day(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds)
        .map_or_else(|_| String::new(), |at| at.strftime("%-d %B %Y").to_string())
}

/// Routes of what the pages share.
pub(crate) fn routes() -> Router<Arc<Engine>> {
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
mod tests;
