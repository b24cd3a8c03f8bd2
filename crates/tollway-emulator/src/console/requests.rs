//! The request log as pages.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::contexts::{RequestPage, RequestRow, RequestsPage};
use super::{moment, nothing};
use crate::pages;
use crate::{Engine, Entry};

/// Requests on the page.
const SHOWN: usize = 100;
/// Seconds between two looks at a log that is watched live.
const EVERY: HeaderValue = HeaderValue::from_static("2");

/// What is to be shown.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    live: String,
    #[serde(default)]
    world: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    errors: String,
}

impl Wanted {
    fn accepts(&self, entry: &Entry) -> bool {
        let world = self.world.is_empty() || entry.world.as_deref() == Some(&self.world);
        let failed = entry.status.is_none_or(|status| status >= 400);
        world && entry.path.contains(&self.path) && (self.errors.is_empty() || failed)
    }

    /// The same page, live or not.
    fn address(&self, live: bool) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let fields = [
            ("world", &self.world),
            ("path", &self.path),
            ("errors", &self.errors),
        ];
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if live {
            query.append_pair("live", "1");
        }
        format!("/_tollway/console/requests?{}", query.finish())
    }
}

/// `GET /_tollway/console/requests`.
pub(super) async fn list(
    State(engine): State<Arc<Engine>>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let entries = engine.log().select(SHOWN, |entry| wanted.accepts(entry));
    let live = !wanted.live.is_empty();
    let page = RequestsPage {
        live,
        toggle: wanted.address(!live),
        path: wanted.path.clone(),
        errors: !wanted.errors.is_empty(),
        world: wanted.world.clone(),
        rows: entries.iter().map(row).collect(),
    };
    let mut response = pages::respond(StatusCode::OK, &page, None);
    if live {
        response.headers_mut().insert(header::REFRESH, EVERY);
    }
    response
}

/// `GET /_tollway/console/requests/{request}`.
pub(super) async fn one(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let found = engine.log().select(1, |entry| entry.id == id).pop();
    let Some(entry) = found else {
        return nothing("request", &id);
    };
    let mode = entry
        .livemode
        .map(|live| if live { "live" } else { "test" });
    let params = serde_json::to_string_pretty(&entry.params.read());
    let page = RequestPage {
        row: row(&entry),
        mode: mode.unwrap_or_default(),
        idempotency_key: entry.idempotency_key.clone(),
        replayed: entry.replayed,
        error: entry.error.clone(),
        params: params.unwrap_or_default(),
    };
    pages::respond(StatusCode::OK, &page, None)
}

fn row(entry: &Entry) -> RequestRow {
    RequestRow {
        id: entry.id.clone(),
        at: moment(entry.at),
        method: entry.method.clone(),
        path: entry.path.clone(),
        operation: entry.operation.clone().unwrap_or_default(),
        world: entry.world.as_deref().unwrap_or_default().to_owned(),
        account: entry.account.as_deref().unwrap_or_default().to_owned(),
        status: entry
            .status
            .map_or_else(|| "dropped".to_owned(), |status| status.to_string()),
        failed: entry.status.is_none_or(|status| status >= 400),
        fault: entry.fault.clone(),
    }
}
