//! The members of a `charge` object.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::money::Money;
use crate::objects::status::ChargeStatus;
use crate::payment_methods::cards::Decline;
use crate::payments::application::charging_application;
use crate::payments::split::Split;
use crate::payments::statement_descriptors;

/// The members that a charge copies from its request or its PaymentIntent.
const COPIED_FIELDS: &[&str] = &[
    "description",
    "metadata",
    "on_behalf_of",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
];

/// The members of `values` that a charge copies.
pub(super) fn copied_fields(values: &Map<String, Value>) -> Map<String, Value> {
    values
        .iter()
        .filter(|(name, value)| COPIED_FIELDS.contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A charge to build, whatever pays it.
pub(super) struct NewCharge<'a> {
    pub(super) money: Money,
    pub(super) billing_details: &'a Value,
    pub(super) customer: Option<&'a str>,
    /// The id of the PaymentIntent.
    pub(super) intent: Option<&'a str>,
    /// The id of the payment method, card or account.
    pub(super) method: &'a str,
    /// `payment_method_details`.
    pub(super) details: Value,
    /// `outcome[risk_level]`: `normal`, `elevated`, `highest` or `not_assessed`.
    pub(super) risk: &'a str,
    /// The card or account object that the request named as `source`.
    pub(super) source: Option<&'a Value>,
    pub(super) split: &'a Split,
    pub(super) copied_fields: &'a Map<String, Value>,
}

/// Builds a pending charge. It is not stored.
pub(super) fn build(ctx: &mut Ctx<'_>, new: &NewCharge<'_>) -> Value {
    let mut charge = Value::Object(ctx.blank("charge"));
    let id = charge["id"].as_str().unwrap_or_default().to_owned();
    let application = charging_application(ctx);
    let descriptor = statement_descriptors::calculated_descriptor(ctx, new.copied_fields);
    let members = json!({
        "amount": new.money.amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": application,
        "application_fee": null,
        "application_fee_amount": new.split.application_fee_amount,
        "balance_transaction": null,
        "billing_details": new.billing_details,
        "calculated_statement_descriptor": descriptor,
        "captured": false,
        "created": ctx.now(),
        "currency": new.money.currency,
        "customer": new.customer,
        "description": null,
        "disputed": false,
        "failure_balance_transaction": null,
        "failure_code": null,
        "failure_message": null,
        "fraud_details": {},
        "metadata": {},
        "on_behalf_of": null,
        "outcome": {
            "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "approved_by_network", "reason": null, "risk_level": new.risk,
            "risk_score": risk_score(new.risk),
            "seller_message": "Payment complete.", "type": "authorized",
        },
        "paid": false,
        "payment_intent": new.intent,
        "payment_method": new.method,
        "payment_method_details": new.details,
        "receipt_email": null,
        "receipt_number": null,
        "receipt_url": format!("{}/_tollway/receipts/{id}", ctx.request.base_url),
        "refunded": false,
        "review": null,
        "shipping": null,
        "source": new.source,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": ChargeStatus::Pending.as_str(),
        "transfer_data": new.split.transfer_data(),
        "transfer_group": null,
    });
    if let (Value::Object(charge), Value::Object(members)) = (&mut charge, members) {
        charge.extend(members);
        charge.extend(new.copied_fields.clone());
        // Members that Stripe sends only where they apply.
        for name in [
            "destination",
            "level3",
            "transfer",
            "authorization_code",
            "presentment_details",
            "radar_options",
            "refunds",
        ] {
            charge.remove(name);
        }
    }
    charge
}

/// `outcome[risk_score]` of a risk level.
fn risk_score(level: &str) -> i64 {
    match level {
        "highest" => 90,
        "elevated" => 70,
        _ => 20,
    }
}

/// Fails the charge with a decline.
pub(super) fn write_decline(charge: &mut Value, decline: &Decline) -> Result<(), ApiError> {
    let (network_status, reason, outcome_type, seller_message) = if decline.blocked {
        (
            "not_sent_to_network",
            "highest_risk_level",
            "blocked",
            "Stripe blocked this payment as too risky.",
        )
    } else {
        (
            "declined_by_network",
            decline.reason.unwrap_or(decline.code),
            "issuer_declined",
            "The bank declined the payment.",
        )
    };
    charge["paid"] = false.into();
    charge["captured"] = false.into();
    charge["amount_captured"] = 0.into();
    ChargeStatus::Failed.set(charge)?;
    charge["failure_code"] = decline.code.into();
    charge["failure_message"] = decline.message.into();
    charge["outcome"]["network_status"] = network_status.into();
    charge["outcome"]["reason"] = reason.into();
    charge["outcome"]["type"] = outcome_type.into();
    charge["outcome"]["advice_code"] = decline.advice.into();
    charge["outcome"]["network_decline_code"] = decline.network.into();
    charge["outcome"]["seller_message"] = seller_message.into();
    charge["receipt_url"] = Value::Null;
    Ok(())
}
