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
use crate::money::{check_amount, parse_currency, payment_money};
use crate::objects::status::PaymentIntentStatus;
use crate::objects::views::PaymentIntent;
use crate::params::Params;
use crate::payments::automatic_payment_methods::with_version_default;
use crate::payments::confirmation_tokens;
use crate::payments::holds::{cancel_intent, release_hold};
use crate::payments::intents::{PAYMENT_INTENT, unexpected_payment_status};
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
    let money = payment_money(params)?;
    split::check(ctx, &Split::of_params(params), money.amount)?;
    split::check_on_behalf_of(ctx, params.at("on_behalf_of"))?;
    if let Some(customer) = params.text("customer") {
        ctx.referenced("customer", customer, "customer")?;
    }
    let with_token = confirmation_tokens::with_token_params(ctx, params, None)?;
    let params = &*with_token;
    let mut intent = fields::new_intent(ctx, money);
    fields::write(ctx, &mut intent, params)?;
    check_off_session(params)?;
    check_capture_method(&intent, params)?;
    if let Some(method) = payment_method_of_params(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
        PaymentIntentStatus::RequiresConfirmation.set(&mut intent)?;
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
    let status = PaymentIntentStatus::of(&intent)?;
    let changes_authorized = status == PaymentIntentStatus::RequiresCapture
        && ["amount", "currency", "payment_method"]
            .iter()
            .any(|name| params.has(name));
    if changes_authorized || is_final(status) {
        return Err(unexpected_payment_status(&intent, "updated"));
    }
    if let Some(currency) = params.text("currency") {
        intent["currency"] = parse_currency(currency, "currency")?.as_str().into();
    }
    if let Some(amount) = params.int("amount") {
        check_amount(amount, "amount")?;
        let currency = PaymentIntent::new(&intent).currency()?;
        currency::check_amount(amount, currency.as_str(), "amount")?;
        intent["amount"] = amount.into();
    }
    fields::write(ctx, &mut intent, params)?;
    split::check(
        ctx,
        &Split::of_object(&intent),
        PaymentIntent::new(&intent).amount()?,
    )?;
    if let Some(method) = payment_method_of_params(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
        intent["next_action"] = Value::Null;
        PaymentIntentStatus::RequiresConfirmation.set(&mut intent)?;
    }
    ctx.update(PAYMENT_INTENT, &intent);
    Ok(intent)
}

/// `POST /v1/payment_intents/{intent}/confirm`.
pub(crate) fn confirm(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(PAYMENT_INTENT, params.path("intent"))?;
    let status = PaymentIntentStatus::of(&intent)?;
    if is_final(status) || status == PaymentIntentStatus::RequiresCapture {
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
    let status = PaymentIntentStatus::of(&intent)?;
    if is_final(status) {
        return Err(unexpected_payment_status(&intent, "canceled"));
    }
    if status == PaymentIntentStatus::RequiresCapture {
        release_hold(ctx, &intent, "charge.refunded")?;
    }
    return_applied_balance(ctx, &intent)?;
    cancel_intent(ctx, &mut intent, params.text("cancellation_reason"))?;
    Ok(intent)
}

/// Whether an intent with this status can neither be changed, confirmed nor canceled.
const fn is_final(status: PaymentIntentStatus) -> bool {
    match status {
        PaymentIntentStatus::Processing
        | PaymentIntentStatus::Succeeded
        | PaymentIntentStatus::Canceled => true,
        PaymentIntentStatus::RequiresPaymentMethod
        | PaymentIntentStatus::RequiresConfirmation
        | PaymentIntentStatus::RequiresAction
        | PaymentIntentStatus::RequiresCapture => false,
    }
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
