//! The operator's console under `/_tollway/console`: pages about what happens in the emulator.
//!
//! | page | shows |
//! | --- | --- |
//! | `/_tollway/console` | every world: its applications, accounts, newest events |
//! | `/_tollway/console/worlds/{world}` | one world: connections, balances as charts and tables, settings, webhook endpoints, events |
//! | `/_tollway/console/requests[?live=1]` | the request log; with `live` it reloads every two seconds |
//! | `/_tollway/console/requests/{request}` | one request |
//! | `/_tollway/console/events/{event}` | an event, its deliveries and their attempts, **Send again** |
//! | `/_tollway/console/faults` | the active faults, with forms to add one and to clear all |
//!
//! The pages contain no script: the live log has a `Refresh` header, which a link switches on and off.

mod balances;
mod contexts;
mod events;
mod faults;
mod requests;
mod worlds;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;

use crate::Engine;
use crate::pages::{self, Link};

/// The routes.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/_tollway/console", get(worlds::all))
        .route(
            "/_tollway/console/worlds/{world}",
            get(worlds::one).post(worlds::save),
        )
        .route("/_tollway/console/requests", get(requests::list))
        .route("/_tollway/console/requests/{request}", get(requests::one))
        .route("/_tollway/console/events/{event}", get(events::show))
        .route(
            "/_tollway/console/events/{event}/resend",
            post(events::resend),
        )
        .route(
            "/_tollway/console/faults",
            get(faults::show).post(faults::add),
        )
        .route("/_tollway/console/faults/clear", post(faults::clear))
}

/// Redirects to a page after a change.
fn redirect_to(path: &str) -> Response {
    pages::with_page_headers(Redirect::to(path).into_response(), None)
}

/// The page for an object that does not exist, or no longer.
fn not_found(what: &str, id: &str) -> Response {
    let text = format!("There is no {what} '{id}' here, or no more.");
    let link = Link {
        href: "/_tollway/console".to_owned(),
        label: "Console".to_owned(),
    };
    pages::message(StatusCode::NOT_FOUND, "Not found", text, Some(link))
}

/// A time in words, from Unix milliseconds.
fn format_time(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| String::new(), |at| at.strftime("%F %T").to_string())
}

#[cfg(test)]
mod tests;
