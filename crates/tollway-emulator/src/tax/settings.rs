//! The `tax.settings` of an account.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;

/// The account's `tax.settings`.
pub(super) fn load_settings(ctx: &mut Ctx<'_>) -> Result<Value, ApiError> {
    let nothing = Params::new(Vec::new(), Map::new());
    ctx.generic("tax.settings.retrieve", &nothing)
        .map(complete_settings)
}

/// `POST /v1/tax/settings`.
pub(super) fn update_settings(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    ctx.generic("tax.settings.update", params)
        .map(complete_settings)
}

/// Completes the settings. They are active with a country of the head office.
fn complete_settings(mut settings: Value) -> Value {
    let has_country = settings["head_office"]["address"]["country"].is_string();
    settings["defaults"]["provider"] = "stripe".into();
    settings["status"] = if has_country { "active" } else { "pending" }.into();
    settings["status_details"] = if has_country {
        json!({"active": {}})
    } else {
        json!({"pending": {"missing_fields": ["head_office.address.country"]}})
    };
    settings
}
