//! Mandates: a customer's permission to debit a bank account.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::payment_methods::method_types;
use crate::world::PrivateRecord;

const MANDATE: &str = "mandate";

/// The mandate that a PaymentIntent is paid by.
#[derive(Debug, Serialize, Deserialize)]
struct IntentMandate {
    mandate: String,
}

impl PrivateRecord for IntentMandate {
    const TYPE: &'static str = "_mandate";
}

/// The id of the mandate that a PaymentIntent is paid by.
pub(super) fn mandate_of_intent(ctx: &Ctx<'_>, intent: &str) -> Result<Option<String>, ApiError> {
    let record = ctx.load::<IntentMandate>(intent)?;
    Ok(record.map(|record| record.mandate))
}

/// Creates the mandate of a PaymentIntent from `mandate_data`, or finds the one that `mandate` names, and records it.
pub(super) fn create_for_payment(
    ctx: &mut Ctx<'_>,
    intent: &Value,
    method: &Value,
    params: &Params,
) -> Result<(), ApiError> {
    let usage = &intent["setup_future_usage"];
    if let Some(mandate) = create_mandate(ctx, method, usage, params)? {
        let id = intent["id"].as_str().unwrap_or_default();
        ctx.save(id, &IntentMandate { mandate });
    }
    Ok(())
}

/// Creates the mandate of a debit from `mandate_data`, or finds the one that `mandate` names; its id. `usage` is the intent's
/// future usage: without one the mandate is for a single use.
pub(in crate::payments) fn create_mandate(
    ctx: &mut Ctx<'_>,
    method: &Value,
    usage: &Value,
    params: &Params,
) -> Result<Option<String>, ApiError> {
    if let Some(id) = params.text(MANDATE) {
        ctx.referenced(MANDATE, id, MANDATE)?;
        return Ok(Some(id.to_owned()));
    }
    let kind = method["type"].as_str().unwrap_or_default();
    let Some(acceptance) = params
        .at("mandate_data.customer_acceptance")
        .filter(|_| method_types::is_debit(kind))
    else {
        return Ok(None);
    };
    let mut mandate = ctx.blank(MANDATE);
    for name in ["multi_use", "single_use", "on_behalf_of"] {
        mandate.remove(name);
    }
    let mandate_type = if usage.is_string() {
        "multi_use"
    } else {
        "single_use"
    };
    let mut values = Map::new();
    values.insert("customer_acceptance".into(), acceptance.clone());
    ctx.apply(MANDATE, &mut mandate, &values)?;
    if mandate["customer_acceptance"]["accepted_at"]
        .as_i64()
        .unwrap_or(0)
        == 0
    {
        mandate["customer_acceptance"]["accepted_at"] = ctx.now().into();
    }
    let id = mandate["id"].as_str().unwrap_or_default().to_owned();
    mandate.insert("livemode".into(), ctx.scope.livemode().into());
    mandate.insert("payment_method".into(), method["id"].clone());
    mandate.insert(
        "payment_method_details".into(),
        json!({"type": kind, kind: bank_details(kind, &id)}),
    );
    mandate.insert("status".into(), "active".into());
    mandate.insert("type".into(), mandate_type.into());
    mandate.insert(mandate_type.into(), json!({}));
    ctx.insert(MANDATE, &Value::Object(mandate));
    Ok(Some(id))
}

/// Deactivates the mandate of a returned debit and returns the dispute reason.
pub(crate) fn deactivate_mandate(ctx: &mut Ctx<'_>, charge: &Value) -> &'static str {
    let kind = charge["payment_method_details"]["type"].as_str();
    let kind = kind.unwrap_or_default();
    let mandate = charge["payment_method_details"][kind]["mandate"].as_str();
    if let Some(mut mandate) = mandate.and_then(|id| ctx.get(MANDATE, id)) {
        mandate["status"] = "inactive".into();
        ctx.update(MANDATE, &mandate);
        ctx.emit("mandate.updated", &mandate, None);
    }
    match kind {
        "us_bank_account" | "acss_debit" => "debit_not_authorized",
        _ => "customer_initiated",
    }
}

/// `payment_method_details` of a mandate: what its bank requires.
fn bank_details(kind: &str, id: &str) -> Value {
    let reference = id.trim_start_matches("mandate_").to_ascii_uppercase();
    let url = format!("https://payments.stripe.com/mandates/{id}");
    match kind {
        "sepa_debit" => json!({"reference": reference, "url": url}),
        "bacs_debit" => json!({
            "display_name": null, "network_status": "accepted", "reference": reference, "revocation_reason": null,
            "service_user_number": null, "url": url,
        }),
        "acss_debit" => json!({
            "interval_description": null, "payment_schedule": "sporadic", "transaction_type": "personal",
        }),
        "au_becs_debit" => json!({"url": url}),
        "us_bank_account" => json!({"collection_method": "paper"}),
        _ => json!({}),
    }
}
