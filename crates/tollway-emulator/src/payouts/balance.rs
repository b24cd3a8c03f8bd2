//! `/v1/balance` and `/v1/balance_transactions`, as they stand at this very moment of the clock.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::ledger::entries::Amounts;
use crate::ledger::exchange;
use crate::ledger::posting::{balance_of, reserved};
use crate::params::Params;
use crate::payouts::instant_payouts;
use crate::registry::Registry;
use crate::store::{Query, UnknownCursor};

pub(crate) fn register(registry: &mut Registry) {
    registry.add("balance.retrieve", retrieve);
    registry.add("balance_transactions.retrieve", transaction);
    registry.add("balance_transactions.list", transactions);
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every behaviour answers with a Result"
)]
fn retrieve(ctx: &mut Ctx<'_>, _params: &Params) -> Result<Value, ApiError> {
    Ok(of(ctx))
}

/// The balance of the context's account.
pub(crate) fn of(ctx: &Ctx<'_>) -> Value {
    let mut amounts = balance_of(ctx.world, &ctx.scope).at(ctx.now());
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
        let kept = reserved(ctx);
        let row =
            |it: &Amounts| json!({"amount": kept.total(&it.currency), "currency": it.currency});
        balance["connect_reserved"] = amounts.iter().map(row).collect();
    }
    let instant: Vec<Value> = amounts
        .iter()
        .filter_map(|it| instant_payouts::available(ctx, it))
        .collect();
    if !instant.is_empty() {
        balance["instant_available"] = instant.into();
    }
    balance
}

fn transaction(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut transaction = ctx.required("balance_transaction", params.path("id"))?;
    age(&mut transaction, ctx.now());
    Ok(transaction)
}

fn transactions(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut page = match params.text("payout") {
        Some(payout) => of_payout(ctx, payout, params)?,
        None => ctx.generic("balance_transactions.list", params)?,
    };
    for transaction in page["data"].as_array_mut().into_iter().flatten() {
        age(transaction, ctx.now());
    }
    Ok(page)
}

/// What an automatic payout has paid, and the payout itself.
fn of_payout(ctx: &Ctx<'_>, id: &str, params: &Params) -> Result<Value, ApiError> {
    let payout = ctx.referenced("payout", id, "payout")?;
    if payout["automatic"] != true {
        let message =
            "Balance transaction history can only be filtered on automatic payouts, not manual.";
        return Err(ApiError::invalid_param("payout", message));
    }
    let named = ["currency", "source", "type"];
    let filters: Vec<(&str, &str)> = named
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

/// A pending transaction is available once its time has come.
fn age(transaction: &mut Value, now: i64) {
    if transaction["available_on"]
        .as_i64()
        .is_some_and(|at| at <= now)
    {
        transaction["status"] = "available".into();
    }
}
