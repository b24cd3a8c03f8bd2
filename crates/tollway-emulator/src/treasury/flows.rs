//! What an account sends and fetches itself: made as `processing`, ended by a test helper, or canceled.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::{number, text};
use crate::params::Params;
use crate::product_objects::{drafted, keep};
use crate::registry::Registry;
use crate::treasury::ledger::{self, Impact, State, TRANSACTION, cash};
use crate::treasury::received::{amount, insufficient};

/// Seconds until money arrives.
const DAY: i64 = 24 * 60 * 60;

pub(super) fn register(registry: &mut Registry) {
    registry.add("treasury.outbound_payments.create", |ctx, params| {
        send(ctx, params, "outbound_payment")
    });
    registry.add("treasury.outbound_transfers.create", |ctx, params| {
        send(ctx, params, "outbound_transfer")
    });
    registry.add("treasury.inbound_transfers.create", fetch);
    registry.add("treasury.outbound_payments.cancel", |ctx, params| {
        undo(
            ctx,
            params,
            "treasury.outbound_payments.cancel",
            "cancellation",
        )
    });
    registry.add("treasury.outbound_transfers.cancel", |ctx, params| {
        undo(
            ctx,
            params,
            "treasury.outbound_transfers.cancel",
            "cancellation",
        )
    });
    registry.add("treasury.inbound_transfers.cancel", |ctx, params| {
        undo(
            ctx,
            params,
            "treasury.inbound_transfers.cancel",
            "cancellation",
        )
    });
    registry.add(
        "test_helpers.treasury.outbound_payments.fail",
        |ctx, params| {
            undo(
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
            undo(
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
            undo(
                ctx,
                params,
                "test_helpers.treasury.inbound_transfers.fail",
                "failure",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.outbound_payments.post",
        |ctx, params| finish(ctx, params, "test_helpers.treasury.outbound_payments.post"),
    );
    registry.add(
        "test_helpers.treasury.outbound_transfers.post",
        |ctx, params| finish(ctx, params, "test_helpers.treasury.outbound_transfers.post"),
    );
    registry.add(
        "test_helpers.treasury.inbound_transfers.succeed",
        |ctx, params| {
            finish(
                ctx,
                params,
                "test_helpers.treasury.inbound_transfers.succeed",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.outbound_payments.return_outbound_payment",
        |ctx, params| {
            come_back(
                ctx,
                params,
                "test_helpers.treasury.outbound_payments.return_outbound_payment",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.outbound_transfers.return_outbound_transfer",
        |ctx, params| {
            come_back(
                ctx,
                params,
                "test_helpers.treasury.outbound_transfers.return_outbound_transfer",
            )
        },
    );
    registry.add(
        "test_helpers.treasury.inbound_transfers.return_inbound_transfer",
        |ctx, params| {
            come_back(
                ctx,
                params,
                "test_helpers.treasury.inbound_transfers.return_inbound_transfer",
            )
        },
    );
}

/// `POST /v1/treasury/outbound_payments`, and `outbound_transfers`: the money is set aside until it has arrived.
fn send(ctx: &mut Ctx<'_>, params: &Params, flow_type: &str) -> Result<Value, ApiError> {
    let amount = amount(params)?;
    let account = ledger::open(ctx, params.text("financial_account").unwrap_or_default())?;
    if cash(&account) < amount {
        return Err(insufficient(&account, amount));
    }
    let impact = Impact {
        cash: -amount,
        outbound_pending: amount,
        ..Impact::default()
    };
    let word = flow_type.strip_prefix("outbound_").unwrap_or(flow_type);
    let more = json!({
        "cancelable": true,
        "expected_arrival_date": ctx.now() + DAY,
        "statement_descriptor": params.text("statement_descriptor").unwrap_or(word),
    });
    create(ctx, params, flow_type, more, (-amount, impact))
}

/// `POST /v1/treasury/inbound_transfers`: the money is on its way.
fn fetch(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let amount = amount(params)?;
    ledger::open(ctx, params.text("financial_account").unwrap_or_default())?;
    let impact = Impact {
        inbound_pending: amount,
        ..Impact::default()
    };
    let descriptor = params.text("statement_descriptor").unwrap_or("transfer");
    let more = json!({"cancelable": true, "returned": false, "statement_descriptor": descriptor});
    create(ctx, params, "inbound_transfer", more, (amount, impact))
}

fn create(
    ctx: &mut Ctx<'_>,
    params: &Params,
    flow_type: &str,
    more: Value,
    moved: (i64, Impact),
) -> Result<Value, ApiError> {
    let object_type = format!("treasury.{flow_type}");
    let mut flow = drafted(ctx, &object_type, params, more)?;
    flow["status"] = "processing".into();
    flow["transaction"] = ledger::begin(ctx, flow_type, &flow, moved, State::Open).into();
    keep(ctx, &object_type, &flow, &format!("{object_type}.created"));
    Ok(flow)
}

/// The flow after `operation`, which the table of transitions describes; none is cancelable then.
fn moved_on(ctx: &mut Ctx<'_>, params: &Params, operation: &str) -> Result<Value, ApiError> {
    let mut flow = ctx.generic(operation, params)?;
    flow["cancelable"] = false.into();
    keep_quietly(ctx, &flow);
    Ok(flow)
}

fn keep_quietly(ctx: &mut Ctx<'_>, flow: &Value) {
    ctx.update(text(flow, "object"), flow);
}

/// `outbound_payment` of a `treasury.outbound_payment`.
fn type_of(flow: &Value) -> String {
    let object_type = text(flow, "object");
    object_type
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn is_inbound(flow: &Value) -> bool {
    type_of(flow) == "inbound_transfer"
}

/// The money has arrived.
fn finish(ctx: &mut Ctx<'_>, params: &Params, operation: &str) -> Result<Value, ApiError> {
    let flow = moved_on(ctx, params, operation)?;
    let amount = number(&flow, "amount");
    let (kind, impact) = if is_inbound(&flow) {
        let arrived = Impact {
            cash: amount,
            inbound_pending: -amount,
            ..Impact::default()
        };
        (type_of(&flow), arrived)
    } else {
        let gone = Impact {
            outbound_pending: -amount,
            ..Impact::default()
        };
        (format!("{}_posting", type_of(&flow)), gone)
    };
    ledger::go_on(
        ctx,
        text(&flow, "transaction"),
        &kind,
        impact,
        State::Posted,
    );
    Ok(flow)
}

/// The money never left, or never came.
fn undo(ctx: &mut Ctx<'_>, params: &Params, operation: &str, why: &str) -> Result<Value, ApiError> {
    let flow = moved_on(ctx, params, operation)?;
    void(ctx, &flow, why);
    Ok(flow)
}

fn void(ctx: &mut Ctx<'_>, flow: &Value, why: &str) {
    let amount = number(flow, "amount");
    let (kind, impact) = if is_inbound(flow) {
        let not_coming = Impact {
            inbound_pending: -amount,
            ..Impact::default()
        };
        ("inbound_transfer_return".to_owned(), not_coming)
    } else {
        let here_again = Impact {
            cash: amount,
            outbound_pending: -amount,
            ..Impact::default()
        };
        (format!("{}_{why}", type_of(flow)), here_again)
    };
    ledger::go_on(ctx, text(flow, "transaction"), &kind, impact, State::Void);
}

/// A bank sends the money back: also when it had arrived, and then by a transaction of its own.
fn come_back(ctx: &mut Ctx<'_>, params: &Params, operation: &str) -> Result<Value, ApiError> {
    let mut flow = moved_on(ctx, params, operation)?;
    let transaction = ctx.get(TRANSACTION, text(&flow, "transaction"));
    let returned = if transaction.is_some_and(|transaction| transaction["status"] == "open") {
        void(ctx, &flow, "return");
        text(&flow, "transaction").to_owned()
    } else {
        let back = number(&flow, "amount") * if is_inbound(&flow) { -1 } else { 1 };
        let impact = Impact {
            cash: back,
            ..Impact::default()
        };
        ledger::begin(ctx, &type_of(&flow), &flow, (back, impact), State::Posted)
    };
    if !is_inbound(&flow) {
        let code = params.text("returned_details.code").unwrap_or("other");
        flow["returned_details"] = json!({"code": code, "transaction": returned});
        keep_quietly(ctx, &flow);
    }
    Ok(flow)
}
