//! `POST /v1/billing_portal/sessions`.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::params::Params;

pub(super) const PORTAL_SESSION: &str = "billing_portal.session";

pub(super) const PORTAL_CONFIGURATION: &str = "billing_portal.configuration";

/// `POST /v1/billing_portal/sessions`.
pub(super) fn create_portal_session(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?;
    ctx.referenced("customer", customer, "customer")?;
    let configuration = match params.text("configuration") {
        Some(id) => ctx.referenced(PORTAL_CONFIGURATION, id, "configuration")?,
        None => default_configuration(ctx)?,
    };
    if configuration["active"] == false {
        let message = "The configuration is not active: activate it, or pass another one.";
        return Err(ApiError::invalid_param("configuration", message));
    }
    check_portal_flow(ctx, params, customer)?;
    let mut members = ctx.blank(PORTAL_SESSION);
    let mut plain = params.values().clone();
    if let Some(flow) = plain.remove("flow_data") {
        plain.insert("flow".into(), flow);
    }
    ctx.apply(PORTAL_SESSION, &mut members, &plain)?;
    let mut session = Value::Object(members);
    let id = session["id"].as_str().unwrap_or_default();
    session["url"] = format!("{}/_tollway/portal/{id}", ctx.request.base_url).into();
    session["configuration"] = configuration["id"].clone();
    session["created"] = ctx.now().into();
    session["livemode"] = ctx.scope.livemode().into();
    if session["return_url"].is_null() {
        session["return_url"] = configuration["default_return_url"].clone();
    }
    ctx.insert(PORTAL_SESSION, &session);
    ctx.emit("billing_portal.session.created", &session, None);
    Ok(session)
}

/// Requires a subscription of the customer for flows about subscriptions.
fn check_portal_flow(ctx: &Ctx<'_>, params: &Params, customer: &str) -> Result<(), ApiError> {
    let Some(kind) = params.text("flow_data.type") else {
        return Ok(());
    };
    if !kind.starts_with("subscription_") {
        return Ok(());
    }
    let param = format!("flow_data[{kind}][subscription]");
    let id = params
        .text(&format!("flow_data.{kind}.subscription"))
        .ok_or_else(|| ApiError::missing_parameter(&param))?;
    let subscription = ctx.referenced("subscription", id, &param)?;
    if subscription["customer"] != customer {
        return Err(ctx.no_such_reference("subscription", id, &param));
    }
    Ok(())
}

/// The default configuration; created when it is first needed.
fn default_configuration(ctx: &mut Ctx<'_>) -> Result<Value, ApiError> {
    let all = ctx.world.store.all(&ctx.scope, PORTAL_CONFIGURATION);
    if let Some(default) = all.into_iter().find(|it| it["is_default"] == true) {
        return Ok(default);
    }
    let mut form = Map::new();
    form.insert(
        "features".into(),
        json!({
            "invoice_history": {"enabled": true},
            "payment_method_update": {"enabled": true},
            "subscription_cancel": {"enabled": true, "mode": "at_period_end", "proration_behavior": "none"},
        }),
    );
    let params = Params::new(Vec::new(), form);
    let mut configuration = ctx.generic("billing_portal.configurations.create", &params)?;
    configuration["is_default"] = true.into();
    ctx.update(PORTAL_CONFIGURATION, &configuration);
    Ok(configuration)
}
