//! Subscriptions: begun, renewed, changed, in arrears, ended.
//!
//! ```text
//! trialing ─▶ active ⇄ past_due ─▶ canceled
//! incomplete ─▲   └ 23 h ─▶ incomplete_expired
//! ```

mod begin;
mod change;

use serde_json::{Value, json};

use super::super::customers;
use super::super::due::Task;
use super::discounts;
use super::invoices::{self, NewInvoice};
use super::lines::{Line, Origin};
use super::period::Interval;
use super::{clocks, payment, prices};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::params::Params;
use crate::registry::Registry;

pub(in super::super) use self::begin::create;
pub(in super::super) use self::change::update;

const SUBSCRIPTION: &str = "subscription";
const DAY: i64 = 86_400;
/// Before the end of a trial there is an event.
const WARNING: i64 = 3 * DAY;

pub(super) fn register(registry: &mut Registry) {
    registry.add("subscriptions.create", create);
    registry.add("subscriptions.update", update);
    registry.add("subscriptions.cancel", cancel);
    registry.add("subscriptions.resume", resume);
}

/// The subscription that an invoice bills; empty if there is none.
pub(super) fn of_invoice(invoice: &Value) -> String {
    let details = &invoice["parent"]["subscription_details"];
    details["subscription"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// What happens to an invoice while its subscription's collection is paused.
pub(super) fn paused_collection(ctx: &Ctx<'_>, invoice: &Value) -> Option<String> {
    let subscription = ctx.get(SUBSCRIPTION, &of_invoice(invoice))?;
    let behavior = subscription["pause_collection"]["behavior"].as_str();
    behavior.map(str::to_owned)
}

fn status(subscription: &Value) -> &str {
    subscription["status"].as_str().unwrap_or_default()
}

fn items(subscription: &Value) -> Vec<Value> {
    let data = subscription["items"]["data"].as_array();
    data.cloned().unwrap_or_default()
}

/// When the present period ends: that of the item which ends first.
fn period_end(subscription: &Value) -> Option<i64> {
    let ends = items(subscription);
    ends.iter()
        .filter_map(|item| item["current_period_end"].as_i64())
        .min()
}

/// The interval of the subscription, that of its first item.
fn interval(subscription: &Value) -> Option<Interval> {
    Interval::of_price(&subscription["items"]["data"][0]["price"])
}

/// Puts the items into their present period, and keeps each as an object of its own.
fn put_items(ctx: &mut Ctx<'_>, subscription: &mut Value, mut items: Vec<Value>) {
    let id = subscription["id"].as_str().unwrap_or_default().to_owned();
    for item in &mut items {
        item["subscription"] = id.as_str().into();
        ctx.update("subscription_item", item);
    }
    subscription["items"] = json!({
        "object": "list",
        "data": items,
        "has_more": false,
        "total_count": items.len(),
        "url": format!("/v1/subscription_items?subscription={id}"),
    });
}

fn set_period(ctx: &mut Ctx<'_>, subscription: &mut Value, start: i64, end: i64) {
    let mut items = items(subscription);
    for item in &mut items {
        item["current_period_start"] = start.into();
        item["current_period_end"] = end.into();
    }
    put_items(ctx, subscription, items);
}

/// Keeps a changed subscription and says so.
fn changed(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    ctx.update(SUBSCRIPTION, after);
    let previous = previous_attributes(before, after);
    if !previous.is_empty() {
        ctx.emit(
            "customer.subscription.updated",
            after,
            Some(Value::Object(previous)),
        );
    }
}

/// Has the subscription looked at again at `at`, by its customer's clock.
fn look_again(ctx: &mut Ctx<'_>, subscription: &Value, at: i64) {
    let customer = subscription["customer"].as_str().unwrap_or_default();
    let subscription = subscription["id"].as_str().unwrap_or_default().to_owned();
    clocks::plan(ctx, customer, at, Task::Subscription { subscription });
}

/// Can the customer be charged without being asked?
fn has_method(ctx: &Ctx<'_>, subscription: &Value) -> bool {
    let customer = ctx.get(
        "customer",
        subscription["customer"].as_str().unwrap_or_default(),
    );
    subscription["default_payment_method"].is_string()
        || subscription["default_source"].is_string()
        || customer.is_some_and(|customer| customers::default_method(&customer).is_some())
}

/// Drafts the invoice of the period `start` to `end`, at `price_of` each item.
fn bill(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    reason: &'static str,
    (start, end): (i64, i64),
    price_of: impl Fn(&Value) -> i64,
    auto_advance: bool,
) -> Result<Value, ApiError> {
    let text = |name: &str| subscription[name].as_str().unwrap_or_default();
    let lines = items(subscription)
        .iter()
        .map(|item| {
            let quantity = item["quantity"].as_i64().unwrap_or(1);
            let product = item["price"]["product"].as_str().unwrap_or_default();
            let name = ctx
                .get("product", product)
                .and_then(|product| product["name"].as_str().map(str::to_owned))
                .unwrap_or_default();
            Line {
                amount: price_of(item),
                description: Some(if status(subscription) == "trialing" {
                    format!("Trial period for {name}")
                } else {
                    format!("{quantity} × {name}")
                }),
                period: (start, end),
                quantity,
                price: Some(item["price"].clone()),
                origin: Origin::Item {
                    subscription: text("id").to_owned(),
                    item: item["id"].as_str().unwrap_or_default().to_owned(),
                },
                metadata: item["metadata"].clone(),
            }
        })
        .collect();
    let new = NewInvoice {
        customer: text("customer"),
        currency: text("currency"),
        reason,
        subscription: Some(subscription),
        period: (start, end),
        collection_method: text("collection_method"),
        days_until_due: subscription["days_until_due"].as_i64(),
        auto_advance,
        discounts: subscription["discounts"]
            .as_array()
            .cloned()
            .unwrap_or_default(),
        lines,
    };
    let invoice = invoices::draft(ctx, new, true)?;
    share_with(ctx, subscription, &invoice);
    Ok(invoice)
}

/// `application_fee_percent` and `transfer_data` of the subscription become those of the invoice.
fn share_with(ctx: &mut Ctx<'_>, subscription: &Value, invoice: &Value) {
    let due = invoice["amount_due"].as_i64().unwrap_or(0);
    let part = |percent: &Value| {
        let points = discounts::basis_points(percent.as_f64()?);
        Some(super::super::fees::proportional(due, points, 10_000))
    };
    let fee = part(&subscription["application_fee_percent"]);
    let data = subscription["transfer_data"].as_object().map(|data| {
        let mut to = json!({"destination": data.get("destination")});
        if let Some(amount) = data.get("amount_percent").and_then(part) {
            to["amount"] = amount.into();
        }
        to
    });
    if fee.is_some() || data.is_some() {
        payment::remember_split(ctx, invoice, fee, data.as_ref());
    }
}

/// Brings a subscription up to the present: trials end, periods roll over, wishes to end come true.
pub(in super::super) fn catch_up(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let Some(subscription) = ctx.get(SUBSCRIPTION, id) else {
        return Ok(());
    };
    let now = ctx.now();
    let due = |at: &Value| at.as_i64().is_some_and(|at| at <= now);
    match status(&subscription) {
        "incomplete" => {
            begin::expire(ctx, &subscription);
            return Ok(());
        }
        "trialing" | "active" | "past_due" | "unpaid" => {}
        _ => return Ok(()),
    }
    let over = period_end(&subscription).is_some_and(|end| end <= now);
    if due(&subscription["cancel_at"]) || (over && subscription["cancel_at_period_end"] == true) {
        end(ctx, subscription, "cancellation_requested");
        return Ok(());
    }
    if status(&subscription) == "trialing" && !over {
        if subscription["trial_end"]
            .as_i64()
            .is_some_and(|end| end - WARNING <= now)
        {
            ctx.emit("customer.subscription.trial_will_end", &subscription, None);
        }
        return Ok(());
    }
    if due(&subscription["pause_collection"]["resumes_at"]) {
        let mut resumed = subscription.clone();
        resumed["pause_collection"] = Value::Null;
        changed(ctx, &subscription, &resumed);
    }
    if over {
        let subscription = ctx.required(SUBSCRIPTION, id)?;
        renew(ctx, subscription)?;
    }
    Ok(())
}

/// The next period begins, with an invoice for it.
fn renew(ctx: &mut Ctx<'_>, before: Value) -> Result<(), ApiError> {
    let trialed = status(&before) == "trialing";
    if trialed && !has_method(ctx, &before) && before["collection_method"] == "charge_automatically"
    {
        let behavior = &before["trial_settings"]["end_behavior"]["missing_payment_method"];
        match behavior.as_str() {
            Some("cancel") => {
                end(ctx, before, "payment_failed");
                return Ok(());
            }
            Some("pause") => {
                let mut paused = before.clone();
                paused["status"] = "paused".into();
                changed(ctx, &before, &paused);
                ctx.emit("customer.subscription.paused", &paused, None);
                return Ok(());
            }
            _ => {}
        }
    }
    let (Some(start), Some(interval)) = (period_end(&before), interval(&before)) else {
        return Ok(());
    };
    let anchor = before["billing_cycle_anchor"].as_i64().unwrap_or(start);
    let until = interval.end_after(anchor, start);
    let mut after = before.clone();
    if trialed {
        after["status"] = "active".into();
    }
    set_period(ctx, &mut after, start, until);
    let collects = status(&before) != "unpaid";
    let cost = |item: &Value| prices::cost(&item["price"], item["quantity"].as_i64().unwrap_or(1));
    let invoice = bill(
        ctx,
        &after,
        "subscription_cycle",
        (start, until),
        cost,
        collects,
    )?;
    after["latest_invoice"] = invoice["id"].clone();
    changed(ctx, &before, &after);
    look_again(ctx, &after, until);
    Ok(())
}

/// Makes room to say why a subscription ended.
fn with_details(subscription: &mut Value) {
    if !subscription["cancellation_details"].is_object() {
        subscription["cancellation_details"] =
            json!({"comment": null, "feedback": null, "feedback_option": null, "reason": null});
    }
}

/// The subscription is over.
fn end(ctx: &mut Ctx<'_>, mut subscription: Value, reason: &str) {
    let now = ctx.now();
    if subscription["canceled_at"].is_null() {
        subscription["canceled_at"] = now.into();
    }
    with_details(&mut subscription);
    subscription["cancellation_details"]["reason"] = reason.into();
    subscription["ended_at"] = now.into();
    subscription["status"] = "canceled".into();
    ctx.update(SUBSCRIPTION, &subscription);
    ctx.emit("customer.subscription.deleted", &subscription, None);
}

/// An invoice of a subscription was paid.
pub(super) fn paid(ctx: &mut Ctx<'_>, invoice: &Value) {
    let Some(before) = ctx.get(SUBSCRIPTION, &of_invoice(invoice)) else {
        return;
    };
    if matches!(status(&before), "incomplete" | "past_due" | "unpaid") {
        let mut after = before.clone();
        after["status"] = "active".into();
        changed(ctx, &before, &after);
    }
}

/// An invoice of a subscription could not be collected; `for_good` when it will not be tried again.
pub(super) fn unpaid(ctx: &mut Ctx<'_>, invoice: &Value, for_good: bool) {
    let Some(before) = ctx.get(SUBSCRIPTION, &of_invoice(invoice)) else {
        return;
    };
    match (status(&before), for_good) {
        ("active" | "past_due", true) if invoice["auto_advance"] == true => {
            end(ctx, before, "payment_failed");
        }
        ("active", _) => {
            let mut after = before.clone();
            after["status"] = "past_due".into();
            changed(ctx, &before, &after);
        }
        _ => {}
    }
}

/// `DELETE /v1/subscriptions/{subscription}`.
pub(in super::super) fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("subscription_exposed_id").to_owned();
    let mut subscription = ctx.required(SUBSCRIPTION, &id)?;
    if matches!(status(&subscription), "canceled" | "incomplete_expired") {
        return Err(ApiError::no_such("subscription", &id, "id"));
    }
    let customer = subscription["customer"].as_str().unwrap_or_default();
    let now = clocks::now_of(ctx, customer);
    let mut ctx = ctx.at(now);
    if params.bool("prorate") == Some(true) {
        for item in items(&subscription) {
            super::proration::items(&mut ctx, &subscription, Some(&item), None);
        }
    }
    if params.bool("invoice_now") == Some(true) {
        change::invoice_waiting(&mut ctx, &subscription)?;
    }
    with_details(&mut subscription);
    for name in ["comment", "feedback"] {
        if let Some(said) = params.text(&format!("cancellation_details.{name}")) {
            subscription["cancellation_details"][name] = said.into();
        }
    }
    end(&mut ctx, subscription, "cancellation_requested");
    ctx.required(SUBSCRIPTION, &id)
}

/// `POST /v1/subscriptions/{subscription}/resume`: a new period begins now.
fn resume(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(SUBSCRIPTION, params.path("subscription"))?;
    if status(&before) != "paused" {
        let message = "Only paused subscriptions can be resumed.";
        return Err(ApiError::invalid_request(message));
    }
    let customer = before["customer"].as_str().unwrap_or_default();
    let now = clocks::now_of(ctx, customer);
    let mut ctx = ctx.at(now);
    let mut after = before.clone();
    let (mut anchor, interval) = (before["billing_cycle_anchor"].as_i64(), interval(&before));
    if params.text("billing_cycle_anchor.type") != Some("unchanged") {
        anchor = Some(now);
        after["billing_cycle_anchor"] = now.into();
    }
    let until = interval.map_or(now, |interval| {
        interval.end_after(anchor.unwrap_or(now), now)
    });
    after["status"] = "active".into();
    set_period(&mut ctx, &mut after, now, until);
    changed(&mut ctx, &before, &after);
    ctx.emit("customer.subscription.resumed", &after, None);
    change::collect_period(&mut ctx, after, "subscription_update", (now, until))?;
    ctx.required(SUBSCRIPTION, params.path("subscription"))
}
