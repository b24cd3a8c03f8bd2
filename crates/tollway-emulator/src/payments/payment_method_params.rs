//! The payment method that a request names or describes.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payment_methods::instrument;
use crate::payment_methods::non_card::{self, create_from_test_name};
use crate::payment_methods::operations as payment_methods;

/// The id of the payment method that a request names by `payment_method`, or that is created from `payment_method_data`.
pub(super) fn payment_method_of_params(
    ctx: &mut Ctx<'_>,
    params: &Params,
    intent: &Value,
) -> Result<Option<String>, ApiError> {
    if let Some(id) = params.text("payment_method") {
        // Test names become payment methods of their own, so that the intent shows a real id.
        let id = match create_from_test_name(ctx, id)? {
            Some(method) => method["id"].as_str().unwrap_or_default().to_owned(),
            None if id.starts_with("pm_card_") => {
                instrument::resolve(ctx, id, "payment_method")?.id
            }
            None => id.to_owned(),
        };
        if instrument::find_card(ctx, &id)?.is_none() && ctx.get("payment_method", &id).is_none() {
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
        card if kind == "card" => payment_methods::create_card(ctx, card, &billing, &metadata)?,
        type_params => {
            let type_params = type_params.cloned().unwrap_or_else(|| json!({}));
            non_card::create(ctx, kind, &type_params, &billing, &metadata)?
        }
    };
    Ok(method["id"].as_str().map(str::to_owned))
}

/// Rejects a payment method that is attached to another customer than the intent's.
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
