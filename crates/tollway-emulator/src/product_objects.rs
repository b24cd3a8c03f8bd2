//! What the product modules share: building, storing and changing an object together with its event.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::json::{extend, text};
use crate::params::Params;

/// A new object with the caller's parameters in it, and `more`. It is not kept yet.
pub(crate) fn drafted(
    ctx: &mut Ctx<'_>,
    object_type: &str,
    params: &Params,
    more: Value,
) -> Result<Value, ApiError> {
    let mut object = ctx.blank(object_type);
    ctx.apply(object_type, &mut object, params.values())?;
    let mut object = Value::Object(object);
    extend(&mut object, more);
    Ok(object)
}

/// Keeps a new object and tells of it.
pub(crate) fn keep(ctx: &mut Ctx<'_>, object_type: &str, object: &Value, event: &str) {
    ctx.insert(object_type, object);
    ctx.emit(event, object, None);
}

/// Writes members into a kept object and tells of it.
pub(crate) fn change(
    ctx: &mut Ctx<'_>,
    object_type: &str,
    before: &Value,
    members: Value,
    event: &str,
) -> Value {
    let mut object = before.clone();
    extend(&mut object, members);
    ctx.update(object_type, &object);
    let previous = previous_attributes(before, &object);
    ctx.emit(event, &object, Some(Value::Object(previous)));
    object
}

/// An object's id.
pub(crate) fn id_of(object: &Value) -> &str {
    text(object, "id")
}
