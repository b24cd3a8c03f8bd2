//! Refunds: the money returns to the payer; on request the transfer is reversed and the application fee is refunded.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::ledger::entries::{Holder, JournalEntry};
use crate::ledger::exchange;
use crate::ledger::posting::{Fee, Movement, available_on, create_balance_transaction, post};
use crate::money::Money;
use crate::objects::status::{ChargeStatus, PaymentIntentStatus, RefundStatus};
use crate::objects::views::{ApplicationFee, Charge, PaymentIntent, Refund, Transfer};
use crate::params::Params;
use crate::payment_methods::cards::{self, RefundOutcome};
use crate::payments::account_debits;
use crate::payments::application_fees;
use crate::payments::cash_balance::cash::refund_to_cash_balance;
use crate::payments::multicapture::{self, CapturePart, refund_shares};
use crate::payments::notifications::RefundRequest;
use crate::payments::payer::{debited_account, payer_of};
use crate::payments::transfers;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

/// Completes a pending refund, or fails one that a test card fails later.
#[derive(Debug, Serialize, Deserialize)]
struct FinishRefund {
    refund: String,
}

impl ScheduledTask for FinishRefund {
    const KIND: &'static str = "refund";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        finish_refund(ctx, &self.refund)
    }
}

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<FinishRefund>();
    registry.add("refunds.create", create);
}

/// `POST /v1/refunds`.
pub(crate) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let charge = find_charge(ctx, params)?;
    let left = Charge::new(&charge).unrefunded_amount()?;
    let id = Charge::new(&charge).id()?.to_owned();
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
    let mut charge = RefundRequest::notify(ctx, charge)?;
    if ChargeStatus::of(&charge)? != ChargeStatus::Succeeded {
        return Err(ApiError::invalid_param(
            "charge",
            format!("Charge {id} did not succeed: there is nothing to refund."),
        ));
    }
    let refund_id = ctx.new_id("refund");
    let reversal = reverse_transfer(ctx, params, &charge, amount, &refund_id)?;
    let refunded_fee = refund_fee(ctx, params, &charge, amount)?;
    let balance_transaction = return_money(ctx, &charge, amount, &refund_id, refunded_fee)?;
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
    if refund_outcome(&charge) != RefundOutcome::Succeeds && charge["captured"] == true {
        let task = FinishRefund {
            refund: refund_id.clone(),
        };
        schedule(ctx, None, ctx.now(), &task)?;
    }
    if params.text("reason") == Some("fraudulent") {
        charge["fraud_details"]["user_report"] = "fraudulent".into();
    }
    let view = Charge::new(&charge);
    let refunded = view.amount_refunded()? + amount;
    let is_refunded = view.charged_amount()? == refunded;
    charge["amount_refunded"] = refunded.into();
    charge["refunded"] = is_refunded.into();
    ctx.update("charge", &charge);
    ctx.emit("refund.created", &refund, None);
    ctx.emit("charge.refunded", &charge, None);
    Ok(refund)
}

/// The outcome of a refund of this charge, which its test card decides.
fn refund_outcome(charge: &Value) -> RefundOutcome {
    cards::of_charge(charge).map_or(RefundOutcome::Succeeds, |card| card.refund)
}

/// Completes a pending refund, or fails one that the card's bank rejects.
fn finish_refund(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let before = ctx.required("refund", id)?;
    let charge = ctx.required("charge", Refund::new(&before).charge()?)?;
    let mut refund = before.clone();
    match (refund_outcome(&charge), RefundStatus::of(&before)?) {
        (RefundOutcome::SucceedsLater, RefundStatus::Pending) => {
            RefundStatus::Succeeded.set(&mut refund)?;
            ctx.update("refund", &refund);
        }
        (RefundOutcome::FailsLater, RefundStatus::Succeeded) => {
            fail_refund(ctx, &mut refund, charge)?;
            ctx.emit("refund.failed", &refund, None);
        }
        _ => return Ok(()),
    }
    let previous = Value::Object(previous_attributes(&before, &refund));
    ctx.emit("refund.updated", &refund, Some(previous.clone()));
    ctx.emit("charge.refund.updated", &refund, Some(previous));
    Ok(())
}

/// Fails a refund: the money returns to the account, and the charge can be refunded again.
fn fail_refund(ctx: &mut Ctx<'_>, refund: &mut Value, mut charge: Value) -> Result<(), ApiError> {
    let now = ctx.now();
    let money = Refund::new(refund).money()?;
    let settled = exchange::settle(ctx, money)?;
    let account = Holder::Account(ctx.scope.account.to_string());
    let payer = exchange::counterparty(ctx, payer_of(&charge), money, &settled, now)?;
    let entry = JournalEntry::new(settled.currency())
        .line(payer, -settled.money.amount, now)
        .line(account, settled.money.amount, now);
    post(ctx, &entry)?;
    let movement = Movement {
        kind: "refund_failure",
        money: settled.money,
        fees: Vec::new(),
        source: Refund::new(refund).id()?,
        description: None,
        available_on: now,
        exchange_rate: settled.exchange_rate(),
    };
    let transaction = create_balance_transaction(ctx, &movement)?;
    refund["failure_balance_transaction"] = transaction.into();
    refund["failure_reason"] = "expired_or_canceled_card".into();
    RefundStatus::Failed.set(refund)?;
    ctx.update("refund", refund);
    let refunded = Charge::new(&charge).amount_refunded()? - money.amount;
    charge["amount_refunded"] = refunded.into();
    charge["refunded"] = false.into();
    ctx.update("charge", &charge);
    Ok(())
}

/// The charge that the parameter `charge` or `payment_intent` names.
fn find_charge(ctx: &Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    if let Some(id) = params.text("charge") {
        return ctx.referenced("charge", id, "charge");
    }
    let Some(id) = params.text("payment_intent") else {
        let message = "One of the following params should be provided for this request: payment_intent or charge.";
        return Err(ApiError::invalid_request(message).code("parameter_missing"));
    };
    let intent = ctx.referenced("payment_intent", id, "payment_intent")?;
    let succeeded = PaymentIntentStatus::of(&intent)? == PaymentIntentStatus::Succeeded;
    let charge = PaymentIntent::new(&intent)
        .latest_charge()
        .filter(|_| succeeded);
    let Some(charge) = charge else {
        let message =
            format!("This PaymentIntent ({id}) does not have a successful charge to refund.");
        return Err(ApiError::invalid_param("payment_intent", message)
            .code("payment_intent_unexpected_state"));
    };
    ctx.referenced("charge", charge, "payment_intent")
}

/// With `reverse_transfer`, reverses the destination's share of each capture; the id of the last reversal.
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
    let transfers = multicapture::transfers_of_charge(ctx, charge)?;
    if transfers.is_empty() {
        let message = "The charge has no transfer that could be reversed.";
        return Err(ApiError::invalid_param("reverse_transfer", message));
    }
    let parts = transfers
        .iter()
        .map(|transfer| {
            let transfer = Transfer::new(transfer);
            Ok(CapturePart {
                amount: transfer.amount()?,
                returned: transfer.amount_reversed()?,
            })
        })
        .collect::<Result<Vec<_>, ApiError>>()?;
    let shares = refund_shares(&parts, amount, Charge::new(charge).amount_captured()?);
    let mut last = None;
    for (transfer, share) in transfers.iter().zip(shares).filter(|(_, share)| *share > 0) {
        let reversal = transfers::reverse(ctx, transfer, share, Some(refund), &json!({}))?;
        last = reversal["id"].as_str().map(str::to_owned);
    }
    Ok(last)
}

/// With `refund_application_fee`, refunds the application fee; the amount that returns to the charging account.
fn refund_fee(
    ctx: &mut Ctx<'_>,
    params: &Params,
    charge: &Value,
    amount: i64,
) -> Result<i64, ApiError> {
    if params.bool("refund_application_fee") != Some(true) {
        return Ok(0);
    }
    let fees = multicapture::fees_of_charge(ctx, charge)?;
    // In a destination charge the fee was taken from the destination, and goes back there.
    let is_destination_charge = charge["transfer"].is_string();
    if fees.is_empty() && !is_destination_charge {
        let message = "The charge has no application fee that could be refunded.";
        return Err(ApiError::invalid_param("refund_application_fee", message));
    }
    let parts = fees
        .iter()
        .map(|fee| {
            let fee = ApplicationFee::new(fee);
            Ok(CapturePart {
                amount: fee.amount()?,
                returned: fee.amount_refunded()?,
            })
        })
        .collect::<Result<Vec<_>, ApiError>>()?;
    let shares = refund_shares(&parts, amount, Charge::new(charge).amount_captured()?);
    for (fee, share) in fees.iter().zip(&shares).filter(|(_, share)| **share > 0) {
        application_fees::refund_fee(ctx, fee, *share, &Map::new())?;
        if is_destination_charge {
            application_fees::record_refund_for_payer(ctx, fee, *share)?;
        }
    }
    Ok(if is_destination_charge {
        0
    } else {
        shares.iter().sum()
    })
}

/// Moves the money back to the payer; the id of the balance transaction. An uncaptured charge moves no money.
fn return_money(
    ctx: &mut Ctx<'_>,
    charge: &Value,
    amount: i64,
    refund: &str,
    refunded_fee: i64,
) -> Result<Option<String>, ApiError> {
    if charge["captured"] != true {
        return Ok(None);
    }
    let view = Charge::new(charge);
    let money = Money::new(amount, view.currency()?);
    let at = available_on(ctx, &charge["balance_transaction"]);
    let account = Holder::Account(ctx.scope.account.to_string());
    let settled = exchange::settle(ctx, money)?;
    let returned = settled.money.negated()?;
    let payee = exchange::counterparty(ctx, payer_of(charge), money.negated()?, &settled, at)?;
    let entry = JournalEntry::new(settled.currency())
        .line(account, returned.amount, at)
        .line(payee, settled.money.amount, at);
    post(ctx, &entry)?;
    let fee = settled.convert(money.with_amount(refunded_fee)).negated()?;
    let is_card = charge["payment_method_details"]["type"]
        .as_str()
        .is_some_and(cards::is_card);
    let movement = Movement {
        kind: if is_card { "refund" } else { "payment_refund" },
        money: returned,
        fees: vec![Fee::application(
            fee.amount,
            view.application().map(str::to_owned),
        )],
        source: refund,
        description: view.description(),
        available_on: at,
        exchange_rate: settled.exchange_rate(),
    };
    let transaction = create_balance_transaction(ctx, &movement)?;
    refund_to_cash_balance(ctx, charge, amount, refund)?;
    if let Some(account) = debited_account(charge) {
        account_debits::record_for_account(ctx, account, refund, money)?;
    }
    Ok(Some(transaction))
}

/// Builds the refund. It is not stored.
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
    let status = match refund_outcome(charge) {
        RefundOutcome::SucceedsLater => RefundStatus::Pending,
        RefundOutcome::Succeeds | RefundOutcome::FailsLater => RefundStatus::Succeeded,
    };
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
        "status": status.as_str(),
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
