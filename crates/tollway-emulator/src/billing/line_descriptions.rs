//! Descriptions of invoice lines: `2 seat × Bread club (at $20.00 / month)`.

use serde_json::Value;

use crate::billing::prices::PricePart;
use crate::ctx::Ctx;
use crate::currency;
use crate::json::text;

/// The description of a line with a recurring price: quantity, product, unit price and interval.
pub(super) fn recurring_description(ctx: &Ctx<'_>, price: &Value, part: &PricePart) -> String {
    let product = ctx.get("product", text(price, "product"));
    let product = product.unwrap_or_default();
    let name = text(&product, "name");
    let what = if part.flat {
        name.to_owned()
    } else {
        let unit = match text(&product, "unit_label") {
            "" => String::new(),
            label => format!(" {label}"),
        };
        format!("{}{unit} × {name}", part.quantity)
    };
    let own = price["unit_amount_decimal"].as_str();
    let Some(each) = part.each.as_deref().or(own) else {
        return what;
    };
    let each = price_tag(each, text(price, "currency"));
    let tier = part.tier.map(|tier| format!("Tier {tier} "));
    let tier = tier.unwrap_or_default();
    format!("{what} ({tier}at {each} / {})", interval_name(price))
}

/// The name of a price's product.
pub(super) fn product_name(ctx: &Ctx<'_>, price: &Value) -> Option<String> {
    let product = ctx.get("product", text(price, "product"))?;
    product["name"].as_str().map(str::to_owned)
}

fn interval_name(price: &Value) -> String {
    let recurring = &price["recurring"];
    let unit = text(recurring, "interval");
    match recurring["interval_count"].as_i64() {
        Some(count) if count != 1 => format!("every {count} {unit}s"),
        _ => unit.to_owned(),
    }
}

/// Formats a decimal amount in the currency's smallest unit, `$0.036`.
fn price_tag(each: &str, currency: &str) -> String {
    let (whole, part) = each.split_once('.').unwrap_or((each, ""));
    let amount = whole.parse::<i64>().unwrap_or(0);
    let written = currency::format(amount, currency);
    let (number, code) = written.split_once(' ').unwrap_or((&written, ""));
    let point = if number.contains('.') || part.is_empty() {
        ""
    } else {
        "."
    };
    match currency_sign(currency) {
        Some(sign) => format!("{sign}{number}{point}{part}"),
        None => format!("{} {number}{point}{part}", code.to_uppercase()),
    }
}

fn currency_sign(currency: &str) -> Option<&'static str> {
    Some(match currency {
        "usd" => "$",
        "eur" => "€",
        "gbp" => "£",
        "jpy" => "¥",
        "aud" => "A$",
        "cad" => "CA$",
        "nzd" => "NZ$",
        "hkd" => "HK$",
        "mxn" => "MX$",
        "brl" => "R$",
        "inr" => "₹",
        "ils" => "₪",
        "krw" => "₩",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_price_tag_has_every_decimal_of_its_price() {
        for (each, currency, tag) in [
            ("2000", "usd", "$20.00"),
            ("3.6", "usd", "$0.036"),
            ("0", "eur", "€0.00"),
            ("500", "jpy", "¥500"),
            ("0.5", "jpy", "¥0.5"),
            ("1050", "chf", "CHF 10.50"),
        ] {
            assert_eq!(price_tag(each, currency), tag);
        }
        let every = json!({"recurring": {"interval": "month", "interval_count": 3}});
        assert_eq!(interval_name(&every), "every 3 months");
    }
}
