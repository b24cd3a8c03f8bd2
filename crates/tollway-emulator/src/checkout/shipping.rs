//! Shipping options of Checkout sessions and payment links, and the limits of a total.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;

/// As many ways of shipping as a session or a link may have.
const MAX_SHIPPING_OPTIONS: usize = 5;

/// Writes `shipping_options` of a request into a session or a link: rates there are, or rates described by `shipping_rate_data`.
pub(super) fn write_shipping_options(
    ctx: &mut Ctx<'_>,
    members: &mut Map<String, Value>,
    wanted: Option<Value>,
) -> Result<(), ApiError> {
    let wanted = match wanted {
        None => return Ok(()),
        Some(Value::Array(wanted)) => wanted,
        // Sent empty: no way of shipping any more.
        Some(_) => Vec::new(),
    };
    if wanted.len() > MAX_SHIPPING_OPTIONS {
        let message = format!("You can pass at most {MAX_SHIPPING_OPTIONS} shipping options.");
        return Err(ApiError::invalid_param("shipping_options", message));
    }
    let mut options = Vec::with_capacity(wanted.len());
    for (index, wanted) in wanted.iter().enumerate() {
        let param = format!("shipping_options[{index}]");
        let rate = match (
            wanted["shipping_rate"].as_str(),
            wanted["shipping_rate_data"].as_object(),
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

/// Can a card be charged with this in one payment?
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
