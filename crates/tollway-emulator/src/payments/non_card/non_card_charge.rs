//! The charge of a payment by a method that is not a card.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::objects::status::ChargeStatus;
use crate::objects::views::PaymentIntent;
use crate::payment_methods::method_types;
use crate::payment_methods::operations as payment_methods;
use crate::payments::charge_object::{self, NewCharge, copied_fields};
use crate::payments::intents::is_captured_manually;
use crate::payments::non_card::mandates;
use crate::payments::notifications::ChargeSuccess;
use crate::payments::payment_attempt::apply_charge;
use crate::payments::settlement;
use crate::payments::split::{self, Split};

/// Charges the intent: its payer approved or paid.
pub(super) fn charge_intent(
    ctx: &mut Ctx<'_>,
    intent: Value,
    method: &Value,
) -> Result<Value, ApiError> {
    let mut charge = new_charge(ctx, &intent, method)?;
    write_voucher_details(&intent, &mut charge);
    let kind = method["type"].as_str().unwrap_or_default();
    if is_captured_manually(&intent, kind) {
        charge["paid"] = true.into();
        ChargeStatus::Succeeded.set(&mut charge)?;
        ctx.insert("charge", &charge);
        ctx.emit("charge.succeeded", &charge, None);
        attach_for_future_usage(ctx, &intent, method)?;
        return apply_charge(ctx, intent, &charge, true);
    }
    ctx.insert("charge", &charge);
    attach_for_future_usage(ctx, &intent, method)?;
    complete_charge(ctx, intent, charge)
}

/// Settles a stored charge and completes its intent.
pub(super) fn complete_charge(
    ctx: &mut Ctx<'_>,
    intent: Value,
    mut charge: Value,
) -> Result<Value, ApiError> {
    let amount = PaymentIntent::new(&intent).amount()?;
    charge["paid"] = true.into();
    ChargeStatus::Succeeded.set(&mut charge)?;
    settlement::settle(ctx, &mut charge, amount, &Split::of_object(&intent))?;
    ctx.update("charge", &charge);
    ctx.emit("charge.succeeded", &charge, None);
    let charge = ChargeSuccess::notify(ctx, charge)?;
    apply_charge(ctx, intent, &charge, false)
}

/// With `setup_future_usage`, attaches the payment method to the intent's customer.
pub(super) fn attach_for_future_usage(
    ctx: &mut Ctx<'_>,
    intent: &Value,
    method: &Value,
) -> Result<(), ApiError> {
    let kind = method["type"].as_str().unwrap_or_default();
    let is_requested = intent["setup_future_usage"].is_string()
        || intent["payment_method_options"][kind]["setup_future_usage"]
            .as_str()
            .is_some_and(|usage| usage != "none");
    if !is_requested || !method_types::is_reusable(kind) || !method["customer"].is_null() {
        return Ok(());
    }
    if let (Some(customer), Some(id)) = (intent["customer"].as_str(), method["id"].as_str()) {
        payment_methods::attach_to_customer(ctx, id, customer)?;
    }
    Ok(())
}

/// Builds the charge of the intent. It is not stored.
pub(super) fn new_charge(
    ctx: &mut Ctx<'_>,
    intent: &Value,
    method: &Value,
) -> Result<Value, ApiError> {
    let split = Split::of_object(intent);
    let money = PaymentIntent::new(intent).money()?;
    split::check(ctx, &split, money.amount)?;
    let kind = method["type"].as_str().unwrap_or_default();
    let new = NewCharge {
        money,
        billing_details: &method["billing_details"],
        customer: intent["customer"].as_str().or(method["customer"].as_str()),
        intent: intent["id"].as_str(),
        method: method["id"].as_str().unwrap_or_default(),
        details: Value::Null,
        risk: "normal",
        source: None,
        split: &split,
        copied_fields: &intent.as_object().map(copied_fields).unwrap_or_default(),
    };
    let mut charge = charge_object::build(ctx, &new);
    charge["id"] = format!("py_3{}", ctx.world.random.alphanumeric(23)).into();
    let details = json!({"payment_method_details": {"type": kind, kind: method[kind]}});
    if let (Value::Object(members), Value::Object(details)) = (&mut charge, details) {
        members.insert("payment_method_details".into(), json!({"type": kind}));
        ctx.apply("charge", members, &details)?;
        let intent = intent["id"].as_str().unwrap_or_default();
        if let Some(mandate) = mandates::mandate_of_intent(ctx, intent)? {
            charge["payment_method_details"][kind]["mandate"] = mandate.into();
        }
    }
    Ok(charge)
}

/// Writes the voucher that paid into `payment_method_details`.
fn write_voucher_details(intent: &Value, charge: &mut Value) {
    let action = &intent["next_action"];
    let details = &mut charge["payment_method_details"];
    match action["type"].as_str() {
        Some("oxxo_display_details") => {
            details["oxxo"] = json!({"number": action["oxxo_display_details"]["number"]});
        }
        Some("multibanco_display_details") => {
            let voucher = &action["multibanco_display_details"];
            details["multibanco"] =
                json!({"entity": voucher["entity"], "reference": voucher["reference"]});
        }
        Some("konbini_display_details") => {
            details["konbini"] = json!({"store": {"chain": "familymart"}});
        }
        _ => {}
    }
}
