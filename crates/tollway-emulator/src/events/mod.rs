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

mod attempt;
mod delivery;
mod destinations;
pub(crate) mod difference;
mod endpoints;
mod http;
mod made_up;
mod outbox;
mod schedule;
mod selection;
mod thin;
mod worker;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::delivery::newest as newest_deliveries;
pub(crate) use self::endpoints::{Endpoint, all as all_endpoints, set_secret};
pub(crate) use self::http::resend_everywhere as resend;
pub(crate) use self::outbox::Outbox;
pub(crate) use self::thin::notify;
pub(crate) use self::worker::{deliver_due, work};
use crate::Engine;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;
use crate::store::{InOrder, Written, to_bytes, write_to};

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

/// Control routes: deliveries and their attempts, delivering now, sending again, setting up an endpoint, events that nobody caused.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/_tollway/deliveries", get(http::list))
        .route("/_tollway/deliveries/flush", post(http::flush))
        .route("/_tollway/events/{event}/resend", post(http::resend))
        .route("/_tollway/events", post(http::make_up))
        .route("/_tollway/webhook_endpoints", post(http::create_endpoint))
        .route(
            "/_tollway/webhook_endpoints/{id}",
            post(http::change_secret),
        )
}

/// Makes and keeps an event in the context's scope, and sets out its deliveries. Its id.
pub(crate) fn record(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object: &Value,
    previous_attributes: Option<&Value>,
) -> Arc<str> {
    record_written(ctx, event_type, &to_bytes(object), previous_attributes)
}

/// [`record`] of an object that is written already, as every stored one is.
pub(crate) fn record_written(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object: &[u8],
    previous_attributes: Option<&Value>,
) -> Arc<str> {
    let (id, body) = deliver(ctx, event_type, object, previous_attributes);
    let (scope, created) = (ctx.scope.clone(), created(ctx));
    let mut written = Written::new(created);
    written.note("type", &event_type.into());
    let written = written.finish(id, body);
    let kept = ctx
        .world
        .store
        .insert_written(&scope, "event", None, written);
    let forgotten = created - KEPT;
    ctx.world.store.expire(&scope, "event", forgotten);
    Arc::clone(&kept.id)
}

/// Delivers an event without keeping it: an account that is no longer connected cannot be asked about it.
pub(crate) fn announce(ctx: &mut Ctx<'_>, event_type: &str, object: &Value) {
    deliver(ctx, event_type, &to_bytes(object), None);
}

/// An event's members in front of `data`, in the order they are written.
#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    object: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    api_version: &'a str,
    created: i64,
}

/// Those behind it.
#[derive(Serialize)]
struct Tail<'a> {
    livemode: bool,
    pending_webhooks: usize,
    request: Cause<'a>,
    #[serde(rename = "type")]
    event_type: &'a str,
}

/// The request that made the event.
#[derive(Serialize)]
struct Cause<'a> {
    id: Option<&'a str>,
    idempotency_key: Option<&'a str>,
}

/// Joins an event. Nearly every request makes one, so what is in it is neither read nor written a second time.
fn join(
    head: &Head<'_>,
    object: &[u8],
    previous_attributes: Option<&Value>,
    tail: &Tail<'_>,
) -> Bytes {
    let mut text = Vec::with_capacity(object.len() + 512);
    write_to(&mut text, head);
    text.pop();
    text.extend_from_slice(b",\"data\":{\"object\":");
    text.extend_from_slice(object);
    if let Some(previous) = previous_attributes {
        text.extend_from_slice(b",\"previous_attributes\":");
        write_to(&mut text, &InOrder(previous));
    }
    text.push(b'}');
    let seam = text.len();
    write_to(&mut text, tail);
    text[seam] = b',';
    text.into()
}

/// When an event is made: by the emulator's clock. By a test clock far behind it would be forgotten at once, and by one far
/// ahead never.
fn created(ctx: &Ctx<'_>) -> i64 {
    ctx.engine.clock().now()
}

/// Makes an event and sets out its deliveries; its id, and the event itself.
fn deliver(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object: &[u8],
    previous_attributes: Option<&Value>,
) -> (String, Bytes) {
    let id = ctx.new_id("event");
    let mut listeners = endpoints::listening(ctx, event_type);
    listeners.extend(destinations::listening(ctx, event_type, false));
    let head = Head {
        id: &id,
        object: "event",
        account: (!ctx.is_platform()).then_some(&*ctx.scope.account),
        api_version: &ctx.engine.config().api_version,
        created: created(ctx),
    };
    let tail = Tail {
        livemode: ctx.scope.livemode(),
        pending_webhooks: listeners.len(),
        request: Cause {
            id: ctx.request.id.as_deref(),
            idempotency_key: ctx.request.idempotency_key.as_deref(),
        },
        event_type,
    };
    let body = join(&head, object, previous_attributes, &tail);
    let twin = thin::twin_of(event_type);
    let thin_listeners = destinations::listening(ctx, &twin, true);
    if !listeners.is_empty() || !thin_listeners.is_empty() {
        // It was written just now.
        let event: Value = serde_json::from_slice(&body).unwrap_or_default();
        for listener in listeners {
            delivery::set_out(ctx, &event, &listener);
        }
        thin::accompany(ctx, &event, &twin, &thin_listeners);
    }
    (id, body)
}
