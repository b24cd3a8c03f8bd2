//! Received credits and debits of financial accounts, and their reversals.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::json::{number, text};
use crate::params::Params;
use crate::product_objects::{id_of, insert_and_emit, new_object};
use crate::registry::Registry;
use crate::treasury::transactions::{
    BalanceImpact, TransactionStatus, cash_balance, open_financial_account, start_transaction,
};

const RECEIVED_CREDIT: &str = "treasury.received_credit";
const RECEIVED_DEBIT: &str = "treasury.received_debit";

pub(super) fn register(registry: &mut Registry) {
    registry.add(
        "test_helpers.treasury.received_credits.create",
        create_received_credit,
    );
    registry.add(
        "test_helpers.treasury.received_debits.create",
        create_received_debit,
    );
    registry.add("treasury.credit_reversals.create", reverse_credit);
    registry.add("treasury.debit_reversals.create", reverse_debit);
}

/// The `amount` of a flow, in cents.
///
/// # Errors
/// 400 if it is missing or less than 1, or if `currency` is not `usd`.
pub(super) fn required_amount(params: &Params) -> Result<i64, ApiError> {
    let amount = params.int("amount").filter(|amount| *amount > 0);
    let too_small = || ApiError::invalid_param("amount", "The amount is at least 1 cent.");
    let amount = amount.ok_or_else(too_small)?;
    if params.text("currency") == Some("usd") {
        return Ok(amount);
    }
    let message = "Financial accounts hold US dollars: pass currency=usd.";
    Err(ApiError::invalid_param("currency", message))
}

/// `POST /v1/test_helpers/treasury/received_credits`.
fn create_received_credit(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let amount = required_amount(params)?;
    open_financial_account(ctx, params.text("financial_account").unwrap_or_default())?;
    let mut credit = new_object(ctx, RECEIVED_CREDIT, params, json!({"status": "succeeded"}))?;
    let impact = BalanceImpact {
        cash: amount,
        ..BalanceImpact::default()
    };
    credit["transaction"] = start_transaction(
        ctx,
        "received_credit",
        &credit,
        (amount, impact),
        TransactionStatus::Posted,
    )
    .into();
    insert_and_emit(
        ctx,
        RECEIVED_CREDIT,
        &credit,
        "treasury.received_credit.created",
    );
    Ok(credit)
}

/// `POST /v1/test_helpers/treasury/received_debits`: the debit fails if the balance is too small.
fn create_received_debit(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let amount = required_amount(params)?;
    let account =
        open_financial_account(ctx, params.text("financial_account").unwrap_or_default())?;
    let is_covered = cash_balance(&account) >= amount;
    let members = if is_covered {
        json!({"status": "succeeded"})
    } else {
        json!({"status": "failed", "failure_code": "insufficient_funds"})
    };
    let mut debit = new_object(ctx, RECEIVED_DEBIT, params, members)?;
    if is_covered {
        let impact = BalanceImpact {
            cash: -amount,
            ..BalanceImpact::default()
        };
        debit["transaction"] = start_transaction(
            ctx,
            "received_debit",
            &debit,
            (-amount, impact),
            TransactionStatus::Posted,
        )
        .into();
    }
    insert_and_emit(
        ctx,
        RECEIVED_DEBIT,
        &debit,
        "treasury.received_debit.created",
    );
    Ok(debit)
}

/// `POST /v1/treasury/credit_reversals`.
fn reverse_credit(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let credit = reversible_flow(
        ctx,
        params,
        RECEIVED_CREDIT,
        "received_credit",
        "credit_reversal",
    )?;
    let account = open_financial_account(ctx, text(&credit, "financial_account"))?;
    let amount = number(&credit, "amount");
    if cash_balance(&account) < amount {
        return Err(insufficient_funds(&account, amount));
    }
    let impact = BalanceImpact {
        cash: -amount,
        ..BalanceImpact::default()
    };
    create_reversal(
        ctx,
        params,
        &credit,
        "credit_reversal",
        (-amount, impact),
        ("posted", "posted"),
    )
}

/// `POST /v1/treasury/debit_reversals`.
fn reverse_debit(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let debit = reversible_flow(
        ctx,
        params,
        RECEIVED_DEBIT,
        "received_debit",
        "debit_reversal",
    )?;
    let amount = number(&debit, "amount");
    let impact = BalanceImpact {
        cash: amount,
        ..BalanceImpact::default()
    };
    create_reversal(
        ctx,
        params,
        &debit,
        "debit_reversal",
        (amount, impact),
        ("succeeded", "completed"),
    )
}

/// The received credit or debit to reverse.
///
/// # Errors
/// 400 if it failed or was reversed before.
fn reversible_flow(
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

fn create_reversal(
    ctx: &mut Ctx<'_>,
    params: &Params,
    received: &Value,
    flow_type: &str,
    (amount, impact): (i64, BalanceImpact),
    (status, event): (&str, &str),
) -> Result<Value, ApiError> {
    let object_type = format!("treasury.{flow_type}");
    let members = json!({
        "amount": received["amount"],
        "currency": received["currency"],
        "financial_account": text(received, "financial_account"),
        "network": received["network"],
        "status": status,
    });
    let mut reversal = new_object(ctx, &object_type, params, members)?;
    reversal["transaction"] = start_transaction(
        ctx,
        flow_type,
        &reversal,
        (amount, impact),
        TransactionStatus::Posted,
    )
    .into();
    insert_and_emit(
        ctx,
        &object_type,
        &reversal,
        &format!("{object_type}.created"),
    );
    ctx.emit(&format!("{object_type}.{event}"), &reversal, None);
    let mut received = received.clone();
    received["linked_flows"][flow_type] = id_of(&reversal).into();
    let received_type = text(&received, "object").to_owned();
    ctx.update(&received_type, &received);
    Ok(reversal)
}

/// The error for a flow that exceeds the balance of its account.
pub(super) fn insufficient_funds(account: &Value, amount: i64) -> ApiError {
    let message = format!(
        "The financial account {} has {} usd, which is less than {amount}.",
        id_of(account),
        cash_balance(account)
    );
    ApiError::invalid_param("amount", message).code("treasury_insufficient_funds")
}
