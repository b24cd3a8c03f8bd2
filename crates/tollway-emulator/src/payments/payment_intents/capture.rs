//! Captures authorized payments, once or several times, and increments authorizations.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::money::check_amount;
use crate::objects::status::PaymentIntentStatus;
use crate::objects::views::PaymentIntent;
use crate::params::Params;
use crate::payments::charge;
use crate::payments::intents::{PAYMENT_INTENT, unexpected_payment_status};
use crate::payments::payment_intents::fields;
use crate::payments::split::Split;

/// Whether the intent was confirmed with `payment_method_options[card][request_…]=if_available`.
fn requests_option(intent: &Value, option: &str) -> bool {
    intent["payment_method_options"]["card"][option] == "if_available"
}

/// `POST /v1/payment_intents/{intent}/capture`.
pub(super) fn capture(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(PAYMENT_INTENT, params.path("intent"))?;
    if PaymentIntentStatus::of(&intent)? != PaymentIntentStatus::RequiresCapture {
        return Err(unexpected_payment_status(&intent, "captured"));
    }
    let view = PaymentIntent::new(&intent);
    let (capturable, received) = (view.amount_capturable()?, view.amount_received()?);
    let mut charge = ctx.required("charge", view.latest_charge().unwrap_or_default())?;
    let is_final = params.bool("final_capture") != Some(false);
    if !is_final && !requests_option(&intent, "request_multicapture") {
        let message = "This PaymentIntent is captured once: confirm it with \
                       payment_method_options[card][request_multicapture]=if_available to pass final_capture=false.";
        return Err(ApiError::invalid_param("final_capture", message));
    }
    let amount = params.int("amount_to_capture").unwrap_or(capturable);
    let most = capturable.max(charge::capturable_amount(&charge)?);
    if amount < 1 || amount > most {
        let message =
            format!("The amount to capture must be at least 1 and at most what is held ({most}).");
        return Err(ApiError::invalid_param("amount_to_capture", message).code("amount_too_large"));
    }
    fields::write(ctx, &mut intent, params)?;
    let mut split = Split::of_object(&intent);
    split.transfer_amount = params.int("transfer_data.amount").or(split.transfer_amount);
    if received > 0 {
        // Each further capture names its own application fee.
        split.application_fee_amount = params.int("application_fee_amount");
    }
    charge::capture(ctx, &mut charge, Some(amount), &split, is_final)?;
    let continues = !is_final && amount < capturable;
    intent["amount_capturable"] = if continues { capturable - amount } else { 0 }.into();
    intent["amount_received"] = (received + amount).into();
    if continues {
        ctx.update(PAYMENT_INTENT, &intent);
        ctx.emit("payment_intent.amount_capturable_updated", &intent, None);
        return Ok(intent);
    }
    if !is_final {
        charge::finish_capture(ctx, &mut charge)?;
    }
    PaymentIntentStatus::Succeeded.set(&mut intent)?;
    ctx.update(PAYMENT_INTENT, &intent);
    ctx.emit("payment_intent.succeeded", &intent, None);
    Ok(intent)
}

/// `POST /v1/payment_intents/{intent}/increment_authorization`: authorizes a larger amount.
pub(super) fn increment_authorization(
    ctx: &mut Ctx<'_>,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut intent = ctx.required(PAYMENT_INTENT, params.path("intent"))?;
    if PaymentIntentStatus::of(&intent)? != PaymentIntentStatus::RequiresCapture {
        return Err(unexpected_payment_status(&intent, "incremented"));
    }
    if !requests_option(&intent, "request_incremental_authorization") {
        let message = "This PaymentIntent cannot be incremented: confirm it with \
                       payment_method_options[card][request_incremental_authorization]=if_available.";
        return Err(ApiError::invalid_request(message).code("payment_intent_unexpected_state"));
    }
    let amount = params.int("amount").unwrap_or(0);
    let authorized = PaymentIntent::new(&intent).amount()?;
    if amount <= authorized {
        let message =
            format!("The amount must be greater than what is held already ({authorized}).");
        return Err(ApiError::invalid_param("amount", message));
    }
    check_amount(amount, "amount")?;
    fields::write(ctx, &mut intent, params)?;
    let charge = PaymentIntent::new(&intent).latest_charge();
    let mut charge = ctx.required("charge", charge.unwrap_or_default())?;
    let overcapture = requests_option(&intent, "request_overcapture");
    charge::change_authorized_amount(&mut charge, amount, overcapture);
    ctx.update("charge", &charge);
    intent["amount"] = amount.into();
    intent["amount_capturable"] = amount.into();
    ctx.update(PAYMENT_INTENT, &intent);
    ctx.emit("payment_intent.amount_capturable_updated", &intent, None);
    Ok(intent)
}
