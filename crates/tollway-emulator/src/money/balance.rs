//! `/v1/balance` and `/v1/balance_transactions`, as they stand at this very moment of the clock.

use serde_json::{Value, json};

use super::ledger::Amounts;
use super::posting::balance_of;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("balance.retrieve", retrieve);
    registry.add("balance_transactions.retrieve", transaction);
    registry.add("balance_transactions.list", transactions);
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every behaviour answers with a Result"
)]
fn retrieve(ctx: &mut Ctx<'_>, _params: &Params) -> Result<Value, ApiError> {
    let mut amounts = balance_of(ctx.world, &ctx.scope).at(ctx.now());
    if amounts.is_empty() {
        let currency = ctx.world.platform.default_currency.clone();
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
    Ok(json!({
        "object": "balance",
        "available": list(|it| it.available),
        "livemode": ctx.scope.livemode(),
        "pending": list(|it| it.pending),
    }))
}

fn transaction(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut transaction = ctx.required("balance_transaction", params.path("id"))?;
    age(&mut transaction, ctx.now());
    Ok(transaction)
}

fn transactions(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut page = ctx.generic("balance_transactions.list", params)?;
    for transaction in page["data"].as_array_mut().into_iter().flatten() {
        age(transaction, ctx.now());
    }
    Ok(page)
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
