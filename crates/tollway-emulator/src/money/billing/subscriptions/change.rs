//! `POST /v1/subscriptions/{subscription}`: other items, another trial, an end.

use serde_json::Value;

use super::super::invoices::{self, NewInvoice};
use super::super::{clocks, discounts, payment, prices, proration};
use super::begin::{new_item, set_price, write};
use super::{
    SUBSCRIPTION, bill, changed, interval, items, look_again, period_end, put_items, set_period,
    status,
};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

pub(in super::super::super) fn update(
    ctx: &mut Ctx<'_>,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = params.path("subscription_exposed_id").to_owned();
    let before = ctx.required(SUBSCRIPTION, &id)?;
    if matches!(status(&before), "canceled" | "incomplete_expired") {
        let message =
            "A canceled subscription can only update its cancellation_details and metadata.";
        return Err(ApiError::invalid_request(message));
    }
    let customer = before["customer"].as_str().unwrap_or_default().to_owned();
    let now = clocks::now_of(ctx, &customer);
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let mut members = before.as_object().cloned().unwrap_or_default();
    write(ctx, &mut members, params)?;
    let mut after = Value::Object(members);
    if params.has("discounts") {
        let wanted = params.list("discounts").to_vec();
        after["discounts"] = discounts::make(ctx, &wanted, &customer, Some(&id))?.into();
    }
    note_end(ctx, &mut after, params);
    let prorates = params
        .text("proration_behavior")
        .unwrap_or("create_prorations");
    let restarts = change_items(ctx, &before, &mut after, params, prorates)?;
    let restarts = restarts || params.text("billing_cycle_anchor.type") == Some("now");
    change_trial(ctx, &mut after, params);
    if restarts && status(&after) != "trialing" {
        restart(ctx, &mut after);
    }
    changed(ctx, &before, &after);
    if let Some(at) = after["cancel_at"].as_i64() {
        look_again(ctx, &after, at);
    }
    if period_end(&before) != period_end(&after)
        && let Some(at) = period_end(&after)
    {
        look_again(ctx, &after, at.max(now));
    }
    if restarts && status(&after) != "trialing" {
        let until = period_end(&after).unwrap_or(now);
        collect_period(ctx, after, "subscription_update", (now, until))?;
    } else if prorates == "always_invoice" {
        invoice_waiting(ctx, &after)?;
    }
    ctx.required(SUBSCRIPTION, &id)
}

/// `cancel_at_period_end` and `cancel_at` are wishes with a date; taking them back forgets the date.
fn note_end(ctx: &Ctx<'_>, after: &mut Value, params: &Params) {
    match params.bool("cancel_at_period_end") {
        Some(true) => {
            after["cancel_at"] = period_end(after).into();
            after["canceled_at"] = ctx.now().into();
            after["cancellation_details"]["reason"] = "cancellation_requested".into();
        }
        Some(false) => {
            after["cancel_at"] = Value::Null;
            after["canceled_at"] = Value::Null;
            after["cancellation_details"]["reason"] = Value::Null;
        }
        None if params.has("cancel_at") => {
            let at = after["cancel_at"].as_i64();
            after["canceled_at"] = at.map(|_| ctx.now()).into();
        }
        None => {}
    }
}

/// Changes the items, with prorations; true if the billing interval is another one now, so that a new period begins.
fn change_items(
    ctx: &mut Ctx<'_>,
    before: &Value,
    after: &mut Value,
    params: &Params,
    prorates: &str,
) -> Result<bool, ApiError> {
    let mut all = items(after);
    let prorates = prorates != "none" && status(before) != "trialing";
    let (start, end) = (
        all.first().map(|item| item["current_period_start"].clone()),
        all.first().map(|item| item["current_period_end"].clone()),
    );
    for (index, wanted) in params.list("items").iter().enumerate() {
        let param = format!("items[{index}]");
        let place = match wanted["id"].as_str() {
            None => None,
            Some(id) => match all.iter().position(|item| item["id"] == id) {
                Some(place) => Some(place),
                None => {
                    return Err(ApiError::no_such_reference(
                        "subscription item",
                        id,
                        &format!("{param}[id]"),
                    ));
                }
            },
        };
        let old = place.map(|place| all[place].clone());
        let new = if wanted["deleted"] == true {
            None
        } else {
            Some(changed_item(ctx, old.as_ref(), wanted, &param)?)
        };
        let new = new.map(|mut item| {
            if old.is_none() {
                item["current_period_start"] = start.clone().unwrap_or_default();
                item["current_period_end"] = end.clone().unwrap_or_default();
            }
            item
        });
        let same = old.as_ref().zip(new.as_ref()).is_some_and(|(old, new)| {
            old["price"]["id"] == new["price"]["id"] && old["quantity"] == new["quantity"]
        });
        if prorates && !same {
            proration::items(ctx, before, old.as_ref(), new.as_ref());
        }
        match (place, new) {
            (Some(place), Some(new)) => all[place] = new,
            (Some(place), None) => {
                let gone = all.remove(place);
                let scope = ctx.scope.clone();
                let id = gone["id"].as_str().unwrap_or_default();
                ctx.world.store.remove(&scope, "subscription_item", id);
            }
            (None, Some(new)) => all.push(new),
            (None, None) => {}
        }
    }
    if all.is_empty() {
        let message = "A subscription must have at least one item: cancel it instead.";
        return Err(ApiError::invalid_param("items", message));
    }
    put_items(ctx, after, all);
    Ok(interval(before) != interval(after))
}

/// An item as the request wants it.
fn changed_item(
    ctx: &mut Ctx<'_>,
    old: Option<&Value>,
    wanted: &Value,
    param: &str,
) -> Result<Value, ApiError> {
    let Some(old) = old else {
        return new_item(ctx, wanted, param);
    };
    let mut item = old.clone();
    if let Some(price) = prices::named(ctx, wanted, param)? {
        set_price(&mut item, price);
    }
    if let Some(quantity) = wanted["quantity"].as_i64() {
        item["quantity"] = quantity.into();
    }
    for (key, value) in wanted["metadata"].as_object().into_iter().flatten() {
        item["metadata"][key] = value.clone();
    }
    Ok(item)
}

/// `trial_end`: now, or at another time.
fn change_trial(ctx: &mut Ctx<'_>, after: &mut Value, params: &Params) {
    let now = ctx.now();
    let wanted = params.at("trial_end");
    let end = match wanted {
        Some(wanted) if wanted == "now" => now,
        Some(wanted) => match wanted.as_i64() {
            Some(end) => end,
            None => return,
        },
        None => return,
    };
    if end > now {
        after["status"] = "trialing".into();
        after["trial_start"] = after["trial_start"].as_i64().unwrap_or(now).into();
    }
    after["trial_end"] = end.into();
    after["billing_cycle_anchor"] = end.into();
    set_period(ctx, after, now, end);
}

/// A new period begins now.
fn restart(ctx: &mut Ctx<'_>, after: &mut Value) {
    let now = ctx.now();
    after["billing_cycle_anchor"] = now.into();
    let until = interval(after).map_or(now, |interval| interval.end_after(now, now));
    set_period(ctx, after, now, until);
}

/// Bills a period that begins now, and collects at once.
pub(super) fn collect_period(
    ctx: &mut Ctx<'_>,
    mut subscription: Value,
    reason: &'static str,
    period: (i64, i64),
) -> Result<(), ApiError> {
    let cost = |item: &Value| prices::cost(&item["price"], item["quantity"].as_i64().unwrap_or(1));
    let invoice = bill(ctx, &subscription, reason, period, cost, true)?;
    subscription["latest_invoice"] = invoice["id"].clone();
    ctx.update(SUBSCRIPTION, &subscription);
    collect(ctx, invoice)
}

/// Bills what waits for the customer's next invoice, and collects at once.
pub(super) fn invoice_waiting(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    let text = |name: &str| subscription[name].as_str().unwrap_or_default();
    let waiting = super::super::invoice_items::waiting(ctx, text("customer"), text("currency"));
    if waiting.is_empty() {
        return Ok(());
    }
    let now = ctx.now();
    let new = NewInvoice {
        customer: text("customer"),
        currency: text("currency"),
        reason: "subscription_update",
        subscription: Some(subscription),
        period: (now, now),
        collection_method: text("collection_method"),
        days_until_due: subscription["days_until_due"].as_i64(),
        auto_advance: true,
        discounts: Vec::new(),
        lines: Vec::new(),
    };
    let invoice = invoices::draft(ctx, new, true)?;
    let mut latest = subscription.clone();
    latest["latest_invoice"] = invoice["id"].clone();
    ctx.update(SUBSCRIPTION, &latest);
    collect(ctx, invoice)
}

fn collect(ctx: &mut Ctx<'_>, invoice: Value) -> Result<(), ApiError> {
    let invoice = invoices::finalize(ctx, invoice)?;
    if invoice["status"] != "open" || invoice["collection_method"] == "send_invoice" {
        return Ok(());
    }
    match payment::attempt(ctx, &invoice, None, true) {
        Err(error) if !error.keep_changes => Err(error),
        _ => Ok(()),
    }
}
