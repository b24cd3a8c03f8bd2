//! Events and webhooks.
//!
//! ```text
//! Ctx::emit ─▶ record: the event is kept in its account's scope ─▶ one delivery per endpoint that hears of it
//!                                                                   │ (outbox: what is due, and when)
//! deliver_due / work ◀──────────────────────────────────────────────┘ ─▶ signed POST ─▶ attempt kept, or tried again
//! ```
//!
//! An event of a connected account goes to the platform's Connect endpoints with the account's id in `account`, and to
//! the account's own endpoints. Live Connect endpoints also hear of test events, as Stripe's do.

mod delivery;
mod destinations;
pub(crate) mod difference;
mod endpoints;
mod http;
mod outbox;
mod schedule;
mod selection;
mod thin;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use serde_json::{Value, json};

pub(crate) use self::delivery::{deliver_due, newest as newest_deliveries, work};
pub(crate) use self::endpoints::set_secret;
pub(crate) use self::http::resend_everywhere as resend;
pub(crate) use self::outbox::Outbox;
pub(crate) use self::thin::notify;
use crate::Engine;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;

/// How long events can be retrieved, in seconds: 30 days, as at Stripe.
const KEPT: i64 = 30 * 24 * 60 * 60;

/// Behaviours of this part.
pub(crate) fn register(registry: &mut Registry) {
    destinations::register(registry);
    endpoints::register(registry);
    thin::register(registry);
    registry.add("events.list", list);
}

/// `GET /v1/events`: in `type` a `*` stands for the rest of a name, `charge.*`.
fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let stem = params.text("type").and_then(|name| name.strip_suffix('*'));
    let Some(stem) = stem else {
        return ctx.generic("events.list", params);
    };
    let known = &ctx.engine.api().catalog().events().v1;
    let types = known.iter().map(|event| event.type_.as_str());
    let types: Vec<Value> = types
        .filter(|name| name.starts_with(stem))
        .map(Value::from)
        .collect();
    let mut values = params.values().clone();
    values.remove("type");
    values.insert("types".into(), types.into());
    ctx.generic("events.list", &Params::new(Vec::new(), values))
}

/// Control routes: deliveries and their attempts, delivering now, sending again, setting up an endpoint.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/_tollway/deliveries", get(http::list))
        .route("/_tollway/deliveries/flush", post(http::flush))
        .route("/_tollway/events/{event}/resend", post(http::resend))
        .route("/_tollway/webhook_endpoints", post(http::create_endpoint))
}

/// Makes and keeps an event in the context's scope, and sets out its deliveries.
pub(crate) fn record(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object: &Value,
    previous_attributes: Option<Value>,
) {
    let event = deliver(ctx, event_type, object, previous_attributes);
    ctx.insert("event", &event);
    // A test clock may show a time far ahead: it must not make others forget.
    let forgotten = ctx.engine.clock().now() - KEPT;
    ctx.world.store.expire(&ctx.scope, "event", forgotten);
}

/// Delivers an event without keeping it: an account that is no longer connected cannot be asked about it.
pub(crate) fn announce(ctx: &mut Ctx<'_>, event_type: &str, object: &Value) {
    deliver(ctx, event_type, object, None);
}

fn deliver(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object: &Value,
    previous_attributes: Option<Value>,
) -> Value {
    let mut data = json!({ "object": object });
    if let Some(previous) = previous_attributes {
        data["previous_attributes"] = previous;
    }
    let request = ctx.request;
    let mut event = json!({
        "id": ctx.new_id("event"),
        "object": "event",
        "api_version": ctx.engine.config().api_version,
        "created": ctx.now().min(ctx.engine.clock().now()),
        "data": data,
        "livemode": ctx.scope.livemode(),
        "pending_webhooks": 0,
        "request": {"id": request.id, "idempotency_key": request.idempotency_key},
        "type": event_type,
    });
    if !ctx.is_platform() {
        event["account"] = (*ctx.scope.account).into();
    }
    let mut listeners = endpoints::listening(ctx, event_type);
    listeners.extend(destinations::listening(ctx, event_type, false));
    event["pending_webhooks"] = listeners.len().into();
    for listener in listeners {
        delivery::set_out(ctx, &event, &listener);
    }
    thin::accompany(ctx, &event);
    event
}
