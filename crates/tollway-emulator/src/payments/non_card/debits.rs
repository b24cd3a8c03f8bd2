//! Bank debits: the bank pays or returns them after some days.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::durations::DAY_SECONDS;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::objects::status::{ChargeStatus, PaymentIntentStatus};
use crate::objects::views::PaymentIntent;
use crate::payment_methods::method_types::{self, PaymentFlow};
use crate::payment_methods::non_card::{debit_outcome, mark_verified};
use crate::payment_methods::test_bank_accounts::DebitOutcome;
use crate::payments::intents::PAYMENT_INTENT;
use crate::payments::non_card::non_card_charge::{
    attach_for_future_usage, complete_charge, new_charge,
};
use crate::payments::payment_attempt::fail_later;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

/// Settles a bank debit: the bank pays it or returns it.
#[derive(Debug, Serialize, Deserialize)]
struct SettleDebit {
    intent: String,
}

impl ScheduledTask for SettleDebit {
    const KIND: &'static str = "debit";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        settle_debit(ctx, &self.intent)
    }
}

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<SettleDebit>();
}

/// Sends the debit to the bank: the intent is processing for `days`.
pub(super) fn start_debit(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
    days: i64,
) -> Result<Value, ApiError> {
    let charge = new_charge(ctx, &intent, method)?;
    ctx.insert("charge", &charge);
    ctx.emit("charge.pending", &charge, None);
    intent["latest_charge"] = charge["id"].clone();
    intent["last_payment_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    PaymentIntentStatus::Processing.set(&mut intent)?;
    attach_for_future_usage(ctx, &intent, method)?;
    ctx.update(PAYMENT_INTENT, &intent);
    ctx.emit("payment_intent.processing", &intent, None);
    let id = intent["id"].as_str().unwrap_or_default().to_owned();
    let at = ctx.now() + days * DAY_SECONDS;
    schedule(ctx, None, at, &SettleDebit { intent: id })?;
    Ok(intent)
}

/// Marks the intent's bank account as verified and sends the debit.
pub(in crate::payments) fn verify(ctx: &mut Ctx<'_>, intent: Value) -> Result<Value, ApiError> {
    let method = intent["payment_method"].as_str().unwrap_or_default();
    mark_verified(ctx, method)?;
    let method = ctx.required("payment_method", method)?;
    let method_type = method["type"]
        .as_str()
        .and_then(method_types::find_method_type);
    match method_type.map(|method_type| method_type.flow) {
        Some(PaymentFlow::Debit { days }) => start_debit(ctx, intent, &method, days),
        _ => Err(ApiError::internal(
            "only the bank account of a debit can be verified",
        )),
    }
}

/// Completes or fails a processing intent, as its bank account number decides.
fn settle_debit(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let intent = ctx.required(PAYMENT_INTENT, id)?;
    if PaymentIntentStatus::of(&intent)? != PaymentIntentStatus::Processing {
        return Ok(());
    }
    let view = PaymentIntent::new(&intent);
    let mut charge = ctx.required("charge", view.latest_charge().unwrap_or_default())?;
    let method = view.payment_method().unwrap_or_default();
    let (code, message) = match debit_outcome(ctx, method)? {
        DebitOutcome::Succeeds | DebitOutcome::SucceedsThenDisputed => {
            return complete_charge(ctx, intent, charge).map(drop);
        }
        DebitOutcome::StaysProcessing => return Ok(()),
        DebitOutcome::Fails(code, message) => (code, message),
    };
    ChargeStatus::Failed.set(&mut charge)?;
    charge["failure_code"] = code.into();
    charge["failure_message"] = message.into();
    charge["outcome"] = json!({
        "advice_code": null, "network_advice_code": null, "network_decline_code": null,
        "network_status": "declined_by_network", "reason": code, "seller_message": message, "type": "issuer_declined",
    });
    ctx.update("charge", &charge);
    ctx.emit("charge.failed", &charge, None);
    let error = ApiError::invalid_request(message)
        .code(code)
        .with("charge", charge["id"].clone());
    fail_later(ctx, intent, error).map(drop)
}

/// Whether a charge is a debit whose customer has it returned.
pub(crate) fn is_returned_by_customer(ctx: &Ctx<'_>, charge: &Value) -> Result<bool, ApiError> {
    let details = &charge["payment_method_details"];
    if !details["type"].as_str().is_some_and(method_types::is_debit) {
        return Ok(false);
    }
    let method = charge["payment_method"].as_str().unwrap_or_default();
    Ok(debit_outcome(ctx, method)? == DebitOutcome::SucceedsThenDisputed)
}
