//! Events: recording them, and setting out their deliveries.
//!
//! ```text
//! Ctx::emit ─▶ record: the event is stored in its account's scope ─▶ one delivery for each endpoint that receives it ─▶ outbox
//! ```
//!
//! An event of a connected account goes to the platform's Connect endpoints with the account's id in `account`, and to
//! the account's own endpoints. Live Connect endpoints also receive test events, as Stripe's do. The deliveries are made by
//! [`webhooks`](crate::webhooks).

pub mod delivery;
pub mod difference;
mod outbox;
pub mod targets;
pub mod thin;

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

pub use self::delivery::newest as newest_deliveries;
pub use self::outbox::{DueDelivery, Outbox};
pub use self::thin::notify;
use crate::ctx::Ctx;
use crate::store::{IdFirst, SerializedObject, to_bytes, write_to};

/// How long events can be retrieved, in seconds: 30 days, as at Stripe.
const RETENTION_SECONDS: i64 = 30 * 24 * 60 * 60;

/// What events add to a context.
pub trait EventCtx {
    /// Records an event of this type in this scope: it is stored, and delivered once the request is committed.
    fn emit(&mut self, event_type: &str, object: &Value, previous_attributes: Option<Value>);
}

impl EventCtx for Ctx<'_> {
    fn emit(&mut self, event_type: &str, object: &Value, previous_attributes: Option<Value>) {
        record(self, event_type, object, previous_attributes.as_ref());
    }
}

/// Makes and keeps an event in the context's scope, and sets out its deliveries. Its id.
pub fn record(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object: &Value,
    previous_attributes: Option<&Value>,
) -> Arc<str> {
    record_written(ctx, event_type, &to_bytes(object), previous_attributes)
}

/// [`record`] of an object that is written already, as every stored one is.
pub fn record_written(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object: &[u8],
    previous_attributes: Option<&Value>,
) -> Arc<str> {
    let (id, body) = deliver(ctx, event_type, object, previous_attributes);
    let (scope, created) = (ctx.scope.clone(), created(ctx));
    let mut written = SerializedObject::new(created);
    written.index_field("type", &event_type.into());
    let written = written.finish(id, body);
    let kept = ctx
        .world
        .store
        .insert_written(&scope, "event", None, written);
    let forgotten = created - RETENTION_SECONDS;
    ctx.world.store.expire(&scope, "event", forgotten);
    Arc::clone(&kept.id)
}

/// Delivers an event without keeping it: an account that is no longer connected cannot be asked about it.
pub fn announce(ctx: &mut Ctx<'_>, event_type: &str, object: &Value) {
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
        write_to(&mut text, &IdFirst(previous));
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
    ctx.services.clock().now()
}

/// Makes an event and sets out its deliveries; its id, and the event itself.
fn deliver(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object: &[u8],
    previous_attributes: Option<&Value>,
) -> (String, Bytes) {
    let id = ctx.new_id("event");
    let mut targets = targets::endpoints(ctx, event_type);
    targets.extend(targets::destinations(ctx, event_type, false));
    let head = Head {
        id: &id,
        object: "event",
        account: (!ctx.is_platform()).then_some(&*ctx.scope.account),
        api_version: &ctx.services.config().api_version,
        created: created(ctx),
    };
    let tail = Tail {
        livemode: ctx.scope.livemode(),
        pending_webhooks: targets.len(),
        request: Cause {
            id: ctx.request.id.as_deref(),
            idempotency_key: ctx.request.idempotency_key.as_deref(),
        },
        event_type,
    };
    let body = join(&head, object, previous_attributes, &tail);
    let twin = thin::twin_of(event_type);
    let thin_targets = targets::destinations(ctx, &twin, true);
    if !targets.is_empty() || !thin_targets.is_empty() {
        // It was written just now.
        let event: Value = serde_json::from_slice(&body).unwrap_or_default();
        for target in targets {
            delivery::set_out(ctx, &event, &target);
        }
        thin::accompany(ctx, &event, &twin, &thin_targets);
    }
    (id, body)
}
