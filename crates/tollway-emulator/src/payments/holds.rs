//! Authorized money that is not captured: it is released when the PaymentIntent is canceled, or after seven days.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::durations::DAY_SECONDS;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::objects::status::PaymentIntentStatus;
use crate::objects::views::{Charge, PaymentIntent};
use crate::payments::intents::PAYMENT_INTENT;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

/// How long a bank holds money that is not captured.
const HOLD_SECONDS: i64 = 7 * DAY_SECONDS;

/// Ends the hold on an uncaptured payment.
#[derive(Debug, Serialize, Deserialize)]
struct ExpireHold {
    intent: String,
}

impl ScheduledTask for ExpireHold {
    const KIND: &'static str = "hold_expires";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        expire_hold(ctx, &self.intent)
    }
}

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<ExpireHold>();
}

/// Schedules the end of a hold that starts now.
pub(super) fn schedule_expiry(ctx: &mut Ctx<'_>, intent: &Value) -> Result<(), ApiError> {
    let intent = PaymentIntent::new(intent).id()?.to_owned();
    let at = ctx.now() + HOLD_SECONDS;
    schedule(ctx, None, at, &ExpireHold { intent })
}

/// Releases the money and cancels the intent, if its charge is as old as a hold lasts.
fn expire_hold(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut intent = ctx.required(PAYMENT_INTENT, id)?;
    if PaymentIntentStatus::of(&intent)? != PaymentIntentStatus::RequiresCapture {
        return Ok(());
    }
    let charge = PaymentIntent::new(&intent).latest_charge();
    let charge = ctx.required("charge", charge.unwrap_or_default())?;
    if Charge::new(&charge).created()? + HOLD_SECONDS <= ctx.now() {
        release_hold(ctx, &intent, "charge.expired")?;
        cancel_intent(ctx, &mut intent, Some("expired"))?;
    }
    Ok(())
}

/// Returns the authorized money that was not captured to the payer, and emits `event` for the charge.
pub(super) fn release_hold(ctx: &mut Ctx<'_>, intent: &Value, event: &str) -> Result<(), ApiError> {
    let charge = PaymentIntent::new(intent).latest_charge();
    if let Some(mut charge) = charge.and_then(|charge| ctx.get("charge", charge)) {
        let view = Charge::new(&charge);
        let (amount, captured) = (view.amount()?, view.amount_captured()?);
        charge["amount_refunded"] = (amount - captured).into();
        charge["refunded"] = (captured == 0).into();
        charge["captured"] = (captured > 0).into();
        ctx.update("charge", &charge);
        ctx.emit(event, &charge, None);
    }
    Ok(())
}

/// Cancels a PaymentIntent.
pub(super) fn cancel_intent(
    ctx: &mut Ctx<'_>,
    intent: &mut Value,
    reason: Option<&str>,
) -> Result<(), ApiError> {
    PaymentIntentStatus::Canceled.set(intent)?;
    intent["amount_capturable"] = 0.into();
    intent["canceled_at"] = ctx.now().into();
    intent["cancellation_reason"] = reason.into();
    intent["next_action"] = Value::Null;
    ctx.update(PAYMENT_INTENT, intent);
    ctx.emit("payment_intent.canceled", intent, None);
    Ok(())
}
