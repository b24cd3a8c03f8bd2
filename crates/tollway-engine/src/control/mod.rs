//! The control API under `/_tollway`: for tests and for people. It needs no key, and JSON is its only language.
//!
//! | route | does |
//! | --- | --- |
//! | `GET /healthz` | `{"status": "ok"}` |
//! | `POST /_tollway/reset` | forgets every world, fault and logged request; `{"world": "…"}` only that one |
//! | `GET`, `POST /_tollway/clock` | reads or moves the clock: `{"advance": 60}`, `{"set": 1700000000}`, `{"freeze": true}` |
//! | `GET`, `DELETE /_tollway/requests` | the log, newest first: `?limit=`, `?world=`, `?path=`, `?operation=`, `?status=` |
//! | `GET /_tollway/requests/{id}` | one request |
//! | `POST /_tollway/requests/assert` | 200 if the log has what the body describes, else 400 with a sentence that says what it has |
//! | `GET`, `POST`, `DELETE /_tollway/faults` | the faults in force, one more, none |
//! | `GET /_tollway/worlds` | every world with its platform |
//! | `GET`, `POST /_tollway/worlds/{name}` | a platform's settings: account, client ids, redirect URIs, publishable keys |

mod assert;
mod caller;
mod worlds;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use self::caller::ControlRequest;
pub use self::worlds::PlatformChange;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::faults::Fault;
use crate::http::ApiResponse;
use crate::log::Entry;

/// Entries of the log in one answer if the caller does not say.
const DEFAULT_LIMIT: usize = 100;

/// The routes.
pub fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/healthz", get(async || Json(json!({"status": "ok"}))))
        .route("/_tollway/reset", post(reset))
        .route("/_tollway/clock", get(read_clock).post(move_clock))
        .route("/_tollway/requests", get(requests).delete(clear_requests))
        .route("/_tollway/requests/assert", post(assert::requests))
        .route("/_tollway/requests/{id}", get(request))
        .route(
            "/_tollway/faults",
            get(faults).post(add_fault).delete(clear_faults),
        )
        .route("/_tollway/worlds", get(worlds::list))
        .route(
            "/_tollway/worlds/{name}",
            get(worlds::read).post(worlds::change),
        )
        .route("/_tollway", any(unknown))
        .route("/_tollway/", any(unknown))
        .route("/_tollway/{*rest}", any(unknown))
}

/// There is no such control route.
async fn unknown(method: Method, uri: Uri) -> ControlError {
    ControlError(ApiError::unknown_url(method.as_str(), uri.path()))
}

/// A refusal in the shape of the API's errors.
#[derive(Debug)]
pub struct ControlError(ApiError);

impl From<ApiError> for ControlError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        ApiResponse::error(&self.0, None).into_response("")
    }
}

/// What a control route answers.
pub type ControlResult = Result<Json<Value>, ControlError>;

/// A JSON body; an empty one counts as `{}`.
fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, ControlError> {
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(text).map_err(|error| {
        ControlError(ApiError::invalid_request(format!(
            "The body is not what this route takes: {error}."
        )))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    world: Option<String>,
}

async fn reset(State(engine): State<Arc<Engine>>, bytes: Bytes) -> ControlResult {
    let Reset { world } = body(&bytes)?;
    engine.reset(world.as_deref())?;
    Ok(Json(
        json!({"reset": world.unwrap_or_else(|| "all".into())}),
    ))
}

async fn read_clock(State(engine): State<Arc<Engine>>) -> Json<Value> {
    let clock = engine.clock();
    Json(json!({"now": clock.now(), "now_ms": clock.now_millis(), "frozen": clock.is_frozen()}))
}

/// A move of the clock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockChange {
    /// Unix seconds to set.
    set: Option<i64>,
    /// Seconds to go forward.
    advance: Option<u64>,
    freeze: Option<bool>,
}

async fn move_clock(State(engine): State<Arc<Engine>>, bytes: Bytes) -> ControlResult {
    let change: ClockChange = body(&bytes)?;
    change.apply(&engine)?;
    Ok(read_clock(State(engine)).await)
}

impl ClockChange {
    /// Moves the clock and keeps where it stands.
    pub fn apply(&self, engine: &Engine) -> Result<(), ApiError> {
        let clock = engine.clock();
        if let Some(freeze) = self.freeze {
            clock.freeze(freeze);
        }
        if let Some(moment) = self.set {
            clock.set(moment);
        }
        if let Some(seconds) = self.advance {
            clock.advance(Duration::from_secs(seconds));
        }
        engine.persist_clock()
    }
}

#[derive(Deserialize)]
struct LogQuery {
    limit: Option<usize>,
    world: Option<String>,
    path: Option<String>,
    operation: Option<String>,
    status: Option<u16>,
}

async fn requests(State(engine): State<Arc<Engine>>, Query(query): Query<LogQuery>) -> Json<Value> {
    let entries = engine
        .log()
        .select(query.limit.unwrap_or(DEFAULT_LIMIT), |entry: &Entry| {
            query
                .world
                .as_deref()
                .is_none_or(|world| entry.world.as_deref() == Some(world))
                && query.path.as_deref().is_none_or(|path| entry.path == path)
                && query
                    .operation
                    .as_deref()
                    .is_none_or(|operation| entry.operation.as_deref() == Some(operation))
                && query
                    .status
                    .is_none_or(|status| entry.status == Some(status))
        });
    Json(json!({ "data": entries }))
}

async fn request(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> ControlResult {
    let found = engine.log().select(1, |entry| entry.id == id).pop();
    found
        .map(|entry| Json(json!(entry)))
        .ok_or_else(|| ControlError(ApiError::no_such("request", &id, "id")))
}

async fn clear_requests(State(engine): State<Arc<Engine>>) -> StatusCode {
    engine.log().clear();
    StatusCode::NO_CONTENT
}

async fn faults(State(engine): State<Arc<Engine>>) -> Json<Value> {
    Json(json!({ "data": engine.faults().list() }))
}

async fn add_fault(State(engine): State<Arc<Engine>>, bytes: Bytes) -> ControlResult {
    let fault: Fault = body(&bytes)?;
    engine.faults().add(fault.clone());
    Ok(Json(json!(fault)))
}

async fn clear_faults(State(engine): State<Arc<Engine>>) -> StatusCode {
    engine.faults().clear();
    StatusCode::NO_CONTENT
}
