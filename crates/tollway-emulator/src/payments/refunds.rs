//! Refunds: back to the card holder, with the transfer and the application fee following if asked.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::disputes;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::fees::proportional;
use crate::ledger::entries::{Holder, Journal};
use crate::ledger::exchange;
use crate::ledger::posting::{Fee, Movement, arrival, balance_transaction, post};
use crate::params::Params;
use crate::payment_methods::cards::{self, RefundOutcome};
use crate::payments::account_debits;
use crate::payments::application_fees;
use crate::payments::cash_balance;
use crate::payments::multicapture;
use crate::payments::transfers;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

/// Completes a pending refund, or fails one that a test card fails later.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FinishRefund {
    pub(crate) refund: String,
}

impl ScheduledTask for FinishRefund {
    const KIND: &'static str = "refund";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        finish(ctx, &self.refund)
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<FinishRefund>();
    registry.add("refunds.create", create);
}

/// `POST /v1/refunds`.
pub(crate) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut charge = charge_of(ctx, params)?;
    let left = left_of(&charge);
    let id = charge["id"].as_str().unwrap_or_default().to_owned();
    if charge["refunded"] == true || left == 0 {
        return Err(
            ApiError::invalid_request(format!("Charge {id} has already been refunded."))
                .code("charge_already_refunded"),
        );
    }
    let amount = params.int("amount").unwrap_or(left);
    if amount < 1 {
        return Err(
            ApiError::invalid_param("amount", "Invalid positive integer")
                .code("parameter_invalid_integer"),
        );
    }
    if amount > left {
        let message = format!(
            "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        );
        return Err(ApiError::invalid_param("amount", message));
    }
    disputes::check_refundable(ctx, &charge)?;
    if charge["status"] != "succeeded" {
        return Err(ApiError::invalid_param(
            "charge",
            format!("Charge {id} did not succeed: there is nothing to refund."),
        ));
    }
    let refund_id = ctx.new_id("refund");
    let reversal = reverse_transfer(ctx, params, &charge, amount, &refund_id)?;
    let fee_back = refund_fee(ctx, params, &charge, amount)?;
    let balance_transaction = pay_back(ctx, &charge, amount, &refund_id, fee_back)?;
    let refund = new_refund(
        ctx,
        params,
        &charge,
        amount,
        &refund_id,
        balance_transaction.as_deref(),
        reversal.as_deref(),
    );
    ctx.insert("refund", &refund);
    if outcome_of(&charge) != RefundOutcome::Succeeds && charge["captured"] == true {
        let (refund, now) = (refund_id.clone(), ctx.now());
        schedule(ctx, None, now, &FinishRefund { refund })?;
    }
    if params.text("reason") == Some("fraudulent") {
        charge["fraud_details"]["user_report"] = "fraudulent".into();
    }
    let refunded = charge["amount_refunded"].as_i64().unwrap_or(0) + amount;
    charge["amount_refunded"] = refunded.into();
    charge["refunded"] = (whole_of(&charge) == refunded).into();
    ctx.update("charge", &charge);
    ctx.emit("refund.created", &refund, None);
    ctx.emit("charge.refunded", &charge, None);
    Ok(refund)
}

/// What becomes of a refund of this charge.
fn outcome_of(charge: &Value) -> RefundOutcome {
    cards::of_charge(charge).map_or(RefundOutcome::Succeeds, |card| card.refund)
}

/// A refund that was pending goes through; one that the card's bank does not take comes back.
pub(crate) fn finish(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let before = ctx.required("refund", id)?;
    let charge = ctx.required("charge", before["charge"].as_str().unwrap_or_default())?;
    let mut refund = before.clone();
    match outcome_of(&charge) {
        RefundOutcome::SucceedsLater => {
            refund["status"] = "succeeded".into();
            ctx.update("refund", &refund);
        }
        RefundOutcome::FailsLater => {
            come_back(ctx, &mut refund, charge)?;
            ctx.emit("refund.failed", &refund, None);
        }
        RefundOutcome::Succeeds => return Ok(()),
    }
    let previous = Value::Object(previous_attributes(&before, &refund));
    ctx.emit("refund.updated", &refund, Some(previous.clone()));
    ctx.emit("charge.refund.updated", &refund, Some(previous));
    Ok(())
}

/// The money of a refund is the account's again, and the charge can be refunded anew.
fn come_back(ctx: &mut Ctx<'_>, refund: &mut Value, mut charge: Value) -> Result<(), ApiError> {
    let (amount, now) = (refund["amount"].as_i64().unwrap_or(0), ctx.now());
    let currency = refund["currency"].as_str().unwrap_or_default().to_owned();
    let settled = exchange::settle(ctx, amount, &currency);
    let account = Holder::Account(ctx.scope.account.to_string());
    let payer = exchange::outside(
        ctx,
        cash_balance::payer(&charge),
        amount,
        &currency,
        &settled,
        now,
    )?;
    let journal = Journal::new(&settled.currency)
        .line(payer, -settled.amount, now)
        .line(account, settled.amount, now);
    post(ctx, &journal)?;
    let movement = Movement {
        kind: "refund_failure",
        amount: settled.amount,
        currency: &settled.currency,
        fees: Vec::new(),
        source: refund["id"].as_str().unwrap_or_default(),
        description: None,
        available_on: now,
        exchange_rate: settled.exchange_rate(),
    };
    let transaction = balance_transaction(ctx, &movement);
    refund["failure_balance_transaction"] = transaction.into();
    refund["failure_reason"] = "expired_or_canceled_card".into();
    refund["status"] = "failed".into();
    ctx.update("refund", refund);
    let refunded = charge["amount_refunded"].as_i64().unwrap_or(0) - amount;
    charge["amount_refunded"] = refunded.into();
    charge["refunded"] = false.into();
    ctx.update("charge", &charge);
    Ok(())
}

/// The charge that `charge` or `payment_intent` names.
fn charge_of(ctx: &Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    if let Some(id) = params.text("charge") {
        return ctx.referenced("charge", id, "charge");
    }
    let Some(id) = params.text("payment_intent") else {
        let message = "One of the following params should be provided for this request: payment_intent or charge.";
        return Err(ApiError::invalid_request(message).code("parameter_missing"));
    };
    let intent = ctx.referenced("payment_intent", id, "payment_intent")?;
    let charge = intent["latest_charge"]
        .as_str()
        .filter(|_| intent["status"] == "succeeded");
    let Some(charge) = charge else {
        let message =
            format!("This PaymentIntent ({id}) does not have a successful charge to refund.");
        return Err(ApiError::invalid_param("payment_intent", message)
            .code("payment_intent_unexpected_state"));
    };
    ctx.referenced("charge", charge, "payment_intent")
}

/// What was charged: more than was asked for, where more was captured.
fn whole_of(charge: &Value) -> i64 {
    let number = |name: &str| charge[name].as_i64().unwrap_or(0);
    number("amount").max(number("amount_captured"))
}

/// What has not been refunded of a charge.
fn left_of(charge: &Value) -> i64 {
    whole_of(charge) - charge["amount_refunded"].as_i64().unwrap_or(0)
}

/// How much of an application fee goes back when `amount` of `whole` does; never more than is left of the fee.
pub(crate) fn fee_share(fee: &Value, amount: i64, whole: i64) -> i64 {
    let total = fee["amount"].as_i64().unwrap_or(0);
    let left = total - fee["amount_refunded"].as_i64().unwrap_or(0);
    proportional(total, amount, whole).min(left)
}

/// Takes the destination's share back, if asked, from each part of the charge; the last reversal's id.
fn reverse_transfer(
    ctx: &mut Ctx<'_>,
    params: &Params,
    charge: &Value,
    amount: i64,
    refund: &str,
) -> Result<Option<String>, ApiError> {
    if params.bool("reverse_transfer") != Some(true) {
        return Ok(None);
    }
    let all = multicapture::transfers(ctx, charge);
    if all.is_empty() {
        let message = "The charge has no transfer that could be reversed.";
        return Err(ApiError::invalid_param("reverse_transfer", message));
    }
    let whole = charge["amount_captured"].as_i64().unwrap_or(0);
    let shares = multicapture::shares(&all, "amount_reversed", amount, whole);
    let mut last = None;
    for (transfer, share) in all.iter().zip(shares).filter(|(_, share)| *share > 0) {
        let reversal = transfers::reverse(ctx, transfer, share, Some(refund), &json!({}))?;
        last = reversal["id"].as_str().map(str::to_owned);
    }
    Ok(last)
}

/// Gives the application fee back, if asked; how much of it is the charging account's.
fn refund_fee(
    ctx: &mut Ctx<'_>,
    params: &Params,
    charge: &Value,
    amount: i64,
) -> Result<i64, ApiError> {
    if params.bool("refund_application_fee") != Some(true) {
        return Ok(0);
    }
    let all = multicapture::fees(ctx, charge);
    // In a destination charge the fee was taken from the destination, and goes back there.
    let of_destination = charge["transfer"].is_string();
    if all.is_empty() && !of_destination {
        let message = "The charge has no application fee that could be refunded.";
        return Err(ApiError::invalid_param("refund_application_fee", message));
    }
    let whole = charge["amount_captured"].as_i64().unwrap_or(0);
    let shares = multicapture::shares(&all, "amount_refunded", amount, whole);
    for (fee, share) in all.iter().zip(&shares).filter(|(_, share)| **share > 0) {
        application_fees::give_back(ctx, fee, *share, &Map::new())?;
        if of_destination {
            application_fees::note_for_payer(ctx, fee, *share);
        }
    }
    Ok(if of_destination {
        0
    } else {
        shares.iter().sum()
    })
}

/// Moves the money back to the card holder; the refund's balance transaction. A held charge is only released.
fn pay_back(
    ctx: &mut Ctx<'_>,
    charge: &Value,
    amount: i64,
    refund: &str,
    fee_back: i64,
) -> Result<Option<String>, ApiError> {
    if charge["captured"] != true {
        return Ok(None);
    }
    let currency = charge["currency"].as_str().unwrap_or_default();
    let at = arrival(ctx, &charge["balance_transaction"]);
    let account = Holder::Account(ctx.scope.account.to_string());
    let settled = exchange::settle(ctx, amount, currency);
    let payee = exchange::outside(
        ctx,
        cash_balance::payer(charge),
        -amount,
        currency,
        &settled,
        at,
    )?;
    let journal = Journal::new(&settled.currency)
        .line(account, -settled.amount, at)
        .line(payee, settled.amount, at);
    post(ctx, &journal)?;
    let application = charge["application"].as_str().map(str::to_owned);
    let movement = Movement {
        kind: if charge["payment_method_details"]["type"]
            .as_str()
            .is_some_and(cards::is_card)
        {
            "refund"
        } else {
            "payment_refund"
        },
        amount: -settled.amount,
        currency: &settled.currency,
        fees: vec![Fee::application(
            -settled.part(fee_back, currency),
            application,
        )],
        source: refund,
        description: charge["description"].as_str(),
        available_on: at,
        exchange_rate: settled.exchange_rate(),
    };
    let transaction = balance_transaction(ctx, &movement);
    cash_balance::refund(ctx, charge, amount, refund);
    if let Some(account) = account_debits::debited(charge) {
        account_debits::note(ctx, account, refund, amount, currency);
    }
    Ok(Some(transaction))
}

fn new_refund(
    ctx: &mut Ctx<'_>,
    params: &Params,
    charge: &Value,
    amount: i64,
    id: &str,
    balance_transaction: Option<&str>,
    reversal: Option<&str>,
) -> Value {
    let mut refund = Value::Object(ctx.blank("refund"));
    let members = json!({
        "id": id,
        "amount": amount,
        "balance_transaction": balance_transaction,
        "charge": charge["id"],
        "created": ctx.now(),
        "currency": charge["currency"],
        "customer": null,
        "customer_account": null,
        "destination_details": {
            "card": {
                "reference": null, "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund",
            },
            "type": "card",
        },
        "metadata": params.map("metadata"),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.text("reason"),
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": if outcome_of(charge) == RefundOutcome::SucceedsLater { "pending" } else { "succeeded" },
        "transfer_reversal": reversal,
    });
    if let (Value::Object(refund), Value::Object(members)) = (&mut refund, members) {
        refund.extend(members);
        for name in [
            "failure_balance_transaction",
            "failure_reason",
            "instructions_email",
            "next_action",
            "pending_reason",
            "presentment_details",
            "description",
        ] {
            refund.remove(name);
        }
        if refund["metadata"].is_null() {
            refund.insert("metadata".into(), json!({}));
        }
    }
    refund
}
