//! Outbound payments, outbound transfers and inbound transfers: created as `processing`, then continued by a test helper or canceled.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::{number, text};
use crate::params::Params;
use crate::product_objects::{insert_and_emit, new_object};
use crate::registry::Registry;
use crate::treasury::received::{insufficient_funds, required_amount};
use crate::treasury::transactions::{
    BalanceImpact, TRANSACTION, TransactionStatus, add_entry, cash_balance, open_financial_account,
    start_transaction,
};

/// Outbound flows arrive after one day.
const ARRIVAL_SECONDS: i64 = 24 * 60 * 60;

pub(super) fn register(registry: &mut Registry) {
    registry.add("treasury.outbound_payments.create", |ctx, params| {
        create_outbound(ctx, params, "outbound_payment")
    });
    registry.add("treasury.outbound_transfers.create", |ctx, params| {
        create_outbound(ctx, params, "outbound_transfer")
    });
    registry.add("treasury.inbound_transfers.create", create_inbound);
    registry.add("treasury.outbound_payments.cancel", |ctx, params| {
        cancel_flow(
            ctx,
            params,
            "treasury.outbound_payments.cancel",
            "cancellation",
        )
    });
    registry.add("treasury.outbound_transfers.cancel", |ctx, params| {
        cancel_flow(
            ctx,
            params,
            "treasury.outbound_transfers.cancel",
            "cancellation",
        )
    });
    registry.add("treasury.inbound_transfers.cancel", |ctx, params| {
        cancel_flow(
            ctx,
            params,
            "treasury.inbound_transfers.cancel",
            "cancellation",
        )
    });
    registry.add(
        "test_helpers.treasury.outbound_payments.fail",
        |ctx, params| {
            cancel_flow(
                ctx,
                params,
                "test_helpers.treasury.outbound_payments.fail",
                "failure",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.outbound_transfers.fail",
        |ctx, params| {
            cancel_flow(
                ctx,
                params,
                "test_helpers.treasury.outbound_transfers.fail",
                "failure",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.inbound_transfers.fail",
        |ctx, params| {
            cancel_flow(
                ctx,
                params,
                "test_helpers.treasury.inbound_transfers.fail",
                "failure",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.outbound_payments.post",
        |ctx, params| post_flow(ctx, params, "test_helpers.treasury.outbound_payments.post"),
    );
    registry.add(
        "test_helpers.treasury.outbound_transfers.post",
        |ctx, params| post_flow(ctx, params, "test_helpers.treasury.outbound_transfers.post"),
    );
    registry.add(
        "test_helpers.treasury.inbound_transfers.succeed",
        |ctx, params| {
            post_flow(
                ctx,
                params,
                "test_helpers.treasury.inbound_transfers.succeed",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.outbound_payments.return_outbound_payment",
        |ctx, params| {
            return_flow(
                ctx,
                params,
                "test_helpers.treasury.outbound_payments.return_outbound_payment",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.outbound_transfers.return_outbound_transfer",
        |ctx, params| {
            return_flow(
                ctx,
                params,
                "test_helpers.treasury.outbound_transfers.return_outbound_transfer",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.inbound_transfers.return_inbound_transfer",
        |ctx, params| {
            return_flow(
                ctx,
                params,
                "test_helpers.treasury.inbound_transfers.return_inbound_transfer",
            )
        },
    );
}

/// `POST /v1/treasury/outbound_payments`, and `outbound_transfers`: the amount is pending until the flow is posted.
fn create_outbound(ctx: &mut Ctx<'_>, params: &Params, flow_type: &str) -> Result<Value, ApiError> {
    let amount = required_amount(params)?;
    let account =
        open_financial_account(ctx, params.text("financial_account").unwrap_or_default())?;
    if cash_balance(&account) < amount {
        return Err(insufficient_funds(&account, amount));
    }
    let impact = BalanceImpact {
        cash: -amount,
        outbound_pending: amount,
        ..BalanceImpact::default()
    };
    let name = flow_type.strip_prefix("outbound_").unwrap_or(flow_type);
    let members = json!({
        "cancelable": true,
        "expected_arrival_date": ctx.now() + ARRIVAL_SECONDS,
        "statement_descriptor": params.text("statement_descriptor").unwrap_or(name),
    });
    create_flow(ctx, params, flow_type, members, (-amount, impact))
}

/// `POST /v1/treasury/inbound_transfers`.
fn create_inbound(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let amount = required_amount(params)?;
    open_financial_account(ctx, params.text("financial_account").unwrap_or_default())?;
    let impact = BalanceImpact {
        inbound_pending: amount,
        ..BalanceImpact::default()
    };
    let descriptor = params.text("statement_descriptor").unwrap_or("transfer");
    let members =
        json!({"cancelable": true, "returned": false, "statement_descriptor": descriptor});
    create_flow(ctx, params, "inbound_transfer", members, (amount, impact))
}

fn create_flow(
    ctx: &mut Ctx<'_>,
    params: &Params,
    flow_type: &str,
    members: Value,
    movement: (i64, BalanceImpact),
) -> Result<Value, ApiError> {
    let object_type = format!("treasury.{flow_type}");
    let mut flow = new_object(ctx, &object_type, params, members)?;
    flow["status"] = "processing".into();
    flow["transaction"] =
        start_transaction(ctx, flow_type, &flow, movement, TransactionStatus::Open).into();
    insert_and_emit(ctx, &object_type, &flow, &format!("{object_type}.created"));
    Ok(flow)
}

/// Applies the transition of `operation` to the flow, which cannot be canceled afterwards.
fn transition_flow(ctx: &mut Ctx<'_>, params: &Params, operation: &str) -> Result<Value, ApiError> {
    let mut flow = ctx.generic(operation, params)?;
    flow["cancelable"] = false.into();
    update_flow(ctx, &flow);
    Ok(flow)
}

/// Stores a flow without an event.
fn update_flow(ctx: &mut Ctx<'_>, flow: &Value) {
    ctx.update(text(flow, "object"), flow);
}

/// The flow type of an object: `outbound_payment` for `treasury.outbound_payment`.
fn flow_type_of(flow: &Value) -> String {
    let object_type = text(flow, "object");
    object_type
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn is_inbound(flow: &Value) -> bool {
    flow_type_of(flow) == "inbound_transfer"
}

/// The flow succeeds: posts its transaction.
fn post_flow(ctx: &mut Ctx<'_>, params: &Params, operation: &str) -> Result<Value, ApiError> {
    let flow = transition_flow(ctx, params, operation)?;
    let amount = number(&flow, "amount");
    let (kind, impact) = if is_inbound(&flow) {
        let credit = BalanceImpact {
            cash: amount,
            inbound_pending: -amount,
            ..BalanceImpact::default()
        };
        (flow_type_of(&flow), credit)
    } else {
        let debit = BalanceImpact {
            outbound_pending: -amount,
            ..BalanceImpact::default()
        };
        (format!("{}_posting", flow_type_of(&flow)), debit)
    };
    add_entry(
        ctx,
        text(&flow, "transaction"),
        &kind,
        impact,
        TransactionStatus::Posted,
    );
    Ok(flow)
}

/// The flow is canceled or fails: voids its transaction.
fn cancel_flow(
    ctx: &mut Ctx<'_>,
    params: &Params,
    operation: &str,
    reason: &str,
) -> Result<Value, ApiError> {
    let flow = transition_flow(ctx, params, operation)?;
    void_transaction(ctx, &flow, reason);
    Ok(flow)
}

fn void_transaction(ctx: &mut Ctx<'_>, flow: &Value, reason: &str) {
    let amount = number(flow, "amount");
    let (kind, impact) = if is_inbound(flow) {
        let release = BalanceImpact {
            inbound_pending: -amount,
            ..BalanceImpact::default()
        };
        ("inbound_transfer_return".to_owned(), release)
    } else {
        let refund = BalanceImpact {
            cash: amount,
            outbound_pending: -amount,
            ..BalanceImpact::default()
        };
        (format!("{}_{reason}", flow_type_of(flow)), refund)
    };
    add_entry(
        ctx,
        text(flow, "transaction"),
        &kind,
        impact,
        TransactionStatus::Void,
    );
}

/// The bank returns the money: voids an open transaction, and creates another one if it was posted.
fn return_flow(ctx: &mut Ctx<'_>, params: &Params, operation: &str) -> Result<Value, ApiError> {
    let mut flow = transition_flow(ctx, params, operation)?;
    let transaction = ctx.get(TRANSACTION, text(&flow, "transaction"));
    let returned = if transaction.is_some_and(|transaction| transaction["status"] == "open") {
        void_transaction(ctx, &flow, "return");
        text(&flow, "transaction").to_owned()
    } else {
        let amount = number(&flow, "amount") * if is_inbound(&flow) { -1 } else { 1 };
        let impact = BalanceImpact {
            cash: amount,
            ..BalanceImpact::default()
        };
        start_transaction(
            ctx,
            &flow_type_of(&flow),
            &flow,
            (amount, impact),
            TransactionStatus::Posted,
        )
    };
    if !is_inbound(&flow) {
        let code = params.text("returned_details.code").unwrap_or("other");
        flow["returned_details"] = json!({"code": code, "transaction": returned});
        update_flow(ctx, &flow);
    }
    Ok(flow)
}
