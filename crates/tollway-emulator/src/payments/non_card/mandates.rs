//! Mandates: what a customer has agreed to, so that a bank account may be debited.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payments::non_card::methods::{self, Flow};

const MANDATE: &str = "mandate";

/// Keeps the mandate that the request brings for a debit, in its intent's hidden place; its id.
pub(crate) fn give(
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
    let is_debit = methods::find(kind).is_some_and(|it| matches!(it.flow, Flow::Debit(_)));
    let Some(accepted) = params
        .at("mandate_data.customer_acceptance")
        .filter(|_| is_debit)
    else {
        return Ok(None);
    };
    let mut mandate = ctx.blank(MANDATE);
    for name in ["multi_use", "single_use", "on_behalf_of"] {
        mandate.remove(name);
    }
    let use_ = if usage.is_string() {
        "multi_use"
    } else {
        "single_use"
    };
    let mut shaped = Map::new();
    shaped.insert("customer_acceptance".into(), accepted.clone());
    ctx.apply(MANDATE, &mut mandate, &shaped)?;
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
        json!({"type": kind, kind: details(kind, &id)}),
    );
    mandate.insert("status".into(), "active".into());
    mandate.insert("type".into(), use_.into());
    mandate.insert(use_.into(), json!({}));
    ctx.insert(MANDATE, &Value::Object(mandate));
    Ok(Some(id))
}

/// What banks are told of a mandate.
fn details(kind: &str, id: &str) -> Value {
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
