//! Prices: created with or for a product, and the cost of a quantity.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("prices.create", create);
    registry.add_for("prices.update", |params| params.has("lookup_key"), update);
}

/// `POST /v1/prices/{price}` with a `lookup_key`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("price").to_owned();
    take_lookup_key(ctx, params.values(), &id)?;
    ctx.generic("prices.update", params)
}

/// Takes a lookup key from the price that has it if `transfer_lookup_key` is true; otherwise fails.
fn take_lookup_key(
    ctx: &mut Ctx<'_>,
    values: &Map<String, Value>,
    by: &str,
) -> Result<(), ApiError> {
    let Some(key) = values.get("lookup_key").and_then(Value::as_str) else {
        return Ok(());
    };
    let mut owners = ctx.all_with("price", "lookup_key", key);
    owners.retain(|price| price["id"] != by);
    let transfers = values.get("transfer_lookup_key") == Some(&Value::Bool(true));
    for mut owner in owners {
        if !transfers {
            let message = format!(
                "A price (`{}`) already uses that lookup key.",
                owner["id"].as_str().unwrap_or_default()
            );
            return Err(ApiError::invalid_param("lookup_key", message));
        }
        owner["lookup_key"] = Value::Null;
        ctx.update("price", &owner);
    }
    Ok(())
}

/// Requires exactly one kind of amount.
fn check_price_amount(values: &Map<String, Value>) -> Result<(), ApiError> {
    let has = |name: &str| values.get(name).is_some_and(|value| !value.is_null());
    if values
        .get("billing_scheme")
        .is_some_and(|it| it == "tiered")
    {
        let missing = ["tiers", "tiers_mode"].into_iter().find(|name| !has(name));
        return missing.map_or(Ok(()), |name| Err(ApiError::missing_parameter(name)));
    }
    if has("unit_amount") && has("unit_amount_decimal") {
        let message =
            "You may only specify one of these parameters: unit_amount, unit_amount_decimal.";
        return Err(ApiError::invalid_param("unit_amount", message));
    }
    if ["unit_amount", "unit_amount_decimal", "custom_unit_amount"]
        .into_iter()
        .any(has)
    {
        return Ok(());
    }
    let message = "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.";
    Err(ApiError::invalid_param("unit_amount", message).code("parameter_missing"))
}

pub(super) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut values = params.values().clone();
    let product_data = values.remove("product_data");
    if let Some(Value::Object(data)) = product_data {
        let product = ctx.generic("products.create", &Params::new(Vec::new(), data))?;
        values.insert("product".into(), product["id"].clone());
    }
    if !values.contains_key("product") {
        return Err(ApiError::missing_parameter("product"));
    }
    let currency = values["currency"]
        .as_str()
        .unwrap_or_default()
        .to_ascii_lowercase();
    currency::check(&currency, "currency")?;
    check_price_amount(&values)?;
    take_lookup_key(ctx, &values, "")?;
    let mut price = ctx.blank("price");
    price.insert("currency".into(), currency.into());
    values.remove("currency");
    set_derived_members(&mut price, &values);
    ctx.apply("price", &mut price, &values)?;
    let price = Value::Object(price);
    ctx.insert("price", &price);
    ctx.emit("price.created", &price, None);
    Ok(price)
}

/// Sets the members that follow from the parameters without being parameters.
fn set_derived_members(price: &mut Map<String, Value>, values: &Map<String, Value>) {
    let recurring = values.get("recurring").is_some_and(Value::is_object);
    price.insert(
        "type".into(),
        if recurring { "recurring" } else { "one_time" }.into(),
    );
    price.insert("billing_scheme".into(), "per_unit".into());
    price.insert("tax_behavior".into(), "unspecified".into());
    if recurring {
        price.insert(
            "recurring".into(),
            json!({
                "interval": "month", "interval_count": 1, "meter": null, "trial_period_days": null, "usage_type": "licensed",
            }),
        );
    }
    let decimal = values.get("unit_amount").and_then(Value::as_i64);
    if let Some(amount) = decimal {
        price.insert("unit_amount_decimal".into(), amount.to_string().into());
    }
    if let Some(text) = values.get("unit_amount_decimal").and_then(Value::as_str) {
        price.insert("unit_amount".into(), text.parse::<i64>().ok().into());
    }
}

/// The price that a request names by `price`, or a new one from `price_data`.
pub(super) fn load_or_create_price(
    ctx: &mut Ctx<'_>,
    price_params: &Value,
    param: &str,
) -> Result<Option<Value>, ApiError> {
    if let Some(id) = price_params["price"]
        .as_str()
        .or(price_params["plan"].as_str())
    {
        return ctx
            .referenced("price", id, &format!("{param}[price]"))
            .map(Some);
    }
    let Some(data) = price_params["price_data"].as_object() else {
        return Ok(None);
    };
    let mut data = data.clone();
    data.insert("active".into(), false.into());
    create(ctx, &Params::new(Vec::new(), data)).map(Some)
}

/// Refuses recurring prices: one-time items cannot have them.
pub(super) fn require_one_time(price: &Value, param: &str) -> Result<(), ApiError> {
    if price["type"] != "recurring" {
        return Ok(());
    }
    let message = "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.";
    Err(ApiError::invalid_param(param, message))
}

/// Whether usage is billed after the period.
pub(super) fn is_metered(price: &Value) -> bool {
    price["recurring"]["usage_type"] == "metered"
}

/// The cost of a quantity in the currency's smallest unit; for a metered price the quantity is the usage.
pub(super) fn cost(price: &Value, quantity: i64) -> i64 {
    price_parts(price, quantity)
        .iter()
        .map(|part| part.amount)
        .sum()
}

/// One invoice line of a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PricePart {
    pub(super) amount: i64,
    /// The number of units; 0 for the flat amount of a tier.
    pub(super) quantity: i64,
    /// The number of the tier, counted from 1.
    pub(super) tier: Option<usize>,
    /// The unit price of the tier, or its flat amount, as a decimal in the currency's smallest unit.
    pub(super) each: Option<String>,
    pub(super) flat: bool,
}

/// A single part that costs nothing, as in a trial.
pub(super) fn free_part(quantity: i64) -> Vec<PricePart> {
    vec![PricePart {
        amount: 0,
        quantity,
        tier: None,
        each: None,
        flat: false,
    }]
}

/// The parts of a quantity that remain after `billed` of it was billed.
pub(super) fn remaining_parts(price: &Value, billed: i64, quantity: i64) -> Vec<PricePart> {
    let mut left = price_parts(price, quantity);
    if billed == 0 {
        return left;
    }
    for before in price_parts(price, billed) {
        let same = left
            .iter_mut()
            .find(|part| part.tier == before.tier && part.flat == before.flat);
        match same {
            Some(part) => {
                part.amount -= before.amount;
                part.quantity -= before.quantity;
            }
            None => left.push(PricePart {
                amount: -before.amount,
                quantity: -before.quantity,
                ..before
            }),
        }
    }
    let first = left.first().cloned();
    left.retain(|part| part.amount != 0 || part.quantity != 0);
    if left.is_empty() {
        left.extend(first);
    }
    left
}

/// The parts of the cost of a quantity: one for each tier that it reaches.
pub(super) fn price_parts(price: &Value, quantity: i64) -> Vec<PricePart> {
    if price["billing_scheme"] == "tiered" {
        return tier_parts(price, quantity);
    }
    let packed = packages(price, quantity);
    let amount = match price["unit_amount"].as_i64() {
        Some(unit) => unit.saturating_mul(packed),
        None => decimal_cost(price["unit_amount_decimal"].as_str(), packed),
    };
    vec![PricePart {
        amount,
        quantity,
        tier: None,
        each: None,
        flat: false,
    }]
}

/// The number of packages that a quantity fills, by `transform_quantity`.
fn packages(price: &Value, quantity: i64) -> i64 {
    let transform = &price["transform_quantity"];
    match (transform["divide_by"].as_i64(), transform["round"].as_str()) {
        (Some(size), Some("up")) if size > 0 => (quantity + size - 1) / size,
        (Some(size), _) if size > 0 => quantity / size,
        _ => quantity,
    }
}

/// The cost at a decimal unit price such as `0.5`, rounded half up.
fn decimal_cost(unit: Option<&str>, quantity: i64) -> i64 {
    let (whole, part) = unit
        .unwrap_or("0")
        .split_once('.')
        .unwrap_or((unit.unwrap_or("0"), ""));
    let digits = part.get(..part.len().min(12)).unwrap_or_default();
    let scale = 10_i128.pow(u32::try_from(digits.len()).unwrap_or(0));
    let number: i128 = format!("{whole}{digits}").parse().unwrap_or(0);
    let sum = (number * i128::from(quantity) * 2 + scale).div_euclid(scale * 2);
    i64::try_from(sum).unwrap_or(i64::MAX)
}

/// The parts of a tiered price: each unit at the price of its tier, or all units at the price of the last tier.
fn tier_parts(price: &Value, quantity: i64) -> Vec<PricePart> {
    let graduated = price["tiers_mode"] == "graduated";
    let (mut parts, mut below) = (Vec::new(), 0);
    let tiers = price["tiers"].as_array().into_iter().flatten();
    for (index, tier) in tiers.enumerate() {
        let up_to = tier["up_to"].as_i64().unwrap_or(i64::MAX);
        let units = if graduated {
            quantity.min(up_to) - below
        } else {
            quantity
        };
        let last = quantity <= up_to;
        // A graduated price has a part for each tier up to the last; a quantity of zero has one for the first tier.
        if (graduated && (units > 0 || index == 0)) || last {
            parts.extend(parts_of_tier(
                tier,
                index + 1,
                units.max(0),
                units > 0 || !graduated,
            ));
        }
        if last {
            break;
        }
        below = up_to;
    }
    parts
}

/// The part for the units of a tier, and one for its flat amount if `is_reached`.
fn parts_of_tier(tier: &Value, number: usize, units: i64, is_reached: bool) -> Vec<PricePart> {
    let decimal = |name: &str| {
        let whole = tier[name].as_i64().map(|amount| amount.to_string());
        whole.or_else(|| tier[format!("{name}_decimal")].as_str().map(str::to_owned))
    };
    let (each, flat) = (decimal("unit_amount"), decimal("flat_amount"));
    let of_units = PricePart {
        amount: decimal_cost(each.as_deref(), units),
        quantity: units,
        tier: Some(number),
        each: Some(each.unwrap_or_else(|| "0".to_owned())),
        flat: false,
    };
    let of_flat = flat.filter(|_| is_reached).map(|flat| PricePart {
        amount: decimal_cost(Some(&flat), 1),
        quantity: 0,
        tier: Some(number),
        each: Some(flat),
        flat: true,
    });
    std::iter::once(of_units).chain(of_flat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_costs_what_the_price_says() {
        let flat = json!({"unit_amount": 500});
        assert_eq!(cost(&flat, 3), 1500);
        let packed =
            json!({"unit_amount": 500, "transform_quantity": {"divide_by": 10, "round": "up"}});
        assert_eq!(cost(&packed, 11), 1000);
        let fine = json!({"unit_amount": null, "unit_amount_decimal": "0.5"});
        assert_eq!((cost(&fine, 3), cost(&fine, 4)), (2, 2));
        let tiers = json!([{"up_to": 5, "unit_amount": 10, "flat_amount": 100}, {"up_to": null, "unit_amount": 5}]);
        let tiered =
            |mode: &str| json!({"billing_scheme": "tiered", "tiers_mode": mode, "tiers": tiers});
        assert_eq!(cost(&tiered("graduated"), 7), 100 + 50 + 10);
        assert_eq!(cost(&tiered("volume"), 7), 35);
        let shown = |price: &Value, quantity| {
            let parts = price_parts(price, quantity);
            let shown = parts.iter().map(|it| (it.tier, it.quantity, it.amount));
            shown.collect::<Vec<_>>()
        };
        assert_eq!(
            shown(&tiered("graduated"), 7),
            [(Some(1), 5, 50), (Some(1), 0, 100), (Some(2), 2, 10)]
        );
        assert_eq!(shown(&tiered("graduated"), 0), [(Some(1), 0, 0)]);
        assert_eq!(shown(&tiered("volume"), 7), [(Some(2), 7, 35)]);
        assert_eq!(shown(&flat, 3), [(None, 3, 1500)]);
        let left = |price: &Value, billed, quantity| {
            let left = remaining_parts(price, billed, quantity);
            let shown = left.iter().map(|it| (it.tier, it.quantity, it.amount));
            shown.collect::<Vec<_>>()
        };
        assert_eq!(
            left(&tiered("graduated"), 4, 7),
            [(Some(1), 1, 10), (Some(2), 2, 10)]
        );
        assert_eq!(
            left(&tiered("volume"), 4, 7),
            [(Some(2), 7, 35), (Some(1), -4, -40), (Some(1), 0, -100)]
        );
        assert_eq!(left(&flat, 3, 3), [(None, 0, 0)]);
        let decimals = json!({"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": [
            {"up_to": 10, "unit_amount": null, "unit_amount_decimal": "0.25", "flat_amount": null, "flat_amount_decimal": "7.5"},
        ]});
        assert_eq!(cost(&decimals, 4), 1 + 8);
    }
}
