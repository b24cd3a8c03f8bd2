//! Events and webhooks.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::registry::Registry;

/// Behaviours of this part.
pub(crate) fn register(_registry: &mut Registry) {}

/// Makes and keeps an event in the context's scope.
pub(crate) fn record(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object: &Value,
    previous_attributes: Option<Value>,
) {
    let mut data = json!({ "object": object });
    if let Some(previous) = previous_attributes {
        data["previous_attributes"] = previous;
    }
    let request = ctx.request;
    let event = json!({
        "id": ctx.new_id("event"),
        "object": "event",
        "api_version": request.api_version,
        "created": ctx.now(),
        "data": data,
        "livemode": ctx.scope.livemode(),
        "pending_webhooks": 0,
        "request": {"id": request.id, "idempotency_key": request.idempotency_key},
        "type": event_type,
    });
    ctx.insert("event", &event);
}
