//! Transactions of issued cards, and disputes about them. Captures are negative, refunds positive.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::issuing::object_types::{AUTHORIZATION, CARD, DISPUTE, TRANSACTION};
use crate::json::{extend, number, text};
use crate::params::Params;
use crate::product_objects::{id_of, insert_and_emit, new_object, update_and_emit};
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add(
        "test_helpers.issuing.transactions.create_force_capture",
        force_capture,
    );
    registry.add(
        "test_helpers.issuing.transactions.create_unlinked_refund",
        unlinked_refund,
    );
    registry.add("test_helpers.issuing.transactions.refund", refund);
    registry.add("issuing.disputes.create", create_dispute);
}

/// The type of a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) enum TransactionKind {
    Capture,
    Refund,
}

impl TransactionKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Refund => "refund",
        }
    }

    fn signed(self, amount: i64) -> i64 {
        match self {
            Self::Capture => -amount,
            Self::Refund => amount,
        }
    }
}

/// Creates the transaction of an authorization.
pub(super) fn create_authorization_transaction(
    ctx: &mut Ctx<'_>,
    authorization: &Value,
    kind: TransactionKind,
    amount: i64,
) -> Value {
    let members = json!({
        "authorization": authorization["id"],
        "card": authorization["card"]["id"],
        "cardholder": authorization["cardholder"],
        "currency": authorization["currency"],
        "merchant_currency": authorization["merchant_currency"],
        "merchant_data": authorization["merchant_data"],
        "wallet": authorization["wallet"],
    });
    create_transaction(ctx, members, kind, amount)
}

fn create_transaction(
    ctx: &mut Ctx<'_>,
    members: Value,
    kind: TransactionKind,
    amount: i64,
) -> Value {
    let mut transaction = Value::Object(ctx.blank(TRANSACTION));
    extend(&mut transaction, members);
    let signed = kind.signed(amount);
    extend(
        &mut transaction,
        json!({"amount": signed, "merchant_amount": signed, "type": kind.as_str()}),
    );
    insert_and_emit(
        ctx,
        TRANSACTION,
        &transaction,
        "issuing_transaction.created",
    );
    transaction
}

/// `POST …/create_force_capture`: a capture without an authorization.
fn force_capture(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    create_unlinked_transaction(ctx, params, TransactionKind::Capture)
}

/// `POST …/create_unlinked_refund`: a refund without a capture.
fn unlinked_refund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    create_unlinked_transaction(ctx, params, TransactionKind::Refund)
}

fn create_unlinked_transaction(
    ctx: &mut Ctx<'_>,
    params: &Params,
    kind: TransactionKind,
) -> Result<Value, ApiError> {
    let card = ctx.referenced(CARD, params.text("card").unwrap_or_default(), "card")?;
    let amount = params.int("amount").unwrap_or(0);
    if amount < 1 {
        return Err(ApiError::invalid_param(
            "amount",
            "The amount is at least 1.",
        ));
    }
    let currency = params.text("currency").or(card["currency"].as_str());
    // The parameters of the merchant are those of an authorization.
    let merchant = new_object(ctx, AUTHORIZATION, params, json!({}))?["merchant_data"].take();
    let members = json!({
        "authorization": null, "card": card["id"], "cardholder": card["cardholder"]["id"], "currency": currency,
        "merchant_currency": currency, "merchant_data": merchant,
    });
    Ok(create_transaction(ctx, members, kind, amount))
}

/// `POST …/{transaction}/refund`.
fn refund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let transaction = ctx.required(TRANSACTION, params.path("transaction"))?;
    let captured = -number(&transaction, "amount");
    let amount = params.int("refund_amount").unwrap_or(captured);
    if !(1..=captured).contains(&amount) {
        let message = format!(
            "Refund at least 1 and at most the {} that were captured.",
            captured.max(0)
        );
        return Err(ApiError::invalid_param("refund_amount", message));
    }
    let mut members = transaction.clone();
    if let Value::Object(members) = &mut members {
        members
            .retain(|name, _| !matches!(name.as_str(), "id" | "created" | "dispute" | "metadata"));
    }
    let refund = create_transaction(ctx, members, TransactionKind::Refund, amount);
    let authorization = text(&transaction, "authorization");
    if let Some(before) = ctx.get(AUTHORIZATION, authorization) {
        let mut transactions = before["transactions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        transactions.push(refund.clone());
        update_and_emit(
            ctx,
            AUTHORIZATION,
            &before,
            json!({"transactions": transactions}),
            "issuing_authorization.updated",
        );
    }
    Ok(refund)
}

/// `POST /v1/issuing/disputes`: disputes a transaction, for its whole amount unless `amount` is set.
fn create_dispute(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut members = json!({});
    if let Some(id) = params.text("transaction") {
        let transaction = ctx.referenced(TRANSACTION, id, "transaction")?;
        if !transaction["dispute"].is_null() {
            let message = format!("The transaction {id} has been disputed already.");
            return Err(ApiError::invalid_param("transaction", message));
        }
        let captured = -number(&transaction, "amount");
        members = json!({"amount": params.int("amount").unwrap_or(captured), "currency": transaction["currency"]});
    }
    let dispute = new_object(ctx, DISPUTE, params, members)?;
    insert_and_emit(ctx, DISPUTE, &dispute, "issuing_dispute.created");
    if let Some(transaction) = params
        .text("transaction")
        .and_then(|id| ctx.get(TRANSACTION, id))
    {
        let members = json!({"dispute": id_of(&dispute)});
        update_and_emit(
            ctx,
            TRANSACTION,
            &transaction,
            members,
            "issuing_transaction.updated",
        );
    }
    Ok(dispute)
}
