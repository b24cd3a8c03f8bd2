//! Tax rates: amounts added to a price, or contained in it.
//!
//! Rounded for each line and rate, half away from zero. See <https://docs.stripe.com/billing/taxes/tax-rates>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::{number, text};

/// 100 %, in ten thousandths of a percent.
const HUNDRED_PERCENT: i128 = 1_000_000;

/// A tax on an amount.
#[derive(Debug, Clone)]
pub(super) struct Tax {
    pub(super) rate: Value,
    pub(super) amount: i64,
    /// The amount without taxes.
    pub(super) taxable: i64,
    reason: &'static str,
}

impl Tax {
    /// Whether the price contains it.
    pub(super) fn inclusive(&self) -> bool {
        self.rate["inclusive"] == true
    }

    /// The tax as a member of an invoice or its lines.
    pub(super) fn shown(&self) -> Value {
        json!({
            "amount": self.amount,
            "tax_behavior": if self.inclusive() { "inclusive" } else { "exclusive" },
            "tax_rate_details": {"tax_rate": self.rate["id"]},
            "taxability_reason": self.reason,
            "taxable_amount": self.taxable,
            "type": "tax_rate_details",
        })
    }

    /// The tax as a member of a Checkout line item.
    pub(super) fn of_item(&self) -> Value {
        json!({
            "amount": self.amount, "rate": self.rate, "taxability_reason": self.reason, "taxable_amount": self.taxable,
        })
    }
}

/// The tax rates that a request names; archived ones are refused.
pub(super) fn load_tax_rates(
    ctx: &Ctx<'_>,
    ids: &[Value],
    param: &str,
) -> Result<Vec<Value>, ApiError> {
    let mut rates = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let id = id.as_str().unwrap_or_default();
        let param = format!("{param}[{index}]");
        let rate = ctx.referenced("tax_rate", id, &param)?;
        if rate["active"] == false {
            let message = format!("The tax rate {id} is archived: it cannot be used any more.");
            return Err(ApiError::invalid_param(&param, message));
        }
        rates.push(rate);
    }
    Ok(rates)
}

/// A tax with a given amount: `{amount, rate, taxable_amount}`.
pub(super) fn manual_tax(tax: &Value) -> Tax {
    Tax {
        rate: tax["rate"].clone(),
        amount: number(tax, "amount"),
        taxable: number(tax, "taxable_amount"),
        reason: "standard_rated",
    }
}

/// The taxes on an amount; `exempt` is the customer's `tax_exempt`.
pub(super) fn calculate_taxes(amount: i64, rates: &[Value], exempt: &str) -> Vec<Tax> {
    let inside: i128 = rates
        .iter()
        .filter(|rate| rate["inclusive"] == true)
        .map(percentage)
        .sum();
    let free = matches!(exempt, "exempt" | "reverse");
    let net = if free {
        amount
    } else {
        rounded(
            i128::from(amount) * HUNDRED_PERCENT,
            HUNDRED_PERCENT + inside,
        )
    };
    // The last inclusive rate gets the rounding difference.
    let mut left = amount - net;
    let last = rates.iter().rposition(|rate| rate["inclusive"] == true);
    let mut taxes = Vec::with_capacity(rates.len());
    for (index, rate) in rates.iter().enumerate() {
        let share = rounded(i128::from(net) * percentage(rate), HUNDRED_PERCENT);
        let of_rate = match (free, rate["inclusive"] == true) {
            (true, _) => 0,
            (false, true) if last == Some(index) => left,
            (false, true) => {
                left -= share;
                share
            }
            (false, false) if rate["rate_type"] == "flat_amount" => {
                number(&rate["flat_amount"], "amount")
            }
            (false, false) => share,
        };
        let reason = match exempt {
            "exempt" => "customer_exempt",
            "reverse" => "reverse_charge",
            _ if percentage(rate) == 0 && of_rate == 0 => "zero_rated",
            _ => "standard_rated",
        };
        taxes.push(Tax {
            rate: rate.clone(),
            amount: of_rate,
            taxable: net,
            reason,
        });
    }
    taxes
}

/// Sums taxes with the same rate.
pub(super) fn merge_by_rate(taxes: impl IntoIterator<Item = Tax>) -> Vec<Tax> {
    let mut sums: Vec<Tax> = Vec::new();
    for tax in taxes {
        match sums
            .iter_mut()
            .find(|sum| text(&sum.rate, "id") == text(&tax.rate, "id"))
        {
            Some(sum) => {
                sum.amount += tax.amount;
                sum.taxable += tax.taxable;
            }
            None => sums.push(tax),
        }
    }
    sums
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a percentage has at most four decimals and stays below a thousand"
)]
fn percentage(rate: &Value) -> i128 {
    let percent = rate["effective_percentage"]
        .as_f64()
        .or(rate["percentage"].as_f64());
    (percent.unwrap_or(0.0) * 10_000.0).round() as i128
}

/// Divides, rounding half away from zero.
fn rounded(amount: i128, by: i128) -> i64 {
    let magnitude = (amount.abs() * 2 + by) / (by * 2);
    i64::try_from(magnitude * amount.signum()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(percentage: f64, inclusive: bool) -> Value {
        json!({"id": format!("txr_{percentage}"), "percentage": percentage, "inclusive": inclusive})
    }

    fn amounts(amount: i64, rates: &[Value], exempt: &str) -> Vec<(i64, i64)> {
        let taxes = calculate_taxes(amount, rates, exempt);
        taxes.iter().map(|tax| (tax.amount, tax.taxable)).collect()
    }

    #[test]
    fn a_rate_is_added_or_is_a_part_of_the_price() {
        assert_eq!(amounts(1000, &[rate(19.0, false)], "none"), [(190, 1000)]);
        assert_eq!(amounts(1190, &[rate(19.0, true)], "none"), [(190, 1000)]);
        assert_eq!(
            amounts(-1000, &[rate(19.0, false)], "none"),
            [(-190, -1000)]
        );
        assert_eq!(amounts(999, &[rate(8.875, false)], "none"), [(89, 999)]);
        let both = [rate(5.0, true), rate(10.0, true)];
        let taxes = amounts(1000, &both, "none");
        assert_eq!(taxes, [(44, 870), (86, 870)]);
        assert_eq!(amounts(1000, &[rate(19.0, false)], "exempt"), [(0, 1000)]);
        assert_eq!(amounts(1000, &[rate(19.0, false)], "reverse"), [(0, 1000)]);
    }
}
