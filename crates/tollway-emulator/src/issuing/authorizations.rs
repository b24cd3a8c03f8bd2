//! Purchases with an issued card: authorized by a test helper, then captured, raised, or taken back.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::issuing::controls::{self, Verdict};
use crate::issuing::transactions::{self, Kind};
use crate::issuing::{AUTHORIZATION, CARD, CARDHOLDER};
use crate::json::{extend, number, text};
use crate::params::Params;
use crate::product_objects::{change, drafted, id_of, keep};
use crate::registry::Registry;

/// What a helper buys for when nobody says.
const AMOUNT: i64 = 1000;

const UPDATED: &str = "issuing_authorization.updated";

pub(super) fn register(registry: &mut Registry) {
    registry.add("test_helpers.issuing.authorizations.create", create);
    registry.add("test_helpers.issuing.authorizations.capture", capture);
    registry.add("test_helpers.issuing.authorizations.increment", increment);
    registry.add("test_helpers.issuing.authorizations.reverse", reverse);
}

/// `POST /v1/test_helpers/issuing/authorizations`: a shop asks for money.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let card = ctx.referenced(CARD, params.text("card").unwrap_or_default(), "card")?;
    let amount = params
        .int("amount")
        .or(params.int("merchant_amount"))
        .unwrap_or(AMOUNT);
    let currency = params.text("currency").or(card["currency"].as_str());
    let currency = currency.unwrap_or_default().to_owned();
    let method = params.text("authorization_method").unwrap_or("online");
    let more = json!({
        "amount": amount,
        "authorization_method": method,
        "card": card,
        "cardholder": card["cardholder"]["id"],
        "currency": currency,
        "merchant_amount": params.int("merchant_amount").unwrap_or(amount),
        "merchant_currency": params.text("merchant_currency").unwrap_or(&currency),
        "wallet": params.text("wallet"),
    });
    let mut purchase = drafted(ctx, AUTHORIZATION, params, more)?;
    // The holder as it is now, not as it was when the card was made.
    let holder = ctx.get(CARDHOLDER, text(&purchase, "cardholder"));
    let holder = holder.unwrap_or_else(|| card["cardholder"].clone());
    let verdict = controls::judge(ctx, &card, &holder, &purchase);
    purchase["approved"] = verdict.approved.into();
    purchase["status"] = if verdict.approved {
        "pending"
    } else {
        "closed"
    }
    .into();
    purchase["request_history"] = json!([request(ctx, &purchase, amount, &verdict)]);
    keep(
        ctx,
        AUTHORIZATION,
        &purchase,
        "issuing_authorization.created",
    );
    Ok(purchase)
}

/// What was asked for, and what the answer was.
fn request(ctx: &mut Ctx<'_>, purchase: &Value, amount: i64, verdict: &Verdict) -> Value {
    let mut request = Value::Object(ctx.blank("issuing_authorization_request"));
    extend(
        &mut request,
        json!({
            "amount": amount,
            "approved": verdict.approved,
            "created": ctx.now(),
            "currency": purchase["currency"],
            "merchant_amount": amount,
            "merchant_currency": purchase["merchant_currency"],
            "reason": verdict.reason,
        }),
    );
    request
}

/// `POST …/{authorization}/capture`: the shop takes the money, or a part of it.
fn capture(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let purchase = pending(ctx, params)?;
    let held = number(&purchase, "amount");
    let amount = params.int("capture_amount").unwrap_or(held);
    if amount < 1 {
        return Err(ApiError::invalid_param(
            "capture_amount",
            "Capture at least 1.",
        ));
    }
    let transaction = transactions::of_authorization(ctx, &purchase, Kind::Capture, amount);
    let closes = params.bool("close_authorization") != Some(false) || amount >= held;
    let mut all = purchase["transactions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    all.push(transaction);
    let members = json!({
        "amount": if closes { held } else { held - amount },
        "status": if closes { "closed" } else { "pending" },
        "transactions": all,
    });
    Ok(change(ctx, AUTHORIZATION, &purchase, members, UPDATED))
}

/// `POST …/{authorization}/increment`: the shop asks for more.
fn increment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let purchase = pending(ctx, params)?;
    let more = params.int("increment_amount").unwrap_or(0);
    if more < 1 {
        return Err(ApiError::invalid_param(
            "increment_amount",
            "Ask for at least 1 more.",
        ));
    }
    let card = ctx.get(CARD, id_of(&purchase["card"])).unwrap_or_default();
    let holder = ctx
        .get(CARDHOLDER, text(&purchase, "cardholder"))
        .unwrap_or_default();
    let mut asked = purchase.clone();
    asked["amount"] = more.into();
    let verdict = controls::judge(ctx, &card, &holder, &asked);
    let request = request(ctx, &purchase, more, &verdict);
    let mut history = purchase["request_history"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    history.push(request);
    let granted = if verdict.approved { more } else { 0 };
    let members = json!({
        "amount": number(&purchase, "amount") + granted,
        "merchant_amount": number(&purchase, "merchant_amount") + granted,
        "request_history": history,
    });
    Ok(change(ctx, AUTHORIZATION, &purchase, members, UPDATED))
}

/// `POST …/{authorization}/reverse`: the shop lets go of the money, or of a part of it.
fn reverse(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let purchase = pending(ctx, params)?;
    let held = number(&purchase, "amount");
    let amount = params.int("reverse_amount").unwrap_or(held);
    if !(1..=held).contains(&amount) {
        let message = format!("Reverse at least 1 and at most the {held} that are authorized.");
        return Err(ApiError::invalid_param("reverse_amount", message));
    }
    let status = if amount == held {
        "reversed"
    } else {
        "pending"
    };
    let members = json!({"amount": held - amount, "status": status});
    Ok(change(ctx, AUTHORIZATION, &purchase, members, UPDATED))
}

/// The authorization in the path, if it was approved and nothing has become of it.
fn pending(ctx: &Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let purchase = ctx.required(AUTHORIZATION, params.path("authorization"))?;
    if purchase["status"] == "pending" {
        return Ok(purchase);
    }
    let message = format!(
        "The authorization {} is {}: only a pending one can be changed.",
        id_of(&purchase),
        text(&purchase, "status")
    );
    Err(ApiError::invalid_request(message))
}
