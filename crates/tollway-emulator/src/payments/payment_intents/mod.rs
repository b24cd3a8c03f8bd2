//! `/v1/payment_intents`: from the intention to collect a payment to its charge.
//!
//! ```text
//! requires_payment_method ─▶ requires_confirmation ─▶ (confirm) ─▶ requires_action ─▶ requires_capture ─▶ succeeded
//!            ▲                                            │  declined                        │ cancel
//!            └────────────────────────────────────────────┘                                  ▼ canceled
//! ```

use serde_json::Value;

mod capture;
pub(crate) mod confirmation;
mod fields;

use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::money::{check_amount, payment_amount_and_currency};
use crate::params::Params;
use crate::payments::automatic_payment_methods::with_version_default;
use crate::payments::confirmation_tokens;
use crate::payments::holds::{cancel_intent, release_hold};
use crate::payments::intents::{PAYMENT_INTENT, status, unexpected_payment_status};
use crate::payments::non_card::bank_transfers::return_applied_balance;
use crate::payments::non_card::confirmation::check_manual_capture;
use crate::payments::non_card::{debits, microdeposits};
use crate::payments::payment_method_params::payment_method_of_params;
use crate::payments::split::{self, Split};
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("payment_intents.create", |ctx, params| {
        create(ctx, &with_version_default(ctx, params))
    });
    registry.add("payment_intents.update", update);
    registry.add("payment_intents.confirm", confirm);
    registry.add("payment_intents.capture", capture::capture);
    registry.add("payment_intents.cancel", cancel);
    registry.add(
        "payment_intents.increment_authorization",
        capture::increment_authorization,
    );
    registry.add("payment_intents.verify_microdeposits", verify_microdeposits);
}

/// `POST /v1/payment_intents`.
pub(crate) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (amount, currency) = payment_amount_and_currency(params)?;
    split::check(ctx, &Split::of_params(params), amount)?;
    split::check_on_behalf_of(ctx, params.at("on_behalf_of"))?;
    if let Some(customer) = params.text("customer") {
        ctx.referenced("customer", customer, "customer")?;
    }
    let with_token = confirmation_tokens::with_token_params(ctx, params, None)?;
    let params = &*with_token;
    let mut intent = fields::new_intent(ctx, amount, &currency);
    fields::write(ctx, &mut intent, params)?;
    check_off_session(params)?;
    check_capture_method(&intent, params)?;
    if let Some(method) = payment_method_of_params(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
        intent["status"] = "requires_confirmation".into();
    }
    ctx.insert(PAYMENT_INTENT, &intent);
    ctx.emit("payment_intent.created", &intent, None);
    if params.bool("confirm") == Some(true) {
        confirmation_tokens::mark_used(ctx, params, PAYMENT_INTENT, &intent);
        return confirmation::run(ctx, intent, params);
    }
    Ok(intent)
}

/// `POST /v1/payment_intents/{intent}`.
pub(crate) fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(PAYMENT_INTENT, params.path("intent"))?;
    let changes_authorized = status(&intent) == "requires_capture"
        && ["amount", "currency", "payment_method"]
            .iter()
            .any(|name| params.has(name));
    if changes_authorized || matches!(status(&intent), "succeeded" | "canceled" | "processing") {
        return Err(unexpected_payment_status(&intent, "updated"));
    }
    if let Some(currency) = params.text("currency") {
        let currency = currency.to_ascii_lowercase();
        currency::check(&currency, "currency")?;
        intent["currency"] = currency.into();
    }
    if let Some(amount) = params.int("amount") {
        check_amount(amount, "amount")?;
        let currency = intent["currency"].as_str().unwrap_or_default();
        currency::check_amount(amount, currency, "amount")?;
        intent["amount"] = amount.into();
    }
    fields::write(ctx, &mut intent, params)?;
    split::check(
        ctx,
        &Split::of_object(&intent),
        intent["amount"].as_i64().unwrap_or(0),
    )?;
    if let Some(method) = payment_method_of_params(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
        intent["next_action"] = Value::Null;
        intent["status"] = "requires_confirmation".into();
    }
    ctx.update(PAYMENT_INTENT, &intent);
    Ok(intent)
}

/// `POST /v1/payment_intents/{intent}/confirm`.
pub(crate) fn confirm(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(PAYMENT_INTENT, params.path("intent"))?;
    if !matches!(
        status(&intent),
        "requires_payment_method" | "requires_confirmation" | "requires_action"
    ) {
        return Err(unexpected_payment_status(&intent, "confirmed"));
    }
    let with_token = confirmation_tokens::with_token_params(ctx, params, Some(&intent))?;
    let params = &*with_token;
    fields::write(ctx, &mut intent, params)?;
    if let Some(method) = payment_method_of_params(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
    }
    confirmation_tokens::mark_used(ctx, params, PAYMENT_INTENT, &intent);
    confirmation::run(ctx, intent, params)
}

/// `POST /v1/payment_intents/{intent}/cancel`.
pub(crate) fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(PAYMENT_INTENT, params.path("intent"))?;
    if matches!(status(&intent), "succeeded" | "canceled" | "processing") {
        return Err(unexpected_payment_status(&intent, "canceled"));
    }
    if status(&intent) == "requires_capture" {
        release_hold(ctx, &intent, "charge.refunded");
    }
    return_applied_balance(ctx, &intent)?;
    cancel_intent(ctx, &mut intent, params.text("cancellation_reason"));
    Ok(intent)
}

/// `POST /v1/payment_intents/{intent}/verify_microdeposits`.
fn verify_microdeposits(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = microdeposits::find_waiting_intent(ctx, PAYMENT_INTENT, params)?;
    microdeposits::check_amounts_or_code(params)?;
    debits::verify(ctx, intent)
}

/// With `capture_method=manual`, requires that every type of payment method that the request names supports it.
fn check_capture_method(intent: &Value, params: &Params) -> Result<(), ApiError> {
    let types = params
        .at("allowed_payment_method_types")
        .and_then(Value::as_array);
    let mut kinds = types.into_iter().flatten().filter_map(Value::as_str);
    kinds.try_for_each(|kind| check_manual_capture(intent, kind))
}

/// Rejects `off_session` without `confirm=true`.
fn check_off_session(params: &Params) -> Result<(), ApiError> {
    let confirms = params.bool("confirm") == Some(true);
    if params.has("off_session") && !confirms {
        let message = "off_session can only be passed with confirm=true.";
        return Err(ApiError::invalid_param("off_session", message));
    }
    Ok(())
}
