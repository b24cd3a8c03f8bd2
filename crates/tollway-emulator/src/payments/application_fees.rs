//! Application fees: the platform collects them from payments to connected accounts and refunds them.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::fees::proportional;
use crate::ledger::exchange::{self, Settled};
use crate::ledger::posting::{Fee, Movement, arrival, balance_transaction};
use crate::params::Params;
use crate::payments::application::charging_application;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("application_fees.refunds.create", create_refund);
}

/// A fee to collect.
pub(super) struct NewFee<'a> {
    pub(super) amount: i64,
    pub(super) currency: &'a str,
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
    let (paid, settled) = settled_amounts(ctx, new.payer, new.amount, new.currency);
    exchange::between(
        ctx,
        (new.payer, &paid),
        (&platform.account, &settled),
        new.available_on,
    )?;
    let mut ctx = ctx.in_scope(platform);
    let id = ctx.new_id("application_fee");
    let movement = Movement {
        kind: "application_fee",
        amount: settled.amount,
        currency: &settled.currency,
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
        "amount": new.amount,
        "amount_refunded": 0,
        "application": application,
        "balance_transaction": balance_transaction(&mut ctx, &movement),
        "charge": new.charge,
        "created": ctx.now(),
        "currency": new.currency,
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

/// An amount of a fee in the settlement currencies of the payer and of the platform.
fn settled_amounts(
    ctx: &mut Ctx<'_>,
    payer: &str,
    amount: i64,
    currency: &str,
) -> (Settled, Settled) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let paid = exchange::settle(&ctx.acting_for(payer), amount, currency);
    let received = exchange::settle(&ctx.in_scope(platform), amount, currency);
    (paid, received)
}

/// `POST /v1/application_fees/{id}/refunds`.
fn create_refund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let fee = ctx.required("application_fee", params.path("id"))?;
    let left = fee["amount"].as_i64().unwrap_or(0) - fee["amount_refunded"].as_i64().unwrap_or(0);
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
    record_refund_for_payer(ctx, &fee, amount);
    Ok(refund)
}

/// Creates the payer's balance transaction of a fee refund that comes without a refund of its charge.
pub(super) fn record_refund_for_payer(ctx: &mut Ctx<'_>, fee: &Value, amount: i64) {
    let text = |name: &str| fee[name].as_str().unwrap_or_default();
    let application = fee["application"].as_str().map(str::to_owned);
    let mut payer = ctx.acting_for(text("account"));
    let settled = exchange::settle(&payer, amount, text("currency"));
    let now = payer.now();
    let movement = Movement {
        kind: "adjustment",
        amount: 0,
        currency: &settled.currency,
        fees: vec![Fee::application(-settled.amount, application)],
        source: text("charge"),
        description: Some("Application fee refund"),
        available_on: now,
        exchange_rate: settled.exchange_rate(),
    };
    balance_transaction(&mut payer, &movement);
}

/// The share of an application fee that goes back when `amount` of `whole` is refunded; at most what is left of the fee.
pub(super) fn refundable_share(fee: &Value, amount: i64, whole: i64) -> i64 {
    let total = fee["amount"].as_i64().unwrap_or(0);
    let left = total - fee["amount_refunded"].as_i64().unwrap_or(0);
    proportional(total, amount, whole).min(left)
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
    let text = |name: &str| fee[name].as_str().unwrap_or_default();
    let (id, currency) = (text("id"), text("currency"));
    let at = arrival(&ctx, &fee["balance_transaction"]);
    let payer = text("account");
    let (returned, settled) = settled_amounts(&mut ctx, payer, amount, currency);
    exchange::between(
        &mut ctx,
        (&platform.account, &settled),
        (payer, &returned),
        at,
    )?;
    let refund_id = ctx.new_id("fee_refund");
    let movement = Movement {
        kind: "application_fee_refund",
        amount: -settled.amount,
        currency: &settled.currency,
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
        "balance_transaction": balance_transaction(&mut ctx, &movement),
        "created": ctx.now(),
        "currency": currency,
        "fee": id,
        "metadata": metadata,
    });
    let now = ctx.now();
    ctx.world
        .store
        .insert_under(&platform, "fee_refund", Some(id), &refund, now);
    let mut fee = fee.clone();
    let refunded = fee["amount_refunded"].as_i64().unwrap_or(0) + amount;
    fee["refunded"] = (fee["amount"] == refunded).into();
    fee["amount_refunded"] = refunded.into();
    if let Some(data) = fee["refunds"]["data"].as_array_mut() {
        data.insert(0, refund.clone());
        data.truncate(10);
    }
    fee["refunds"]["total_count"] =
        (fee["refunds"]["total_count"].as_i64().unwrap_or(0) + 1).into();
    fee["refunds"]["has_more"] = fee["refunds"]["total_count"]
        .as_i64()
        .is_some_and(|count| count > 10)
        .into();
    ctx.update("application_fee", &fee);
    ctx.emit("application_fee.refunded", &fee, None);
    Ok(refund)
}
