//! Moves the disputed money, and closes disputes.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::ledger::entries::{Holder, JournalEntry};
use crate::ledger::exchange;
use crate::ledger::posting::{Fee, Movement, create_balance_transaction, post};
use crate::money::Money;
use crate::objects::status::DisputeStatus;
use crate::objects::views::Dispute;

/// The object type of disputes.
pub(super) const DISPUTE: &str = "dispute";
/// Stripe's fee for a dispute, in the currency's smallest unit.
const DISPUTE_FEE: i64 = 1500;

/// Withdraws the disputed money and Stripe's fee from the account.
pub(super) fn withdraw_funds(ctx: &mut Ctx<'_>, dispute: &mut Value) -> Result<(), ApiError> {
    let withdrawn = Dispute::new(dispute).money()?.negated()?;
    move_disputed_funds(
        ctx,
        dispute,
        withdrawn,
        DISPUTE_FEE,
        "Chargeback withdrawal for a charge",
    )?;
    ctx.emit("charge.dispute.funds_withdrawn", dispute, None);
    Ok(())
}

/// Moves `amount` to the account, less `fee`, and adds the balance transaction to the dispute.
pub(super) fn move_disputed_funds(
    ctx: &mut Ctx<'_>,
    dispute: &mut Value,
    money: Money,
    fee: i64,
    description: &str,
) -> Result<(), ApiError> {
    let now = ctx.now();
    let account = Holder::Account(ctx.scope.account.to_string());
    let settled = exchange::settle(ctx, money)?;
    let holder = exchange::counterparty(ctx, Holder::Cards, money, &settled, now)?;
    let entry = JournalEntry::new(settled.currency())
        .line(account, settled.money.less(fee)?.amount, now)
        .line(Holder::Stripe, fee, now)
        .line(holder, -settled.money.amount, now);
    post(ctx, &entry)?;
    let movement = Movement {
        kind: "adjustment",
        money: settled.money,
        fees: vec![Fee::dispute(fee)],
        source: Dispute::new(dispute).id()?,
        description: Some(description),
        available_on: now,
        exchange_rate: settled.exchange_rate(),
    };
    let id = create_balance_transaction(ctx, &movement)?;
    let mut transaction = ctx.required("balance_transaction", &id)?;
    transaction["reporting_category"] = if money.amount < 0 {
        "dispute"
    } else {
        "dispute_reversal"
    }
    .into();
    ctx.update("balance_transaction", &transaction);
    if let Some(all) = dispute["balance_transactions"].as_array_mut() {
        all.push(transaction);
    }
    ctx.update(DISPUTE, dispute);
    Ok(())
}

/// Closes a dispute with its final status.
pub(super) fn close_dispute(
    ctx: &mut Ctx<'_>,
    mut dispute: Value,
    to: DisputeStatus,
) -> Result<(), ApiError> {
    to.set(&mut dispute)?;
    dispute["is_charge_refundable"] = (to == DisputeStatus::WarningClosed).into();
    ctx.update(DISPUTE, &dispute);
    ctx.emit("charge.dispute.closed", &dispute, None);
    Ok(())
}
