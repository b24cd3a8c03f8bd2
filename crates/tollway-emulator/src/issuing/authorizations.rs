//! Authorizations of purchases with an issued card: created, captured, incremented and reversed by test helpers.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::issuing::controls::{AuthorizationDecision, decide_authorization};
use crate::issuing::object_types::{AUTHORIZATION, CARD, CARDHOLDER};
use crate::issuing::transactions::{TransactionKind, create_authorization_transaction};
use crate::json::{extend, number, text};
use crate::params::Params;
use crate::product_objects::{id_of, insert_and_emit, new_object, update_and_emit};
use crate::registry::Registry;

/// The amount of an authorization if the request has none.
const DEFAULT_AMOUNT: i64 = 1000;

const AUTHORIZATION_UPDATED: &str = "issuing_authorization.updated";

pub(super) fn register(registry: &mut Registry) {
    registry.add("test_helpers.issuing.authorizations.create", create);
    registry.add("test_helpers.issuing.authorizations.capture", capture);
    registry.add("test_helpers.issuing.authorizations.increment", increment);
    registry.add("test_helpers.issuing.authorizations.reverse", reverse);
}

/// `POST /v1/test_helpers/issuing/authorizations`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let card = ctx.referenced(CARD, params.text("card").unwrap_or_default(), "card")?;
    let amount = params
        .int("amount")
        .or(params.int("merchant_amount"))
        .unwrap_or(DEFAULT_AMOUNT);
    let currency = params.text("currency").or(card["currency"].as_str());
    let currency = currency.unwrap_or_default().to_owned();
    let method = params.text("authorization_method").unwrap_or("online");
    let members = json!({
        "amount": amount,
        "authorization_method": method,
        "card": card,
        "cardholder": card["cardholder"]["id"],
        "currency": currency,
        "merchant_amount": params.int("merchant_amount").unwrap_or(amount),
        "merchant_currency": params.text("merchant_currency").unwrap_or(&currency),
        "wallet": params.text("wallet"),
    });
    let mut authorization = new_object(ctx, AUTHORIZATION, params, members)?;
    // The card contains the cardholder as it was when the card was created.
    let cardholder = ctx.get(CARDHOLDER, text(&authorization, "cardholder"));
    let cardholder = cardholder.unwrap_or_else(|| card["cardholder"].clone());
    let decision = decide_authorization(ctx, &card, &cardholder, &authorization);
    authorization["approved"] = decision.approved.into();
    authorization["status"] = if decision.approved {
        "pending"
    } else {
        "closed"
    }
    .into();
    authorization["request_history"] =
        json!([history_entry(ctx, &authorization, amount, &decision)]);
    insert_and_emit(
        ctx,
        AUTHORIZATION,
        &authorization,
        "issuing_authorization.created",
    );
    Ok(authorization)
}

/// An entry of `request_history`.
fn history_entry(
    ctx: &mut Ctx<'_>,
    authorization: &Value,
    amount: i64,
    decision: &AuthorizationDecision,
) -> Value {
    let mut request = Value::Object(ctx.blank("issuing_authorization_request"));
    extend(
        &mut request,
        json!({
            "amount": amount,
            "approved": decision.approved,
            "created": ctx.now(),
            "currency": authorization["currency"],
            "merchant_amount": amount,
            "merchant_currency": authorization["merchant_currency"],
            "reason": decision.reason,
        }),
    );
    request
}

/// `POST …/{authorization}/capture`: captures all or a part of the amount.
fn capture(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let authorization = pending_authorization(ctx, params)?;
    let authorized = number(&authorization, "amount");
    let amount = params.int("capture_amount").unwrap_or(authorized);
    if amount < 1 {
        return Err(ApiError::invalid_param(
            "capture_amount",
            "Capture at least 1.",
        ));
    }
    let transaction =
        create_authorization_transaction(ctx, &authorization, TransactionKind::Capture, amount);
    let closes = params.bool("close_authorization") != Some(false) || amount >= authorized;
    let mut transactions = authorization["transactions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    transactions.push(transaction);
    let members = json!({
        "amount": if closes { authorized } else { authorized - amount },
        "status": if closes { "closed" } else { "pending" },
        "transactions": transactions,
    });
    Ok(update_and_emit(
        ctx,
        AUTHORIZATION,
        &authorization,
        members,
        AUTHORIZATION_UPDATED,
    ))
}

/// `POST …/{authorization}/increment`.
fn increment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let authorization = pending_authorization(ctx, params)?;
    let amount = params.int("increment_amount").unwrap_or(0);
    if amount < 1 {
        return Err(ApiError::invalid_param(
            "increment_amount",
            "Ask for at least 1 more.",
        ));
    }
    let card = ctx
        .get(CARD, id_of(&authorization["card"]))
        .unwrap_or_default();
    let cardholder = ctx
        .get(CARDHOLDER, text(&authorization, "cardholder"))
        .unwrap_or_default();
    let mut increment = authorization.clone();
    increment["amount"] = amount.into();
    let decision = decide_authorization(ctx, &card, &cardholder, &increment);
    let entry = history_entry(ctx, &authorization, amount, &decision);
    let mut history = authorization["request_history"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    history.push(entry);
    let approved_amount = if decision.approved { amount } else { 0 };
    let members = json!({
        "amount": number(&authorization, "amount") + approved_amount,
        "merchant_amount": number(&authorization, "merchant_amount") + approved_amount,
        "request_history": history,
    });
    Ok(update_and_emit(
        ctx,
        AUTHORIZATION,
        &authorization,
        members,
        AUTHORIZATION_UPDATED,
    ))
}

/// `POST …/{authorization}/reverse`: releases all or a part of the amount.
fn reverse(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let authorization = pending_authorization(ctx, params)?;
    let authorized = number(&authorization, "amount");
    let amount = params.int("reverse_amount").unwrap_or(authorized);
    if !(1..=authorized).contains(&amount) {
        let message =
            format!("Reverse at least 1 and at most the {authorized} that are authorized.");
        return Err(ApiError::invalid_param("reverse_amount", message));
    }
    let status = if amount == authorized {
        "reversed"
    } else {
        "pending"
    };
    let members = json!({"amount": authorized - amount, "status": status});
    Ok(update_and_emit(
        ctx,
        AUTHORIZATION,
        &authorization,
        members,
        AUTHORIZATION_UPDATED,
    ))
}

/// The authorization in the path.
///
/// # Errors
/// 400 if it is not pending.
fn pending_authorization(ctx: &Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let authorization = ctx.required(AUTHORIZATION, params.path("authorization"))?;
    if authorization["status"] == "pending" {
        return Ok(authorization);
    }
    let message = format!(
        "The authorization {} is {}: only a pending one can be changed.",
        id_of(&authorization),
        text(&authorization, "status")
    );
    Err(ApiError::invalid_request(message))
}
