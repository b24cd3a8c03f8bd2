//! Synthetic events: `POST /_tollway/events`, about an object made from the description and not stored.
//!
//! For events that no request leads to here, as those of Stripe's own decisions, so that a handler can be tried on each.

use std::sync::Arc;

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::record;
use crate::generic::synth;

/// Records an event of this type. Returns its id.
///
/// # Errors
/// 400 if the description has no such event.
pub(super) fn create(ctx: &mut Ctx<'_>, event_type: &str) -> Result<Arc<str>, ApiError> {
    let events = &ctx.services.description().catalog().events().v1;
    let described = events.iter().find(|event| event.type_ == event_type);
    let Some(described) = described else {
        let near = events
            .iter()
            .map(|event| event.type_.as_str())
            .min_by_key(|name| strsim::osa_distance(name, event_type))
            .unwrap_or_default();
        let message = format!("There is no event '{event_type}'. Did you mean '{near}'?");
        return Err(ApiError::invalid_param("type", message));
    };
    let named = described.object.as_deref();
    let named = named.unwrap_or_else(|| event_type.rsplit_once('.').map_or("", |(stem, _)| stem));
    let object_type = named.to_owned();
    let object = synth::object(ctx, &object_type);
    Ok(record(ctx, event_type, &Value::Object(object), None))
}
