//! How an attempt to pay a PaymentIntent ends: it has a charge, it needs the payer, or it failed.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::objects::status::PaymentIntentStatus;
use crate::objects::views::PaymentIntent;
use crate::params::Params;
use crate::payments::charge::DeclinedPayment;
use crate::payments::holds;
use crate::payments::intents::{FailureFields, PAYMENT_INTENT, authentication_action};
use crate::payments::notifications::{PaymentStage, PaymentUpdate};

/// Records the charge of a PaymentIntent: the intent succeeded, or requires capture if the money is only `authorized`.
pub(super) fn apply_charge(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    charge: &Value,
    authorized: bool,
) -> Result<Value, ApiError> {
    let amount = PaymentIntent::new(&intent).amount()?;
    intent["latest_charge"] = charge["id"].clone();
    intent["transfer_group"] = charge["transfer_group"].clone();
    intent["last_payment_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    let (event, stage) = if authorized {
        PaymentIntentStatus::RequiresCapture.set(&mut intent)?;
        intent["amount_capturable"] = amount.into();
        holds::schedule_expiry(ctx, &intent)?;
        (
            "payment_intent.amount_capturable_updated",
            PaymentStage::Authorized,
        )
    } else {
        PaymentIntentStatus::Succeeded.set(&mut intent)?;
        intent["amount_received"] = amount.into();
        ("payment_intent.succeeded", PaymentStage::Succeeded)
    };
    ctx.update(PAYMENT_INTENT, &intent);
    ctx.emit(event, &intent, None);
    PaymentUpdate::notify(ctx, intent, stage)
}

/// Makes the intent wait for its payer, whom `next_action` sends to a page.
pub(super) fn require_action(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    params: &Params,
) -> Result<Value, ApiError> {
    if params.bool("error_on_requires_action") == Some(true) {
        let error = ApiError::card(
            "authentication_required",
            "Your card was declined. This transaction requires authentication.",
        );
        let error = error.decline_code("authentication_required");
        let error = fail_attempt(ctx, &mut intent, error)?;
        return Err(error.with(PAYMENT_INTENT, intent).keeping_changes());
    }
    let id = intent["id"].as_str().unwrap_or_default();
    intent["next_action"] = authentication_action(ctx, id, params.text("return_url"));
    PaymentIntentStatus::RequiresAction.set(&mut intent)?;
    ctx.update(PAYMENT_INTENT, &intent);
    ctx.emit("payment_intent.requires_action", &intent, None);
    PaymentUpdate::notify(ctx, intent, PaymentStage::RequiresAction)
}

/// Returns the intent to `requires_payment_method` with the error as `last_payment_error`. Returns the error with the payment
/// method that failed.
pub(super) fn fail_attempt(
    ctx: &mut Ctx<'_>,
    intent: &mut Value,
    error: ApiError,
) -> Result<ApiError, ApiError> {
    const FIELDS: FailureFields = FailureFields {
        object_type: PAYMENT_INTENT,
        error: "last_payment_error",
        event: "payment_intent.payment_failed",
    };
    PaymentIntentStatus::RequiresPaymentMethod.set(intent)?;
    Ok(FIELDS.record_failure(ctx, intent, error))
}

/// Fails the intent after its confirmation: the bank returned the debit, or the voucher expired.
pub(super) fn fail_later(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    error: ApiError,
) -> Result<Value, ApiError> {
    fail_attempt(ctx, &mut intent, error)?;
    PaymentUpdate::notify(ctx, intent, PaymentStage::FailedLater)
}

/// Fails the intent because its payer did not authenticate.
pub(super) fn fail_authentication(ctx: &mut Ctx<'_>, mut intent: Value) -> Result<Value, ApiError> {
    let message = "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new \
                   PaymentMethod to attempt to fulfill this PaymentIntent again.";
    let error = ApiError::invalid_request(message).code("payment_intent_authentication_failure");
    fail_attempt(ctx, &mut intent, error)?;
    Ok(intent)
}

/// Fails the intent because its card was declined; the error to respond with.
pub(super) fn decline(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    declined: DeclinedPayment,
) -> Result<ApiError, ApiError> {
    let mut error = declined.error;
    if error.get("decline_code") == Some("authentication_required") {
        error = error.code("authentication_required");
    }
    intent["latest_charge"] = declined.charge["id"].clone();
    let error = fail_attempt(ctx, &mut intent, error)?;
    let intent = PaymentUpdate::notify(ctx, intent, PaymentStage::Declined)?;
    Ok(error.with(PAYMENT_INTENT, intent))
}
