//! A cart: the line items of a Checkout session, a payment link or a quote, with their discounts, taxes and totals.

use serde_json::{Map, Value, json};

use crate::billing::{discounts, prices, taxes};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::fees::proportional;
use crate::generic::GenericCtx as _;
use crate::json::{list, number};
use crate::store::Query;

const LINE_ITEM: &str = "item";

/// The greatest number of line items that a session or payment link can have.
const MAX_LINE_ITEMS: usize = 100;

/// The line items of a session, a payment link or a quote.
#[derive(Debug, Clone)]
pub(crate) struct Cart {
    /// `item` objects in the order of the request.
    pub(crate) items: Vec<Value>,
    pub(crate) currency: String,
}

impl Cart {
    /// Whether any item has a recurring price.
    pub(crate) fn is_recurring(&self) -> bool {
        self.items
            .iter()
            .any(|item| item["price"]["type"] == "recurring")
    }

    /// The sum of the items, after discounts and with taxes.
    pub(crate) fn total(&self) -> i64 {
        self.items
            .iter()
            .map(|item| number(item, "amount_total"))
            .sum()
    }

    /// `custom_unit_amount` of the item whose amount the customer chooses, if there is one.
    pub(crate) fn custom_unit_amount(&self) -> Option<&Value> {
        self.items
            .iter()
            .find_map(|item| custom_unit_amount(&item["price"]))
    }

    /// The sum of the items, before discounts and taxes.
    pub(crate) fn subtotal(&self) -> i64 {
        self.items
            .iter()
            .map(|item| item["amount_subtotal"].as_i64().unwrap_or(0))
            .sum()
    }
}

/// Reads `line_items` of a request. Each has an existing price, or `price_data` for a new one.
pub(crate) fn read_line_items(
    ctx: &mut Ctx<'_>,
    requested: &[Value],
    param: &str,
) -> Result<Cart, ApiError> {
    if requested.is_empty() {
        return Err(ApiError::missing_parameter(param));
    }
    let mut items = Vec::with_capacity(requested.len());
    for (index, requested) in requested.iter().enumerate() {
        items.push(build_item(ctx, requested, &format!("{param}[{index}]"))?);
    }
    let currency = items[0]["currency"].as_str().unwrap_or_default().to_owned();
    if let Some(index) = items.iter().position(|item| item["currency"] != *currency) {
        let message =
            format!("All line items must have the same currency: the first is in {currency}.");
        return Err(ApiError::invalid_param(
            &format!("{param}[{index}]"),
            message,
        ));
    }
    let mut intervals = items
        .iter()
        .enumerate()
        .filter(|(_, item)| item["price"]["recurring"].is_object());
    if let Some((_, first)) = intervals.next() {
        let interval_of = |item: &Value| {
            let recurring = &item["price"]["recurring"];
            (
                recurring["interval"].clone(),
                recurring["interval_count"].clone(),
            )
        };
        if let Some((index, _)) =
            intervals.find(|(_, item)| interval_of(item) != interval_of(first))
        {
            let message = "All recurring line items must have the same billing interval.";
            return Err(ApiError::invalid_param(
                &format!("{param}[{index}]"),
                message,
            ));
        }
    }
    Ok(Cart { items, currency })
}

fn build_item(ctx: &mut Ctx<'_>, requested: &Value, param: &str) -> Result<Value, ApiError> {
    let Some(price) = prices::load_or_create_price(ctx, requested, param)? else {
        let message = format!("Pass {param}[price] or {param}[price_data].");
        return Err(ApiError::invalid_param(param, message).code("parameter_missing"));
    };
    let metered = prices::is_metered(&price);
    let quantity = match requested["quantity"].as_i64() {
        _ if metered => None,
        Some(quantity) if quantity < 1 => {
            let message = "This value must be greater than or equal to 1.";
            return Err(
                ApiError::invalid_param(&format!("{param}[quantity]"), message)
                    .code("parameter_invalid_integer"),
            );
        }
        limits => Some(limits.unwrap_or(1)),
    };
    let product = ctx.get("product", price["product"].as_str().unwrap_or_default());
    let name = product.and_then(|product| product["name"].as_str().map(str::to_owned));
    let amount = prices::cost(&price, quantity.unwrap_or(i64::from(!metered)));
    let adjustable = requested["adjustable_quantity"].as_object().map(|limits| {
        json!({
            "enabled": limits.get("enabled") == Some(&Value::Bool(true)),
            "maximum": limits.get("maximum").and_then(Value::as_i64),
            "minimum": limits.get("minimum").and_then(Value::as_i64),
        })
    });
    let amount = match custom_unit_amount(&price) {
        Some(_) if quantity.is_some_and(|quantity| quantity != 1) => {
            let message = "A price whose amount the customer chooses is bought once.";
            return Err(ApiError::invalid_param(
                &format!("{param}[quantity]"),
                message,
            ));
        }
        Some(custom) => number(custom, "preset"),
        None => amount,
    };
    let rates = taxes::load_tax_rates(
        ctx,
        list(requested, "tax_rates"),
        &format!("{param}[tax_rates]"),
    )?;
    let mut item = Value::Object(ctx.blank(LINE_ITEM));
    let members = json!({
        "adjustable_quantity": adjustable,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": name,
        "metadata": requested["metadata"].as_object().cloned().unwrap_or_default(),
        "price": price,
        "quantity": quantity,
    });
    if let (Value::Object(item), Value::Object(members)) = (&mut item, members) {
        item.extend(members);
        item.remove("discounts");
        item.remove("taxes");
    }
    if !rates.is_empty() {
        let untaxed = rates.iter().map(|rate| {
            json!({"amount": 0, "rate": rate, "taxability_reason": null, "taxable_amount": null})
        });
        item["taxes"] = untaxed.collect();
    }
    Ok(item)
}

/// `custom_unit_amount` of a price whose amount the customer chooses.
pub(crate) fn custom_unit_amount(price: &Value) -> Option<&Value> {
    let custom = &price["custom_unit_amount"];
    custom.is_object().then_some(custom)
}

/// Sets the amount of the item whose amount the customer chooses.
pub(crate) fn set_custom_amount(cart: &mut Cart, amount: i64) {
    for item in cart
        .items
        .iter_mut()
        .filter(|item| custom_unit_amount(&item["price"]).is_some())
    {
        item["amount_subtotal"] = amount.into();
    }
}

/// Calculates the discounts and taxes of the items.
pub(crate) fn calculate_totals(
    ctx: &Ctx<'_>,
    cart: &mut Cart,
    discounts: &Value,
    exempt: &str,
) -> Result<(), ApiError> {
    apply_coupon(ctx, cart, discounts)?;
    apply_taxes(cart, exempt);
    Ok(())
}

/// Calculates the taxes of each item after its discount. Returns their sum.
pub(crate) fn apply_taxes(cart: &mut Cart, exempt: &str) -> i64 {
    let mut all = 0;
    for item in &mut cart.items {
        let rates: Vec<Value> = list(item, "taxes")
            .iter()
            .map(|tax| tax["rate"].clone())
            .collect();
        let left = number(item, "amount_subtotal") - number(item, "amount_discount");
        let taxes = taxes::calculate_taxes(left, &rates, exempt);
        let sum = |inclusive: Option<bool>| -> i64 {
            let these = taxes
                .iter()
                .filter(|tax| inclusive.is_none_or(|it| it == tax.inclusive()));
            these.map(|tax| tax.amount).sum()
        };
        item["amount_tax"] = sum(None).into();
        item["amount_total"] = (left + sum(Some(false))).into();
        all += sum(None);
        if !taxes.is_empty() {
            item["taxes"] = taxes.iter().map(taxes::Tax::of_item).collect();
        }
    }
    all
}

/// Sets the quantity of an item, and its amounts without a discount.
pub(crate) fn set_quantity(item: &mut Value, quantity: i64) {
    let amount = prices::cost(&item["price"], quantity);
    item["quantity"] = quantity.into();
    item["amount_subtotal"] = amount.into();
    item["amount_total"] = amount.into();
    item["amount_discount"] = 0.into();
}

/// Makes recurring items free for the time of a trial.
pub(crate) fn start_with_trial(cart: &mut Cart) {
    for item in &mut cart.items {
        if item["price"]["type"] == "recurring" {
            item["amount_subtotal"] = 0.into();
            item["amount_total"] = 0.into();
        }
    }
}

/// Spreads the discount of a coupon over the items, at most what they cost. Returns the discount.
pub(crate) fn apply_coupon(
    ctx: &Ctx<'_>,
    cart: &mut Cart,
    discounts: &Value,
) -> Result<i64, ApiError> {
    for item in &mut cart.items {
        item["amount_discount"] = 0.into();
        item["amount_total"] = item["amount_subtotal"].clone();
    }
    let Some(coupon) = discounts[0]["coupon"].as_str() else {
        return Ok(0);
    };
    let coupon = ctx.referenced("coupon", coupon, "discounts[0][coupon]")?;
    let subtotal = cart.subtotal();
    let off = discounts::coupon_amount_off(&coupon, subtotal);
    let mut left = off;
    let last = cart.items.len().saturating_sub(1);
    for (index, item) in cart.items.iter_mut().enumerate() {
        let amount = item["amount_subtotal"].as_i64().unwrap_or(0);
        let part = if index == last || subtotal == 0 {
            left.min(amount)
        } else {
            proportional(off, amount, subtotal).min(left)
        };
        left -= part;
        item["amount_discount"] = part.into();
        item["amount_total"] = (amount - part).into();
    }
    Ok(off - left)
}

/// Stores the items under their owner, a session, payment link or quote. Replaces the previous items.
pub(crate) fn save_cart(ctx: &mut Ctx<'_>, owner: &str, cart: &Cart) {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    for old in stored_items(ctx, owner) {
        let id = old["id"].as_str().unwrap_or_default();
        ctx.world.store.remove(&scope, LINE_ITEM, id);
    }
    // Lists return the newest record first, and line items keep the order of the request.
    for item in cart.items.iter().rev() {
        ctx.world
            .store
            .insert_under(&scope, LINE_ITEM, Some(owner), item, now);
    }
}

/// The stored items of an owner, in order.
fn stored_items(ctx: &Ctx<'_>, owner: &str) -> Vec<Value> {
    let query = Query {
        limit: MAX_LINE_ITEMS,
        parent: Some(owner),
        ..Query::default()
    };
    let page = ctx.world.store.list(&ctx.scope, LINE_ITEM, &query);
    let records = page.map(|page| page.records).unwrap_or_default();
    records.iter().map(|record| record.parse()).collect()
}

/// The stored cart of a session, payment link or quote.
pub(crate) fn load_cart(ctx: &Ctx<'_>, owner: &str) -> Cart {
    let items = stored_items(ctx, owner);
    let currency = items.first().and_then(|item| item["currency"].as_str());
    Cart {
        currency: currency.unwrap_or_default().to_owned(),
        items,
    }
}

/// The items as `line_items` of another request.
pub(crate) fn items_as_params(items: &[Value]) -> Value {
    items
        .iter()
        .map(|item| {
            let mut params = Map::new();
            params.insert("price".into(), item["price"]["id"].clone());
            if item["quantity"].is_i64() {
                params.insert("quantity".into(), item["quantity"].clone());
            }
            let rates = list(item, "taxes").iter();
            let rates: Vec<Value> = rates.map(|tax| tax["rate"]["id"].clone()).collect();
            if !rates.is_empty() {
                params.insert("tax_rates".into(), rates.into());
            }
            if item["adjustable_quantity"].is_object() {
                params.insert(
                    "adjustable_quantity".into(),
                    item["adjustable_quantity"].clone(),
                );
            }
            Value::Object(params)
        })
        .collect()
}
