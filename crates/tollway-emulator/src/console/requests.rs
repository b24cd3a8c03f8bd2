//! The pages of the request log.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::contexts::{RequestPage, RequestRow, RequestsPage};
use super::{format_time, not_found};
use crate::pages;
use crate::{Engine, Entry};

/// The number of requests on the page.
const SHOWN_REQUESTS: usize = 100;
/// The interval at which the live page reloads, in seconds.
const RELOAD_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// The filter of the log, from the query of the page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LogFilter {
    #[serde(default)]
    live: String,
    #[serde(default)]
    world: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    errors: String,
}

impl LogFilter {
    fn accepts(&self, entry: &Entry) -> bool {
        let world = self.world.is_empty() || entry.world.as_deref() == Some(&self.world);
        let failed = entry.status.is_none_or(|status| status >= 400);
        world && entry.path.contains(&self.path) && (self.errors.is_empty() || failed)
    }

    /// The path of the page with this filter, live or not.
    fn page_path(&self, live: bool) -> String {
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
    Query(filter): Query<LogFilter>,
) -> Response {
    let entries = engine
        .log()
        .select(SHOWN_REQUESTS, |entry| filter.accepts(entry));
    let live = !filter.live.is_empty();
    let page = RequestsPage {
        live,
        toggle: filter.page_path(!live),
        path: filter.path.clone(),
        errors: !filter.errors.is_empty(),
        world: filter.world.clone(),
        rows: entries.iter().map(row).collect(),
    };
    let mut response = pages::respond(StatusCode::OK, &page, None);
    if live {
        response
            .headers_mut()
            .insert(header::REFRESH, RELOAD_SECONDS);
    }
    response
}

/// `GET /_tollway/console/requests/{request}`.
pub(super) async fn one(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let entry = engine.log().select(1, |entry| entry.id == id).pop();
    let Some(entry) = entry else {
        return not_found("request", &id);
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
        at: format_time(entry.at),
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
