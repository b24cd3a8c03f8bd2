//! `/v1/payment_intents`: from a wish to be paid to a payment.
//!
//! ```text
//! requires_payment_method ─▶ requires_confirmation ─▶ (confirm) ─▶ requires_action ─▶ requires_capture ─▶ succeeded
//!            ▲                                            │  declined                        │ cancel
//!            └────────────────────────────────────────────┘                                  ▼ canceled
//! ```

use serde_json::{Value, json};

use super::cards::Outcome;
use super::charge::{self, Payment};
use super::instrument::{self, Instrument};
use super::payment_methods;
use super::settlement::{self, Split};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;

const INTENT: &str = "payment_intent";

pub(super) fn register(registry: &mut Registry) {
    registry.add("payment_intents.create", create);
    registry.add("payment_intents.update", update);
    registry.add("payment_intents.confirm", confirm);
    registry.add("payment_intents.capture", capture);
    registry.add("payment_intents.cancel", cancel);
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
    "payment_method_types",
];

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (amount, currency) = charge::amount_and_currency(params)?;
    settlement::check(ctx, &Split::of_params(params), amount)?;
    if let Some(customer) = params.text("customer") {
        ctx.referenced("customer", customer, "customer")?;
    }
    let mut intent = blank(ctx, amount, &currency);
    write(&mut intent, params);
    if let Some(method) = method_of(ctx, params)? {
        intent["payment_method"] = method.into();
        intent["status"] = "requires_confirmation".into();
    }
    ctx.insert(INTENT, &intent);
    ctx.emit("payment_intent.created", &intent, None);
    if params.bool("confirm") == Some(true) {
        return run(ctx, intent, params);
    }
    Ok(intent)
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if matches!(status(&intent), "succeeded" | "canceled" | "processing") {
        return Err(unexpected(&intent, "updated"));
    }
    if let Some(amount) = params.int("amount") {
        charge::check_amount(amount, "amount")?;
        intent["amount"] = amount.into();
    }
    if let Some(currency) = params.text("currency") {
        intent["currency"] = currency.to_ascii_lowercase().into();
    }
    write(&mut intent, params);
    settlement::check(
        ctx,
        &Split::of_object(&intent),
        intent["amount"].as_i64().unwrap_or(0),
    )?;
    if let Some(method) = method_of(ctx, params)? {
        intent["payment_method"] = method.into();
        intent["status"] = "requires_confirmation".into();
    }
    ctx.update(INTENT, &intent);
    Ok(intent)
}

fn confirm(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if !matches!(
        status(&intent),
        "requires_payment_method" | "requires_confirmation" | "requires_action"
    ) {
        return Err(unexpected(&intent, "confirmed"));
    }
    write(&mut intent, params);
    if let Some(method) = method_of(ctx, params)? {
        intent["payment_method"] = method.into();
    }
    run(ctx, intent, params)
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

fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if matches!(status(&intent), "succeeded" | "canceled" | "processing") {
        return Err(unexpected(&intent, "canceled"));
    }
    if status(&intent) == "requires_capture" {
        release(ctx, &intent);
    }
    intent["amount_capturable"] = 0.into();
    intent["canceled_at"] = ctx.now().into();
    intent["cancellation_reason"] = params.text("cancellation_reason").into();
    intent["next_action"] = Value::Null;
    intent["status"] = "canceled".into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.canceled", &intent, None);
    Ok(intent)
}

/// Gives the card holder back what a charge only held.
fn release(ctx: &mut Ctx<'_>, intent: &Value) {
    if let Some(mut charge) = ctx.get(
        "charge",
        intent["latest_charge"].as_str().unwrap_or_default(),
    ) {
        charge["amount_refunded"] = charge["amount"].clone();
        charge["refunded"] = true.into();
        ctx.update("charge", &charge);
        ctx.emit("charge.refunded", &charge, None);
    }
}

/// Tries to be paid. A declined card leaves the intent waiting for another one.
fn run(ctx: &mut Ctx<'_>, mut intent: Value, params: &Params) -> Result<Value, ApiError> {
    let Some(method) = intent["payment_method"].as_str().map(str::to_owned) else {
        let message =
            "You cannot confirm this PaymentIntent because it's missing a payment method.";
        return Err(unexpected(&intent, "confirmed").with("message", message));
    };
    let instrument = instrument::resolve(ctx, &method, "payment_method")?;
    intent["payment_method"] = instrument.id.as_str().into();
    let off_session = params.bool("off_session") == Some(true);
    if instrument.card.outcome == Outcome::RequiresAction && !off_session {
        return ask_for_action(ctx, intent, params);
    }
    charge_for(ctx, intent, instrument, false)
}

/// Charges for an intent whose card needs nothing more from its holder.
fn charge_for(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    instrument: Instrument,
    authenticated: bool,
) -> Result<Value, ApiError> {
    let amount = intent["amount"].as_i64().unwrap_or(0);
    let manual = intent["capture_method"] == "manual";
    let payment = Payment {
        amount,
        currency: intent["currency"].as_str().unwrap_or_default().to_owned(),
        instrument,
        capture: !manual,
        authenticated,
        split: Split::of_object(&intent),
        customer: intent["customer"].as_str().map(str::to_owned),
        intent: intent["id"].as_str().map(str::to_owned),
        said: intent.as_object().map(charge::said).unwrap_or_default(),
    };
    intent["next_action"] = Value::Null;
    let charge = match charge::pay(ctx, &payment)? {
        Ok(charge) => charge,
        Err(refused) => return Err(decline(ctx, intent, refused)),
    };
    intent["latest_charge"] = charge["id"].clone();
    intent["transfer_group"] = charge["transfer_group"].clone();
    intent["last_payment_error"] = Value::Null;
    if manual {
        intent["status"] = "requires_capture".into();
        intent["amount_capturable"] = amount.into();
    } else {
        intent["status"] = "succeeded".into();
        intent["amount_received"] = amount.into();
    }
    ctx.update(INTENT, &intent);
    let event = if manual {
        "payment_intent.amount_capturable_updated"
    } else {
        "payment_intent.succeeded"
    };
    ctx.emit(event, &intent, None);
    Ok(intent)
}

/// The card holder has answered the bank's question.
pub(super) fn authenticate(ctx: &mut Ctx<'_>, id: &str, approved: bool) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, id)?;
    if status(&intent) != "requires_action" {
        return Err(unexpected(&intent, "authenticated"));
    }
    if approved {
        let method = intent["payment_method"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let instrument = instrument::resolve(ctx, &method, "payment_method")?;
        return charge_for(ctx, intent, instrument, true);
    }
    let message = "The card holder did not authenticate: ask for another payment method.";
    let error = ApiError::invalid_request(message).code("payment_intent_authentication_failure");
    intent["last_payment_error"] = error.to_json()["error"].take();
    intent["next_action"] = Value::Null;
    intent["payment_method"] = Value::Null;
    intent["status"] = "requires_payment_method".into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.payment_failed", &intent, None);
    Ok(intent)
}

/// The intent waits for the card holder, who is sent to a page.
fn ask_for_action(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    params: &Params,
) -> Result<Value, ApiError> {
    if params.bool("error_on_requires_action") == Some(true) {
        let error = ApiError::card(
            "authentication_required",
            "The payment requires the card holder to authenticate.",
        );
        return Err(error.with("payment_intent", intent).keeping_changes());
    }
    let id = intent["id"].as_str().unwrap_or_default();
    let url = format!("{}/_tollway/authenticate/{id}", ctx.request.base_url);
    intent["next_action"] = match params.text("return_url") {
        Some(return_url) => json!({
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": url},
        }),
        None => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url},
        }),
    };
    intent["status"] = "requires_action".into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.requires_action", &intent, None);
    Ok(intent)
}

/// The card was refused: the intent says why and waits for another payment method; so does the error.
fn decline(ctx: &mut Ctx<'_>, mut intent: Value, refused: charge::Refused) -> ApiError {
    let method = ctx.get(
        "payment_method",
        intent["payment_method"].as_str().unwrap_or_default(),
    );
    let mut error = refused.error;
    if let Some(method) = method {
        error = error.with("payment_method", method);
    }
    intent["latest_charge"] = refused.charge["id"].clone();
    intent["last_payment_error"] = error.to_json()["error"].take();
    intent["payment_method"] = Value::Null;
    intent["status"] = "requires_payment_method".into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.payment_failed", &intent, None);
    error.with("payment_intent", intent)
}

/// The payment method that the request names or describes.
fn method_of(ctx: &mut Ctx<'_>, params: &Params) -> Result<Option<String>, ApiError> {
    if let Some(id) = params.text("payment_method") {
        // Test names become payment methods of their own, so that the intent shows a real id.
        let id = if id.starts_with("pm_card_") {
            instrument::resolve(ctx, id, "payment_method")?.id
        } else {
            id.to_owned()
        };
        if instrument::recall(ctx, &id).is_none() && ctx.get("payment_method", &id).is_none() {
            return Err(ApiError::no_such_reference(
                "PaymentMethod",
                &id,
                "payment_method",
            ));
        }
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
    let method = payment_methods::of_card_params(ctx, data.get("card"), &billing, &metadata)?;
    Ok(method["id"].as_str().map(str::to_owned))
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
            _ => intent[name] = value.clone(),
        }
    }
    for name in ["capture_method", "confirmation_method"] {
        if let Some(word) = params.text(name) {
            intent[name] = word.into();
        }
    }
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
