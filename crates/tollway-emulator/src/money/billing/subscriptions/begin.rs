//! How a subscription begins: its items, its trial, its first invoice.

use serde_json::{Map, Value, json};

use super::super::{clocks, discounts, invoices, payment, prices, proration};
use super::{
    DAY, SUBSCRIPTION, WARNING, bill, changed, has_method, interval, look_again, period_end,
    put_items, set_period, status,
};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

/// How long the first invoice may stay unpaid.
const INCOMPLETE: i64 = 23 * 3600;

/// `POST /v1/subscriptions`.
pub(in super::super::super) fn create(
    ctx: &mut Ctx<'_>,
    params: &Params,
) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?
        .to_owned();
    ctx.referenced("customer", &customer, "customer")?;
    let now = clocks::now_of(ctx, &customer);
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let items = new_items(ctx, params.list("items"))?;
    let mut subscription = blank(ctx, params, &customer, &items)?;
    put_items(ctx, &mut subscription, items);
    let start = params.int("backdate_start_date").unwrap_or(now);
    let trial_end = trial_end(ctx, params, &subscription);
    let interval = interval(&subscription).ok_or_else(|| ApiError::missing_parameter("items"))?;
    let anchor = trial_end
        .or(params.int("billing_cycle_anchor"))
        .unwrap_or(start);
    subscription["billing_cycle_anchor"] = anchor.into();
    subscription["start_date"] = start.into();
    if let Some(end) = trial_end {
        subscription["status"] = "trialing".into();
        subscription["trial_start"] = now.into();
        subscription["trial_end"] = end.into();
    }
    let until = interval.end_after(anchor, now);
    set_period(ctx, &mut subscription, now, until);
    ctx.insert(SUBSCRIPTION, &subscription);
    ctx.emit("customer.subscription.created", &subscription, None);
    let free =
        trial_end.is_some() || (anchor > now && params.text("proration_behavior") == Some("none"));
    let part = |item: &Value| {
        let full = prices::cost(&item["price"], item["quantity"].as_i64().unwrap_or(1));
        match (free, anchor > now) {
            (true, _) => 0,
            // The first period is shorter: it ends at the anchor.
            (false, true) => proration::share(full, now, until, interval.length_until(until)),
            (false, false) => full,
        }
    };
    let added = add_extra_items(ctx, params, &customer);
    added?;
    let reason = "subscription_create";
    let invoice = bill(ctx, &subscription, reason, (now, until), part, true)?;
    subscription["latest_invoice"] = invoice["id"].clone();
    ctx.update(SUBSCRIPTION, &subscription);
    let invoice = invoices::finalize(ctx, invoice)?;
    if invoice["status"] == "open" {
        collect_first(ctx, &subscription, &invoice, params)?;
    }
    let subscription = ctx.required(
        SUBSCRIPTION,
        subscription["id"].as_str().unwrap_or_default(),
    )?;
    if let Some(end) = trial_end
        && end - WARNING > now
    {
        look_again(ctx, &subscription, end - WARNING);
    }
    if let Some(at) = period_end(&subscription) {
        look_again(ctx, &subscription, at);
    }
    if let Some(at) = subscription["cancel_at"].as_i64() {
        look_again(ctx, &subscription, at);
    }
    Ok(subscription)
}

fn blank(
    ctx: &mut Ctx<'_>,
    params: &Params,
    customer: &str,
    items: &[Value],
) -> Result<Value, ApiError> {
    let method = params
        .text("collection_method")
        .unwrap_or("charge_automatically");
    if method == "send_invoice" && !params.has("days_until_due") {
        let message = "If collection_method is send_invoice, pass days_until_due.";
        return Err(ApiError::invalid_param("days_until_due", message));
    }
    let clock = clocks::of_customer(ctx, customer).map(|(id, _)| id);
    let mut members = ctx.blank(SUBSCRIPTION);
    let id = members["id"].as_str().unwrap_or_default().to_owned();
    let known = json!({
        "application": super::super::super::settlement::application(ctx),
        "billing_mode": {"flexible": null, "type": "flexible"},
        "cancellation_details": {"comment": null, "feedback": null, "feedback_option": null, "reason": null},
        "collection_method": method,
        "created": ctx.now(),
        "currency": items[0]["price"]["currency"],
        "customer": customer,
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "status": "active",
        "test_clock": clock,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    });
    if let Value::Object(known) = known {
        members.extend(known);
    }
    let discounts = discounts::make(ctx, params.list("discounts"), customer, Some(&id))?;
    members.insert("discounts".into(), discounts.into());
    write(ctx, &mut members, params)?;
    Ok(Value::Object(members))
}

/// Writes the plain parameters into the subscription.
pub(super) fn write(
    ctx: &mut Ctx<'_>,
    members: &mut Map<String, Value>,
    params: &Params,
) -> Result<(), ApiError> {
    let mut plain = params.values().clone();
    for name in [
        "items",
        "discounts",
        "trial_end",
        "billing_cycle_anchor",
        "cancel_at",
        "currency",
    ] {
        plain.remove(name);
    }
    ctx.apply(SUBSCRIPTION, members, &plain)?;
    if let Some(at) = params.at("cancel_at") {
        members.insert("cancel_at".into(), at.as_i64().into());
    }
    Ok(())
}

/// The items that a request asks for.
fn new_items(ctx: &mut Ctx<'_>, wanted: &[Value]) -> Result<Vec<Value>, ApiError> {
    if wanted.is_empty() {
        return Err(ApiError::missing_parameter("items"));
    }
    let mut items: Vec<Value> = Vec::new();
    for (index, wanted) in wanted.iter().enumerate() {
        let item = new_item(ctx, wanted, &format!("items[{index}]"))?;
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

/// An item of a request; it is not kept yet.
pub(super) fn new_item(ctx: &mut Ctx<'_>, wanted: &Value, param: &str) -> Result<Value, ApiError> {
    let Some(price) = prices::named(ctx, wanted, param)? else {
        return Err(ApiError::missing_parameter(&format!("{param}[price]")));
    };
    if price["type"] != "recurring" {
        let message = "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.";
        return Err(ApiError::invalid_param(&format!("{param}[price]"), message));
    }
    let mut item = Value::Object(ctx.blank("subscription_item"));
    item["created"] = ctx.now().into();
    item["metadata"] = match wanted["metadata"].as_object() {
        Some(metadata) => metadata.clone().into(),
        None => json!({}),
    };
    item["quantity"] = wanted["quantity"].as_i64().unwrap_or(1).into();
    set_price(&mut item, price);
    Ok(item)
}

/// Gives an item its price, and the plan that mirrors it.
pub(super) fn set_price(item: &mut Value, price: Value) {
    let recurring = &price["recurring"];
    item["plan"] = json!({
        "id": price["id"], "object": "plan", "active": price["active"], "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"], "billing_scheme": price["billing_scheme"], "created": price["created"],
        "currency": price["currency"], "interval": recurring["interval"], "interval_count": recurring["interval_count"],
        "livemode": price["livemode"], "metadata": price["metadata"], "meter": null, "nickname": price["nickname"],
        "product": price["product"], "tiers_mode": null, "transform_usage": null,
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": recurring["usage_type"].as_str().unwrap_or("licensed"),
    });
    item["price"] = price;
}

/// `add_invoice_items`: one-time prices on the first invoice.
fn add_extra_items(ctx: &mut Ctx<'_>, params: &Params, customer: &str) -> Result<(), ApiError> {
    for (index, wanted) in params.list("add_invoice_items").iter().enumerate() {
        let param = format!("add_invoice_items[{index}]");
        let Some(price) = prices::named(ctx, wanted, &param)? else {
            return Err(ApiError::missing_parameter(&format!("{param}[price]")));
        };
        let quantity = wanted["quantity"].as_i64().unwrap_or(1);
        let now = ctx.now();
        let new = super::super::invoice_items::NewItem {
            customer,
            currency: price["currency"].as_str().unwrap_or_default(),
            amount: prices::cost(&price, quantity),
            quantity,
            description: None,
            period: (now, now),
            price: Some(&price),
            proration_of: None,
            metadata: json!({}),
        };
        super::super::invoice_items::make(ctx, &new);
    }
    Ok(())
}

/// When the trial ends, if there is one.
fn trial_end(ctx: &Ctx<'_>, params: &Params, subscription: &Value) -> Option<i64> {
    let from_plan = || {
        let days = &subscription["items"]["data"][0]["price"]["recurring"]["trial_period_days"];
        days.as_i64()
            .filter(|_| params.bool("trial_from_plan") == Some(true))
    };
    params
        .int("trial_end")
        .or_else(|| {
            let days = params.int("trial_period_days").or_else(from_plan)?;
            Some(ctx.now() + days * DAY)
        })
        .filter(|end| *end > ctx.now())
}

/// Collects the first invoice, or waits for somebody to pay it.
fn collect_first(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    invoice: &Value,
    params: &Params,
) -> Result<(), ApiError> {
    if invoice["collection_method"] == "send_invoice" {
        ctx.emit("invoice.sent", invoice, None);
        return Ok(());
    }
    let behavior = params
        .text("payment_behavior")
        .unwrap_or("allow_incomplete");
    let waits = behavior == "default_incomplete";
    if !waits && !has_method(ctx, subscription) {
        let message = "This customer has no attached payment source or default payment method. Please consider adding a \
                       default payment method. For more information, visit \
                       https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.";
        return Err(ApiError::invalid_request(message).code("resource_missing"));
    }
    let mut incomplete = subscription.clone();
    incomplete["status"] = "incomplete".into();
    ctx.update(SUBSCRIPTION, &incomplete);
    look_again(ctx, &incomplete, ctx.now() + INCOMPLETE);
    if waits {
        return Ok(());
    }
    let off_session = params.bool("off_session").unwrap_or(false);
    match payment::attempt(ctx, invoice, None, off_session) {
        Err(mut error) if behavior == "error_if_incomplete" || !error.keep_changes => {
            error.keep_changes = false;
            Err(error)
        }
        _ => Ok(()),
    }
}

/// A first invoice that nobody has paid for a day ends the subscription before it began.
pub(super) fn expire(ctx: &mut Ctx<'_>, before: &Value) {
    let made = before["created"].as_i64().unwrap_or(0);
    if status(before) == "incomplete" && made + INCOMPLETE <= ctx.now() {
        let mut after = before.clone();
        after["ended_at"] = ctx.now().into();
        after["status"] = "incomplete_expired".into();
        changed(ctx, before, &after);
    }
}
