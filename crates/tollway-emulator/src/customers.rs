//! Customers: the payment methods in their parameters, their test clocks, and their deletion.

use std::borrow::Cow;

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::payment_methods::{instrument, operations as payment_methods};
use crate::registry::Registry;
use crate::test_clocks;

const CUSTOMER: &str = "customer";

/// Notifies that a customer is about to be deleted.
#[derive(Debug)]
pub(crate) struct CustomerDeletion {
    /// The id of the customer.
    pub(crate) customer: String,
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_for("customers.create", needs_handler, create);
    registry.add_for("customers.update", names_payment_method, update);
    registry.add("customers.delete", delete);
    registry.add("customers.payment_sources.create", create_source);
}

/// Whether a request names a payment method, which takes more than storing its members.
fn names_payment_method(params: &Params) -> bool {
    params.has("payment_method") || params.has("source") || params.has("invoice_settings")
}

fn needs_handler(params: &Params) -> bool {
    names_payment_method(params) || params.has("test_clock")
}

/// `POST /v1/customers`. A customer on a test clock is created at the clock's time.
pub(crate) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let clock = params.text("test_clock");
    let now = clock.and_then(|clock| test_clocks::clock_time(ctx, clock));
    let now = now.unwrap_or(ctx.now());
    let ctx = &mut ctx.at(now);
    let (plain, default) = split_default_test_method(params);
    let customer = ctx.generic("customers.create", &plain)?;
    if default.is_none() && !params.has("payment_method") && !params.has("source") {
        return Ok(customer);
    }
    let id = customer["id"].as_str().unwrap_or_default();
    let method_param = params.text("payment_method");
    let attached = method_param
        .map(|method| payment_methods::check_and_attach(ctx, method, id))
        .transpose()?;
    if let Some(default) = default {
        // Both parameters name the same payment method.
        let method = match attached.filter(|_| method_param == Some(default.as_str())) {
            Some(method) => method,
            None => payment_methods::check_and_attach(ctx, &default, id)?,
        };
        set_default_method(ctx, id, &method)?;
    }
    if let Some(source) = params.text("source") {
        save_source(ctx, id, source, true)?;
    }
    ctx.required(CUSTOMER, id)
}

/// `POST /v1/customers/{customer}`. A new `source` becomes the default one.
pub(crate) fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (plain, default) = split_default_test_method(params);
    let customer = ctx.generic("customers.update", &plain)?;
    let id = customer["id"].as_str().unwrap_or_default();
    if let Some(default) = default {
        let method = payment_methods::check_and_attach(ctx, &default, id)?;
        set_default_method(ctx, id, &method)?;
    }
    if let Some(source) = params.text("source") {
        save_source(ctx, id, source, true)?;
    }
    ctx.required(CUSTOMER, id)
}

/// `DELETE /v1/customers/{customer}`: also detaches the payment methods.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path(CUSTOMER);
    ctx.required(CUSTOMER, id)?;
    let now = test_clocks::customer_now(ctx, id);
    let ctx = &mut ctx.at(now);
    ctx.notify(&CustomerDeletion {
        customer: id.to_owned(),
    })?;
    payment_methods::detach_all(ctx, id);
    ctx.generic("customers.delete", params)
}

/// Separates a default payment method that is a test name such as `pm_card_visa`: it is no object until it is
/// attached.
fn split_default_test_method(params: &Params) -> (Cow<'_, Params>, Option<String>) {
    let name = params
        .text("invoice_settings.default_payment_method")
        .filter(|name| payment_methods::is_test_name(name))
        .map(str::to_owned);
    if name.is_none() {
        return (Cow::Borrowed(params), None);
    }
    let mut plain = params.clone();
    if let Some(Value::Object(settings)) = plain.values_mut().get_mut("invoice_settings") {
        settings.remove("default_payment_method");
    }
    (Cow::Owned(plain), name)
}

/// Makes a payment method the customer's default for invoices.
fn set_default_method(ctx: &mut Ctx<'_>, customer: &str, method: &Value) -> Result<(), ApiError> {
    let mut customer = ctx.required(CUSTOMER, customer)?;
    customer["invoice_settings"]["default_payment_method"] = method["id"].clone();
    ctx.update(CUSTOMER, &customer);
    Ok(())
}

/// `POST /v1/customers/{customer}/sources`.
fn create_source(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.path("customer");
    ctx.required(CUSTOMER, customer)?;
    match params.text("source") {
        Some(source) if !source.starts_with("btok_") => save_source(ctx, customer, source, false),
        _ => ctx.generic("customers.payment_sources.create", params),
    }
}

/// Stores the card of a token as a source of the customer. It becomes the default source if it is the first, or if
/// `replace`.
fn save_source(
    ctx: &mut Ctx<'_>,
    customer: &str,
    source: &str,
    replace: bool,
) -> Result<Value, ApiError> {
    let before = ctx.required(CUSTOMER, customer)?;
    let instrument = instrument::resolve(ctx, source, "source")?;
    if let Some(decline) = instrument.card.attach_decline() {
        return Err(decline.to_error());
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
    instrument::store_card(ctx, id, instrument.card)?;
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

/// The id of the payment method for invoices: the default one, or else the default source.
pub(crate) fn default_method(customer: &Value) -> Option<&str> {
    customer["invoice_settings"]["default_payment_method"]
        .as_str()
        .or(customer["default_source"].as_str())
}
