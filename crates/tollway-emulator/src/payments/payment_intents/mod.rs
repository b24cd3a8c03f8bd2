//! `/v1/payment_intents`: from a wish to be paid to a payment.
//!
//! ```text
//! requires_payment_method ─▶ requires_confirmation ─▶ (confirm) ─▶ requires_action ─▶ requires_capture ─▶ succeeded
//!            ▲                                            │  declined                        │ cancel
//!            └────────────────────────────────────────────┘                                  ▼ canceled
//! ```

use serde_json::{Map, Value, json};

mod capture;
pub(crate) mod confirm;

pub(crate) use self::capture::{captures_later, expire};
pub(crate) use self::confirm::{
    ask_for_action, authenticate, back_to_payment_method, conclude, next_action, not_authenticated,
    pay_in_person,
};
use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::params::Params;
use crate::payment_methods::instrument;
use crate::payment_methods::operations as payment_methods;
use crate::payments::automatic_payment_methods;
use crate::payments::cash_balance;
use crate::payments::charge;
use crate::payments::confirmation_tokens;
use crate::payments::non_card;
use crate::payments::settlement::{self, Split};
use crate::payments::statement_descriptors;
use crate::registry::Registry;

pub(crate) const INTENT: &str = "payment_intent";

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<confirm::ExpireHold>();
    registry.add("payment_intents.create", |ctx, params| {
        create(ctx, &automatic_payment_methods::assumed(ctx, params))
    });
    registry.add("payment_intents.update", update);
    registry.add("payment_intents.confirm", confirm);
    registry.add("payment_intents.capture", capture::run);
    registry.add("payment_intents.cancel", cancel);
    registry.add(
        "payment_intents.increment_authorization",
        capture::increment,
    );
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
];

pub(crate) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (amount, currency) = charge::chargeable(params)?;
    settlement::check(ctx, &Split::of_params(params), amount)?;
    settlement::check_on_behalf_of(ctx, params.at("on_behalf_of"))?;
    if let Some(customer) = params.text("customer") {
        ctx.referenced("customer", customer, "customer")?;
    }
    let said = confirmation_tokens::spend(ctx, params, None)?;
    let params = &*said;
    let mut intent = blank(ctx, amount, &currency);
    write(ctx, &mut intent, params)?;
    check_off_session(params)?;
    check_kinds(&intent, params)?;
    if let Some(method) = method_of(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
        intent["status"] = "requires_confirmation".into();
    }
    ctx.insert(INTENT, &intent);
    ctx.emit("payment_intent.created", &intent, None);
    if params.bool("confirm") == Some(true) {
        confirmation_tokens::note(ctx, params, "payment_intent", &intent);
        return confirm::run(ctx, intent, params);
    }
    Ok(intent)
}

/// Can every payment method that the intent names hold money, if money is to be held?
fn check_kinds(intent: &Value, params: &Params) -> Result<(), ApiError> {
    let named = params
        .at("allowed_payment_method_types")
        .and_then(Value::as_array);
    let mut kinds = named.into_iter().flatten().filter_map(Value::as_str);
    kinds.try_for_each(|kind| non_card::check_holds(intent, kind))
}

pub(crate) fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
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
    write(ctx, &mut intent, params)?;
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

pub(crate) fn confirm(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if !matches!(
        status(&intent),
        "requires_payment_method" | "requires_confirmation" | "requires_action"
    ) {
        return Err(unexpected(&intent, "confirmed"));
    }
    let said = confirmation_tokens::spend(ctx, params, Some(&intent))?;
    let params = &*said;
    write(ctx, &mut intent, params)?;
    if let Some(method) = method_of(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
    }
    confirmation_tokens::note(ctx, params, "payment_intent", &intent);
    confirm::run(ctx, intent, params)
}

pub(crate) fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if matches!(status(&intent), "succeeded" | "canceled" | "processing") {
        return Err(unexpected(&intent, "canceled"));
    }
    if status(&intent) == "requires_capture" {
        capture::release(ctx, &intent, "charge.refunded");
    }
    cash_balance::unapply(ctx, &intent);
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

/// A payment without the card holder must be confirmed at once.
fn check_off_session(params: &Params) -> Result<(), ApiError> {
    let confirms = params.bool("confirm") == Some(true);
    if params.has("off_session") && !confirms {
        let message = "off_session can only be passed with confirm=true.";
        return Err(ApiError::invalid_param("off_session", message));
    }
    Ok(())
}

/// The payment method that the request names or describes.
pub(crate) fn method_of(
    ctx: &mut Ctx<'_>,
    params: &Params,
    intent: &Value,
) -> Result<Option<String>, ApiError> {
    if let Some(id) = params.text("payment_method") {
        // Test names become payment methods of their own, so that the intent shows a real id.
        let id = match non_card::by_name(ctx, id) {
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
        given => non_card::create(ctx, kind, given.unwrap_or(&json!({})), &billing, &metadata)?,
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

pub(crate) fn unexpected(intent: &Value, done: &str) -> ApiError {
    let message = format!(
        "This PaymentIntent could not be {done} because it has a status of {}.",
        status(intent)
    );
    ApiError::invalid_request(message)
        .code("payment_intent_unexpected_state")
        .with("payment_intent", intent.clone())
}

/// Members that need more than to be copied: the description knows their shape.
const SHAPED: &[&str] = &[
    "amount_details",
    "excluded_payment_method_types",
    "payment_details",
];

fn write(ctx: &mut Ctx<'_>, intent: &mut Value, params: &Params) -> Result<(), ApiError> {
    statement_descriptors::check(params)?;
    let shaped: Map<String, Value> = params
        .values()
        .iter()
        .filter(|(name, _)| SHAPED.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let (false, Some(object)) = (shaped.is_empty(), intent.as_object_mut()) {
        ctx.apply(INTENT, object, &shaped)?;
    }
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
    automatic_payment_methods::write(intent, params);
    if let Some(data) = params.map("transfer_data") {
        let mut merged = intent["transfer_data"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        merged.extend(data.clone());
        intent["transfer_data"] = merged.into();
    }
    Ok(())
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
