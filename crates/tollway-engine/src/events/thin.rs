//! Thin events (`v2.core.event`): they say what happened to what, and whoever wants to know more asks for the object.
//!
//! Every snapshot event has a thin twin, `v1.` and its name; accounts of `/v2` have events of their own.

use serde_json::{Value, json};

use super::targets::Target;
use super::{delivery, targets};
use crate::clock::rfc3339;
use crate::ctx::Ctx;

/// The type of thin events.
pub const EVENT: &str = "v2.core.event";

/// Makes and keeps a thin event about an object, with what the description puts into its `data`, and sets out its deliveries.
pub fn notify(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object_type: &str,
    object: &Value,
    data: Option<Value>,
) {
    let mut event = make(ctx, event_type, object_type, object, None);
    if let Some(data) = data {
        event["data"] = data;
    }
    let scope = ctx.scope.clone();
    let now = ctx.now();
    ctx.world.store.insert(&scope, EVENT, &event, now);
    for target in targets::destinations(ctx, event_type, true) {
        delivery::set_out(ctx, &event, &target);
    }
}

/// The type of a snapshot event's thin twin.
pub(super) fn twin_of(event_type: &str) -> String {
    format!("v1.{event_type}")
}

/// The thin twin of a snapshot event, for the destinations that want it. It is kept only if there are any.
pub(super) fn accompany(ctx: &mut Ctx<'_>, snapshot: &Value, event_type: &str, targets: &[Target]) {
    if targets.is_empty() {
        return;
    }
    let object = &snapshot["data"]["object"];
    let kind = object["object"].as_str().unwrap_or_default();
    let event = make(ctx, event_type, kind, object, snapshot["id"].as_str());
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world.store.insert(&scope, EVENT, &event, now);
    for target in targets {
        delivery::set_out(ctx, &event, target);
    }
}

/// A thin event about an object. It is not stored.
pub fn make(
    ctx: &mut Ctx<'_>,
    event_type: &str,
    object_type: &str,
    object: &Value,
    snapshot: Option<&str>,
) -> Value {
    let request = ctx.request;
    let mode = if ctx.scope.livemode() { "live" } else { "test" };
    let mut event = json!({
        "id": format!("evt_{mode}_{}", ctx.world.random.alphanumeric(32)),
        "object": EVENT,
        "created": rfc3339(ctx.now()),
        "livemode": ctx.scope.livemode(),
        "type": event_type,
    });
    if let Some(url) = url_of(ctx, object_type, object) {
        event["related_object"] = json!({"id": object["id"], "type": object_type, "url": url});
    }
    if let Some(id) = &request.id {
        event["reason"] = json!({
            "type": "request",
            "request": {"id": id, "idempotency_key": request.idempotency_key.as_deref().unwrap_or("")},
        });
    }
    if !ctx.is_platform() {
        event["context"] = (*ctx.scope.account).into();
    }
    if let Some(snapshot) = snapshot {
        event["snapshot_event"] = snapshot.into();
    }
    event
}

/// Where the object can be asked for, if it can.
fn url_of(ctx: &Ctx<'_>, object_type: &str, object: &Value) -> Option<String> {
    let id = object["id"].as_str()?;
    if let ("v2.core.account_person", Some(account)) = (object_type, object["account"].as_str()) {
        return Some(format!("/v2/core/accounts/{account}/persons/{id}"));
    }
    let api = ctx.services.description();
    let retrieval = api.catalog().operations().iter().find(|entry| {
        entry.verb == tollway_spec::Verb::Get
            && entry.path.ends_with('}')
            && entry.path.matches('{').count() == 1
            && api.resource_of(&entry.get().response) == Some(object_type)
    })?;
    let (stem, _) = retrieval.path.rsplit_once('/')?;
    Some(format!("{stem}/{id}"))
}
