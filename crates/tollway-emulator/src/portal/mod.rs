//! The billing portal: a page on which a customer sees to its own subscriptions, card and invoices.
//!
//! [`page`] has the page itself. See <https://docs.stripe.com/customer-management>.

mod page;
mod page_context;

use serde_json::{Map, Value, json};

pub(crate) use self::page::routes;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

const SESSION: &str = "billing_portal.session";
const CONFIGURATION: &str = "billing_portal.configuration";

pub(crate) fn register(registry: &mut Registry) {
    registry.add("billing_portal.sessions.create", create);
}

/// `POST /v1/billing_portal/sessions`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?;
    ctx.referenced("customer", customer, "customer")?;
    let configuration = match params.text("configuration") {
        Some(id) => ctx.referenced(CONFIGURATION, id, "configuration")?,
        None => default_configuration(ctx)?,
    };
    if configuration["active"] == false {
        let message = "The configuration is not active: activate it, or pass another one.";
        return Err(ApiError::invalid_param("configuration", message));
    }
    check_flow(ctx, params, customer)?;
    let mut members = ctx.blank(SESSION);
    let mut plain = params.values().clone();
    if let Some(flow) = plain.remove("flow_data") {
        plain.insert("flow".into(), flow);
    }
    ctx.apply(SESSION, &mut members, &plain)?;
    let mut session = Value::Object(members);
    let id = session["id"].as_str().unwrap_or_default();
    session["url"] = format!("{}/_tollway/portal/{id}", ctx.request.base_url).into();
    session["configuration"] = configuration["id"].clone();
    session["created"] = ctx.now().into();
    session["livemode"] = ctx.scope.livemode().into();
    if session["return_url"].is_null() {
        session["return_url"] = configuration["default_return_url"].clone();
    }
    ctx.insert(SESSION, &session);
    ctx.emit("billing_portal.session.created", &session, None);
    Ok(session)
}

/// A flow about a subscription must name one of the customer's.
fn check_flow(ctx: &Ctx<'_>, params: &Params, customer: &str) -> Result<(), ApiError> {
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

/// The configuration that sessions use if they name none; made when it is first needed.
fn default_configuration(ctx: &mut Ctx<'_>) -> Result<Value, ApiError> {
    let all = ctx.world.store.all(&ctx.scope, CONFIGURATION);
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
    let mut made = ctx.generic("billing_portal.configurations.create", &params)?;
    made["is_default"] = true.into();
    ctx.update(CONFIGURATION, &made);
    Ok(made)
}
