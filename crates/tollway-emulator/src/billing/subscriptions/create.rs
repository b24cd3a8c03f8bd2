//! How a subscription begins: its items, its trial, its first invoice.

use serde_json::{Map, Value, json};

use crate::billing::period::{Cycle, Interval, anchor_of};
use crate::billing::subscriptions::bill::{Bill, bill};
use crate::billing::subscriptions::renew::WARNING;
use crate::billing::subscriptions::{
    DAY, SUBSCRIPTION, changed, has_method, items as items_of, look_again, look_at_end, methods,
    put_items, set_period, thresholds,
};
use crate::billing::{discounts, invoice_items, invoices, payment, prices, proration, taxes};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::{list, text};
use crate::params::Params;
use crate::test_clocks;

/// How long the first invoice may stay unpaid.
const INCOMPLETE: i64 = 23 * 3600;

/// `POST /v1/subscriptions`.
pub(crate) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?
        .to_owned();
    ctx.referenced("customer", &customer, "customer")?;
    check(params)?;
    let now = test_clocks::customer_now(ctx, &customer);
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let items = new_items(ctx, &customer, params.list("items"))?;
    let mut subscription = blank(ctx, params, &customer, &items)?;
    put_items(ctx, &mut subscription, items);
    let begun = Beginning::of(ctx, params, &subscription)?;
    subscription["billing_cycle_anchor"] = begun.anchor.into();
    subscription["start_date"] = begun.start.into();
    if let Some(end) = begun.trial_end {
        subscription["status"] = "trialing".into();
        subscription["trial_start"] = now.into();
        subscription["trial_end"] = end.into();
    }
    let until = match begun.trial_end {
        Some(end) => end,
        None => Cycle::of(&subscription)
            .ok_or_else(|| ApiError::missing_parameter("items"))?
            .end_after(now),
    };
    set_period(ctx, &mut subscription, now, until);
    note_end(ctx, &mut subscription, params);
    thresholds::check(&subscription)?;
    ctx.insert(SUBSCRIPTION, &subscription);
    ctx.emit("customer.subscription.created", &subscription, None);
    add_extra_items(ctx, params, &subscription)?;
    if begun.start < now && prorates(params) {
        for item in items_of(&subscription) {
            let mut past = item;
            past["current_period_end"] = now.into();
            let time = (begun.start, now);
            proration::time(ctx, &subscription, &past, 1, time);
        }
    }
    // Before a first anchor nothing is asked for, not even an invoice over nothing, if that time is not to be paid.
    let unpaid_start = begun.trial_end.is_none() && begun.anchor > now && !prorates(params);
    if !unpaid_start {
        let first = Bill {
            free: begun.trial_end.is_some(),
            ..Bill::of_period("subscription_create", (now, until))
        };
        let invoice = bill(ctx, &subscription, &first)?;
        subscription["latest_invoice"] = invoice["id"].clone();
        ctx.update(SUBSCRIPTION, &subscription);
        let invoice = invoices::finalize(ctx, invoice)?;
        if invoice["status"] == "open" {
            let subscription = ctx.required(SUBSCRIPTION, text(&subscription, "id"))?;
            collect_first(ctx, &subscription, &invoice, params)?;
        }
    }
    let subscription = ctx.required(SUBSCRIPTION, text(&subscription, "id"))?;
    methods::ask(ctx, &subscription)?;
    if let Some(end) = begun.trial_end {
        look_again(ctx, &subscription, (end - WARNING).max(now))?;
    }
    look_at_end(ctx, &subscription)?;
    if let Some(at) = subscription["cancel_at"].as_i64() {
        look_again(ctx, &subscription, at)?;
    }
    ctx.required(SUBSCRIPTION, text(&subscription, "id"))
}

/// Is time in the middle of a period paid for?
pub(super) fn prorates(params: &Params) -> bool {
    params.text("proration_behavior") != Some("none")
}

fn check(params: &Params) -> Result<(), ApiError> {
    if params.text("payment_behavior") == Some("pending_if_incomplete") {
        let message = "`pending_if_incomplete` is for updates of a subscription: it cannot be passed when one is created.";
        return Err(ApiError::invalid_param("payment_behavior", message));
    }
    for (one, other) in [
        ("billing_cycle_anchor", "billing_cycle_anchor_config"),
        ("trial_end", "trial_period_days"),
        ("cancel_at", "cancel_at_period_end"),
    ] {
        if params.has(one) && params.has(other) {
            let message = format!("You may only specify one of these parameters: {one}, {other}.");
            return Err(ApiError::invalid_param(one, message));
        }
    }
    Ok(())
}

/// When a subscription begins, and what its periods are counted from.
struct Beginning {
    start: i64,
    anchor: i64,
    trial_end: Option<i64>,
}

impl Beginning {
    fn of(ctx: &Ctx<'_>, params: &Params, subscription: &Value) -> Result<Self, ApiError> {
        let now = ctx.now();
        let start = params.int("backdate_start_date").unwrap_or(now);
        if start > now {
            let message = "The backdate_start_date must be in the past.";
            return Err(ApiError::invalid_param("backdate_start_date", message));
        }
        let trial_end = trial_end(ctx, params, subscription);
        let from = trial_end.unwrap_or(now);
        let config = &subscription["billing_cycle_anchor_config"];
        let anchor = match params.int("billing_cycle_anchor") {
            _ if config.is_object() => anchor_of(config, from),
            given => given,
        };
        let first_end = Interval::of_price(&subscription["items"]["data"][0]["price"])
            .map_or(from, |interval| interval.end_after(from, from));
        match anchor {
            Some(at) if at < now => {
                let message = "The billing_cycle_anchor must not be in the past.";
                Err(ApiError::invalid_param("billing_cycle_anchor", message))
            }
            Some(at) if at > first_end && !config.is_object() => {
                let message = format!(
                    "The billing_cycle_anchor cannot be later than the next natural billing date ({first_end})."
                );
                Err(ApiError::invalid_param("billing_cycle_anchor", message))
            }
            anchor => Ok(Self {
                start,
                anchor: anchor.unwrap_or(from),
                trial_end,
            }),
        }
    }
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
    let clock = test_clocks::customer_clock(ctx, customer).map(|(id, _)| id);
    let mut members = ctx.blank(SUBSCRIPTION);
    let id = members["id"].as_str().unwrap_or_default().to_owned();
    let known = json!({
        "application": crate::payments::settlement::application(ctx),
        "billing_mode": {"flexible": null, "type": "flexible"},
        "cancellation_details": {"comment": null, "feedback": null, "feedback_option": null, "reason": null},
        "collection_method": method,
        "created": ctx.now(),
        "currency": items[0]["price"]["currency"],
        "customer": customer,
        "default_tax_rates": [],
        "invoice_settings": {
            "account_tax_ids": null, "custom_fields": null, "description": null, "footer": null, "issuer": {"type": "self"},
        },
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "payment_settings": {
            "payment_method_options": null, "payment_method_types": null, "save_default_payment_method": "off",
        },
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
    if let Some(account) = params.at("on_behalf_of") {
        crate::payments::settlement::check_on_behalf_of(ctx, Some(account))?;
    }
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
    Ok(())
}

/// `cancel_at_period_end` and `cancel_at` are wishes with a date; taking them back forgets the date.
pub(super) fn note_end(ctx: &Ctx<'_>, after: &mut Value, params: &Params) {
    let period_end = crate::billing::subscriptions::period_end(after);
    let at = match (params.bool("cancel_at_period_end"), params.at("cancel_at")) {
        (Some(true), _) => period_end,
        (Some(false), None) => None,
        (_, Some(at)) if at.is_string() => period_end,
        (_, Some(at)) => at.as_i64(),
        (None, None) => return,
    };
    crate::billing::subscriptions::with_details(after);
    after["cancel_at"] = at.into();
    after["canceled_at"] = at.map(|_| ctx.now()).into();
    let reason = at.map(|_| "cancellation_requested");
    after["cancellation_details"]["reason"] = reason.into();
}

/// The items that a request asks for.
fn new_items(ctx: &mut Ctx<'_>, customer: &str, wanted: &[Value]) -> Result<Vec<Value>, ApiError> {
    if wanted.is_empty() {
        return Err(ApiError::missing_parameter("items"));
    }
    let mut items: Vec<Value> = Vec::new();
    for (index, wanted) in wanted.iter().enumerate() {
        let item = new_item(ctx, customer, wanted, &format!("items[{index}]"))?;
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
pub(super) fn new_item(
    ctx: &mut Ctx<'_>,
    customer: &str,
    wanted: &Value,
    param: &str,
) -> Result<Value, ApiError> {
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
    item["quantity"] = 1.into();
    set_quantity(&mut item, &price, wanted, param)?;
    set_tax_rates(ctx, &mut item, wanted, param)?;
    set_discounts(ctx, &mut item, customer, wanted)?;
    set_price(&mut item, price);
    Ok(item)
}

/// How many of a price there are; of a metered one use decides.
pub(super) fn set_quantity(
    item: &mut Value,
    price: &Value,
    wanted: &Value,
    param: &str,
) -> Result<(), ApiError> {
    let given = wanted["quantity"].as_i64();
    if !prices::is_metered(price) {
        let before = item["quantity"].as_i64();
        item["quantity"] = given.or(before).unwrap_or(1).into();
        return Ok(());
    }
    if given.is_some() {
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
    wanted: &Value,
    param: &str,
) -> Result<(), ApiError> {
    if let Some(ids) = wanted["tax_rates"].as_array() {
        item["tax_rates"] = taxes::named(ctx, ids, &format!("{param}[tax_rates]"))?.into();
    } else if item["tax_rates"].is_null() {
        item["tax_rates"] = json!([]);
    }
    Ok(())
}

/// The discounts of one item.
pub(super) fn set_discounts(
    ctx: &mut Ctx<'_>,
    item: &mut Value,
    customer: &str,
    wanted: &Value,
) -> Result<(), ApiError> {
    if !wanted["discounts"].is_null() {
        let made = discounts::make(ctx, list(wanted, "discounts"), customer, None)?;
        item["discounts"] = made.into();
    }
    Ok(())
}

/// Gives an item its price, and the plan that mirrors it.
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

/// `add_invoice_items`: one-time prices on the first invoice.
pub(super) fn add_extra_items(
    ctx: &mut Ctx<'_>,
    params: &Params,
    subscription: &Value,
) -> Result<(), ApiError> {
    for (index, wanted) in params.list("add_invoice_items").iter().enumerate() {
        let param = format!("add_invoice_items[{index}]");
        let Some(price) = prices::named(ctx, wanted, &param)? else {
            return Err(ApiError::missing_parameter(&format!("{param}[price]")));
        };
        prices::must_be_one_time(&price, &format!("{param}[price]"))?;
        let quantity = wanted["quantity"].as_i64().unwrap_or(1);
        let now = ctx.now();
        let new = invoice_items::NewItem {
            customer: text(subscription, "customer"),
            currency: text(&price, "currency"),
            amount: prices::cost(&price, quantity),
            quantity,
            description: invoice_items::named_or(ctx, None, Some(&price)),
            period: (now, now),
            price: Some(&price),
            subscription: subscription["id"].as_str(),
            proration: false,
            discountable: wanted["discountable"] != false,
            discounts: discounts::make(
                ctx,
                list(wanted, "discounts"),
                text(subscription, "customer"),
                None,
            )?,
            tax_rates: taxes::named(
                ctx,
                list(wanted, "tax_rates"),
                &format!("{param}[tax_rates]"),
            )?,
            metadata: json!({}),
        };
        invoice_items::make(ctx, &new);
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
    look_again(ctx, &incomplete, ctx.now() + INCOMPLETE)?;
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
pub(super) fn expire(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let made = before["created"].as_i64().unwrap_or(0);
    if made + INCOMPLETE > ctx.now() {
        return Ok(());
    }
    give_up(ctx, before)
}

/// The subscription ends before it began, and its invoice with it.
pub(crate) fn give_up(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let mut after = before.clone();
    after["ended_at"] = ctx.now().into();
    after["status"] = "incomplete_expired".into();
    changed(ctx, before, &after);
    match ctx.get(invoices::INVOICE, text(before, "latest_invoice")) {
        Some(invoice) if invoice["status"] == "open" => invoices::close(ctx, invoice, "void"),
        _ => Ok(()),
    }
}
