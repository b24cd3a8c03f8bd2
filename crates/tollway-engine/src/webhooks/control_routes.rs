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

use axum::extract::{Path, Query, State};
use axum::response::Json;
use serde_json::{Value, json};

use super::endpoints::{self, NewEndpoint};
use super::{deliver_due, synthetic_events};
use crate::control::{ControlRequest, ControlResult};
use crate::engine::Engine;
use crate::error::ApiError;
use crate::events::delivery::{self, Delivery, State as DeliveryState};
use crate::scope::Mode;
use crate::world::World;

/// How many deliveries are listed if not said.
const DEFAULT_LIMIT: usize = 100;

pub(super) async fn list(
    State(engine): State<Arc<Engine>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> ControlResult {
    let event = query.get("event");
    let limit = match query.get("limit").map(|text| text.parse::<usize>()) {
        None => DEFAULT_LIMIT,
        Some(Ok(limit)) if (1..=delivery::KEPT).contains(&limit) => limit,
        Some(_) => {
            let message = format!("limit must be a number from 1 to {}.", delivery::KEPT);
            return Err(ApiError::invalid_param("limit", message).into());
        }
    };
    let mut deliveries: Vec<Delivery> = engine
        .worlds()
        .all()
        .iter()
        .flat_map(|world| {
            delivery::newest(&world.lock(), limit, |delivery| {
                event.is_none_or(|event| *event == delivery.event)
            })
        })
        .collect();
    deliveries.truncate(limit);
    let deliveries: Vec<Value> = deliveries.iter().map(shown).collect();
    Ok(Json(json!({"deliveries": deliveries})))
}

pub(super) async fn flush(State(engine): State<Arc<Engine>>) -> Json<Value> {
    deliver_due(&engine).await;
    let worlds = engine.worlds().all();
    let count = |state| -> usize {
        let in_world = |world: &Arc<World>| delivery::count(&world.lock(), state);
        worlds.iter().map(in_world).sum()
    };
    Json(json!({
        "delivered": count(DeliveryState::Delivered), "pending": count(DeliveryState::Pending), "failed": count(DeliveryState::Failed),
    }))
}

pub(super) async fn resend(
    State(engine): State<Arc<Engine>>,
    Path(event): Path<String>,
) -> ControlResult {
    match resend_everywhere(&engine, &event)? {
        0 => Err(ApiError::no_such("delivery of the event", &event, "event").into()),
        sent => Ok(Json(json!({"event": event, "deliveries": sent}))),
    }
}

/// Sends an event again, whichever world and mode has it: how many deliveries that are.
pub fn resend_everywhere(engine: &Engine, event: &str) -> Result<usize, ApiError> {
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

pub(super) async fn create_event(
    State(engine): State<Arc<Engine>>,
    request: ControlRequest,
) -> ControlResult {
    let event_type = request.required("type")?;
    let scope = match request.text("account") {
        None => request.scope.clone(),
        Some(account)
            if request
                .world
                .lock()
                .connection(request.key.mode, account)
                .is_some() =>
        {
            request.scope.for_account(account)
        }
        Some(account) => {
            return Err(ApiError::account_invalid(&request.key.redacted(), account).into());
        }
    };
    let id = engine.transact_internal(&request.world, scope, |ctx| {
        synthetic_events::create(ctx, event_type)
    })?;
    Ok(Json(json!({"id": id, "type": event_type})))
}

pub(super) async fn change_secret(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    request: ControlRequest,
) -> ControlResult {
    let secret = request.required("secret")?;
    engine.transact_internal(&request.world, request.scope.clone(), |ctx| {
        endpoints::set_secret(ctx, &id, secret)?
            .then_some(())
            .ok_or_else(|| ApiError::no_such("webhook endpoint", &id, "id"))
    })?;
    Ok(Json(json!({"id": id})))
}

pub(super) async fn create_endpoint(
    State(engine): State<Arc<Engine>>,
    request: ControlRequest,
) -> ControlResult {
    let events = request.text("enabled_events").unwrap_or("*");
    let events: Vec<Value> = events.split(',').map(|name| name.trim().into()).collect();
    let new_endpoint = NewEndpoint {
        url: request.text("url").unwrap_or_default(),
        connect: request.text("connect") == Some("true"),
        enabled_events: &events,
        description: request.text("description"),
        api_version: None,
        metadata: json!({}),
    };
    let endpoint = engine.transact_internal(&request.world, request.scope.clone(), |ctx| {
        endpoints::create(ctx, &new_endpoint)
    })?;
    Ok(Json(endpoint))
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
