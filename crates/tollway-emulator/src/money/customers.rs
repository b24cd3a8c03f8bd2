//! Cards of customers: `source` and `payment_method` of a new customer, and `/v1/customers/{customer}/sources`.

use serde_json::Value;

use super::{charge, instrument, payment_methods};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::params::Params;
use crate::registry::Registry;

const CUSTOMER: &str = "customer";

pub(super) fn register(registry: &mut Registry) {
    registry.add("customers.create", create);
    registry.add("customers.update", update);
    registry.add("customers.payment_sources.create", add_source);
}

pub(super) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = ctx.generic("customers.create", params)?;
    let id = customer["id"].as_str().unwrap_or_default();
    if let Some(method) = params.text("payment_method") {
        payment_methods::attach_to(ctx, method, id)?;
    }
    if let Some(source) = params.text("source") {
        keep_source(ctx, id, source, true)?;
    }
    ctx.required(CUSTOMER, id)
}

/// A new `source` replaces the default one.
pub(super) fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = ctx.generic("customers.update", params)?;
    let id = customer["id"].as_str().unwrap_or_default();
    if let Some(source) = params.text("source") {
        keep_source(ctx, id, source, true)?;
    }
    ctx.required(CUSTOMER, id)
}

/// `POST /v1/customers/{customer}/sources`.
fn add_source(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.path("customer");
    ctx.required(CUSTOMER, customer)?;
    match params.text("source") {
        Some(source) if !source.starts_with("btok_") => keep_source(ctx, customer, source, false),
        _ => ctx.generic("customers.payment_sources.create", params),
    }
}

/// Keeps the card behind a token with a customer; it becomes the default one if it is the first, or if `replace`.
fn keep_source(
    ctx: &mut Ctx<'_>,
    customer: &str,
    source: &str,
    replace: bool,
) -> Result<Value, ApiError> {
    let before = ctx.required(CUSTOMER, customer)?;
    let instrument = instrument::resolve(ctx, source, "source")?;
    if let Some(decline) = instrument.card.refusal_to_attach() {
        return Err(charge::refusal(&decline));
    }
    let Some(mut card) = instrument.source else {
        let message =
            "A payment method is attached to a customer by /v1/payment_methods, not as a source.";
        return Err(ApiError::invalid_param("source", message));
    };
    card["customer"] = customer.into();
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    for kind in ["card", "payment_source"] {
        ctx.world
            .store
            .insert_under(&scope, kind, Some(customer), &card, now);
    }
    let id = card["id"].as_str().unwrap_or_default();
    instrument::remember(ctx, id, instrument.card);
    ctx.emit("customer.source.created", &card, None);
    if replace || before["default_source"].is_null() {
        let mut after = before.clone();
        after["default_source"] = card["id"].clone();
        ctx.update(CUSTOMER, &after);
        let previous = Value::Object(previous_attributes(&before, &after));
        ctx.emit("customer.updated", &after, Some(previous));
    }
    Ok(card)
}

/// The payment method that a customer pays invoices with: its default one, or else its default source.
pub(super) fn default_method(customer: &Value) -> Option<&str> {
    customer["invoice_settings"]["default_payment_method"]
        .as_str()
        .or(customer["default_source"].as_str())
}
