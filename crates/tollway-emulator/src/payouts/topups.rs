//! Top-ups: money from an account's bank to its balance. It is pending until it arrives, and leaves again if the bank refuses.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::fees::available_on;
use crate::ledger::entries::{Holder, Journal};
use crate::ledger::posting::{Movement, arrival, balance_transaction, post};
use crate::params::Params;
use crate::payments::charge::amount_and_currency;
use crate::payouts::bank_accounts;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

const TOPUP: &str = "topup";

/// Completes a top-up.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FinishTopup {
    pub(crate) topup: String,
}

impl ScheduledTask for FinishTopup {
    const KIND: &'static str = "top_up";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        arrive(ctx, &self.topup)
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<FinishTopup>();
    registry.add("topups.create", create);
    registry.add("topups.cancel", cancel);
}

/// `POST /v1/topups`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (amount, currency) = amount_and_currency(params)?;
    let source = params.text("source").map(str::to_owned);
    let kept = match &source {
        Some(id) if id.starts_with("src_") => Some(ctx.referenced("source", id, "source")?),
        Some(id) if bank_accounts::recall(ctx, id).is_none() => {
            return Err(ApiError::no_such_reference("source", id, "source"));
        }
        _ => None,
    };
    let arrives = available_on(ctx.now());
    let mut topup = Value::Object(ctx.blank(TOPUP));
    let id = topup["id"].as_str().unwrap_or_default().to_owned();
    let members = json!({
        "amount": amount,
        "balance_transaction": move_money(ctx, &id, "topup", &currency, amount, arrives)?,
        "created": ctx.now(),
        "currency": currency,
        "description": params.text("description"),
        "expected_availability_date": arrives,
        "initiated_by": "user",
        "livemode": ctx.scope.livemode(),
        "metadata": params.map("metadata").cloned().unwrap_or_default(),
        "source": kept,
        "statement_descriptor": params.text("statement_descriptor"),
        "status": "pending",
        "transfer_group": params.text("transfer_group"),
    });
    if let (Value::Object(topup), Value::Object(members)) = (&mut topup, members) {
        topup.extend(members);
    }
    ctx.insert(TOPUP, &topup);
    ctx.emit("topup.created", &topup, None);
    if let Some(number) = source.and_then(|source| bank_accounts::recall(ctx, &source)) {
        bank_accounts::remember(ctx, &id, &number);
    }
    schedule(ctx, None, arrives, &FinishTopup { topup: id })?;
    Ok(topup)
}

/// Moves `amount` from the bank to the account, there from `at` on; the balance transaction.
fn move_money(
    ctx: &mut Ctx<'_>,
    topup: &str,
    kind: &'static str,
    currency: &str,
    amount: i64,
    at: i64,
) -> Result<String, ApiError> {
    let account = Holder::Account(ctx.scope.account.to_string());
    let journal = Journal::new(currency)
        .line(account, amount, at)
        .line(Holder::Banks, -amount, at);
    post(ctx, &journal)?;
    let movement = Movement {
        kind,
        amount,
        currency,
        fees: Vec::new(),
        source: topup,
        description: Some("STRIPE TOPUP"),
        available_on: at,
        exchange_rate: None,
    };
    Ok(balance_transaction(ctx, &movement))
}

/// The money is there, or the bank refused.
pub(crate) fn arrive(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut topup = ctx.required(TOPUP, id)?;
    if topup["status"] != "pending" {
        return Ok(());
    }
    let event = match bank_accounts::failure(ctx, id) {
        None => {
            topup["status"] = "succeeded".into();
            "topup.succeeded"
        }
        Some((code, message)) => {
            give_back(ctx, &topup)?;
            topup["failure_code"] = code.into();
            topup["failure_message"] = message.into();
            topup["status"] = "failed".into();
            "topup.failed"
        }
    };
    ctx.update(TOPUP, &topup);
    ctx.emit(event, &topup, None);
    Ok(())
}

/// `POST /v1/topups/{topup}/cancel`: while the money is not there.
fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut topup = ctx.required(TOPUP, params.path("topup"))?;
    if topup["status"] != "pending" {
        return Err(ApiError::invalid_request(
            "Only pending top-ups can be canceled.",
        ));
    }
    give_back(ctx, &topup)?;
    topup["status"] = "canceled".into();
    ctx.update(TOPUP, &topup);
    ctx.emit("topup.canceled", &topup, None);
    Ok(topup)
}

fn give_back(ctx: &mut Ctx<'_>, topup: &Value) -> Result<(), ApiError> {
    let text = |name: &str| topup[name].as_str().unwrap_or_default();
    let (id, currency) = (text("id"), text("currency"));
    let amount = topup["amount"].as_i64().unwrap_or(0);
    let at = arrival(ctx, &topup["balance_transaction"]);
    move_money(ctx, id, "topup_reversal", currency, -amount, at).map(drop)
}
