//! `POST /v1/subscriptions/{subscription}`: changed items, trial, or end.

use serde_json::Value;

use crate::billing::invoice_record::INVOICE;
use crate::billing::period::{Cycle, Interval};
use crate::billing::subscriptions::collect::{
    PaymentBehavior, collect_pending_items, collect_period,
};
use crate::billing::subscriptions::item_params::{
    add_invoice_items, new_item, set_discounts, set_item_quantity, set_price, set_tax_rates,
};
use crate::billing::subscriptions::params::{prorates, write_cancellation, write_params};
use crate::billing::subscriptions::record::{
    SUBSCRIPTION, TRIAL_WARNING_SECONDS, period_end, put_items, save_changed_subscription,
    schedule_check, schedule_period_end, set_period, status, subscription_items,
};
use crate::billing::subscriptions::{pending_updates, thresholds};
use crate::billing::{discounts, prices, proration};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::{number, text};
use crate::params::Params;
use crate::test_clocks;

pub(crate) fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("subscription_exposed_id").to_owned();
    let before = ctx.required(SUBSCRIPTION, &id)?;
    let over = matches!(status(&before), "canceled" | "incomplete_expired");
    let notes = ["metadata", "cancellation_details"];
    if over
        && params
            .values()
            .keys()
            .any(|name| !notes.contains(&name.as_str()))
    {
        let message =
            "A canceled subscription can only update its cancellation_details and metadata.";
        return Err(ApiError::invalid_request(message));
    }
    let behavior = PaymentBehavior::of_params(params);
    if behavior == PaymentBehavior::Pending {
        pending_updates::check_pending_params(params)?;
    }
    let customer = text(&before, "customer").to_owned();
    let now = test_clocks::customer_now(ctx, &customer);
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let mut members = before.as_object().cloned().unwrap_or_default();
    write_params(ctx, &mut members, params)?;
    let mut after = Value::Object(members);
    if params.has("discounts") {
        let requested = params.list("discounts").to_vec();
        after["discounts"] =
            discounts::create_discounts(ctx, &requested, &customer, Some(&id))?.into();
    }
    write_cancellation(ctx, &mut after, params);
    let prorates = prorates(params) && status(&before) != "trialing" && !over;
    let at = proration_date(params, &before, now)?;
    let moves = params.text("billing_cycle_anchor.type") == Some("now");
    let restarts = change_items(
        ctx,
        &before,
        &mut after,
        params,
        prorates.then_some((at, moves)),
    )?;
    let restarts = restarts | change_trial(ctx, &before, &mut after, params, prorates) | moves;
    if restarts {
        restart_period(ctx, &mut after);
    } else if prorates {
        prorate_end(ctx, &before, &after);
    }
    thresholds::check_threshold(&after)?;
    save_changed_subscription(ctx, &before, &after);
    schedule_checks(ctx, &before, &after)?;
    add_invoice_items(ctx, params, &after)?;
    if restarts {
        let until = period_end(&after).unwrap_or(now);
        collect_period(ctx, after, (now, until), behavior)?;
    } else if params.text("proration_behavior") == Some("always_invoice") {
        collect_pending_items(ctx, &after, behavior)?;
    }
    if params.has("billing_thresholds") {
        let after = ctx.required(SUBSCRIPTION, &id)?;
        thresholds::bill_if_threshold_reached(ctx, &after)?;
    }
    if matches!(behavior, PaymentBehavior::Pending) {
        hold_if_unpaid(ctx, &before)?;
    }
    ctx.required(SUBSCRIPTION, &id)
}

/// Turns the change into a pending update if its invoice is unpaid.
fn hold_if_unpaid(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let after = ctx.required(SUBSCRIPTION, text(before, "id"))?;
    let invoice = text(&after, "latest_invoice").to_owned();
    if after["latest_invoice"] == before["latest_invoice"] {
        return Ok(());
    }
    match ctx.get(INVOICE, &invoice) {
        Some(invoice) if invoice["status"] == "open" => {
            pending_updates::hold_update(ctx, before, text(&invoice, "id"))
        }
        _ => Ok(()),
    }
}

/// The time of the prorations: now, or `proration_date` within the current period.
fn proration_date(params: &Params, before: &Value, now: i64) -> Result<i64, ApiError> {
    let Some(at) = params.int("proration_date") else {
        return Ok(now);
    };
    let start = number(&before["items"]["data"][0], "current_period_start");
    if at < start || period_end(before).is_some_and(|end| at > end) {
        let message = "The proration_date must be within the subscription's current period.";
        return Err(ApiError::invalid_param("proration_date", message));
    }
    Ok(at)
}

/// Prorates a change of `cancel_at` within the current period.
fn prorate_end(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    let Some(end) = period_end(before) else {
        return;
    };
    let paid_until = |it: &Value| it["cancel_at"].as_i64().map_or(end, |at| at.min(end));
    let (old, new) = (paid_until(before), paid_until(after));
    let (sign, time) = match new.cmp(&old) {
        std::cmp::Ordering::Less => (-1, (new.max(ctx.now()), old)),
        std::cmp::Ordering::Greater => (1, (old, new)),
        std::cmp::Ordering::Equal => return,
    };
    for item in subscription_items(after) {
        proration::prorate_time(ctx, after, &item, sign, time);
    }
}

fn schedule_checks(ctx: &mut Ctx<'_>, before: &Value, after: &Value) -> Result<(), ApiError> {
    for at in [
        &after["cancel_at"],
        &after["pause_collection"]["resumes_at"],
    ] {
        if let Some(at) = at.as_i64() {
            schedule_check(ctx, after, at)?;
        }
    }
    if after["trial_end"] != before["trial_end"]
        && let Some(end) = after["trial_end"].as_i64().filter(|end| *end > ctx.now())
    {
        let warned = (end - TRIAL_WARNING_SECONDS).max(ctx.now());
        schedule_check(ctx, after, warned)?;
    }
    if period_end(before) != period_end(after) {
        schedule_period_end(ctx, after)?;
    }
    Ok(())
}

/// Changes the items and creates prorations. Returns whether the billing interval changes, so that a new period
/// starts.
fn change_items(
    ctx: &mut Ctx<'_>,
    before: &Value,
    after: &mut Value,
    params: &Params,
    prorates: Option<(i64, bool)>,
) -> Result<bool, ApiError> {
    let mut all = subscription_items(after);
    let customer = text(before, "customer").to_owned();
    let mut changes = Vec::new();
    let (start, end) = (
        all.first().map(|item| item["current_period_start"].clone()),
        all.first().map(|item| item["current_period_end"].clone()),
    );
    for (index, requested) in params.list("items").iter().enumerate() {
        let param = format!("items[{index}]");
        let place = match requested["id"].as_str() {
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
        let new = if requested["deleted"] == true {
            None
        } else {
            Some(changed_item(
                ctx,
                &customer,
                old.as_ref(),
                requested,
                &param,
            )?)
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
        if !same {
            changes.push((old.clone(), new.clone()));
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
    let interval = |it: &Value| Interval::of_price(&it["items"]["data"][0]["price"]);
    let restarts = interval(before) != interval(after);
    match prorates {
        None => {}
        // A restarted period is paid as a whole.
        Some((at, moves)) if restarts || moves => proration::credit_unused_time(ctx, before, at),
        Some((at, _)) => {
            for (old, new) in &changes {
                // Each side is prorated among the items of its own subscription.
                proration::prorate_change(ctx, before, old.as_ref(), None, at);
                proration::prorate_change(ctx, after, None, new.as_ref(), at);
            }
        }
    }
    Ok(restarts)
}

/// The item after the change of a request.
fn changed_item(
    ctx: &mut Ctx<'_>,
    customer: &str,
    old: Option<&Value>,
    requested: &Value,
    param: &str,
) -> Result<Value, ApiError> {
    let Some(old) = old else {
        return new_item(ctx, customer, requested, param);
    };
    let mut item = old.clone();
    if let Some(price) = prices::load_or_create_price(ctx, requested, param)? {
        set_price(&mut item, price);
    }
    let price = item["price"].clone();
    set_item_quantity(&mut item, &price, requested, param)?;
    set_tax_rates(ctx, &mut item, requested, param)?;
    set_discounts(ctx, &mut item, customer, requested)?;
    for (key, value) in requested["metadata"].as_object().into_iter().flatten() {
        item["metadata"][key] = value.clone();
    }
    Ok(item)
}

/// Applies `trial_end`. Returns whether the trial ends now, so that a paid period starts.
fn change_trial(
    ctx: &mut Ctx<'_>,
    before: &Value,
    after: &mut Value,
    params: &Params,
    prorates: bool,
) -> bool {
    let now = ctx.now();
    let end = match params.at("trial_end") {
        Some(requested) if requested == "now" => now,
        Some(requested) => match requested.as_i64() {
            Some(end) => end,
            None => return false,
        },
        None => return false,
    };
    if end <= now {
        if status(before) != "trialing" {
            return false;
        }
        after["status"] = "active".into();
        after["trial_end"] = now.into();
        return true;
    }
    if prorates {
        proration::credit_unused_time(ctx, before, now);
    }
    after["status"] = "trialing".into();
    if status(before) != "trialing" {
        after["trial_start"] = now.into();
    }
    after["trial_end"] = end.into();
    after["billing_cycle_anchor"] = end.into();
    after["billing_cycle_anchor_config"] = Value::Null;
    set_period(ctx, after, now, end);
    false
}

/// Starts a new period now.
fn restart_period(ctx: &mut Ctx<'_>, after: &mut Value) {
    let now = ctx.now();
    after["billing_cycle_anchor"] = now.into();
    after["billing_cycle_anchor_config"] = Value::Null;
    let until = Cycle::of(after).map_or(now, |cycle| cycle.end_after(now));
    set_period(ctx, after, now, until);
}
