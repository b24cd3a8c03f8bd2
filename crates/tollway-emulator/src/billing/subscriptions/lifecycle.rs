//! Operations that cancel, pause and resume a subscription.

use serde_json::{Value, json};

use crate::billing::period::Cycle;
use crate::billing::proration;
use crate::billing::subscriptions::bills::bill_remaining_usage;
use crate::billing::subscriptions::collect::{
    PaymentBehavior, collect_invoice, collect_pending_items, collect_period,
};
use crate::billing::subscriptions::ending::end_subscription;
use crate::billing::subscriptions::record::{
    SUBSCRIPTION, ensure_cancellation_details, save_changed_subscription, schedule_period_end,
    set_period, status,
};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::json::{list, text};
use crate::params::Params;
use crate::registry::Registry;
use crate::test_clocks;

pub(super) fn register(registry: &mut Registry) {
    registry.add("subscriptions.cancel", cancel);
    registry.add("subscriptions.delete_discount", delete_discount);
    registry.add("subscriptions.pause", pause);
    registry.add("subscriptions.resume", resume);
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
        proration::credit_unused_time(&mut ctx, &subscription, now);
    }
    ensure_cancellation_details(&mut subscription);
    for name in ["comment", "feedback"] {
        if let Some(text) = params.text(&format!("cancellation_details.{name}")) {
            subscription["cancellation_details"][name] = text.into();
        }
    }
    end_subscription(&mut ctx, subscription.clone(), "cancellation_requested")?;
    if params.bool("invoice_now") == Some(true)
        && let Some(invoice) = bill_remaining_usage(&mut ctx, &subscription)?
    {
        collect_invoice(&mut ctx, invoice, PaymentBehavior::Allow)?;
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
    save_changed_subscription(ctx, &before, &after);
    ctx.emit("customer.discount.deleted", &discount, None);
    let mut deleted = discount;
    deleted["deleted"] = true.into();
    Ok(deleted)
}

/// `POST /v1/subscriptions/{subscription}/pause`: no periods pass until it is resumed.
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
        proration::credit_unused_time(&mut ctx, &before, now);
    }
    let mut paused = before.clone();
    paused["status"] = "paused".into();
    save_changed_subscription(&mut ctx, &before, &paused);
    ctx.emit("customer.subscription.paused", &paused, None);
    if params.text("invoicing_behavior") == Some("invoice") {
        collect_pending_items(&mut ctx, &paused, PaymentBehavior::Allow)?;
    }
    ctx.required(SUBSCRIPTION, params.path("subscription"))
}

/// `POST /v1/subscriptions/{subscription}/resume`: a new period starts now.
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
    save_changed_subscription(&mut ctx, &before, &after);
    ctx.emit("customer.subscription.resumed", &after, None);
    schedule_period_end(&mut ctx, &after)?;
    collect_period(&mut ctx, after, (now, until), PaymentBehavior::Allow)?;
    ctx.required(SUBSCRIPTION, params.path("subscription"))
}
