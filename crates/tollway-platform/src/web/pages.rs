//! The pages: templates and their contexts. Each page is a type with a template of its own. Templates are strict: a name that
//! the type does not have fails in the tests.

use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;

use super::outcome_text::{may_try_again, page_text};
use crate::outcome::Outcome;
use crate::store::Millis;

const TEMPLATES: [(&str, &str); 12] = [
    ("layout.html", include_str!("../../templates/layout.html")),
    (
        "operator.html",
        include_str!("../../templates/operator.html"),
    ),
    ("connect.html", include_str!("../../templates/connect.html")),
    ("outcome.html", include_str!("../../templates/outcome.html")),
    ("message.html", include_str!("../../templates/message.html")),
    ("keys.html", include_str!("../../templates/keys.html")),
    ("login.html", include_str!("../../templates/login.html")),
    (
        "connections.html",
        include_str!("../../templates/connections.html"),
    ),
    (
        "connection.html",
        include_str!("../../templates/connection.html"),
    ),
    (
        "attempts.html",
        include_str!("../../templates/attempts.html"),
    ),
    ("inbox.html", include_str!("../../templates/inbox.html")),
    (
        "delivery.html",
        include_str!("../../templates/delivery.html"),
    ),
];

/// The context of a template.
pub(crate) trait PageTemplate: Serialize {
    /// The template's name.
    const TEMPLATE: &'static str;
}

/// All templates, parsed once.
pub(crate) struct Pages(Environment<'static>);

impl Pages {
    pub(crate) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        environment.set_syntax(syntax.expect("no delimiter is changed"));
        for (name, source) in TEMPLATES {
            environment
                .add_template(name, source)
                .expect("a test renders every template");
        }
        Self(environment)
    }

    /// The page's HTML. `base` is the URL at which the router is mounted.
    pub(crate) fn render<P: PageTemplate>(
        &self,
        base: &str,
        page: &P,
    ) -> Result<String, minijinja::Error> {
        let template = self.0.get_template(P::TEMPLATE)?;
        let html = template.render(context! { page => Serde(page), base => base })?;
        // HTML needs no escaped slashes, and URLs are readable without. Text of a person cannot contain this entity, because
        // its ampersand is escaped.
        Ok(html.replace("&#x2f;", "/"))
    }
}

/// `GET /assets/tollway.css`
pub(super) async fn get_stylesheet() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, include_str!("../../assets/tollway.css")).into_response()
}

/// The page with the button, or with the connection.
#[derive(Serialize)]
pub(crate) struct ConnectPage {
    pub brand: String,
    pub test_mode: bool,
    pub start_url: String,
    pub return_url: Option<String>,
    pub connected: Option<ConnectedView>,
    /// The result of a click on «Disconnect».
    pub ended: Option<String>,
}

/// A connection as the seller sees it.
#[derive(Serialize)]
pub(crate) struct ConnectedView {
    pub account: String,
    pub since: String,
    pub shared: bool,
    pub disconnect_url: String,
    pub link: String,
    pub token: String,
}

impl PageTemplate for ConnectPage {
    const TEMPLATE: &'static str = "connect.html";
}

/// The state or outcome of an attempt.
#[derive(Serialize)]
pub(crate) struct OutcomePage {
    /// The outcome's name, `working` or `confirm`.
    pub kind: String,
    pub brand: Option<String>,
    pub title: String,
    pub text: String,
    pub advice: String,
    pub account: Option<String>,
    pub test_mode: bool,
    pub may_try_again: bool,
    pub again_url: Option<String>,
    pub return_url: Option<String>,
    pub support_url: Option<String>,
    /// The attempt's id, for support.
    pub reference: Option<String>,
    pub confirm: Option<ConfirmForm>,
}

/// The form that lets the seller choose one of two accounts.
#[derive(Serialize)]
pub(crate) struct ConfirmForm {
    pub url: String,
    pub token: String,
    pub previous: String,
    pub new: String,
}

impl OutcomePage {
    pub(crate) fn of(outcome: Outcome) -> Self {
        let text = page_text(outcome);
        let mut page = Self::plain(outcome.as_str(), text.title, text.text, text.advice);
        page.may_try_again = may_try_again(outcome);
        page
    }

    pub(crate) fn working() -> Self {
        Self::plain(
            "working",
            "Your account is being connected",
            "This takes a few seconds. The page looks again by itself.",
            "",
        )
    }

    pub(crate) fn confirming() -> Self {
        Self::plain(
            "confirm",
            "Which account do you want to use?",
            "You connected a different Stripe account than before.",
            "",
        )
    }

    fn plain(kind: &str, title: &str, text: &str, advice: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            brand: None,
            title: title.to_owned(),
            text: text.to_owned(),
            advice: advice.to_owned(),
            account: None,
            test_mode: false,
            may_try_again: false,
            again_url: None,
            return_url: None,
            support_url: None,
            reference: None,
            confirm: None,
        }
    }
}

impl PageTemplate for OutcomePage {
    const TEMPLATE: &'static str = "outcome.html";
}

/// A message, for errors.
#[derive(Serialize)]
pub(crate) struct MessagePage {
    pub title: String,
    pub text: String,
}

impl PageTemplate for MessagePage {
    const TEMPLATE: &'static str = "message.html";
}

/// The day of a time, as `2026-11-22`.
pub(crate) fn day(at: Millis) -> String {
    format_time(at, "%Y-%m-%d")
}

/// A time to the second, as `2026-11-22 01:33:20 UTC`.
pub(crate) fn moment(at: Millis) -> String {
    format_time(at, "%Y-%m-%d %H:%M:%S UTC")
}

fn format_time(at: Millis, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(time) => time.strftime(format).to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests;
