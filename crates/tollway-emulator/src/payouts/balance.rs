//! `/v1/balance` and `/v1/balance_transactions`, as of now by the emulator's clock.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::ledger::entries::Amounts;
use crate::ledger::exchange;
use crate::ledger::posting::{balance_of, reserved};
use crate::params::Params;
use crate::payouts::instant_payouts;
use crate::registry::Registry;
use crate::store::{Query, UnknownCursor};

pub(super) fn register(registry: &mut Registry) {
    registry.add("balance.retrieve", retrieve);
    registry.add("balance_transactions.retrieve", retrieve_transaction);
    registry.add("balance_transactions.list", list_transactions);
}

fn retrieve(ctx: &mut Ctx<'_>, _params: &Params) -> Result<Value, ApiError> {
    balance_object(ctx)
}

/// The `balance` object of the context's account.
pub(super) fn balance_object(ctx: &Ctx<'_>) -> Result<Value, ApiError> {
    let mut amounts = balance_of(ctx.world, &ctx.scope)?.at(ctx.now());
    if amounts.is_empty() {
        let currency = exchange::default_currency(ctx);
        amounts.push(Amounts {
            currency,
            available: 0,
            pending: 0,
        });
    }
    let list = |pick: fn(&Amounts) -> i64| -> Vec<Value> {
        let row = |it: &Amounts| json!({"amount": pick(it), "currency": it.currency, "source_types": {"card": pick(it)}});
        amounts.iter().map(row).collect()
    };
    let mut balance = json!({
        "object": "balance",
        "available": list(|it| it.available),
        "livemode": ctx.scope.livemode(),
        "pending": list(|it| it.pending),
    });
    if ctx.is_platform() {
        let reserve = reserved(ctx)?;
        let row =
            |it: &Amounts| json!({"amount": reserve.total(&it.currency), "currency": it.currency});
        balance["connect_reserved"] = amounts.iter().map(row).collect();
    }
    let instant: Vec<Value> = amounts
        .iter()
        .filter_map(|it| instant_payouts::instant_balance(ctx, it))
        .collect();
    if !instant.is_empty() {
        balance["instant_available"] = instant.into();
    }
    Ok(balance)
}

fn retrieve_transaction(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut transaction = ctx.required("balance_transaction", params.path("id"))?;
    update_status(&mut transaction, ctx.now());
    Ok(transaction)
}

fn list_transactions(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut page = match params.text("payout") {
        Some(payout) => transactions_of_payout(ctx, payout, params)?,
        None => ctx.generic("balance_transactions.list", params)?,
    };
    for transaction in page["data"].as_array_mut().into_iter().flatten() {
        update_status(transaction, ctx.now());
    }
    Ok(page)
}

/// The balance transactions that an automatic payout pays, and its own.
fn transactions_of_payout(ctx: &Ctx<'_>, id: &str, params: &Params) -> Result<Value, ApiError> {
    let payout = ctx.referenced("payout", id, "payout")?;
    if payout["automatic"] != true {
        let message =
            "Balance transaction history can only be filtered on automatic payouts, not manual.";
        return Err(ApiError::invalid_param("payout", message));
    }
    let filter_names = ["currency", "source", "type"];
    let filters: Vec<(&str, &str)> = filter_names
        .into_iter()
        .filter_map(|name| Some((name, params.text(name)?)))
        .collect();
    let limit = params.int("limit").unwrap_or(10).clamp(1, 100);
    let query = Query {
        limit: usize::try_from(limit).unwrap_or(10),
        starting_after: params.text("starting_after"),
        ending_before: params.text("ending_before"),
        parent: Some(id),
        filters: &filters,
        ..Query::default()
    };
    let listed = ctx
        .world
        .store
        .list(&ctx.scope, "balance_transaction", &query);
    let page = listed.map_err(|UnknownCursor(cursor)| {
        ctx.no_such_reference("balance_transaction", &cursor, "starting_after")
    })?;
    let data: Vec<Value> = page.records.iter().map(|record| record.parse()).collect();
    Ok(json!({
        "object": "list", "data": data, "has_more": page.has_more, "url": "/v1/balance_transactions",
    }))
}

/// Sets the status of a transaction to `available` once its money is.
fn update_status(transaction: &mut Value, now: i64) {
    if transaction["available_on"]
        .as_i64()
        .is_some_and(|at| at <= now)
    {
        transaction["status"] = "available".into();
    }
}
