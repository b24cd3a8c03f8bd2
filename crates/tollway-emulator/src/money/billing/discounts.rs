//! Discounts: a coupon applied to a subscription or an invoice.

use serde_json::{Value, json};

use super::super::fees::proportional;
use super::period::Interval;
use crate::ctx::Ctx;
use crate::error::ApiError;

/// Makes the discounts that a request names by `coupon` or `promotion_code`; their ids.
pub(super) fn make(
    ctx: &mut Ctx<'_>,
    wanted: &[Value],
    customer: &str,
    subscription: Option<&str>,
) -> Result<Vec<Value>, ApiError> {
    let mut made = Vec::new();
    for (index, wanted) in wanted.iter().enumerate() {
        if let Some(id) = wanted["discount"].as_str() {
            made.push(id.into());
            continue;
        }
        let code = wanted["promotion_code"].as_str();
        let code = code
            .map(|id| {
                let param = format!("discounts[{index}][promotion_code]");
                ctx.referenced("promotion_code", id, &param)
            })
            .transpose()?;
        let promoted = code
            .as_ref()
            .and_then(|code| code["promotion"]["coupon"].as_str());
        let Some(coupon) = promoted.or(wanted["coupon"].as_str()) else {
            return Err(ApiError::missing_parameter(&format!(
                "discounts[{index}][coupon]"
            )));
        };
        let param = format!("discounts[{index}][coupon]");
        let mut coupon = ctx.referenced("coupon", coupon, &param)?;
        if coupon["valid"] == false {
            let message = "This coupon is not valid any more.";
            return Err(ApiError::invalid_param(&param, message).code("coupon_expired"));
        }
        let mut discount = Value::Object(ctx.blank("discount"));
        discount["customer"] = customer.into();
        discount["subscription"] = subscription.into();
        discount["promotion_code"] = code.map_or(Value::Null, |code| code["id"].clone());
        discount["source"] = json!({"coupon": coupon["id"], "type": "coupon"});
        discount["start"] = ctx.now().into();
        discount["end"] = end_of(ctx, &coupon).into();
        ctx.insert("discount", &discount);
        let times = coupon["times_redeemed"].as_i64().unwrap_or(0) + 1;
        coupon["times_redeemed"] = times.into();
        let last = coupon["max_redemptions"]
            .as_i64()
            .is_some_and(|most| times >= most);
        coupon["valid"] = (!last).into();
        ctx.update("coupon", &coupon);
        if subscription.is_some() {
            ctx.emit("customer.discount.created", &discount, None);
        }
        made.push(discount["id"].clone());
    }
    Ok(made)
}

fn end_of(ctx: &Ctx<'_>, coupon: &Value) -> Option<i64> {
    let months = coupon["duration_in_months"].as_i64()?;
    let price = json!({"recurring": {"interval": "month", "interval_count": months}});
    Some(Interval::of_price(&price)?.end_after(ctx.now(), ctx.now()))
}

/// How much each discount takes off `subtotal`, in order; those that have ended take nothing. A `once` coupon counts
/// only on the `first` invoice of a subscription.
pub(super) fn amounts(
    ctx: &Ctx<'_>,
    discounts: &[Value],
    subtotal: i64,
    first: bool,
) -> Vec<Value> {
    let mut left = subtotal.max(0);
    let mut amounts = Vec::new();
    for id in discounts {
        let id = id.as_str().unwrap_or_default();
        let Some(discount) = ctx.get("discount", id) else {
            continue;
        };
        let coupon = discount["source"]["coupon"].as_str().unwrap_or_default();
        let Some(coupon) = ctx.get("coupon", coupon) else {
            continue;
        };
        let over = discount["end"].as_i64().is_some_and(|end| end <= ctx.now())
            || (coupon["duration"] == "once" && !first);
        if over {
            continue;
        }
        let off = amount_off(&coupon, left);
        left -= off;
        amounts.push(json!({"amount": off, "discount": id}));
    }
    amounts
}

/// What a coupon takes off an amount: never more than there is.
pub(in super::super) fn amount_off(coupon: &Value, amount: i64) -> i64 {
    let off = match coupon["percent_off"].as_f64() {
        Some(percent) => proportional(amount, basis_points(percent), 10_000),
        None => coupon["amount_off"].as_i64().unwrap_or(0),
    };
    off.clamp(0, amount.max(0))
}

/// A percentage in hundredths of a percent.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a percentage is between 0 and 100"
)]
pub(super) fn basis_points(percent: f64) -> i64 {
    (percent * 100.0).round() as i64
}
