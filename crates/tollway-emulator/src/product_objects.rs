//! Creating, storing and changing an object together with its event, for several products.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::json::{extend, text};
use crate::params::Params;

/// A new object with the caller's parameters and `members`. It is not stored.
///
/// # Errors
/// 400 for parameters that do not fit.
pub(crate) fn new_object(
    ctx: &mut Ctx<'_>,
    object_type: &str,
    params: &Params,
    members: Value,
) -> Result<Value, ApiError> {
    let mut object = ctx.blank(object_type);
    ctx.apply(object_type, &mut object, params.values())?;
    let mut object = Value::Object(object);
    extend(&mut object, members);
    Ok(object)
}

/// Stores a new object and emits its event.
pub(crate) fn insert_and_emit(ctx: &mut Ctx<'_>, object_type: &str, object: &Value, event: &str) {
    ctx.insert(object_type, object);
    ctx.emit(event, object, None);
}

/// Writes members into a stored object and emits its event.
pub(crate) fn update_and_emit(
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
