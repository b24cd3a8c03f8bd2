//! The subscription object: how it is stored, its items and periods, and when it is checked again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::billing::period::DAY_SECONDS;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::{customers, test_clocks};

pub(super) const SUBSCRIPTION: &str = "subscription";

/// Seconds between `customer.subscription.trial_will_end` and the end of the trial.
pub(super) const TRIAL_WARNING_SECONDS: i64 = 3 * DAY_SECONDS;

/// Seconds between `invoice.upcoming` and the end of the period.
pub(super) const UPCOMING_INVOICE_SECONDS: i64 = 7 * DAY_SECONDS;

/// Advances a subscription to the current time.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AdvanceSubscription {
    pub(super) subscription: String,
}

pub(super) fn status(subscription: &Value) -> &str {
    subscription["status"].as_str().unwrap_or_default()
}

pub(super) fn subscription_items(subscription: &Value) -> Vec<Value> {
    let data = subscription["items"]["data"].as_array();
    data.cloned().unwrap_or_default()
}

/// The end of the current period: the earliest of the items.
pub(super) fn period_end(subscription: &Value) -> Option<i64> {
    let ends = subscription_items(subscription);
    ends.iter()
        .filter_map(|item| item["current_period_end"].as_i64())
        .min()
}

/// Stores the items as objects of their own, and in the subscription.
pub(super) fn put_items(ctx: &mut Ctx<'_>, subscription: &mut Value, mut items: Vec<Value>) {
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

pub(super) fn set_period(ctx: &mut Ctx<'_>, subscription: &mut Value, start: i64, end: i64) {
    let mut items = subscription_items(subscription);
    for item in &mut items {
        item["current_period_start"] = start.into();
        item["current_period_end"] = end.into();
    }
    put_items(ctx, subscription, items);
}

/// Stores a changed subscription and emits `customer.subscription.updated`.
pub(super) fn save_changed_subscription(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
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

/// Schedules a check of the subscription at `at`, on its customer's clock.
pub(super) fn schedule_check(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    at: i64,
) -> Result<(), ApiError> {
    let customer = subscription["customer"].as_str().unwrap_or_default();
    let subscription = subscription["id"].as_str().unwrap_or_default().to_owned();
    test_clocks::schedule_for_customer(ctx, customer, at, &AdvanceSubscription { subscription })
}

/// Schedules checks at the end of the period, and at `invoice.upcoming` before it.
pub(super) fn schedule_period_end(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    let Some(end) = period_end(subscription) else {
        return Ok(());
    };
    let announced = end - UPCOMING_INVOICE_SECONDS;
    if announced > ctx.now() {
        schedule_check(ctx, subscription, announced)?;
    }
    schedule_check(ctx, subscription, end)?;
    Ok(())
}

/// Whether the subscription or its customer has a default payment method.
pub(super) fn has_payment_method(ctx: &Ctx<'_>, subscription: &Value) -> bool {
    let customer = ctx.get(
        "customer",
        subscription["customer"].as_str().unwrap_or_default(),
    );
    subscription["default_payment_method"].is_string()
        || subscription["default_source"].is_string()
        || customer.is_some_and(|customer| customers::default_method(&customer).is_some())
}

/// Gives the subscription its `cancellation_details`.
pub(super) fn ensure_cancellation_details(subscription: &mut Value) {
    if !subscription["cancellation_details"].is_object() {
        subscription["cancellation_details"] =
            json!({"comment": null, "feedback": null, "feedback_option": null, "reason": null});
    }
}
