//! The members of a PaymentIntent that requests write.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::money::Money;
use crate::objects::status::PaymentIntentStatus;
use crate::params::Params;
use crate::payments::application::charging_application;
use crate::payments::automatic_payment_methods;
use crate::payments::intents::PAYMENT_INTENT;
use crate::payments::statement_descriptors;

/// The parameters that are copied into the intent.
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

/// The parameters that are written in the shape of the API description.
const SHAPED: &[&str] = &[
    "amount_details",
    "excluded_payment_method_types",
    "payment_details",
];

/// Writes the parameters into the intent.
pub(super) fn write(
    ctx: &mut Ctx<'_>,
    intent: &mut Value,
    params: &Params,
) -> Result<(), ApiError> {
    statement_descriptors::check(params)?;
    let shaped: Map<String, Value> = params
        .values()
        .iter()
        .filter(|(name, _)| SHAPED.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let (false, Some(object)) = (shaped.is_empty(), intent.as_object_mut()) {
        ctx.apply(PAYMENT_INTENT, object, &shaped)?;
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
        if let Some(value) = params.text(name) {
            intent[name] = value.into();
        }
    }
    automatic_payment_methods::write_to_intent(intent, params);
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

/// Builds an intent that requires a payment method. It is not stored.
pub(super) fn new_intent(ctx: &mut Ctx<'_>, money: Money) -> Value {
    let mut intent = Value::Object(ctx.blank(PAYMENT_INTENT));
    let secret = format!(
        "{}_secret_{}",
        intent["id"].as_str().unwrap_or_default(),
        ctx.world.random.alphanumeric(25)
    );
    let members = json!({
        "allowed_payment_method_types": null,
        "amount": money.amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "application": charging_application(ctx),
        "application_fee_amount": null,
        "automatic_payment_methods": null,
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic_async",
        "client_secret": secret,
        "confirmation_method": "automatic",
        "created": ctx.now(),
        "currency": money.currency,
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
        "status": PaymentIntentStatus::RequiresPaymentMethod.as_str(),
        "transfer_data": null,
        "transfer_group": null,
    });
    if let (Value::Object(intent), Value::Object(members)) = (&mut intent, members) {
        intent.extend(members);
    }
    intent
}
