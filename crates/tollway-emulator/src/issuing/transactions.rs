//! Money that really moved with an issued card, as its account sees it: purchases are negative, refunds positive.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::issuing::{AUTHORIZATION, CARD, TRANSACTION};
use crate::json::{extend, number, text};
use crate::params::Params;
use crate::product_objects::{change, drafted, id_of, keep};
use crate::registry::Registry;

const DISPUTE: &str = "issuing.dispute";

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
    registry.add("issuing.disputes.create", dispute);
}

/// What a transaction is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Capture,
    Refund,
}

impl Kind {
    fn name(self) -> &'static str {
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

/// Money moved for an authorization.
pub(super) fn of_authorization(
    ctx: &mut Ctx<'_>,
    purchase: &Value,
    kind: Kind,
    amount: i64,
) -> Value {
    let members = json!({
        "authorization": purchase["id"],
        "card": purchase["card"]["id"],
        "cardholder": purchase["cardholder"],
        "currency": purchase["currency"],
        "merchant_currency": purchase["merchant_currency"],
        "merchant_data": purchase["merchant_data"],
        "wallet": purchase["wallet"],
    });
    moved(ctx, members, kind, amount)
}

fn moved(ctx: &mut Ctx<'_>, members: Value, kind: Kind, amount: i64) -> Value {
    let mut transaction = Value::Object(ctx.blank(TRANSACTION));
    extend(&mut transaction, members);
    let signed = kind.signed(amount);
    extend(
        &mut transaction,
        json!({"amount": signed, "merchant_amount": signed, "type": kind.name()}),
    );
    keep(
        ctx,
        TRANSACTION,
        &transaction,
        "issuing_transaction.created",
    );
    transaction
}

/// `POST …/create_force_capture`: a shop takes money that it never asked for.
fn force_capture(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    without_authorization(ctx, params, Kind::Capture)
}

/// `POST …/create_unlinked_refund`: a shop gives money that it never took.
fn unlinked_refund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    without_authorization(ctx, params, Kind::Refund)
}

fn without_authorization(
    ctx: &mut Ctx<'_>,
    params: &Params,
    kind: Kind,
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
    // Its merchant is read from the parameters as that of an authorization is.
    let merchant = drafted(ctx, AUTHORIZATION, params, json!({}))?["merchant_data"].take();
    let members = json!({
        "authorization": null, "card": card["id"], "cardholder": card["cardholder"]["id"], "currency": currency,
        "merchant_currency": currency, "merchant_data": merchant,
    });
    Ok(moved(ctx, members, kind, amount))
}

/// `POST …/{transaction}/refund`.
fn refund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let purchase = ctx.required(TRANSACTION, params.path("transaction"))?;
    let taken = -number(&purchase, "amount");
    let amount = params.int("refund_amount").unwrap_or(taken);
    if !(1..=taken).contains(&amount) {
        let message = format!(
            "Refund at least 1 and at most the {} that were captured.",
            taken.max(0)
        );
        return Err(ApiError::invalid_param("refund_amount", message));
    }
    let mut members = purchase.clone();
    if let Value::Object(members) = &mut members {
        members
            .retain(|name, _| !matches!(name.as_str(), "id" | "created" | "dispute" | "metadata"));
    }
    let refund = moved(ctx, members, Kind::Refund, amount);
    let authorization = text(&purchase, "authorization");
    if let Some(kept) = ctx.get(AUTHORIZATION, authorization) {
        let mut all = kept["transactions"].as_array().cloned().unwrap_or_default();
        all.push(refund.clone());
        change(
            ctx,
            AUTHORIZATION,
            &kept,
            json!({"transactions": all}),
            "issuing_authorization.updated",
        );
    }
    Ok(refund)
}

/// `POST /v1/issuing/disputes`: about a purchase, for all of it if nothing else is said.
fn dispute(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut more = json!({});
    if let Some(id) = params.text("transaction") {
        let purchase = ctx.referenced(TRANSACTION, id, "transaction")?;
        if !purchase["dispute"].is_null() {
            let message = format!("The transaction {id} has been disputed already.");
            return Err(ApiError::invalid_param("transaction", message));
        }
        let all = -number(&purchase, "amount");
        more = json!({"amount": params.int("amount").unwrap_or(all), "currency": purchase["currency"]});
    }
    let dispute = drafted(ctx, DISPUTE, params, more)?;
    keep(ctx, DISPUTE, &dispute, "issuing_dispute.created");
    if let Some(purchase) = params
        .text("transaction")
        .and_then(|id| ctx.get(TRANSACTION, id))
    {
        let members = json!({"dispute": id_of(&dispute)});
        change(
            ctx,
            TRANSACTION,
            &purchase,
            members,
            "issuing_transaction.updated",
        );
    }
    Ok(dispute)
}
