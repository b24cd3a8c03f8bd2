//! `/v1/payouts`: money moves from an account's balance to its bank, and returns if the bank fails the payout.
//!
//! ```text
//! pending ─▶ in_transit ─▶ paid        12 hours before, and at `arrival_date`
//!    │ cancel      └─▶ failed          at `arrival_date`, to a bank account that fails payouts
//!    ▼ canceled
//! ```
//!
//! `automatic_payouts` creates the automatic ones. A bank account that fails one of them receives no more until it is replaced.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::durations::{DAY_SECONDS, HOUR_SECONDS};
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::fees::available_on;
use crate::generic::GenericCtx as _;
use crate::ledger::entries::{Holder, JournalEntry};
use crate::ledger::posting::{Fee, Movement, balance_of, create_balance_transaction, post};
use crate::money::{Money, money_param};
use crate::objects::status::PayoutStatus;
use crate::objects::views::Payout;
use crate::params::Params;
use crate::payment_methods::bank_accounts;
use crate::payouts::destinations::{find_destination, mark_errored};
use crate::payouts::instant_payouts;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

const PAYOUT: &str = "payout";
/// How long a payout is in transit before it arrives.
const IN_TRANSIT_SECONDS: i64 = 12 * HOUR_SECONDS;
/// How long an instant payout takes.
const INSTANT_PAYOUT_SECONDS: i64 = HOUR_SECONDS / 2;

/// Moves a payout on: it is sent, arrives or fails.
#[derive(Debug, Serialize, Deserialize)]
struct AdvancePayout {
    payout: String,
}

impl ScheduledTask for AdvancePayout {
    const KIND: &'static str = "payout";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        advance_payout(ctx, &self.payout)
    }
}

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<AdvancePayout>();
    registry.add("payouts.create", create);
    registry.add("payouts.cancel", cancel);
    registry.add("payouts.reverse", reverse);
}

/// `POST /v1/payouts`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let money = money_param(params)?;
    let currency = money.currency.as_str();
    let destination = find_destination(ctx, currency, params.text("destination"));
    let Some(destination) = destination else {
        return Err(match params.text("destination") {
            Some(id) => ApiError::no_such_reference("external account", id, "destination"),
            None => ApiError::invalid_request(format!(
                "Sorry, you don't have any external accounts in that currency ({currency})."
            )),
        });
    };
    let instant = params.text("method") == Some("instant");
    if instant {
        instant_payouts::check(money, &destination)?;
    }
    let balance = balance_of(ctx.world, &ctx.scope)?;
    let (available, needed) = if instant {
        let fee = instant_payouts::own_fee(ctx, money.amount, currency);
        (balance.total(currency), money.amount + fee)
    } else {
        (balance.available(currency, ctx.now()), money.amount)
    };
    if available < needed {
        let message = "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. You \
                       can use the the /balance endpoint to view your Stripe balance (for more details, see \
                       stripe.com/docs/api#balance).";
        return Err(ApiError::invalid_request(message).code("balance_insufficient"));
    }
    let arrival = if instant {
        ctx.now() + INSTANT_PAYOUT_SECONDS
    } else {
        available_on(ctx.now())
    };
    let new = NewPayout {
        money,
        destination: &destination,
        arrival,
        automatic: false,
        method: if instant { "instant" } else { "standard" },
        description: params.text("description"),
        statement_descriptor: params.text("statement_descriptor"),
        metadata: params.map("metadata").cloned().unwrap_or_default(),
        original: None,
    };
    create_payout(ctx, &new)
}

/// A payout to create. A negative amount moves money from the bank to the account.
struct NewPayout<'a> {
    money: Money,
    destination: &'a Value,
    arrival: i64,
    automatic: bool,
    method: &'static str,
    description: Option<&'a str>,
    statement_descriptor: Option<&'a str>,
    metadata: Map<String, Value>,
    /// The payout that this one reverses.
    original: Option<&'a str>,
}

/// Moves the money and stores the payout.
fn create_payout(ctx: &mut Ctx<'_>, new: &NewPayout<'_>) -> Result<Value, ApiError> {
    let mut payout = Value::Object(ctx.blank(PAYOUT));
    let id = payout["id"].as_str().unwrap_or_default().to_owned();
    let now = ctx.now();
    let fee = if new.method == "instant" {
        instant_payouts::charge_platform_fee(ctx, new.money, false)?;
        instant_payouts::own_fee(ctx, new.money.amount, new.money.currency.as_str())
    } else {
        0
    };
    let transaction = post_payout(ctx, &id, "payout", new.money.negated()?, fee)?;
    let members = json!({
        "amount": new.money.amount,
        "arrival_date": new.arrival,
        "automatic": new.automatic,
        "balance_transaction": transaction,
        "created": now,
        "currency": new.money.currency,
        "description": new.description,
        "destination": new.destination["id"],
        "livemode": ctx.scope.livemode(),
        "metadata": new.metadata,
        "method": new.method,
        "original_payout": new.original,
        "reconciliation_status": if new.automatic { "in_progress" } else { "not_applicable" },
        "source_type": "card",
        "statement_descriptor": new.statement_descriptor,
        "status": PayoutStatus::Pending.as_str(),
        "type": if new.destination["object"] == "card" { "card" } else { "bank_account" },
    });
    if let (Value::Object(payout), Value::Object(members)) = (&mut payout, members) {
        payout.extend(members);
    }
    ctx.insert(PAYOUT, &payout);
    ctx.emit("payout.created", &payout, None);
    for at in [(new.arrival - IN_TRANSIT_SECONDS).max(now + 1), new.arrival] {
        let payout = id.clone();
        schedule(ctx, None, at, &AdvancePayout { payout })?;
    }
    Ok(payout)
}

/// Creates an automatic payout, or a debit of the bank account if `amount` is negative; its id.
pub(super) fn create_automatic_payout(
    ctx: &mut Ctx<'_>,
    money: Money,
    destination: &Value,
    statement_descriptor: Option<&str>,
) -> Result<String, ApiError> {
    let new = NewPayout {
        money,
        destination,
        arrival: ctx.now() + DAY_SECONDS,
        automatic: true,
        method: "standard",
        description: Some("STRIPE PAYOUT"),
        statement_descriptor,
        metadata: Map::new(),
        original: None,
    };
    let payout = create_payout(ctx, &new)?;
    Ok(payout["id"].as_str().unwrap_or_default().to_owned())
}

/// Moves `amount` from the bank to the account, or to the bank if it is negative, and `fee` to Stripe; the id of the balance
/// transaction.
fn post_payout(
    ctx: &mut Ctx<'_>,
    payout: &str,
    kind: &'static str,
    money: Money,
    fee: i64,
) -> Result<String, ApiError> {
    let now = ctx.now();
    let account = Holder::Account(ctx.scope.account.to_string());
    let deducted = fee - money.amount;
    let parts = if deducted > 0 {
        balance_of(ctx.world, &ctx.scope)?.draw(money.currency.as_str(), deducted, now)
    } else {
        vec![(deducted, now)]
    };
    let mut entry = JournalEntry::new(money.currency)
        .line(Holder::Banks, -money.amount, now)
        .line(Holder::Stripe, fee, now);
    for (part, at) in parts {
        entry = entry.line(account.clone(), -part, at);
    }
    post(ctx, &entry)?;
    let movement = Movement {
        kind,
        money,
        fees: vec![Fee::stripe(fee)],
        source: payout,
        description: Some("STRIPE PAYOUT"),
        available_on: now,
        exchange_rate: None,
    };
    create_balance_transaction(ctx, &movement)
}

/// Sends a pending payout, or completes or fails it at its arrival date.
fn advance_payout(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let before = ctx.required(PAYOUT, id)?;
    let mut payout = before.clone();
    let view = Payout::new(&before);
    let has_arrived = view.arrival_date()? <= ctx.now();
    let event = match (PayoutStatus::of(&before)?, has_arrived) {
        (PayoutStatus::Pending, false) => {
            PayoutStatus::InTransit.set(&mut payout)?;
            "payout.updated"
        }
        (PayoutStatus::Pending | PayoutStatus::InTransit, true) => {
            match bank_accounts::transfer_failure(ctx, view.destination()?)? {
                None => {
                    PayoutStatus::Paid.set(&mut payout)?;
                    "payout.paid"
                }
                Some((code, message)) => {
                    PayoutStatus::Failed.set(&mut payout)?;
                    payout["failure_code"] = code.into();
                    payout["failure_message"] = message.into();
                    payout["failure_balance_transaction"] =
                        return_money(ctx, &payout, "payout_failure")?.into();
                    "payout.failed"
                }
            }
        }
        _ => return Ok(()),
    };
    let reconciled = payout["reconciliation_status"] == "in_progress";
    if reconciled {
        payout["reconciliation_status"] = "completed".into();
    }
    ctx.update(PAYOUT, &payout);
    let previous = Value::Object(previous_attributes(&before, &payout));
    ctx.emit(
        event,
        &payout,
        (event == "payout.updated").then_some(previous),
    );
    if reconciled {
        ctx.emit("payout.reconciliation_completed", &payout, None);
    }
    if event == "payout.failed" && payout["automatic"] == true {
        mark_errored(ctx, view.destination()?)?;
    }
    Ok(())
}

/// Returns the money of a payout to the account; the id of the balance transaction.
fn return_money(ctx: &mut Ctx<'_>, payout: &Value, kind: &'static str) -> Result<String, ApiError> {
    let view = Payout::new(payout);
    let money = view.money()?;
    let fee = if payout["method"] == "instant" {
        instant_payouts::charge_platform_fee(ctx, money, true)?;
        instant_payouts::own_fee(ctx, money.amount, money.currency.as_str())
    } else {
        0
    };
    post_payout(ctx, view.id()?, kind, money, -fee)
}

/// `POST /v1/payouts/{payout}/cancel`: only while it is pending.
fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut payout = ctx.required(PAYOUT, params.path("payout"))?;
    if PayoutStatus::of(&payout)? != PayoutStatus::Pending {
        return Err(ApiError::invalid_request(
            "Payouts can only be canceled while they are pending: this one has been sent, or is over.",
        ));
    }
    payout["failure_balance_transaction"] = return_money(ctx, &payout, "payout_cancel")?.into();
    PayoutStatus::Canceled.set(&mut payout)?;
    ctx.update(PAYOUT, &payout);
    ctx.emit("payout.canceled", &payout, None);
    Ok(payout)
}

/// `POST /v1/payouts/{payout}/reverse`: returns the money of a paid payout by another payout.
fn reverse(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut payout = ctx.required(PAYOUT, params.path("payout"))?;
    let id = params.path("payout").to_owned();
    if PayoutStatus::of(&payout)? != PayoutStatus::Paid || !payout["reversed_by"].is_null() {
        return Err(ApiError::invalid_request(
            "Only a payout that was paid, and not reversed yet, can be reversed.",
        ));
    }
    if !payout["original_payout"].is_null() {
        return Err(ApiError::invalid_request(
            "A payout that reverses another one cannot be reversed itself.",
        ));
    }
    let destination = json!({"id": payout["destination"], "object": payout["type"]});
    let new = NewPayout {
        money: Payout::new(&payout).money()?.negated()?,
        destination: &destination,
        arrival: available_on(ctx.now()),
        automatic: false,
        method: "standard",
        description: None,
        statement_descriptor: None,
        metadata: params.map("metadata").cloned().unwrap_or_default(),
        original: Some(&id),
    };
    let reversal = create_payout(ctx, &new)?;
    payout["reversed_by"] = reversal["id"].clone();
    ctx.update(PAYOUT, &payout);
    ctx.emit(
        "payout.updated",
        &payout,
        Some(json!({"reversed_by": null})),
    );
    Ok(reversal)
}
