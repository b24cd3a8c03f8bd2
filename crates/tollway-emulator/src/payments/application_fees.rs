//! Application fees: what a platform takes from a payment to a connected account, and gives back.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::ledger::exchange::{self, Settled};
use crate::ledger::posting::{Fee, Movement, arrival, balance_transaction};
use crate::params::Params;
use crate::payments::settlement::application;
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("application_fees.refunds.create", create_refund);
}

/// A fee to be taken.
pub(crate) struct NewFee<'a> {
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    /// The connected account that pays it.
    pub(crate) payer: &'a str,
    /// The payer's charge.
    pub(crate) charge: &'a str,
    /// The platform's charge behind it, for a destination charge.
    pub(crate) originating: Option<&'a str>,
    pub(crate) available_on: i64,
}

/// Moves the fee from the payer to the platform; the id of the `application_fee`, which the platform keeps.
pub(crate) fn take(ctx: &mut Ctx<'_>, new: &NewFee<'_>) -> Result<String, ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let application = application(&ctx.acting_for(new.payer));
    let (taken, settled) = both_sides(ctx, new.payer, new.amount, new.currency);
    exchange::between(
        ctx,
        (new.payer, &taken),
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

/// What an amount of a fee is on the payer's balance, and on the platform's.
fn both_sides(ctx: &mut Ctx<'_>, payer: &str, amount: i64, currency: &str) -> (Settled, Settled) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let payers = exchange::settle(&ctx.acting_for(payer), amount, currency);
    let platforms = exchange::settle(&ctx.in_scope(platform), amount, currency);
    (payers, platforms)
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
    let refund = give_back(ctx, &fee, amount, &metadata)?;
    note_for_payer(ctx, &fee, amount);
    Ok(refund)
}

/// The payer's side of a refund of a fee that comes with no refund of its own charge.
pub(crate) fn note_for_payer(ctx: &mut Ctx<'_>, fee: &Value, amount: i64) {
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

/// Moves `amount` of a fee back to its payer; the `fee_refund`. The payer's balance transaction is the caller's business.
pub(crate) fn give_back(
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
    let (returned, settled) = both_sides(&mut ctx, payer, amount, currency);
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
