//! What others send to a financial account or take from it, and what is undone of that.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::json::{number, text};
use crate::params::Params;
use crate::product_objects::{drafted, id_of, keep};
use crate::registry::Registry;
use crate::treasury::ledger::{Impact, State, begin, cash, open};

const CREDIT: &str = "treasury.received_credit";
const DEBIT: &str = "treasury.received_debit";

pub(super) fn register(registry: &mut Registry) {
    registry.add("test_helpers.treasury.received_credits.create", credit);
    registry.add("test_helpers.treasury.received_debits.create", debit);
    registry.add("treasury.credit_reversals.create", reverse_credit);
    registry.add("treasury.debit_reversals.create", reverse_debit);
}

/// An amount that can be sent.
pub(super) fn amount(params: &Params) -> Result<i64, ApiError> {
    let amount = params.int("amount").filter(|amount| *amount > 0);
    let least = || ApiError::invalid_param("amount", "The amount is at least 1 cent.");
    let amount = amount.ok_or_else(least)?;
    if params.text("currency") == Some("usd") {
        return Ok(amount);
    }
    let message = "Financial accounts hold US dollars: pass currency=usd.";
    Err(ApiError::invalid_param("currency", message))
}

/// `POST /v1/test_helpers/treasury/received_credits`.
fn credit(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let amount = amount(params)?;
    open(ctx, params.text("financial_account").unwrap_or_default())?;
    let mut credit = drafted(ctx, CREDIT, params, json!({"status": "succeeded"}))?;
    let impact = Impact {
        cash: amount,
        ..Impact::default()
    };
    credit["transaction"] = begin(
        ctx,
        "received_credit",
        &credit,
        (amount, impact),
        State::Posted,
    )
    .into();
    keep(ctx, CREDIT, &credit, "treasury.received_credit.created");
    Ok(credit)
}

/// `POST /v1/test_helpers/treasury/received_debits`: fails if the account has less.
fn debit(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let amount = amount(params)?;
    let account = open(ctx, params.text("financial_account").unwrap_or_default())?;
    let covered = cash(&account) >= amount;
    let more = if covered {
        json!({"status": "succeeded"})
    } else {
        json!({"status": "failed", "failure_code": "insufficient_funds"})
    };
    let mut debit = drafted(ctx, DEBIT, params, more)?;
    if covered {
        let impact = Impact {
            cash: -amount,
            ..Impact::default()
        };
        debit["transaction"] = begin(
            ctx,
            "received_debit",
            &debit,
            (-amount, impact),
            State::Posted,
        )
        .into();
    }
    keep(ctx, DEBIT, &debit, "treasury.received_debit.created");
    Ok(debit)
}

/// `POST /v1/treasury/credit_reversals`: the money goes back to whoever sent it.
fn reverse_credit(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let credit = reversible(ctx, params, CREDIT, "received_credit", "credit_reversal")?;
    let account = open(ctx, text(&credit, "financial_account"))?;
    let amount = number(&credit, "amount");
    if cash(&account) < amount {
        return Err(insufficient(&account, amount));
    }
    let impact = Impact {
        cash: -amount,
        ..Impact::default()
    };
    undo(
        ctx,
        params,
        &credit,
        "credit_reversal",
        (-amount, impact),
        ("posted", "posted"),
    )
}

/// `POST /v1/treasury/debit_reversals`: the money comes back from whoever took it.
fn reverse_debit(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let debit = reversible(ctx, params, DEBIT, "received_debit", "debit_reversal")?;
    let amount = number(&debit, "amount");
    let impact = Impact {
        cash: amount,
        ..Impact::default()
    };
    undo(
        ctx,
        params,
        &debit,
        "debit_reversal",
        (amount, impact),
        ("succeeded", "completed"),
    )
}

/// What is to be undone, if it succeeded and was not undone before.
fn reversible(
    ctx: &Ctx<'_>,
    params: &Params,
    object_type: &str,
    param: &str,
    reversal: &str,
) -> Result<Value, ApiError> {
    let id = params.text(param).unwrap_or_default();
    let received = ctx.referenced(object_type, id, param)?;
    if received["status"] == "succeeded" && received["linked_flows"][reversal].is_null() {
        return Ok(received);
    }
    let message = format!("{id} cannot be reversed: it failed, or was reversed before.");
    Err(ApiError::invalid_param(param, message))
}

fn undo(
    ctx: &mut Ctx<'_>,
    params: &Params,
    received: &Value,
    flow_type: &str,
    (amount, impact): (i64, Impact),
    (status, done): (&str, &str),
) -> Result<Value, ApiError> {
    let object_type = format!("treasury.{flow_type}");
    let more = json!({
        "amount": received["amount"],
        "currency": received["currency"],
        "financial_account": text(received, "financial_account"),
        "network": received["network"],
        "status": status,
    });
    let mut reversal = drafted(ctx, &object_type, params, more)?;
    reversal["transaction"] =
        begin(ctx, flow_type, &reversal, (amount, impact), State::Posted).into();
    keep(
        ctx,
        &object_type,
        &reversal,
        &format!("{object_type}.created"),
    );
    ctx.emit(&format!("{object_type}.{done}"), &reversal, None);
    let mut received = received.clone();
    received["linked_flows"][flow_type] = id_of(&reversal).into();
    let received_type = text(&received, "object").to_owned();
    ctx.update(&received_type, &received);
    Ok(reversal)
}

/// The refusal of a flow that is more than its account has.
pub(super) fn insufficient(account: &Value, amount: i64) -> ApiError {
    let message = format!(
        "The financial account {} has {} usd, which is less than {amount}.",
        id_of(account),
        cash(account)
    );
    ApiError::invalid_param("amount", message).code("treasury_insufficient_funds")
}
