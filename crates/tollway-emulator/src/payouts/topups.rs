//! Top-ups: transfers from an account's bank to its balance. They are pending until they arrive, and are reversed if the bank fails
//! them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::fees::available_on;
use crate::generic::GenericCtx as _;
use crate::ledger::entries::{Holder, Journal};
use crate::ledger::posting::{Movement, arrival, balance_transaction, post};
use crate::money::amount_and_currency;
use crate::params::Params;
use crate::payment_methods::bank_accounts;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

const TOPUP: &str = "topup";

/// Completes a top-up.
#[derive(Debug, Serialize, Deserialize)]
struct FinishTopup {
    topup: String,
}

impl ScheduledTask for FinishTopup {
    const KIND: &'static str = "top_up";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        finish_topup(ctx, &self.topup)
    }
}

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<FinishTopup>();
    registry.add("topups.create", create);
    registry.add("topups.cancel", cancel);
}

/// `POST /v1/topups`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (amount, currency) = amount_and_currency(params)?;
    let source = params.text("source").map(str::to_owned);
    let number = source
        .as_deref()
        .map(|id| bank_accounts::load_number(ctx, id))
        .transpose()?
        .flatten();
    let source_object = match &source {
        Some(id) if id.starts_with("src_") => Some(ctx.referenced("source", id, "source")?),
        Some(id) if number.is_none() => {
            return Err(ApiError::no_such_reference("source", id, "source"));
        }
        _ => None,
    };
    let arrives = available_on(ctx.now());
    let mut topup = Value::Object(ctx.blank(TOPUP));
    let id = topup["id"].as_str().unwrap_or_default().to_owned();
    let members = json!({
        "amount": amount,
        "balance_transaction": post_topup(ctx, &id, "topup", &currency, amount, arrives)?,
        "created": ctx.now(),
        "currency": currency,
        "description": params.text("description"),
        "expected_availability_date": arrives,
        "initiated_by": "user",
        "livemode": ctx.scope.livemode(),
        "metadata": params.map("metadata").cloned().unwrap_or_default(),
        "source": source_object,
        "statement_descriptor": params.text("statement_descriptor"),
        "status": "pending",
        "transfer_group": params.text("transfer_group"),
    });
    if let (Value::Object(topup), Value::Object(members)) = (&mut topup, members) {
        topup.extend(members);
    }
    ctx.insert(TOPUP, &topup);
    ctx.emit("topup.created", &topup, None);
    if let Some(number) = number {
        bank_accounts::store_number(ctx, &id, &number);
    }
    schedule(ctx, None, arrives, &FinishTopup { topup: id })?;
    Ok(topup)
}

/// Moves `amount` from the bank to the account, available at `at`; the id of the balance transaction.
fn post_topup(
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

/// Completes a pending top-up, or fails it if its bank account fails transfers.
fn finish_topup(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut topup = ctx.required(TOPUP, id)?;
    if topup["status"] != "pending" {
        return Ok(());
    }
    let event = match bank_accounts::transfer_failure(ctx, id)? {
        None => {
            topup["status"] = "succeeded".into();
            "topup.succeeded"
        }
        Some((code, message)) => {
            reverse_topup(ctx, &topup)?;
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

/// `POST /v1/topups/{topup}/cancel`: only while it is pending.
fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut topup = ctx.required(TOPUP, params.path("topup"))?;
    if topup["status"] != "pending" {
        return Err(ApiError::invalid_request(
            "Only pending top-ups can be canceled.",
        ));
    }
    reverse_topup(ctx, &topup)?;
    topup["status"] = "canceled".into();
    ctx.update(TOPUP, &topup);
    ctx.emit("topup.canceled", &topup, None);
    Ok(topup)
}

/// Reverses the balance transaction of a top-up.
fn reverse_topup(ctx: &mut Ctx<'_>, topup: &Value) -> Result<(), ApiError> {
    let text = |name: &str| topup[name].as_str().unwrap_or_default();
    let (id, currency) = (text("id"), text("currency"));
    let amount = topup["amount"].as_i64().unwrap_or(0);
    let at = arrival(ctx, &topup["balance_transaction"]);
    post_topup(ctx, id, "topup_reversal", currency, -amount, at).map(drop)
}
