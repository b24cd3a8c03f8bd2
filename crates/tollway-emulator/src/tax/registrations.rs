//! The registrations of an account to collect tax.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::tax::table;

const TAX_REGISTRATION: &str = "tax.registration";

/// `POST /v1/tax/registrations`.
pub(super) fn create_registration(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let country = params
        .text("country")
        .unwrap_or_default()
        .to_ascii_uppercase();
    let options = format!("country_options.{}", country.to_ascii_lowercase());
    if !params.has(&options) {
        let name = country.to_ascii_lowercase();
        let message = format!(
            "Say how the account is registered in {country}: pass country_options[{name}][type]."
        );
        let param = format!("country_options[{name}]");
        return Err(ApiError::invalid_param(&param, message).code("parameter_missing"));
    }
    if country == "US" && !params.has("country_options.us.state") {
        return Err(ApiError::missing_parameter("country_options[us][state]"));
    }
    let mut registration = ctx.blank(TAX_REGISTRATION);
    let from = parse_instant(ctx, params.at("active_from"));
    registration.insert("active_from".into(), from.into());
    registration.insert(
        "expires_at".into(),
        parse_instant(ctx, params.at("expires_at")).into(),
    );
    registration.insert("country".into(), country.into());
    let options = params.at("country_options").cloned();
    registration.insert(
        "country_options".into(),
        options.unwrap_or_else(|| json!({})),
    );
    registration.insert("created".into(), ctx.now().into());
    let mut registration = Value::Object(registration);
    registration["status"] = registration_status(&registration, ctx.now()).into();
    ctx.insert(TAX_REGISTRATION, &registration);
    Ok(registration)
}

/// `POST /v1/tax/registrations/{id}`: begins or ends at another time.
pub(super) fn update_registration(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut registration = ctx.required(TAX_REGISTRATION, params.path("id"))?;
    for name in ["active_from", "expires_at"] {
        if params.cleared(name) {
            registration[name] = Value::Null;
        } else if let Some(at) = parse_instant(ctx, params.at(name)) {
            registration[name] = at.into();
        }
    }
    registration["status"] = registration_status(&registration, ctx.now()).into();
    ctx.update(TAX_REGISTRATION, &registration);
    Ok(registration)
}

/// A timestamp, or `now`.
fn parse_instant(ctx: &Ctx<'_>, timestamp: Option<&Value>) -> Option<i64> {
    match timestamp {
        Some(Value::String(word)) if word == "now" => Some(ctx.now()),
        Some(value) => value.as_i64(),
        None => None,
    }
}

fn registration_status(registration: &Value, now: i64) -> &'static str {
    let at = |name: &str| registration[name].as_i64();
    if at("expires_at").is_some_and(|at| at <= now) {
        "expired"
    } else if at("active_from").is_some_and(|at| at > now) {
        "scheduled"
    } else {
        "active"
    }
}

/// Whether the account collects tax in a location. A registration for the European Union covers each of its countries.
pub(super) fn collects_tax(ctx: &Ctx<'_>, country: &str, state: Option<&str>) -> bool {
    let (all, now) = (ctx.world.store.all(&ctx.scope, TAX_REGISTRATION), ctx.now());
    all.iter()
        .any(|it| registration_status(it, now) == "active" && covers_location(it, country, state))
}

fn covers_location(registration: &Value, country: &str, state: Option<&str>) -> bool {
    let own = registration["country"].as_str().unwrap_or_default();
    let options = &registration["country_options"][own.to_ascii_lowercase()];
    let union = matches!(
        options["type"].as_str(),
        Some("oss_union" | "oss_non_union" | "ioss")
    );
    if union {
        return table::is_in_european_union(country);
    }
    own == country && (own != "US" || options["state"].as_str() == state)
}
