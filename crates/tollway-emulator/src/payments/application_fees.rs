//! Application fees: the platform collects them from payments to connected accounts and refunds them.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::fees::proportional;
use crate::ledger::exchange::{self, SettledMoney};
use crate::ledger::posting::{Fee, Movement, available_on, create_balance_transaction};
use crate::money::Money;
use crate::objects::views::ApplicationFee;
use crate::params::Params;
use crate::payments::application::charging_application;
use crate::payments::embedded_list::prepend_to_list;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("application_fees.refunds.create", create_refund);
}

/// A fee to collect.
pub(super) struct NewFee<'a> {
    pub(super) money: Money,
    /// The connected account that pays it.
    pub(super) payer: &'a str,
    /// The payer's charge.
    pub(super) charge: &'a str,
    /// The platform's charge behind it, for a destination charge.
    pub(super) originating: Option<&'a str>,
    pub(super) available_on: i64,
}

/// Moves the fee from the payer to the platform and returns the id of the platform's `application_fee`.
pub(super) fn collect(ctx: &mut Ctx<'_>, new: &NewFee<'_>) -> Result<String, ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let application = charging_application(&ctx.acting_for(new.payer));
    let (paid, settled) = settle_fee(ctx, new.payer, new.money)?;
    exchange::transfer_between(
        ctx,
        (new.payer, paid.money),
        (&platform.account, settled.money),
        new.available_on,
    )?;
    let mut ctx = ctx.in_scope(platform);
    let id = ctx.new_id("application_fee");
    let movement = Movement {
        kind: "application_fee",
        money: settled.money,
        fees: Vec::new(),
        source: &id,
        description: None,
        available_on: new.available_on,
        exchange_rate: settled.exchange_rate(),
    };
    let fee = json!({
        "id": id,
        "object": "application_fee",
        "account": new.payer,
        "amount": new.money.amount,
        "amount_refunded": 0,
        "application": application,
        "balance_transaction": create_balance_transaction(&mut ctx, &movement)?,
        "charge": new.charge,
        "created": ctx.now(),
        "currency": new.money.currency,
        "fee_source": {"charge": new.charge, "type": "charge"},
        "livemode": ctx.scope.livemode(),
        "originating_transaction": new.originating,
        "refunded": false,
        "refunds": {
            "object": "list", "data": [], "has_more": false, "total_count": 0,
            "url": format!("/v1/application_fees/{id}/refunds"),
        },
    });
    ctx.insert("application_fee", &fee);
    ctx.emit("application_fee.created", &fee, None);
    Ok(id)
}

/// Converts a fee into the settlement currencies of the payer and of the platform.
fn settle_fee(
    ctx: &mut Ctx<'_>,
    payer: &str,
    fee: Money,
) -> Result<(SettledMoney, SettledMoney), ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let paid = exchange::settle(&ctx.acting_for(payer), fee)?;
    let received = exchange::settle(&ctx.in_scope(platform), fee)?;
    Ok((paid, received))
}

/// `POST /v1/application_fees/{id}/refunds`.
fn create_refund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let fee = ctx.required("application_fee", params.path("id"))?;
    let view = ApplicationFee::new(&fee);
    let left = view.amount()? - view.amount_refunded()?;
    if left == 0 {
        let id = params.path("id");
        return Err(ApiError::invalid_request(format!(
            "Application fee {id} has already been refunded."
        )));
    }
    let amount = params.int("amount").unwrap_or(left);
    if amount < 1 || amount > left {
        let message =
            format!("The refund must be at least 1 and at most what is left of the fee ({left}).");
        return Err(ApiError::invalid_param("amount", message));
    }
    let metadata = params.map("metadata").cloned().unwrap_or_default();
    let refund = refund_fee(ctx, &fee, amount, &metadata)?;
    record_refund_for_payer(ctx, &fee, amount)?;
    Ok(refund)
}

/// Creates the payer's balance transaction of a fee refund that comes without a refund of its charge.
pub(super) fn record_refund_for_payer(
    ctx: &mut Ctx<'_>,
    fee: &Value,
    amount: i64,
) -> Result<(), ApiError> {
    let fee = ApplicationFee::new(fee);
    let application = fee.application().map(str::to_owned);
    let mut payer = ctx.acting_for(fee.account()?);
    let settled = exchange::settle(&payer, Money::new(amount, fee.currency()?))?;
    let returned = settled.money.negated()?;
    let now = payer.now();
    let movement = Movement {
        kind: "adjustment",
        money: settled.money.with_amount(0),
        fees: vec![Fee::application(returned.amount, application)],
        source: fee.charge()?,
        description: Some("Application fee refund"),
        available_on: now,
        exchange_rate: settled.exchange_rate(),
    };
    create_balance_transaction(&mut payer, &movement).map(drop)
}

/// The share of an application fee that goes back when `amount` of `whole` is refunded; at most what is left of the fee.
pub(super) fn refundable_share(fee: &Value, amount: i64, whole: i64) -> Result<i64, ApiError> {
    let fee = ApplicationFee::new(fee);
    let total = fee.amount()?;
    Ok(proportional(total, amount, whole).min(total - fee.amount_refunded()?))
}

/// Moves `amount` of a fee back to its payer and returns the `fee_refund`. The caller creates the payer's balance transaction.
pub(super) fn refund_fee(
    ctx: &mut Ctx<'_>,
    fee: &Value,
    amount: i64,
    metadata: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let mut ctx = ctx.in_scope(platform.clone());
    let view = ApplicationFee::new(fee);
    let (id, payer) = (view.id()?, view.account()?);
    let money = Money::new(amount, view.currency()?);
    let at = available_on(&ctx, &fee["balance_transaction"]);
    let (returned, settled) = settle_fee(&mut ctx, payer, money)?;
    exchange::transfer_between(
        &mut ctx,
        (&platform.account, settled.money),
        (payer, returned.money),
        at,
    )?;
    let refund_id = ctx.new_id("fee_refund");
    let movement = Movement {
        kind: "application_fee_refund",
        money: settled.money.negated()?,
        fees: Vec::new(),
        source: &refund_id,
        description: None,
        available_on: at,
        exchange_rate: settled.exchange_rate(),
    };
    let refund = json!({
        "id": refund_id,
        "object": "fee_refund",
        "amount": amount,
        "balance_transaction": create_balance_transaction(&mut ctx, &movement)?,
        "created": ctx.now(),
        "currency": money.currency,
        "fee": id,
        "metadata": metadata,
    });
    let now = ctx.now();
    ctx.world
        .store
        .insert_under(&platform, "fee_refund", Some(id), &refund, now);
    let total_refunded = view.amount_refunded()? + amount;
    let mut fee = fee.clone();
    fee["refunded"] = (fee["amount"] == total_refunded).into();
    fee["amount_refunded"] = total_refunded.into();
    prepend_to_list(&mut fee["refunds"], &refund);
    ctx.update("application_fee", &fee);
    ctx.emit("application_fee.refunded", &fee, None);
    Ok(refund)
}
