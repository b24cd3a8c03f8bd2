//! Money that is held: captured once or several times, held for longer, or let go.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payments::charge;
use crate::payments::payment_intents::confirm::HOLD;
use crate::payments::payment_intents::{INTENT, end, status, unexpected, write};
use crate::payments::settlement::Split;

/// Is money by this kind of payment method to be held, and captured later?
pub(crate) fn captures_later(intent: &Value, kind: &str) -> bool {
    intent["capture_method"] == "manual"
        || intent["payment_method_options"][kind]["capture_method"] == "manual"
}

/// Whether the intent was confirmed with `payment_method_options[card][request_…]=if_available`.
fn asked_for(intent: &Value, what: &str) -> bool {
    intent["payment_method_options"]["card"][what] == "if_available"
}

/// `POST /v1/payment_intents/{intent}/capture`.
pub(super) fn run(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if status(&intent) != "requires_capture" {
        return Err(unexpected(&intent, "captured"));
    }
    let charge = intent["latest_charge"].as_str().unwrap_or_default();
    let mut charge = ctx.required("charge", charge)?;
    let last = params.bool("final_capture") != Some(false);
    if !last && !asked_for(&intent, "request_multicapture") {
        let message = "This PaymentIntent is captured once: confirm it with \
                       payment_method_options[card][request_multicapture]=if_available to pass final_capture=false.";
        return Err(ApiError::invalid_param("final_capture", message));
    }
    let capturable = intent["amount_capturable"].as_i64().unwrap_or(0);
    let amount = params.int("amount_to_capture").unwrap_or(capturable);
    let most = capturable.max(charge::most_capturable(&charge));
    if amount < 1 || amount > most {
        let message =
            format!("The amount to capture must be at least 1 and at most what is held ({most}).");
        return Err(ApiError::invalid_param("amount_to_capture", message).code("amount_too_large"));
    }
    write(ctx, &mut intent, params)?;
    let mut split = Split::of_object(&intent);
    split.transfer_amount = params.int("transfer_data.amount").or(split.transfer_amount);
    let received = intent["amount_received"].as_i64().unwrap_or(0);
    if received > 0 {
        // What is taken of each capture is said with it.
        split.application_fee_amount = params.int("application_fee_amount");
    }
    charge::capture(ctx, &mut charge, Some(amount), &split, last)?;
    let goes_on = !last && amount < capturable;
    intent["amount_capturable"] = if goes_on { capturable - amount } else { 0 }.into();
    intent["amount_received"] = (received + amount).into();
    if goes_on {
        ctx.update(INTENT, &intent);
        ctx.emit("payment_intent.amount_capturable_updated", &intent, None);
        return Ok(intent);
    }
    if !last {
        charge::close(ctx, &mut charge);
    }
    intent["status"] = "succeeded".into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.succeeded", &intent, None);
    Ok(intent)
}

/// `POST /v1/payment_intents/{intent}/increment_authorization`: holds more.
pub(super) fn increment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if status(&intent) != "requires_capture" {
        return Err(unexpected(&intent, "incremented"));
    }
    if !asked_for(&intent, "request_incremental_authorization") {
        let message = "This PaymentIntent cannot be incremented: confirm it with \
                       payment_method_options[card][request_incremental_authorization]=if_available.";
        return Err(ApiError::invalid_request(message).code("payment_intent_unexpected_state"));
    }
    let amount = params.int("amount").unwrap_or(0);
    let held = intent["amount"].as_i64().unwrap_or(0);
    if amount <= held {
        let message = format!("The amount must be greater than what is held already ({held}).");
        return Err(ApiError::invalid_param("amount", message));
    }
    charge::check_amount(amount, "amount")?;
    write(ctx, &mut intent, params)?;
    let charge = intent["latest_charge"].as_str().unwrap_or_default();
    let mut charge = ctx.required("charge", charge)?;
    charge["amount"] = amount.into();
    charge["payment_method_details"]["card"]["amount_authorized"] = amount.into();
    charge::offer_overcapture(
        &mut charge,
        amount,
        asked_for(&intent, "request_overcapture"),
    );
    ctx.update("charge", &charge);
    intent["amount"] = amount.into();
    intent["amount_capturable"] = amount.into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.amount_capturable_updated", &intent, None);
    Ok(intent)
}

/// The bank has let go of money that was held for too long.
pub(crate) fn expire(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut intent = ctx.required(INTENT, id)?;
    let charge = intent["latest_charge"].as_str().unwrap_or_default();
    let made = ctx
        .get("charge", charge)
        .and_then(|charge| charge["created"].as_i64());
    let too_old = made.is_some_and(|made| made + HOLD <= ctx.now());
    if status(&intent) == "requires_capture" && too_old {
        release(ctx, &intent, "charge.expired");
        end(ctx, &mut intent, Some("expired"));
    }
    Ok(())
}

/// Gives the card holder back what a charge only held.
pub(super) fn release(ctx: &mut Ctx<'_>, intent: &Value, event: &str) {
    let charge = intent["latest_charge"].as_str().unwrap_or_default();
    if let Some(mut charge) = ctx.get("charge", charge) {
        let captured = charge["amount_captured"].as_i64().unwrap_or(0);
        let amount = charge["amount"].as_i64().unwrap_or(0);
        charge["amount_refunded"] = (amount - captured).into();
        charge["refunded"] = (captured == 0).into();
        charge["captured"] = (captured > 0).into();
        ctx.update("charge", &charge);
        ctx.emit(event, &charge, None);
    }
}
