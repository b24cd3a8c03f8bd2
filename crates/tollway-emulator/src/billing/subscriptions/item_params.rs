//! Subscription items as requests describe them.

use serde_json::{Value, json};

use crate::billing::{discounts, pending_items, prices, taxes};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::{list, text};
use crate::params::Params;

/// Builds the items of a new subscription.
pub(super) fn new_items(
    ctx: &mut Ctx<'_>,
    customer: &str,
    requested: &[Value],
) -> Result<Vec<Value>, ApiError> {
    if requested.is_empty() {
        return Err(ApiError::missing_parameter("items"));
    }
    let mut items: Vec<Value> = Vec::new();
    for (index, requested) in requested.iter().enumerate() {
        let item = new_item(ctx, customer, requested, &format!("items[{index}]"))?;
        let fits = items.first().is_none_or(|first| {
            let same =
                |name: &str| first["price"]["recurring"][name] == item["price"]["recurring"][name];
            first["price"]["currency"] == item["price"]["currency"]
                && same("interval")
                && same("interval_count")
        });
        if !fits {
            let message = "All items of a subscription must have the same currency and the same billing interval.";
            return Err(ApiError::invalid_param(
                &format!("items[{index}][price]"),
                message,
            ));
        }
        items.push(item);
    }
    Ok(items)
}

/// Builds an item of a request without storing it.
pub(super) fn new_item(
    ctx: &mut Ctx<'_>,
    customer: &str,
    requested: &Value,
    param: &str,
) -> Result<Value, ApiError> {
    let Some(price) = prices::load_or_create_price(ctx, requested, param)? else {
        return Err(ApiError::missing_parameter(&format!("{param}[price]")));
    };
    if price["type"] != "recurring" {
        let message = "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.";
        return Err(ApiError::invalid_param(&format!("{param}[price]"), message));
    }
    let mut item = Value::Object(ctx.blank("subscription_item"));
    item["created"] = ctx.now().into();
    item["metadata"] = match requested["metadata"].as_object() {
        Some(metadata) => metadata.clone().into(),
        None => json!({}),
    };
    item["quantity"] = 1.into();
    set_item_quantity(&mut item, &price, requested, param)?;
    set_tax_rates(ctx, &mut item, requested, param)?;
    set_discounts(ctx, &mut item, customer, requested)?;
    set_price(&mut item, price);
    Ok(item)
}

/// Sets the quantity of an item; a metered item has none.
pub(super) fn set_item_quantity(
    item: &mut Value,
    price: &Value,
    requested: &Value,
    param: &str,
) -> Result<(), ApiError> {
    let requested_quantity = requested["quantity"].as_i64();
    if !prices::is_metered(price) {
        let before = item["quantity"].as_i64();
        item["quantity"] = requested_quantity.or(before).unwrap_or(1).into();
        return Ok(());
    }
    if requested_quantity.is_some() {
        let message = "A metered price has no quantity: what is used is told by meter events.";
        let param = format!("{param}[quantity]");
        return Err(ApiError::invalid_param(&param, message));
    }
    if let Some(members) = item.as_object_mut() {
        members.remove("quantity");
    }
    Ok(())
}

pub(super) fn set_tax_rates(
    ctx: &Ctx<'_>,
    item: &mut Value,
    requested: &Value,
    param: &str,
) -> Result<(), ApiError> {
    if let Some(ids) = requested["tax_rates"].as_array() {
        item["tax_rates"] = taxes::load_tax_rates(ctx, ids, &format!("{param}[tax_rates]"))?.into();
    } else if item["tax_rates"].is_null() {
        item["tax_rates"] = json!([]);
    }
    Ok(())
}

/// Sets the discounts of an item.
pub(super) fn set_discounts(
    ctx: &mut Ctx<'_>,
    item: &mut Value,
    customer: &str,
    requested: &Value,
) -> Result<(), ApiError> {
    if !requested["discounts"].is_null() {
        let ids = discounts::create_discounts(ctx, list(requested, "discounts"), customer, None)?;
        item["discounts"] = ids.into();
    }
    Ok(())
}

/// Sets the price of an item, and the plan that mirrors it.
pub(super) fn set_price(item: &mut Value, price: Value) {
    let recurring = &price["recurring"];
    item["plan"] = json!({
        "id": price["id"], "object": "plan", "active": price["active"], "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"], "billing_scheme": price["billing_scheme"], "created": price["created"],
        "currency": price["currency"], "interval": recurring["interval"], "interval_count": recurring["interval_count"],
        "livemode": price["livemode"], "metadata": price["metadata"], "meter": recurring["meter"], "nickname": price["nickname"],
        "product": price["product"], "tiers_mode": price["tiers_mode"], "transform_usage": null,
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": recurring["usage_type"].as_str().unwrap_or("licensed"),
    });
    item["price"] = price;
}

/// Creates `add_invoice_items`: one-time prices on the next invoice.
pub(super) fn add_invoice_items(
    ctx: &mut Ctx<'_>,
    params: &Params,
    subscription: &Value,
) -> Result<(), ApiError> {
    for (index, requested) in params.list("add_invoice_items").iter().enumerate() {
        let param = format!("add_invoice_items[{index}]");
        let Some(price) = prices::load_or_create_price(ctx, requested, &param)? else {
            return Err(ApiError::missing_parameter(&format!("{param}[price]")));
        };
        prices::require_one_time(&price, &format!("{param}[price]"))?;
        let quantity = requested["quantity"].as_i64().unwrap_or(1);
        let now = ctx.now();
        let new = pending_items::NewInvoiceItem {
            customer: text(subscription, "customer"),
            currency: text(&price, "currency"),
            amount: prices::cost(&price, quantity),
            quantity,
            description: pending_items::description_or_product_name(ctx, None, Some(&price)),
            period: (now, now),
            price: Some(&price),
            subscription: subscription["id"].as_str(),
            proration: false,
            discountable: requested["discountable"] != false,
            discounts: discounts::create_discounts(
                ctx,
                list(requested, "discounts"),
                text(subscription, "customer"),
                None,
            )?,
            tax_rates: taxes::load_tax_rates(
                ctx,
                list(requested, "tax_rates"),
                &format!("{param}[tax_rates]"),
            )?,
            metadata: json!({}),
        };
        pending_items::create_invoice_item(ctx, &new);
    }
    Ok(())
}
