//! `POST /v1/subscriptions/{subscription}`: other items, another trial, an end.

use serde_json::Value;

use crate::billing::invoices::{self, INVOICE, Pull};
use crate::billing::period::{Cycle, Interval};
use crate::billing::subscriptions::bill::{Bill, bill};
use crate::billing::subscriptions::create::{
    add_extra_items, new_item, note_end, prorates, set_discounts, set_price, set_quantity,
    set_tax_rates, write,
};
use crate::billing::subscriptions::renew::WARNING;
use crate::billing::subscriptions::{
    SUBSCRIPTION, changed, items, look_again, look_at_end, of_invoice, pending, period_end,
    put_items, set_period, status, thresholds,
};
use crate::billing::{discounts, invoice_items, payment, prices, proration};
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
    let on_failure = OnFailure::of(params)?;
    let customer = text(&before, "customer").to_owned();
    let now = test_clocks::customer_now(ctx, &customer);
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
        restart(ctx, &mut after);
    } else if prorates {
        prorate_end(ctx, &before, &after);
    }
    thresholds::check(&after)?;
    changed(ctx, &before, &after);
    look_at_what_changed(ctx, &before, &after)?;
    add_extra_items(ctx, params, &after)?;
    if restarts {
        let until = period_end(&after).unwrap_or(now);
        collect_period(ctx, after, (now, until), on_failure)?;
    } else if params.text("proration_behavior") == Some("always_invoice") {
        invoice_waiting(ctx, &after, on_failure)?;
    }
    if params.has("billing_thresholds") {
        let after = ctx.required(SUBSCRIPTION, &id)?;
        thresholds::look(ctx, &after)?;
    }
    if matches!(on_failure, OnFailure::Wait) {
        wait_if_unpaid(ctx, &before)?;
    }
    ctx.required(SUBSCRIPTION, &id)
}

/// What becomes of a change whose invoice is not paid at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// The subscription is in arrears.
    Leave,
    /// Nothing is changed.
    Refuse,
    /// The customer is asked to pay: nothing is tried.
    Ask,
    /// The change waits for the payment.
    Wait,
}

impl OnFailure {
    fn of(params: &Params) -> Result<Self, ApiError> {
        Ok(match params.text("payment_behavior") {
            Some("error_if_incomplete") => Self::Refuse,
            Some("default_incomplete") => Self::Ask,
            Some("pending_if_incomplete") => {
                pending::check(params)?;
                Self::Wait
            }
            _ => Self::Leave,
        })
    }
}

/// Takes a change back whose invoice was not paid, until it is.
fn wait_if_unpaid(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let after = ctx.required(SUBSCRIPTION, text(before, "id"))?;
    let invoice = text(&after, "latest_invoice").to_owned();
    if after["latest_invoice"] == before["latest_invoice"] {
        return Ok(());
    }
    match ctx.get(INVOICE, &invoice) {
        Some(invoice) if invoice["status"] == "open" => {
            pending::keep(ctx, before, text(&invoice, "id"))
        }
        _ => Ok(()),
    }
}

/// The moment that prorations are worked out for: now, or one within the present period.
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

/// An end within the present period shortens it: what was paid beyond is given back, or asked for again.
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
    for item in items(after) {
        proration::time(ctx, after, &item, sign, time);
    }
}

fn look_at_what_changed(ctx: &mut Ctx<'_>, before: &Value, after: &Value) -> Result<(), ApiError> {
    for at in [
        &after["cancel_at"],
        &after["pause_collection"]["resumes_at"],
    ] {
        if let Some(at) = at.as_i64() {
            look_again(ctx, after, at)?;
        }
    }
    if after["trial_end"] != before["trial_end"]
        && let Some(end) = after["trial_end"].as_i64().filter(|end| *end > ctx.now())
    {
        let warned = (end - WARNING).max(ctx.now());
        look_again(ctx, after, warned)?;
    }
    if period_end(before) != period_end(after) {
        look_at_end(ctx, after)?;
    }
    Ok(())
}

/// Changes the items, with prorations; true if the billing interval is another one now, so that a new period begins.
fn change_items(
    ctx: &mut Ctx<'_>,
    before: &Value,
    after: &mut Value,
    params: &Params,
    prorates: Option<(i64, bool)>,
) -> Result<bool, ApiError> {
    let mut all = items(after);
    let customer = text(before, "customer").to_owned();
    let mut changes = Vec::new();
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
            Some(changed_item(ctx, &customer, old.as_ref(), wanted, &param)?)
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
        // A period that begins anew is paid as a whole.
        Some((at, moves)) if restarts || moves => proration::credit_all(ctx, before, at),
        Some((at, _)) => {
            for (old, new) in &changes {
                // What is paid for together is shared out together.
                proration::change(ctx, before, old.as_ref(), None, at);
                proration::change(ctx, after, None, new.as_ref(), at);
            }
        }
    }
    Ok(restarts)
}

/// An item as the request wants it.
fn changed_item(
    ctx: &mut Ctx<'_>,
    customer: &str,
    old: Option<&Value>,
    wanted: &Value,
    param: &str,
) -> Result<Value, ApiError> {
    let Some(old) = old else {
        return new_item(ctx, customer, wanted, param);
    };
    let mut item = old.clone();
    if let Some(price) = prices::named(ctx, wanted, param)? {
        set_price(&mut item, price);
    }
    let price = item["price"].clone();
    set_quantity(&mut item, &price, wanted, param)?;
    set_tax_rates(ctx, &mut item, wanted, param)?;
    set_discounts(ctx, &mut item, customer, wanted)?;
    for (key, value) in wanted["metadata"].as_object().into_iter().flatten() {
        item["metadata"][key] = value.clone();
    }
    Ok(item)
}

/// `trial_end`: now, or at another time. True if the trial is over with it, so that a period begins that is paid.
fn change_trial(
    ctx: &mut Ctx<'_>,
    before: &Value,
    after: &mut Value,
    params: &Params,
    prorates: bool,
) -> bool {
    let now = ctx.now();
    let end = match params.at("trial_end") {
        Some(wanted) if wanted == "now" => now,
        Some(wanted) => match wanted.as_i64() {
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
        proration::credit_all(ctx, before, now);
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

/// A new period begins now.
fn restart(ctx: &mut Ctx<'_>, after: &mut Value) {
    let now = ctx.now();
    after["billing_cycle_anchor"] = now.into();
    after["billing_cycle_anchor_config"] = Value::Null;
    let until = Cycle::of(after).map_or(now, |cycle| cycle.end_after(now));
    set_period(ctx, after, now, until);
}

/// Bills a period that begins now, and collects at once.
pub(super) fn collect_period(
    ctx: &mut Ctx<'_>,
    mut subscription: Value,
    period: (i64, i64),
    on_failure: OnFailure,
) -> Result<(), ApiError> {
    let all = Bill::of_period("subscription_update", period);
    let invoice = bill(ctx, &subscription, &all)?;
    subscription["latest_invoice"] = invoice["id"].clone();
    ctx.update(SUBSCRIPTION, &subscription);
    collect(ctx, invoice, on_failure)
}

/// Bills what waits for the subscription's next invoice, and collects at once.
pub(super) fn invoice_waiting(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    on_failure: OnFailure,
) -> Result<(), ApiError> {
    let pull = Pull::Of(text(subscription, "id"));
    let (customer, currency) = (
        text(subscription, "customer"),
        text(subscription, "currency"),
    );
    if invoice_items::waiting(ctx, customer, currency, pull).is_empty() {
        return Ok(());
    }
    let now = ctx.now();
    let nothing_ahead = Bill {
        reason: "subscription_update",
        ahead: None,
        end: now,
        behind: None,
        free: false,
        auto_advance: true,
    };
    let invoice = bill(ctx, subscription, &nothing_ahead)?;
    let mut latest = subscription.clone();
    latest["latest_invoice"] = invoice["id"].clone();
    ctx.update(SUBSCRIPTION, &latest);
    collect(ctx, invoice, on_failure)
}

/// Finalizes an invoice and collects it at once.
pub(super) fn collect(
    ctx: &mut Ctx<'_>,
    invoice: Value,
    on_failure: OnFailure,
) -> Result<(), ApiError> {
    let invoice = invoices::finalize(ctx, invoice)?;
    if invoice["status"] != "open" {
        return Ok(());
    }
    if invoice["collection_method"] == "send_invoice" {
        ctx.emit("invoice.sent", &invoice, None);
        return Ok(());
    }
    if on_failure == OnFailure::Ask {
        let before = ctx.required(SUBSCRIPTION, &of_invoice(&invoice))?;
        let mut after = before.clone();
        if status(&before) == "active" {
            after["status"] = "past_due".into();
        }
        changed(ctx, &before, &after);
        return Ok(());
    }
    match payment::attempt(ctx, &invoice, None, true) {
        Err(mut error) if on_failure == OnFailure::Refuse || !error.keep_changes => {
            error.keep_changes = false;
            Err(error)
        }
        _ => Ok(()),
    }
}
