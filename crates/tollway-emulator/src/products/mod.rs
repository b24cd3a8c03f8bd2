//! What Stripe sells besides payments: Identity, Issuing, Treasury, Radar's lists, reports, entitlements, secrets of apps.
//!
//! Each file gives its product the behaviour that programs wait for; whatever else these objects do is generic.

mod app_secrets;
mod entitlements;
mod ephemeral_keys;
mod identity;
mod issuing;
mod payment_method_configurations;
mod radar;
mod reporting;
mod treasury;
mod vault;

use std::sync::Arc;

use axum::Router;
use serde_json::Value;

use crate::Engine;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::money::fields::{extend, text};
use crate::params::Params;
use crate::registry::Registry;

/// Behaviours of this part.
pub(crate) fn register(registry: &mut Registry) {
    app_secrets::register(registry);
    entitlements::register(registry);
    ephemeral_keys::register(registry);
    identity::register(registry);
    issuing::register(registry);
    payment_method_configurations::register(registry);
    radar::register(registry);
    reporting::register(registry);
    treasury::register(registry);
    vault::register(registry);
}

/// The pages of this part.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    identity::routes()
}

/// A new object with the caller's parameters in it, and `more`. It is not kept yet.
fn drafted(
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
fn keep(ctx: &mut Ctx<'_>, object_type: &str, object: &Value, event: &str) {
    ctx.insert(object_type, object);
    ctx.emit(event, object, None);
}

/// Writes members into a kept object and tells of it.
fn change(
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
fn id_of(object: &Value) -> &str {
    text(object, "id")
}
