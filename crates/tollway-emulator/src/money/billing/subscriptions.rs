//! Subscriptions: begun, renewed, changed, in arrears, ended.
//!
//! ```text
//! trialing ─▶ active ⇄ past_due ─▶ canceled
//! incomplete ─▲   └ 23 h ─▶ incomplete_expired
//! ```

mod begin;
mod change;
mod pending;

use serde_json::{Value, json};

use super::super::customers;
use super::super::due::Task;
use super::super::fields::{list, number, text};
use super::invoices::{self, NewInvoice, Pull};
use super::lines::{Line, Origin};
use super::period::Cycle;
use super::{clocks, discounts, meters, payment, prices, proration, schedules};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::params::Params;
use crate::registry::Registry;
use crate::world::AfterRetries;

pub(in super::super) use self::begin::create;
pub(super) use self::begin::give_up;
pub(in super::super) use self::change::update;

const SUBSCRIPTION: &str = "subscription";
const DAY: i64 = 86_400;
/// Before the end of a trial there is an event.
const WARNING: i64 = 3 * DAY;
/// And before an invoice.
const UPCOMING: i64 = 7 * DAY;

pub(super) fn register(registry: &mut Registry) {
    registry.add("subscriptions.create", create);
    registry.add("subscriptions.update", update);
    registry.add("subscriptions.cancel", cancel);
    registry.add("subscriptions.delete_discount", delete_discount);
    registry.add("subscriptions.pause", pause);
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

/// An invoice of a subscription to be drafted.
struct Bill {
    reason: &'static str,
    /// The time that is paid in advance; none if only what was used is billed.
    ahead: Option<(i64, i64)>,
    /// When the period that `ahead` lies in ends.
    end: i64,
    /// The time whose use is paid now.
    behind: Option<(i64, i64)>,
    free: bool,
    auto_advance: bool,
}

impl Bill {
    /// A whole period in advance.
    fn of_period(reason: &'static str, period: (i64, i64)) -> Self {
        Self {
            reason,
            ahead: Some(period),
            end: period.1,
            behind: None,
            free: false,
            auto_advance: true,
        }
    }
}

/// Drafts an invoice of a subscription, with everything that waits for it.
fn bill(ctx: &mut Ctx<'_>, subscription: &Value, bill: &Bill) -> Result<Value, ApiError> {
    let lines = lines_of(ctx, subscription, bill);
    let new = new_invoice(subscription, bill, lines);
    let pull = Pull::Of(text(subscription, "id"));
    let invoice = invoices::draft(ctx, new, pull)?;
    share_with(ctx, subscription, &invoice);
    Ok(invoice)
}

fn new_invoice<'s>(subscription: &'s Value, bill: &Bill, lines: Vec<Line>) -> NewInvoice<'s> {
    NewInvoice {
        customer: text(subscription, "customer"),
        currency: text(subscription, "currency"),
        reason: bill.reason,
        subscription: Some(subscription),
        period: bill.behind.or(bill.ahead).unwrap_or((bill.end, bill.end)),
        collection_method: text(subscription, "collection_method"),
        days_until_due: subscription["days_until_due"].as_i64(),
        auto_advance: bill.auto_advance,
        discounts: list(subscription, "discounts").to_vec(),
        lines,
    }
}

/// A line for each item: a licensed one for the time ahead, a metered one for what was used.
fn lines_of(ctx: &Ctx<'_>, subscription: &Value, bill: &Bill) -> Vec<Line> {
    let cycle = Cycle::of(subscription);
    let mut lines = Vec::new();
    for item in items(subscription) {
        let price = &item["price"];
        let metered = prices::is_metered(price);
        let Some(time) = (if metered {
            bill.behind.or(bill.ahead)
        } else {
            bill.ahead
        }) else {
            continue;
        };
        let quantity = match bill.behind {
            _ if !metered => item["quantity"].as_i64().unwrap_or(1),
            Some(time) => meters::used(ctx, price, text(subscription, "customer"), time),
            None => 0,
        };
        let full = prices::cost(price, quantity);
        let amount = match &cycle {
            _ if bill.free => 0,
            // A period that an anchor or an end cuts short costs its share.
            Some(cycle) if !metered => cycle.share(full, time, bill.end),
            _ if quantity == 0 => 0,
            _ => full,
        };
        let product = ctx.get("product", text(price, "product"));
        let name = product.as_ref().map_or("", |product| text(product, "name"));
        lines.push(Line {
            amount,
            description: Some(if status(subscription) == "trialing" {
                format!("Trial period for {name}")
            } else {
                format!("{quantity} × {name}")
            }),
            period: time,
            quantity,
            price: Some(price.clone()),
            origin: Origin::Item {
                subscription: text(subscription, "id").to_owned(),
                item: text(&item, "id").to_owned(),
            },
            metadata: item["metadata"].clone(),
            discountable: true,
            tax_rates: list(&item, "tax_rates").to_vec(),
        });
    }
    lines
}

/// `application_fee_percent`, `transfer_data` and `on_behalf_of` of the subscription become those of the invoice.
fn share_with(ctx: &mut Ctx<'_>, subscription: &Value, invoice: &Value) {
    let due = number(invoice, "amount_due");
    let part = |percent: &Value| {
        let points = discounts::basis_points(percent.as_f64()?);
        Some(super::super::fees::proportional(due, points, 10_000))
    };
    let data = subscription["transfer_data"].as_object().map(|data| {
        let mut to = json!({"destination": data.get("destination")});
        if let Some(amount) = data.get("amount_percent").and_then(part) {
            to["amount"] = amount.into();
        }
        to
    });
    let split = payment::SplitOf {
        fee: part(&subscription["application_fee_percent"]),
        transfer_data: data,
        on_behalf_of: subscription["on_behalf_of"].as_str().map(str::to_owned),
    };
    if split.fee.is_some() || split.transfer_data.is_some() || split.on_behalf_of.is_some() {
        payment::remember_split(ctx, invoice, &split);
    }
}

/// Has the subscription looked at when its period ends, and before that when its invoice is announced.
fn look_at_end(ctx: &mut Ctx<'_>, subscription: &Value) {
    let Some(end) = period_end(subscription) else {
        return;
    };
    let announced = end - UPCOMING;
    if announced > ctx.now() {
        look_again(ctx, subscription, announced);
    }
    look_again(ctx, subscription, end);
}

/// Brings a subscription up to the present: trials end, periods roll over, wishes to end come true.
pub(in super::super) fn catch_up(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let Some(subscription) = ctx.get(SUBSCRIPTION, id) else {
        return Ok(());
    };
    if let Some(schedule) = subscription["schedule"].as_str() {
        schedules::step(ctx, schedule)?;
    }
    let subscription = ctx.required(SUBSCRIPTION, id)?;
    let now = ctx.now();
    let due = |at: &Value| at.as_i64().is_some_and(|at| at <= now);
    match status(&subscription) {
        "incomplete" => return begin::expire(ctx, &subscription),
        "trialing" | "active" | "past_due" | "unpaid" => {}
        _ => return Ok(()),
    }
    if due(&subscription["pending_update"]["expires_at"]) {
        pending::expire(ctx, &subscription)?;
    }
    let over = period_end(&subscription).is_some_and(|end| end <= now);
    if due(&subscription["cancel_at"]) || (over && subscription["cancel_at_period_end"] == true) {
        return end_and_settle(ctx, &subscription, "cancellation_requested");
    }
    let ends_within = |end: Option<i64>, time: i64| end.is_some_and(|end| end - time <= now);
    if !over {
        if status(&subscription) == "trialing"
            && ends_within(subscription["trial_end"].as_i64(), WARNING)
        {
            warn_of_trial_end(ctx, &subscription);
        }
        if ends_within(period_end(&subscription), UPCOMING) {
            announce(ctx, &subscription)?;
        }
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

/// Said once for each end: true if it was not said before.
fn first_time(ctx: &mut Ctx<'_>, what: &str, subscription: &Value, end: &Value) -> bool {
    let said: Option<Value> = ctx.world.typed(&ctx.scope, what, text(subscription, "id"));
    if said.is_some_and(|said| said["end"] == *end) {
        return false;
    }
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    let id = text(subscription, "id");
    ctx.world
        .put_typed(&scope, what, id, &json!({"end": end}), now);
    true
}

fn warn_of_trial_end(ctx: &mut Ctx<'_>, subscription: &Value) {
    if first_time(
        ctx,
        "_trial_warned",
        subscription,
        &subscription["trial_end"],
    ) {
        ctx.emit("customer.subscription.trial_will_end", subscription, None);
    }
}

/// `invoice.upcoming`, unless there will be none.
fn announce(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    let end = period_end(subscription).into();
    if first_time(ctx, "_upcoming", subscription, &end) {
        let invoice = upcoming(ctx, subscription, true)?;
        ctx.emit("invoice.upcoming", &invoice, None);
    }
    Ok(())
}

/// The next invoice of a subscription as it would be now; nothing is kept.
pub(super) fn upcoming(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    with_waiting: bool,
) -> Result<Value, ApiError> {
    let start = period_end(subscription).unwrap_or(ctx.now());
    let mut next = subscription.clone();
    if status(&next) == "trialing" {
        next["status"] = "active".into();
    }
    let bill = next_bill(subscription, start);
    let waiting = super::invoice_items::waiting(
        ctx,
        text(&next, "customer"),
        text(&next, "currency"),
        Pull::Of(text(&next, "id")),
    );
    let waiting = if with_waiting { waiting } else { Vec::new() };
    let mut then = ctx.at(start);
    let lines = lines_of(&then, &next, &bill);
    let new = new_invoice(&next, &bill, lines);
    let (invoice, _) = invoices::compose(&mut then, new, &waiting)?;
    Ok(invoices::as_upcoming(invoice))
}

/// What is billed when a period of a subscription ends at `start`.
fn next_bill(subscription: &Value, start: i64) -> Bill {
    let until = Cycle::of(subscription).map_or(start, |cycle| cycle.end_after(start));
    let cancel = subscription["cancel_at"].as_i64();
    let paid_until = cancel.map_or(until, |at| at.clamp(start, until));
    let began = number(&subscription["items"]["data"][0], "current_period_start");
    let trialed = status(subscription) == "trialing";
    let ends = cancel.is_some_and(|at| at <= start);
    Bill {
        reason: "subscription_cycle",
        ahead: (!ends).then_some((start, paid_until)),
        end: until,
        behind: (!trialed).then_some((began, start)),
        free: false,
        auto_advance: status(subscription) != "unpaid",
    }
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
    let Some(start) = period_end(&before) else {
        return Ok(());
    };
    let mut bill_now = next_bill(&before, start);
    let mut after = before.clone();
    if trialed {
        after["status"] = "active".into();
    }
    set_period(ctx, &mut after, start, bill_now.end);
    let paused = text(&before["pause_collection"], "behavior").to_owned();
    bill_now.auto_advance &= paused.is_empty();
    let invoice = bill(ctx, &after, &bill_now)?;
    after["latest_invoice"] = invoice["id"].clone();
    changed(ctx, &before, &after);
    look_at_end(ctx, &after);
    if matches!(paused.as_str(), "void" | "mark_uncollectible") {
        invoices::close(ctx, invoice, &paused)?;
    }
    Ok(())
}

/// The subscription is over at the end of its time: what was used, and what waits, is billed once more.
pub(super) fn end_and_settle(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    reason: &str,
) -> Result<(), ApiError> {
    end(ctx, subscription.clone(), reason);
    settle_up(ctx, subscription).map(drop)
}

/// Bills what was used of a subscription that is over, and what waits for it; the invoice, if there is anything to bill.
fn settle_up(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<Option<Value>, ApiError> {
    let now = ctx.now();
    let began = number(&subscription["items"]["data"][0], "current_period_start");
    let last = Bill {
        reason: "subscription_cycle",
        ahead: None,
        end: now,
        behind: (status(subscription) != "trialing").then_some((began, now)),
        free: false,
        auto_advance: true,
    };
    let pull = Pull::Of(text(subscription, "id"));
    let (customer, currency) = (
        text(subscription, "customer"),
        text(subscription, "currency"),
    );
    let waits = !super::invoice_items::waiting(ctx, customer, currency, pull).is_empty();
    let used = lines_of(ctx, subscription, &last);
    if !waits && used.iter().all(|line| line.amount == 0) {
        return Ok(None);
    }
    let invoice = bill(ctx, subscription, &last)?;
    if let Some(mut over) = ctx.get(SUBSCRIPTION, text(subscription, "id")) {
        over["latest_invoice"] = invoice["id"].clone();
        ctx.update(SUBSCRIPTION, &over);
    }
    Ok(Some(invoice))
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
    invoices::let_go(ctx, &subscription);
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
    pending::apply(ctx, &before, invoice);
}

/// An invoice of a subscription could not be collected; `for_good` when it will not be tried again.
pub(super) fn unpaid(ctx: &mut Ctx<'_>, invoice: &Value, for_good: bool) {
    let Some(before) = ctx.get(SUBSCRIPTION, &of_invoice(invoice)) else {
        return;
    };
    let dunning = for_good && invoice["auto_advance"] == true;
    let left_as = match (status(&before), ctx.world.platform.after_retries) {
        ("active" | "past_due", AfterRetries::Cancel) if dunning => {
            end(ctx, before, "payment_failed");
            return;
        }
        ("active" | "past_due", AfterRetries::MarkUnpaid) if dunning => "unpaid",
        ("active", _) => "past_due",
        _ => return,
    };
    let mut after = before.clone();
    after["status"] = left_as.into();
    changed(ctx, &before, &after);
}

/// `DELETE /v1/subscriptions/{subscription}`.
pub(in super::super) fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("subscription_exposed_id").to_owned();
    let mut subscription = ctx.required(SUBSCRIPTION, &id)?;
    if matches!(status(&subscription), "canceled" | "incomplete_expired") {
        return Err(ApiError::no_such("subscription", &id, "id"));
    }
    let now = clocks::now_of(ctx, text(&subscription, "customer"));
    let mut ctx = ctx.at(now);
    if params.bool("prorate") == Some(true) {
        proration::credit_all(&mut ctx, &subscription, now);
    }
    with_details(&mut subscription);
    for name in ["comment", "feedback"] {
        if let Some(said) = params.text(&format!("cancellation_details.{name}")) {
            subscription["cancellation_details"][name] = said.into();
        }
    }
    end(&mut ctx, subscription.clone(), "cancellation_requested");
    if params.bool("invoice_now") == Some(true)
        && let Some(invoice) = settle_up(&mut ctx, &subscription)?
    {
        change::collect(&mut ctx, invoice, change::OnFailure::Leave)?;
    }
    ctx.required(SUBSCRIPTION, &id)
}

/// `DELETE /v1/subscriptions/{subscription}/discount`: all of its discounts.
fn delete_discount(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("subscription_exposed_id").to_owned();
    let before = ctx.required(SUBSCRIPTION, &id)?;
    let gone = list(&before, "discounts").to_vec();
    let Some(first) = gone.first().and_then(Value::as_str) else {
        let message = "No active discount for the subscription.";
        return Err(ApiError::invalid_request(message).code("resource_missing"));
    };
    let discount = ctx.required("discount", first)?;
    let mut after = before.clone();
    after["discounts"] = json!([]);
    changed(ctx, &before, &after);
    ctx.emit("customer.discount.deleted", &discount, None);
    let mut deleted = discount;
    deleted["deleted"] = true.into();
    Ok(deleted)
}

/// `POST /v1/subscriptions/{subscription}/pause`: no time passes for it until it is resumed.
fn pause(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(SUBSCRIPTION, params.path("subscription"))?;
    if !matches!(status(&before), "active" | "trialing" | "past_due") {
        let message = format!(
            "A subscription that is {} cannot be paused.",
            status(&before)
        );
        return Err(ApiError::invalid_request(message));
    }
    let now = clocks::now_of(ctx, text(&before, "customer"));
    let mut ctx = ctx.at(now);
    if params.text("bill_for.unused_time_from.type") == Some("now") {
        proration::credit_all(&mut ctx, &before, now);
    }
    let mut paused = before.clone();
    paused["status"] = "paused".into();
    changed(&mut ctx, &before, &paused);
    ctx.emit("customer.subscription.paused", &paused, None);
    if params.text("invoicing_behavior") == Some("invoice") {
        change::invoice_waiting(&mut ctx, &paused, change::OnFailure::Leave)?;
    }
    ctx.required(SUBSCRIPTION, params.path("subscription"))
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
    if params.text("billing_cycle_anchor.type") != Some("unchanged") {
        after["billing_cycle_anchor"] = now.into();
    }
    let until = Cycle::of(&after).map_or(now, |cycle| cycle.end_after(now));
    after["status"] = "active".into();
    set_period(&mut ctx, &mut after, now, until);
    changed(&mut ctx, &before, &after);
    ctx.emit("customer.subscription.resumed", &after, None);
    look_at_end(&mut ctx, &after);
    change::collect_period(&mut ctx, after, (now, until), change::OnFailure::Leave)?;
    ctx.required(SUBSCRIPTION, params.path("subscription"))
}
