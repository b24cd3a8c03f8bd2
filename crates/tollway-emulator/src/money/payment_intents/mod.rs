//! `/v1/payment_intents`: from a wish to be paid to a payment.
//!
//! ```text
//! requires_payment_method ─▶ requires_confirmation ─▶ (confirm) ─▶ requires_action ─▶ requires_capture ─▶ succeeded
//!            ▲                                            │  declined                        │ cancel
//!            └────────────────────────────────────────────┘                                  ▼ canceled
//! ```

use serde_json::{Value, json};

mod confirm;

pub(super) use self::confirm::{
    Waiting, ask_for_action, authenticate, back_to_payment_method, next_action,
};
use super::charge;
use super::currency;
use super::instrument;
use super::others;
use super::payment_methods;
use super::settlement::{self, Split};
use super::way_back;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;

pub(super) const INTENT: &str = "payment_intent";

pub(super) fn register(registry: &mut Registry) {
    registry.add("payment_intents.create", |ctx, params| {
        create(ctx, &way_back::assumed(ctx, params))
    });
    registry.add("payment_intents.update", update);
    registry.add("payment_intents.confirm", confirm);
    registry.add("payment_intents.capture", capture);
    registry.add("payment_intents.cancel", cancel);
    registry.add("payment_intents.increment_authorization", increment);
}

/// What a request writes into the intent as it is.
const COPIED: &[&str] = &[
    "application_fee_amount",
    "customer",
    "description",
    "metadata",
    "on_behalf_of",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
    "payment_method_options",
    "excluded_payment_method_types",
];

pub(super) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (amount, currency) = charge::chargeable(params)?;
    settlement::check(ctx, &Split::of_params(params), amount)?;
    settlement::check_on_behalf_of(ctx, params.at("on_behalf_of"))?;
    if let Some(customer) = params.text("customer") {
        ctx.referenced("customer", customer, "customer")?;
    }
    let mut intent = blank(ctx, amount, &currency);
    write(&mut intent, params);
    check_off_session(params)?;
    if let Some(method) = method_of(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
        intent["status"] = "requires_confirmation".into();
    }
    ctx.insert(INTENT, &intent);
    ctx.emit("payment_intent.created", &intent, None);
    if params.bool("confirm") == Some(true) {
        return confirm::run(ctx, intent, params);
    }
    Ok(intent)
}

pub(super) fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    let held = status(&intent) == "requires_capture"
        && ["amount", "currency", "payment_method"]
            .iter()
            .any(|name| params.has(name));
    if held || matches!(status(&intent), "succeeded" | "canceled" | "processing") {
        return Err(unexpected(&intent, "updated"));
    }
    if let Some(currency) = params.text("currency") {
        let currency = currency.to_ascii_lowercase();
        currency::check(&currency, "currency")?;
        intent["currency"] = currency.into();
    }
    if let Some(amount) = params.int("amount") {
        charge::check_amount(amount, "amount")?;
        let currency = intent["currency"].as_str().unwrap_or_default();
        currency::check_amount(amount, currency, "amount")?;
        intent["amount"] = amount.into();
    }
    write(&mut intent, params);
    settlement::check(
        ctx,
        &Split::of_object(&intent),
        intent["amount"].as_i64().unwrap_or(0),
    )?;
    if let Some(method) = method_of(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
        intent["next_action"] = Value::Null;
        intent["status"] = "requires_confirmation".into();
    }
    ctx.update(INTENT, &intent);
    Ok(intent)
}

pub(super) fn confirm(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if !matches!(
        status(&intent),
        "requires_payment_method" | "requires_confirmation" | "requires_action"
    ) {
        return Err(unexpected(&intent, "confirmed"));
    }
    write(&mut intent, params);
    if let Some(method) = method_of(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
    }
    confirm::run(ctx, intent, params)
}

fn capture(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if status(&intent) != "requires_capture" {
        return Err(unexpected(&intent, "captured"));
    }
    let capturable = intent["amount_capturable"].as_i64().unwrap_or(0);
    let amount = params.int("amount_to_capture").unwrap_or(capturable);
    if amount < 1 || amount > capturable {
        let message = format!(
            "The amount to capture must be at least 1 and at most what is held ({capturable})."
        );
        return Err(ApiError::invalid_param("amount_to_capture", message).code("amount_too_large"));
    }
    write(&mut intent, params);
    let mut split = Split::of_object(&intent);
    split.transfer_amount = params.int("transfer_data.amount").or(split.transfer_amount);
    let mut charge = ctx.required(
        "charge",
        intent["latest_charge"].as_str().unwrap_or_default(),
    )?;
    charge::capture(ctx, &mut charge, Some(amount), &split)?;
    intent["amount_capturable"] = 0.into();
    intent["amount_received"] = amount.into();
    intent["status"] = "succeeded".into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.succeeded", &intent, None);
    Ok(intent)
}

pub(super) fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if matches!(status(&intent), "succeeded" | "canceled" | "processing") {
        return Err(unexpected(&intent, "canceled"));
    }
    if status(&intent) == "requires_capture" {
        release(ctx, &intent, "charge.refunded");
    }
    end(ctx, &mut intent, params.text("cancellation_reason"));
    Ok(intent)
}

/// The intent is over without a payment.
fn end(ctx: &mut Ctx<'_>, intent: &mut Value, reason: Option<&str>) {
    intent["amount_capturable"] = 0.into();
    intent["canceled_at"] = ctx.now().into();
    intent["cancellation_reason"] = reason.into();
    intent["next_action"] = Value::Null;
    intent["status"] = "canceled".into();
    ctx.update(INTENT, intent);
    ctx.emit("payment_intent.canceled", intent, None);
}

/// The bank has let go of money that was held for too long.
pub(super) fn expire(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut intent = ctx.required(INTENT, id)?;
    let charge = intent["latest_charge"].as_str().unwrap_or_default();
    let made = ctx
        .get("charge", charge)
        .and_then(|charge| charge["created"].as_i64());
    let too_old = made.is_some_and(|made| made + confirm::HOLD <= ctx.now());
    if status(&intent) == "requires_capture" && too_old {
        release(ctx, &intent, "charge.expired");
        end(ctx, &mut intent, Some("expired"));
    }
    Ok(())
}

/// `POST /v1/payment_intents/{intent}/increment_authorization`: holds more.
fn increment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if status(&intent) != "requires_capture" {
        return Err(unexpected(&intent, "incremented"));
    }
    let wanted = &intent["payment_method_options"]["card"]["request_incremental_authorization"];
    if *wanted != "if_available" {
        let message = "This PaymentIntent cannot be incremented: confirm it with \
                       payment_method_options[card][request_incremental_authorization]=if_available.";
        return Err(ApiError::invalid_request(message).code("payment_intent_unexpected_state"));
    }
    let amount = params.int("amount").unwrap_or(0);
    let held = intent["amount"].as_i64().unwrap_or(0);
    if amount <= held {
        let message = format!("The amount must be greater than what is held already ({held}).");
        return Err(ApiError::invalid_param("amount", message));
    }
    charge::check_amount(amount, "amount")?;
    write(&mut intent, params);
    let charge = intent["latest_charge"].as_str().unwrap_or_default();
    let mut charge = ctx.required("charge", charge)?;
    charge["amount"] = amount.into();
    charge["payment_method_details"]["card"]["amount_authorized"] = amount.into();
    ctx.update("charge", &charge);
    intent["amount"] = amount.into();
    intent["amount_capturable"] = amount.into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.amount_capturable_updated", &intent, None);
    Ok(intent)
}

/// A payment without the card holder must be confirmed at once.
fn check_off_session(params: &Params) -> Result<(), ApiError> {
    let confirms = params.bool("confirm") == Some(true);
    if params.has("off_session") && !confirms {
        let message = "off_session can only be passed with confirm=true.";
        return Err(ApiError::invalid_param("off_session", message));
    }
    Ok(())
}

/// Gives the card holder back what a charge only held.
fn release(ctx: &mut Ctx<'_>, intent: &Value, event: &str) {
    if let Some(mut charge) = ctx.get(
        "charge",
        intent["latest_charge"].as_str().unwrap_or_default(),
    ) {
        charge["amount_refunded"] = charge["amount"].clone();
        charge["refunded"] = true.into();
        ctx.update("charge", &charge);
        ctx.emit(event, &charge, None);
    }
}

/// The payment method that the request names or describes.
pub(super) fn method_of(
    ctx: &mut Ctx<'_>,
    params: &Params,
    intent: &Value,
) -> Result<Option<String>, ApiError> {
    if let Some(id) = params.text("payment_method") {
        // Test names become payment methods of their own, so that the intent shows a real id.
        let id = match others::by_name(ctx, id) {
            Some(method) => method?["id"].as_str().unwrap_or_default().to_owned(),
            None if id.starts_with("pm_card_") => {
                instrument::resolve(ctx, id, "payment_method")?.id
            }
            None => id.to_owned(),
        };
        if instrument::recall(ctx, &id).is_none() && ctx.get("payment_method", &id).is_none() {
            return Err(ApiError::no_such_reference(
                "PaymentMethod",
                &id,
                "payment_method",
            ));
        }
        check_owner(ctx, &id, intent)?;
        return Ok(Some(id));
    }
    let Some(data) = params.map("payment_method_data") else {
        return Ok(None);
    };
    let billing = data
        .get("billing_details")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let metadata = data
        .get("metadata")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let kind = data.get("type").and_then(Value::as_str).unwrap_or("card");
    let method = match data.get(kind) {
        card if kind == "card" => payment_methods::of_card_params(ctx, card, &billing, &metadata)?,
        given => others::create(ctx, kind, given.unwrap_or(&json!({})), &billing, &metadata)?,
    };
    Ok(method["id"].as_str().map(str::to_owned))
}

/// A payment method that is kept with a customer is used with that customer only.
fn check_owner(ctx: &Ctx<'_>, method: &str, intent: &Value) -> Result<(), ApiError> {
    let owner = ctx
        .get("payment_method", method)
        .and_then(|method| method["customer"].as_str().map(str::to_owned));
    let Some(owner) = owner.filter(|owner| intent["customer"] != **owner) else {
        return Ok(());
    };
    let message = match intent["customer"].as_str() {
        Some(_) => format!(
            "The customer does not have a payment method with the ID {method}. The payment method must be attached to the \
             customer."
        ),
        None => format!(
            "The provided PaymentMethod belongs to the customer {owner}: pass it as customer together with payment_method."
        ),
    };
    Err(ApiError::invalid_param("payment_method", message).code("resource_missing"))
}

fn status(intent: &Value) -> &str {
    intent["status"].as_str().unwrap_or_default()
}

fn unexpected(intent: &Value, done: &str) -> ApiError {
    let message = format!(
        "This PaymentIntent could not be {done} because it has a status of {}.",
        status(intent)
    );
    ApiError::invalid_request(message)
        .code("payment_intent_unexpected_state")
        .with("payment_intent", intent.clone())
}

fn write(intent: &mut Value, params: &Params) {
    for (name, value) in params
        .values()
        .iter()
        .filter(|(name, _)| COPIED.contains(&name.as_str()))
    {
        match (intent[name].as_object_mut(), value.as_object()) {
            (Some(old), Some(new)) if name == "metadata" => {
                old.extend(new.clone());
                old.retain(|_, value| !value.is_null() && value != "");
            }
            (Some(old), Some(new)) if name == "payment_method_options" => {
                for (kind, options) in new {
                    match (
                        old.get_mut(kind).and_then(Value::as_object_mut),
                        options.as_object(),
                    ) {
                        (Some(old), Some(new)) => old.extend(new.clone()),
                        _ => drop(old.insert(kind.clone(), options.clone())),
                    }
                }
            }
            _ => intent[name] = value.clone(),
        }
    }
    for name in ["capture_method", "confirmation_method"] {
        if let Some(word) = params.text(name) {
            intent[name] = word.into();
        }
    }
    way_back::write(intent, params);
    if let Some(data) = params.map("transfer_data") {
        let mut merged = intent["transfer_data"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        merged.extend(data.clone());
        intent["transfer_data"] = merged.into();
    }
}

fn blank(ctx: &mut Ctx<'_>, amount: i64, currency: &str) -> Value {
    let mut intent = Value::Object(ctx.blank(INTENT));
    let secret = format!(
        "{}_secret_{}",
        intent["id"].as_str().unwrap_or_default(),
        ctx.world.random.alphanumeric(25)
    );
    let members = json!({
        "allowed_payment_method_types": null,
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "application": settlement::application(ctx),
        "application_fee_amount": null,
        "automatic_payment_methods": null,
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic_async",
        "client_secret": secret,
        "confirmation_method": "automatic",
        "created": ctx.now(),
        "currency": currency,
        "customer": null,
        "customer_account": null,
        "description": null,
        "excluded_payment_method_types": null,
        "last_payment_error": null,
        "latest_charge": null,
        "metadata": {},
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": null,
        "payment_method_options": {"card": {"installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": null,
        "receipt_email": null,
        "review": null,
        "setup_future_usage": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": "requires_payment_method",
        "transfer_data": null,
        "transfer_group": null,
    });
    if let (Value::Object(intent), Value::Object(members)) = (&mut intent, members) {
        intent.extend(members);
    }
    intent
}
