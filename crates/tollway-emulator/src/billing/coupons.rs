//! Coupons: what they take off, and for how long. Discounts apply them.
//!
//! See <https://docs.stripe.com/api/coupons/create>.

use serde_json::{Map, Value};

use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

/// `redeem_by` is at most five years in the future.
const MAX_REDEEM_BY_SECONDS: i64 = 5 * 366 * 86_400;

pub(super) fn register(registry: &mut Registry) {
    registry.add("coupons.create", create);
}

/// `POST /v1/coupons`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    check_coupon_amount(params)?;
    check_duration(params)?;
    check_redemption(params, ctx.now())?;
    for (index, product) in params.list("applies_to.products").iter().enumerate() {
        let param = format!("applies_to[products][{index}]");
        ctx.referenced("product", product.as_str().unwrap_or_default(), &param)?;
    }
    let mut plain = params.clone();
    lowercase(plain.values_mut(), "currency");
    ctx.generic("coupons.create", &plain)
}

fn lowercase(values: &mut Map<String, Value>, name: &str) {
    if let Some(Value::String(word)) = values.get_mut(name) {
        word.make_ascii_lowercase();
    }
}

/// Requires either `percent_off` or `amount_off`, and a currency for the amount.
fn check_coupon_amount(params: &Params) -> Result<(), ApiError> {
    match (params.has("percent_off"), params.has("amount_off")) {
        (true, true) => {
            let message = "You may only specify one of these parameters: amount_off, percent_off.";
            return Err(ApiError::invalid_param("amount_off", message));
        }
        (false, false) => {
            let message = "You must specify one of these parameters: amount_off, percent_off.";
            return Err(ApiError::invalid_request(message).code("parameter_missing"));
        }
        (false, true) => {
            at_least_one(params, "amount_off")?;
            let Some(requested) = params.text("currency") else {
                return Err(ApiError::missing_parameter("currency"));
            };
            currency::check(&requested.to_ascii_lowercase(), "currency")?;
        }
        (true, false) => {
            let percent = params.at("percent_off").and_then(Value::as_f64);
            if !percent.is_some_and(|percent| percent > 0.0 && percent <= 100.0) {
                let message =
                    "Invalid percent_off: must be greater than 0 and less than or equal to 100.";
                return Err(ApiError::invalid_param("percent_off", message));
            }
            if params.has("currency_options") {
                let message = "You can only set currency_options together with amount_off.";
                return Err(ApiError::invalid_param("currency_options", message));
            }
        }
    }
    Ok(())
}

/// Requires `duration_in_months` for `duration=repeating`, and refuses it for other durations.
fn check_duration(params: &Params) -> Result<(), ApiError> {
    match (
        params.text("duration") == Some("repeating"),
        params.has("duration_in_months"),
    ) {
        (true, false) => Err(ApiError::missing_parameter("duration_in_months")),
        (false, true) => {
            let message = "You can only set duration_in_months if duration is repeating.";
            Err(ApiError::invalid_param("duration_in_months", message))
        }
        _ => at_least_one(params, "duration_in_months"),
    }
}

fn check_redemption(params: &Params, now: i64) -> Result<(), ApiError> {
    at_least_one(params, "max_redemptions")?;
    match params.int("redeem_by") {
        Some(at) if at <= now => {
            let message = "The redeem_by must be in the future.";
            Err(ApiError::invalid_param("redeem_by", message))
        }
        Some(at) if at > now + MAX_REDEEM_BY_SECONDS => {
            let message = "The redeem_by cannot be more than five years in the future.";
            Err(ApiError::invalid_param("redeem_by", message))
        }
        _ => Ok(()),
    }
}

fn at_least_one(params: &Params, name: &str) -> Result<(), ApiError> {
    if params.int(name).is_some_and(|number| number < 1) {
        let message = "This value must be greater than or equal to 1.";
        return Err(ApiError::invalid_param(name, message).code("parameter_invalid_integer"));
    }
    Ok(())
}
