//! Shipping options of Checkout sessions and payment links, and the limits of a total.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;

/// The greatest number of shipping options.
const MAX_SHIPPING_OPTIONS: usize = 5;

/// Writes `shipping_options` of a request into a session or payment link: existing rates, or new ones from
/// `shipping_rate_data`.
pub(super) fn write_shipping_options(
    ctx: &mut Ctx<'_>,
    members: &mut Map<String, Value>,
    requested: Option<Value>,
) -> Result<(), ApiError> {
    let requested = match requested {
        None => return Ok(()),
        Some(Value::Array(requested)) => requested,
        // An empty value removes the shipping options.
        Some(_) => Vec::new(),
    };
    if requested.len() > MAX_SHIPPING_OPTIONS {
        let message = format!("You can pass at most {MAX_SHIPPING_OPTIONS} shipping options.");
        return Err(ApiError::invalid_param("shipping_options", message));
    }
    let mut options = Vec::with_capacity(requested.len());
    for (index, requested) in requested.iter().enumerate() {
        let param = format!("shipping_options[{index}]");
        let rate = match (
            requested["shipping_rate"].as_str(),
            requested["shipping_rate_data"].as_object(),
        ) {
            (Some(id), _) => {
                ctx.referenced("shipping_rate", id, &format!("{param}[shipping_rate]"))?
            }
            (None, Some(data)) => {
                let params = Params::new(Vec::new(), data.clone());
                ctx.generic("shipping_rates.create", &params)?
            }
            (None, None) => {
                return Err(ApiError::missing_parameter(&format!(
                    "{param}[shipping_rate]"
                )));
            }
        };
        let amount = rate["fixed_amount"]["amount"].as_i64().unwrap_or(0);
        options.push(json!({"shipping_amount": amount, "shipping_rate": rate["id"]}));
    }
    members.insert("shipping_options".into(), options.into());
    Ok(())
}

/// Requires a total that one payment can charge.
pub(super) fn check_total(total: i64, currency: &str) -> Result<(), ApiError> {
    if total == 0 {
        return Ok(());
    }
    crate::money::check_amount(total, "line_items")?;
    currency::check_amount(total, currency, "line_items").map_err(|error| {
        let message = format!(
            "The Checkout Session's total amount due must add up to at least the smallest payment in {currency}: {}.",
            error.get("message").unwrap_or_default()
        );
        ApiError::invalid_param("line_items", message).code("amount_too_small")
    })
}
