//! Top-ups: transfers from an account's bank to its balance. They are pending until they arrive, and are reversed if the bank fails
//! them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::fees;
use crate::generic::GenericCtx as _;
use crate::ledger::entries::{Holder, JournalEntry};
use crate::ledger::posting::{Movement, available_on, create_balance_transaction, post};
use crate::money::{Money, money_param};
use crate::objects::status::TopupStatus;
use crate::objects::views::Topup;
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
    let money = money_param(params)?;
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
    let arrives = fees::available_on(ctx.now());
    let mut topup = Value::Object(ctx.blank(TOPUP));
    let id = topup["id"].as_str().unwrap_or_default().to_owned();
    let members = json!({
        "amount": money.amount,
        "balance_transaction": post_topup(ctx, &id, "topup", money, arrives)?,
        "created": ctx.now(),
        "currency": money.currency,
        "description": params.text("description"),
        "expected_availability_date": arrives,
        "initiated_by": "user",
        "livemode": ctx.scope.livemode(),
        "metadata": params.map("metadata").cloned().unwrap_or_default(),
        "source": source_object,
        "statement_descriptor": params.text("statement_descriptor"),
        "status": TopupStatus::Pending.as_str(),
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
    money: Money,
    at: i64,
) -> Result<String, ApiError> {
    let account = Holder::Account(ctx.scope.account.to_string());
    let entry = JournalEntry::new(money.currency)
        .line(account, money.amount, at)
        .line(Holder::Banks, -money.amount, at);
    post(ctx, &entry)?;
    let movement = Movement {
        kind,
        money,
        fees: Vec::new(),
        source: topup,
        description: Some("STRIPE TOPUP"),
        available_on: at,
        exchange_rate: None,
    };
    create_balance_transaction(ctx, &movement)
}

/// Completes a pending top-up, or fails it if its bank account fails transfers.
fn finish_topup(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut topup = ctx.required(TOPUP, id)?;
    if TopupStatus::of(&topup)? != TopupStatus::Pending {
        return Ok(());
    }
    let event = match bank_accounts::transfer_failure(ctx, id)? {
        None => {
            TopupStatus::Succeeded.set(&mut topup)?;
            "topup.succeeded"
        }
        Some((code, message)) => {
            reverse_topup(ctx, &topup)?;
            topup["failure_code"] = code.into();
            topup["failure_message"] = message.into();
            TopupStatus::Failed.set(&mut topup)?;
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
    if TopupStatus::of(&topup)? != TopupStatus::Pending {
        return Err(ApiError::invalid_request(
            "Only pending top-ups can be canceled.",
        ));
    }
    reverse_topup(ctx, &topup)?;
    TopupStatus::Canceled.set(&mut topup)?;
    ctx.update(TOPUP, &topup);
    ctx.emit("topup.canceled", &topup, None);
    Ok(topup)
}

/// Reverses the balance transaction of a top-up.
fn reverse_topup(ctx: &mut Ctx<'_>, topup: &Value) -> Result<(), ApiError> {
    let view = Topup::new(topup);
    let at = available_on(ctx, &topup["balance_transaction"]);
    let reversed = view.money()?.negated()?;
    post_topup(ctx, view.id()?, "topup_reversal", reversed, at).map(drop)
}
