//! Subscriptions: begun, renewed, changed, in arrears, ended.
//!
//! ```text
//! trialing ─▶ active ⇄ past_due ─▶ canceled
//! incomplete ─▲   └ 23 h ─▶ incomplete_expired
//! ```

mod bill;
mod create;
mod methods;
mod pending;
mod renew;
mod thresholds;
mod update;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::billing::period::Cycle;
use crate::billing::{invoices, proration, schedules};
use crate::ctx::Ctx;
use crate::customers;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::json::{list, text};
use crate::params::Params;
use crate::registry::Registry;
use crate::scheduler::ScheduledTask;
use crate::test_clocks;
use crate::world::AfterRetries;

use self::bill::settle_up;
pub(crate) use self::bill::upcoming;
pub(crate) use self::create::create;
pub(crate) use self::create::give_up;
pub(crate) use self::methods::keep_method;
pub(crate) use self::methods::set_up;
pub(crate) use self::renew::catch_up;
pub(crate) use self::renew::end_and_settle;
use self::renew::look_at_end;
pub(crate) use self::thresholds::look_after_use;
pub(crate) use self::update::update;

const SUBSCRIPTION: &str = "subscription";
const DAY: i64 = 86_400;
/// Ends a trial or a period of a subscription that is over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AdvanceSubscription {
    pub(crate) subscription: String,
}

impl ScheduledTask for AdvanceSubscription {
    const KIND: &'static str = "subscription";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        catch_up(ctx, &self.subscription)
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<AdvanceSubscription>();
    registry.add("subscriptions.create", create);
    registry.add("subscriptions.update", update);
    registry.add("subscriptions.cancel", cancel);
    registry.add("subscriptions.delete_discount", delete_discount);
    registry.add("subscriptions.pause", pause);
    registry.add("subscriptions.resume", resume);
}

/// The subscription that an invoice bills; empty if there is none.
pub(crate) fn of_invoice(invoice: &Value) -> String {
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
fn look_again(ctx: &mut Ctx<'_>, subscription: &Value, at: i64) -> Result<(), ApiError> {
    let customer = subscription["customer"].as_str().unwrap_or_default();
    let subscription = subscription["id"].as_str().unwrap_or_default().to_owned();
    test_clocks::schedule_for_customer(ctx, customer, at, &AdvanceSubscription { subscription })
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
    if let Some(schedule) = subscription["schedule"].as_str() {
        schedules::end_with_subscription(ctx, schedule);
    }
}

/// The customer of a subscription is no more: one that was never paid expires, any other ends at once.
pub(crate) fn cancel_if_live(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    match status(subscription) {
        "canceled" | "incomplete_expired" => {}
        "incomplete" => give_up(ctx, subscription)?,
        _ => {
            let Some(subscription) = ctx.get(SUBSCRIPTION, text(subscription, "id")) else {
                return Ok(());
            };
            end(ctx, subscription, "cancellation_requested");
        }
    }
    Ok(())
}

/// An invoice of a subscription was paid.
pub(crate) fn paid(ctx: &mut Ctx<'_>, invoice: &Value) -> Result<(), ApiError> {
    let Some(before) = ctx.get(SUBSCRIPTION, &of_invoice(invoice)) else {
        return Ok(());
    };
    if matches!(status(&before), "incomplete" | "past_due" | "unpaid") {
        let mut after = before.clone();
        after["status"] = "active".into();
        changed(ctx, &before, &after);
    }
    pending::apply(ctx, &before, invoice)?;
    Ok(())
}

/// An invoice of a subscription could not be collected; `for_good` when it will not be tried again.
pub(crate) fn unpaid(ctx: &mut Ctx<'_>, invoice: &Value, for_good: bool) {
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
pub(crate) fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("subscription_exposed_id").to_owned();
    let mut subscription = ctx.required(SUBSCRIPTION, &id)?;
    if matches!(status(&subscription), "canceled" | "incomplete_expired") {
        return Err(ApiError::no_such("subscription", &id, "id"));
    }
    let now = test_clocks::customer_now(ctx, text(&subscription, "customer"));
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
        update::collect(&mut ctx, invoice, update::OnFailure::Leave)?;
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
    let now = test_clocks::customer_now(ctx, text(&before, "customer"));
    let mut ctx = ctx.at(now);
    if params.text("bill_for.unused_time_from.type") == Some("now") {
        proration::credit_all(&mut ctx, &before, now);
    }
    let mut paused = before.clone();
    paused["status"] = "paused".into();
    changed(&mut ctx, &before, &paused);
    ctx.emit("customer.subscription.paused", &paused, None);
    if params.text("invoicing_behavior") == Some("invoice") {
        update::invoice_waiting(&mut ctx, &paused, update::OnFailure::Leave)?;
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
    let now = test_clocks::customer_now(ctx, customer);
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
    look_at_end(&mut ctx, &after)?;
    update::collect_period(&mut ctx, after, (now, until), update::OnFailure::Leave)?;
    ctx.required(SUBSCRIPTION, params.path("subscription"))
}
