//! Where an account is registered to collect tax.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::tax::table;

const REGISTRATION: &str = "tax.registration";

/// `POST /v1/tax/registrations`.
pub(super) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
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
    let mut registration = ctx.blank(REGISTRATION);
    let from = instant(ctx, params.at("active_from"));
    registration.insert("active_from".into(), from.into());
    registration.insert(
        "expires_at".into(),
        instant(ctx, params.at("expires_at")).into(),
    );
    registration.insert("country".into(), country.into());
    let options = params.at("country_options").cloned();
    registration.insert(
        "country_options".into(),
        options.unwrap_or_else(|| json!({})),
    );
    registration.insert("created".into(), ctx.now().into());
    let mut registration = Value::Object(registration);
    registration["status"] = status(&registration, ctx.now()).into();
    ctx.insert(REGISTRATION, &registration);
    Ok(registration)
}

/// `POST /v1/tax/registrations/{id}`: begins or ends at another time.
pub(super) fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut registration = ctx.required(REGISTRATION, params.path("id"))?;
    for name in ["active_from", "expires_at"] {
        if params.cleared(name) {
            registration[name] = Value::Null;
        } else if let Some(at) = instant(ctx, params.at(name)) {
            registration[name] = at.into();
        }
    }
    registration["status"] = status(&registration, ctx.now()).into();
    ctx.update(REGISTRATION, &registration);
    Ok(registration)
}

/// A time, or `now`.
fn instant(ctx: &Ctx<'_>, given: Option<&Value>) -> Option<i64> {
    match given {
        Some(Value::String(word)) if word == "now" => Some(ctx.now()),
        Some(value) => value.as_i64(),
        None => None,
    }
}

fn status(registration: &Value, now: i64) -> &'static str {
    let at = |name: &str| registration[name].as_i64();
    if at("expires_at").is_some_and(|at| at <= now) {
        "expired"
    } else if at("active_from").is_some_and(|at| at > now) {
        "scheduled"
    } else {
        "active"
    }
}

/// Does the account collect tax there? One registration for the whole European Union counts in each of its countries.
pub(super) fn collects(ctx: &Ctx<'_>, country: &str, state: Option<&str>) -> bool {
    let (all, now) = (ctx.world.store.all(&ctx.scope, REGISTRATION), ctx.now());
    all.iter()
        .any(|it| status(it, now) == "active" && covers(it, country, state))
}

fn covers(registration: &Value, country: &str, state: Option<&str>) -> bool {
    let own = registration["country"].as_str().unwrap_or_default();
    let options = &registration["country_options"][own.to_ascii_lowercase()];
    let union = matches!(
        options["type"].as_str(),
        Some("oss_union" | "oss_non_union" | "ioss")
    );
    if union {
        return table::in_union(country);
    }
    own == country && (own != "US" || options["state"].as_str() == state)
}
