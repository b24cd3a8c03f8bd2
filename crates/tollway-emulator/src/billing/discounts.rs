//! Discounts: a coupon applied to a subscription, an invoice or a line.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::billing::invoice_lines::InvoiceLine;
use crate::billing::invoice_record::subscription_of;
use crate::billing::period::Interval;
use crate::billing::promotion_codes;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::fees::proportional;
use crate::generic::GenericCtx as _;
use crate::json::{list, number, text};
use crate::world::PrivateRecord;

/// The id of the invoice that used the discount of a coupon with `duration=once`.
#[derive(Debug, Serialize, Deserialize)]
struct DiscountUse {
    invoice: String,
}

impl PrivateRecord for DiscountUse {
    const TYPE: &'static str = "_discount_used";
}

/// The coupon of a discount at its creation: deleting the coupon does not end the discount.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct DiscountTerms(Value);

impl PrivateRecord for DiscountTerms {
    const TYPE: &'static str = "_discount_terms";
}

/// Creates the discounts that a request names by `coupon` or `promotion_code`. Returns their ids.
pub(crate) fn create_discounts(
    ctx: &mut Ctx<'_>,
    requested: &[Value],
    customer: &str,
    subscription: Option<&str>,
) -> Result<Vec<Value>, ApiError> {
    let mut ids = Vec::new();
    for (index, requested) in requested.iter().enumerate() {
        if let Some(id) = requested["discount"].as_str() {
            ids.push(id.into());
            continue;
        }
        let code = requested["promotion_code"].as_str();
        let code = code
            .map(|id| {
                let param = format!("discounts[{index}][promotion_code]");
                ctx.referenced("promotion_code", id, &param)
            })
            .transpose()?;
        if let Some(code) = &code {
            let over = code["expires_at"]
                .as_i64()
                .is_some_and(|at| at <= ctx.now());
            if over || code["active"] == false {
                let message = "This promotion code is not active any more.";
                let param = format!("discounts[{index}][promotion_code]");
                return Err(ApiError::invalid_param(&param, message));
            }
            let param = format!("discounts[{index}][promotion_code]");
            promotion_codes::check_code_for_customer(ctx, code, customer, &param)?;
        }
        let promoted = code
            .as_ref()
            .and_then(|code| code["promotion"]["coupon"].as_str());
        let Some(coupon) = promoted.or(requested["coupon"].as_str()) else {
            return Err(ApiError::missing_parameter(&format!(
                "discounts[{index}][coupon]"
            )));
        };
        let param = format!("discounts[{index}][coupon]");
        let mut coupon = ctx.referenced("coupon", coupon, &param)?;
        let over = coupon["redeem_by"].as_i64();
        if coupon["valid"] == false || over.is_some_and(|at| at <= ctx.now()) {
            let message = format!("Coupon expired: {}", text(&coupon, "id"));
            return Err(ApiError::invalid_param(&param, message).code("coupon_expired"));
        }
        let mut discount = Value::Object(ctx.blank("discount"));
        discount["customer"] = customer.into();
        discount["subscription"] = subscription.into();
        discount["promotion_code"] = code.as_ref().map_or(Value::Null, |code| code["id"].clone());
        discount["source"] = json!({"coupon": coupon["id"], "type": "coupon"});
        discount["start"] = ctx.now().into();
        discount["end"] = discount_end(ctx, &coupon).into();
        ctx.insert("discount", &discount);
        ctx.save(text(&discount, "id"), &DiscountTerms(coupon.clone()));
        let times = coupon["times_redeemed"].as_i64().unwrap_or(0) + 1;
        coupon["times_redeemed"] = times.into();
        let last = coupon["max_redemptions"]
            .as_i64()
            .is_some_and(|most| times >= most);
        coupon["valid"] = (!last).into();
        ctx.update("coupon", &coupon);
        if let Some(mut code) = code {
            let times = number(&code, "times_redeemed") + 1;
            code["times_redeemed"] = times.into();
            let last = code["max_redemptions"]
                .as_i64()
                .is_some_and(|most| times >= most);
            code["active"] = (!last).into();
            ctx.update("promotion_code", &code);
        }
        if subscription.is_some() {
            ctx.emit("customer.discount.created", &discount, None);
        }
        ids.push(discount["id"].clone());
    }
    Ok(ids)
}

fn discount_end(ctx: &Ctx<'_>, coupon: &Value) -> Option<i64> {
    let months = coupon["duration_in_months"].as_i64()?;
    let price = json!({"recurring": {"interval": "month", "interval_count": months}});
    Some(Interval::of_price(&price)?.end_after(ctx.now(), ctx.now()))
}

/// Subtracts the discounts of each line, then those of the invoice from all lines, one after the other. Returns the
/// sum.
pub(super) fn apply_discounts(
    ctx: &Ctx<'_>,
    invoice: &mut Value,
    lines: &mut [InvoiceLine],
) -> i64 {
    for invoice_line in lines.iter_mut() {
        invoice_line.line["discount_amounts"] = json!([]);
    }
    let mut discounts = list(invoice, "discounts").to_vec();
    let left = |line: &Value| (number(line, "amount") - line_discount(line)).max(0);
    let mut all = 0;
    let mut of_lines = Vec::new();
    for invoice_line in lines.iter_mut() {
        for id in list(&invoice_line.line, "discounts").to_vec() {
            let Some(coupon) = coupon_in_force(ctx, &id, text(invoice, "id")) else {
                continue;
            };
            let off = coupon_amount_off(&coupon, left(&invoice_line.line));
            subtract_discount(&mut invoice_line.line, off, &id);
            all += off;
            of_lines.push(id);
        }
    }
    for id in &discounts {
        let Some(coupon) = coupon_in_force(ctx, id, text(invoice, "id")) else {
            continue;
        };
        let mut eligible: Vec<&mut Value> = lines
            .iter_mut()
            .map(|invoice_line| &mut invoice_line.line)
            .filter(|line| line["discountable"] == true && coupon_applies_to(&coupon, line))
            .filter(|line| left(line) > 0)
            .collect();
        let whole: i64 = eligible.iter().map(|line| left(line)).sum();
        let off = coupon_amount_off(&coupon, whole);
        let mut rest = off;
        let last = eligible.len().saturating_sub(1);
        for (index, line) in eligible.iter_mut().enumerate() {
            let most = left(line);
            let part = if index == last {
                rest
            } else {
                proportional(off, most, whole).min(rest)
            };
            rest -= part;
            subtract_discount(line, part, id);
        }
        all += off;
    }
    of_lines.retain(|id| !discounts.contains(id));
    discounts.extend(of_lines);
    discounts.dedup();
    invoice["total_discount_amounts"] = total_discount_amounts(lines, &discounts).into();
    all
}

fn subtract_discount(line: &mut Value, amount: i64, discount: &Value) {
    if let Some(amounts) = line["discount_amounts"].as_array_mut() {
        amounts.push(json!({"amount": amount, "discount": discount}));
    }
}

/// The sum of the discounts of a line.
pub(super) fn line_discount(line: &Value) -> i64 {
    let amounts = list(line, "discount_amounts").iter();
    amounts.map(|part| number(part, "amount")).sum()
}

/// The coupon of a discount; none if the discount has ended, or if it applies once and another invoice used it.
fn coupon_in_force(ctx: &Ctx<'_>, discount: &Value, invoice: &str) -> Option<Value> {
    let id = discount.as_str()?;
    let discount = ctx.get("discount", id)?;
    if discount["end"].as_i64().is_some_and(|end| end <= ctx.now()) {
        return None;
    }
    let terms = ctx.world.load_or_fail(&ctx.scope, id);
    let terms = terms.map(|DiscountTerms(coupon)| coupon);
    let coupon = terms.or_else(|| ctx.get("coupon", text(&discount["source"], "coupon")))?;
    let used = ctx.world.load_or_fail::<DiscountUse>(&ctx.scope, id);
    let elsewhere = used.is_some_and(|used| used.invoice != invoice);
    (!elsewhere || coupon["duration"] != "once").then_some(coupon)
}

/// Whether the line's product is one of those that the coupon applies to.
fn coupon_applies_to(coupon: &Value, line: &Value) -> bool {
    let products = list(&coupon["applies_to"], "products");
    let product = &line["pricing"]["price_details"]["product"];
    products.is_empty() || products.contains(product)
}

/// Records that a finalized invoice used its coupons with `duration=once`, and removes them from the subscription.
pub(super) fn record_use_of_once_coupons(ctx: &mut Ctx<'_>, invoice: &Value) {
    let subscription = subscription_of(invoice);
    for part in list(invoice, "total_discount_amounts") {
        let id = text(part, "discount");
        let coupon = coupon_in_force(ctx, &part["discount"], text(invoice, "id"));
        if coupon.is_none_or(|coupon| coupon["duration"] != "once") {
            continue;
        }
        let used = DiscountUse {
            invoice: text(invoice, "id").to_owned(),
        };
        ctx.save(id, &used);
        if let Some(mut subscription) = ctx.get("subscription", &subscription)
            && let Some(discounts) = subscription["discounts"].as_array_mut()
        {
            discounts.retain(|it| it != id);
            for item in subscription["items"]["data"]
                .as_array_mut()
                .into_iter()
                .flatten()
            {
                if let Some(discounts) = item["discounts"].as_array_mut() {
                    discounts.retain(|it| it != id);
                }
            }
            ctx.update("subscription", &subscription);
        }
    }
}

/// The discount of a subscription on an amount of one of its prices, where `whole` is the amount of all prices.
pub(super) fn discount_on_share(
    ctx: &Ctx<'_>,
    subscription: &Value,
    price: &Value,
    amount: i64,
    whole: i64,
) -> i64 {
    let line = json!({"pricing": {"price_details": {"product": price["product"]}}});
    let mut left = amount;
    for id in list(subscription, "discounts") {
        let coupon = coupon_in_force(ctx, id, "");
        let Some(coupon) = coupon.filter(|coupon| coupon_applies_to(coupon, &line)) else {
            continue;
        };
        let off = if coupon["percent_off"].is_number() {
            coupon_amount_off(&coupon, left)
        } else {
            proportional(coupon_amount_off(&coupon, whole), amount, whole).min(left)
        };
        left -= off;
    }
    amount - left
}

/// `total_discount_amounts` of an invoice, summed over its lines.
fn total_discount_amounts(lines: &[InvoiceLine], discounts: &[Value]) -> Vec<Value> {
    let mut amounts = Vec::new();
    for id in discounts {
        let parts = lines
            .iter()
            .flat_map(|invoice_line| list(&invoice_line.line, "discount_amounts"));
        let off: i64 = parts
            .filter(|part| part["discount"] == *id)
            .map(|part| number(part, "amount"))
            .sum();
        if off != 0 {
            amounts.push(json!({"amount": off, "discount": id}));
        }
    }
    amounts
}

/// The discount of a coupon on an amount, at most the amount.
pub(crate) fn coupon_amount_off(coupon: &Value, amount: i64) -> i64 {
    let off = match coupon["percent_off"].as_f64() {
        Some(percent) => proportional(amount, basis_points(percent), 10_000),
        None => coupon["amount_off"].as_i64().unwrap_or(0),
    };
    off.clamp(0, amount.max(0))
}

/// Converts a percentage to hundredths of a percent.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a percentage is between 0 and 100"
)]
pub(super) fn basis_points(percent: f64) -> i64 {
    (percent * 100.0).round() as i64
}
