//! The control side of webhooks, as JSON:
//!
//! - `GET /_tollway/deliveries[?event=evt_…][&limit=100]`: the last deliveries with their attempts, newest first. What waits is
//!   kept; of what is over the last thousand of each world and mode.
//! - `POST /_tollway/deliveries/flush`: attempts what is due now, waits for the answers, and says how deliveries stand.
//! - `POST /_tollway/events/{event}/resend`: sends an event again to the endpoints it was set out to.
//! - `POST /_tollway/events` with `key`, `type` and perhaps `account`: an event that nobody caused, about a made-up object.
//! - `POST /_tollway/webhook_endpoints/{id}` with `key` and `secret`: gives an endpoint, or an event destination, a secret that
//!   somebody knows already.
//! - `POST /_tollway/webhook_endpoints` with `key`, `url`, `connect`, `enabled_events` (comma-separated, all if absent): makes an
//!   endpoint for the world and mode of a secret key; the answer shows its secret.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Json, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::delivery::{self, Delivery, State as Standing};
use super::endpoints::{self, Wanted};
use super::made_up;
use crate::Engine;
use crate::error::ApiError;
use crate::http::key_text;
use crate::key::{ApiKey, KeyKind};
use crate::scope::Mode;
use crate::world::World;

/// How many deliveries are listed if not said.
const LIMIT: usize = 100;

pub(super) async fn list(
    State(engine): State<Arc<Engine>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let wanted = query.get("event");
    let limit = match query.get("limit").map(|text| text.parse::<usize>()) {
        None => LIMIT,
        Some(Ok(limit)) if (1..=delivery::KEPT).contains(&limit) => limit,
        Some(_) => {
            let message = format!("limit must be a number from 1 to {}.", delivery::KEPT);
            return refused(&ApiError::invalid_param("limit", message));
        }
    };
    let mut deliveries: Vec<Delivery> = engine
        .worlds()
        .all()
        .iter()
        .flat_map(|world| {
            delivery::newest(&world.lock(), limit, |delivery| {
                wanted.is_none_or(|event| *event == delivery.event)
            })
        })
        .collect();
    deliveries.truncate(limit);
    let deliveries: Vec<Value> = deliveries.iter().map(shown).collect();
    Json(json!({"deliveries": deliveries})).into_response()
}

pub(super) async fn flush(State(engine): State<Arc<Engine>>) -> Json<Value> {
    delivery::deliver_due(&engine).await;
    let worlds = engine.worlds().all();
    let count = |state| -> usize {
        let in_world = |world: &Arc<World>| delivery::count(&world.lock(), state);
        worlds.iter().map(in_world).sum()
    };
    Json(json!({
        "delivered": count(Standing::Delivered), "pending": count(Standing::Pending), "failed": count(Standing::Failed),
    }))
}

pub(super) async fn resend(
    State(engine): State<Arc<Engine>>,
    Path(event): Path<String>,
) -> Response {
    match resend_everywhere(&engine, &event) {
        Ok(0) => refused(&ApiError::no_such("delivery of the event", &event, "event")),
        Ok(sent) => Json(json!({"event": event, "deliveries": sent})).into_response(),
        Err(error) => refused(&error),
    }
}

/// Sends an event again, whichever world and mode has it: how many deliveries that are.
pub(crate) fn resend_everywhere(engine: &Engine, event: &str) -> Result<usize, ApiError> {
    let mut sent = 0;
    for world in engine.worlds().all() {
        for mode in Mode::ALL {
            let scope = world.lock().platform_scope(mode);
            sent +=
                engine.transact_internal(&world, scope, |ctx| Ok(delivery::resend(ctx, event)))?;
        }
    }
    Ok(sent)
}

pub(super) async fn make_up(
    State(engine): State<Arc<Engine>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let key = match secret_key(&form, &headers) {
        Ok(key) => key,
        Err(error) => return refused(&error),
    };
    let Some(event_type) = form.get("type") else {
        return refused(&ApiError::missing_parameter("type"));
    };
    let world = engine.worlds().for_key(&key);
    let platform = world.lock().platform_scope(key.mode);
    let scope = match form.get("account") {
        Some(account) if world.lock().connection(key.mode, account).is_none() => {
            return refused(&ApiError::account_invalid(&key.redacted(), account));
        }
        Some(account) => platform.for_account(account.as_str()),
        None => platform,
    };
    match engine.transact_internal(&world, scope, |ctx| made_up::make(ctx, event_type)) {
        Ok(id) => Json(json!({"id": id, "type": event_type})).into_response(),
        Err(error) => refused(&error),
    }
}

pub(super) async fn change_secret(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let key = match secret_key(&form, &headers) {
        Ok(key) => key,
        Err(error) => return refused(&error),
    };
    let Some(secret) = form.get("secret").filter(|secret| !secret.is_empty()) else {
        return refused(&ApiError::missing_parameter("secret"));
    };
    let world = engine.worlds().for_key(&key);
    let scope = world.lock().platform_scope(key.mode);
    let changed = engine.transact_internal(&world, scope, |ctx| {
        endpoints::set_secret(ctx, &id, secret)
            .then_some(())
            .ok_or_else(|| ApiError::no_such("webhook endpoint", &id, "id"))
    });
    match changed {
        Ok(()) => Json(json!({"id": id})).into_response(),
        Err(error) => refused(&error),
    }
}

/// The secret key of the world that is meant: the parameter `key`, or as in any request to the API.
fn secret_key(form: &BTreeMap<String, String>, headers: &HeaderMap) -> Result<ApiKey, ApiError> {
    let text = form.get("key").cloned().or_else(|| key_text(headers));
    text.and_then(|key| ApiKey::parse(&key))
        .filter(|key| key.kind != KeyKind::Publishable)
        .ok_or_else(|| {
            ApiError::invalid_param(
                "key",
                "Pass the platform's secret key (sk_test_… or sk_live_…) as key.",
            )
        })
}

pub(super) async fn create_endpoint(
    State(engine): State<Arc<Engine>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let key = match secret_key(&form, &headers) {
        Ok(key) => key,
        Err(error) => return refused(&error),
    };
    let events = form.get("enabled_events").map_or("*", String::as_str);
    let events: Vec<Value> = events.split(',').map(|name| name.trim().into()).collect();
    let wanted = Wanted {
        url: form.get("url").map_or("", String::as_str),
        connect: form.get("connect").is_some_and(|word| word == "true"),
        enabled_events: &events,
        description: form.get("description").map(String::as_str),
        api_version: None,
        metadata: json!({}),
    };
    let world = engine.worlds().for_key(&key);
    let scope = world.lock().platform_scope(key.mode);
    match engine.transact_internal(&world, scope, |ctx| endpoints::create(ctx, &wanted)) {
        Ok(endpoint) => Json(endpoint).into_response(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error.to_json())).into_response()
}

fn shown(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "event": delivery.event,
        "type": delivery.event_type,
        "account": delivery.account,
        "endpoint": delivery.endpoint,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_attempt": delivery.next_attempt,
        "created": delivery.created,
    })
}
