//! Proration: what a change in the middle of a period costs, or gives back, for the rest of that period.

use serde_json::{Value, json};

use super::invoice_items::{self, NewItem};
use super::period::Interval;
use super::prices;
use crate::ctx::Ctx;

/// The share of `amount` for the seconds from `now` to `end`, of a period that is `length` seconds long; rounded half away from
/// zero.
pub(super) fn share(amount: i64, now: i64, end: i64, length: i64) -> i64 {
    let left = i128::from((end - now).clamp(0, length));
    let (amount, length) = (i128::from(amount), i128::from(length.max(1)));
    let magnitude = (amount.abs() * left * 2 + length) / (length * 2);
    i64::try_from(magnitude * amount.signum()).unwrap_or(i64::MAX)
}

/// Writes what the change of an item from `before` to `after` comes to: a credit for the unused time, a debit for the remaining
/// time. Either may be missing: the item is new, or gone.
pub(super) fn items(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    before: Option<&Value>,
    after: Option<&Value>,
) {
    let now = ctx.now();
    for (item, sign, words) in [
        (before, -1, "Unused time on"),
        (after, 1, "Remaining time on"),
    ] {
        let Some(item) = item else { continue };
        let price = &item["price"];
        let quantity = item["quantity"].as_i64().unwrap_or(1);
        let end = item["current_period_end"].as_i64().unwrap_or(now);
        let Some(interval) = Interval::of_price(price) else {
            continue;
        };
        let full = prices::cost(price, quantity);
        let amount = sign * share(full, now, end, interval.length_until(end));
        let product = ctx.get("product", price["product"].as_str().unwrap_or_default());
        let name = product.map_or(Value::Null, |product| product["name"].clone());
        let day = jiff::Timestamp::from_second(now).map_or_else(
            |_| String::new(),
            |now| now.strftime("%d %b %Y").to_string(),
        );
        let name = name.as_str().unwrap_or("the subscription");
        let new = NewItem {
            customer: subscription["customer"].as_str().unwrap_or_default(),
            currency: subscription["currency"].as_str().unwrap_or_default(),
            amount,
            quantity,
            description: Some(format!("{words} {quantity} × {name} after {day}")),
            period: (now, end),
            price: Some(price),
            proration_of: subscription["id"].as_str(),
            metadata: json!({}),
        };
        invoice_items::make(ctx, &new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_by_time_and_never_more_than_the_whole() {
        let day = 86_400;
        assert_eq!(share(3000, 15 * day, 30 * day, 30 * day), 1500);
        assert_eq!(share(-3000, 20 * day, 30 * day, 30 * day), -1000);
        assert_eq!(share(1000, 0, 60 * day, 30 * day), 1000);
        assert_eq!(share(1000, 31 * day, 30 * day, 30 * day), 0);
        assert_eq!(share(1, 15 * day, 30 * day, 30 * day), 1);
    }
}
