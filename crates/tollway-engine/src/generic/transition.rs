//! Runs a row of the [transition table](crate::transitions).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Plan, apply, synth};
use super::{emit, find_undeleted, resource};
use crate::ctx::{Ctx, noun};
use crate::error::ApiError;
use crate::events;
use crate::events::difference::previous_attributes;
use crate::params::Params;
use crate::store::Record;
use crate::transitions::{Set, Transition};

/// Takes the object in the path through the transition.
///
/// # Errors
/// 404 if it does not exist, 400 if it is in a state that the action does not allow.
pub(super) fn run(
    ctx: &mut Ctx<'_>,
    plan: &Plan,
    row: &Transition,
    params: &Params,
) -> Result<Arc<Record>, ApiError> {
    let object_type = resource(plan);
    let before = find_undeleted(ctx, plan, params)?.parse();
    let status = before
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let allowed = row.from.is_empty() || row.from.contains(&status) || ctx.services.config().mock;
    if !allowed {
        return Err(wrong_state(object_type, row, status));
    }
    let mut object = before.as_object().cloned().unwrap_or_default();
    apply::to_object(ctx, object_type, &mut object, params.values())?;
    if !row.to.is_empty() {
        object.insert("status".into(), row.to.into());
    }
    for (path, set) in row.set {
        if let Some(value) = value_of(ctx, object_type, set, &object, params) {
            complete(ctx, object_type, &mut object, path);
            put(&mut object, path, value);
        }
    }
    let after = Value::Object(object);
    let previous = Some(previous_attributes(&before, &after))
        .filter(|changed| !changed.is_empty())
        .map(Value::Object);
    let record = ctx.update(object_type, &after);
    if !row.event.is_empty() {
        let updates = row.event.ends_with(".updated");
        let previous = previous.as_ref().filter(|_| updates);
        events::record_written(ctx, row.event, &record.body, previous);
    }
    if previous.is_some() && !row.event.ends_with(".updated") && !row.event.ends_with(".deleted") {
        emit(ctx, object_type, "updated", &record, previous.as_ref());
    }
    Ok(record)
}

fn wrong_state(object_type: &str, row: &Transition, status: &str) -> ApiError {
    let action = row.operation.rsplit('.').next().unwrap_or_default();
    let verb = action.split('_').next().unwrap_or_default();
    let name = noun(object_type).replace('_', " ");
    let allowed = row.from.join(", ");
    let message = format!(
        "You cannot {verb} this {name} because it has a status of {status}. Only a {name} with one of the following statuses may be used: {allowed}."
    );
    let error = ApiError::invalid_request(message);
    match object_type {
        "payment_intent" => error.code("payment_intent_unexpected_state"),
        "setup_intent" => error.code("setup_intent_unexpected_state"),
        _ => error,
    }
}

fn value_of(
    ctx: &Ctx<'_>,
    object_type: &str,
    set: &Set,
    object: &Map<String, Value>,
    params: &Params,
) -> Option<Value> {
    match set {
        Set::Now if object_type.starts_with("v2.") => Some(synth::rfc3339(ctx.now()).into()),
        Set::Now => Some(ctx.now().into()),
        Set::Flag(flag) => Some((*flag).into()),
        Set::Text(text) => Some((*text).into()),
        Set::Nothing => Some(Value::Null),
        Set::Param(name) => params.at(name).cloned(),
        Set::Field(name) => object.get(*name).cloned(),
        Set::Zero => Some(0.into()),
    }
}

/// Before a part of a null object is set: makes the object with everything it has to have.
fn complete(ctx: &mut Ctx<'_>, object_type: &str, object: &mut Map<String, Value>, path: &str) {
    let Some((first, _)) = path.split_once('.') else {
        return;
    };
    let services = ctx.services;
    let field = services
        .description()
        .object(object_type)
        .and_then(|described| described.field(first));
    if let Some(field) = field.filter(|_| object.get(first).is_none_or(Value::is_null)) {
        object.insert(first.to_owned(), synth::plain(ctx, &field.shape));
    }
}

/// Sets the field at a dotted path; objects on the way are made.
fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(object.insert(path.to_owned(), value)),
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert(Value::Null);
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(members) = inner {
                put(members, rest, value);
            }
        }
    }
}
