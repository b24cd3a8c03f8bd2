//! `billing_thresholds`: an invoice as soon as the usage reaches an amount, before the period ends.
//!
//! ```text
//! meter event │ change ─▶ unbilled usage and pending items, less discounts ≥ amount_gte ─▶ invoice; optionally a new period
//! ```

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::billing::invoice_record::INVOICE;
use crate::billing::invoices::draft;
use crate::billing::meters::{self, MeterUsage};
use crate::billing::pending_items::{self, PendingItems};
use crate::billing::period::{Cycle, DAY_SECONDS};
use crate::billing::prices;
use crate::billing::subscriptions::bills::{
    SubscriptionBill, bill_lines, draft_bill, invoice_of_bill,
};
use crate::billing::subscriptions::record::{
    SUBSCRIPTION, period_end, save_changed_subscription, schedule_period_end, set_period, status,
    subscription_items,
};
use crate::billing::subscriptions::threshold_usage::ThresholdUsage;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::{list, number, text};
use crate::registry::Registry;
use crate::test_clocks;

/// Requires a threshold above the amount that is paid in advance.
pub(super) fn check_threshold(subscription: &Value) -> Result<(), ApiError> {
    let Some(amount) = subscription["billing_thresholds"]["amount_gte"].as_i64() else {
        return Ok(());
    };
    let items = subscription_items(subscription);
    let licensed = items
        .iter()
        .filter(|item| !prices::is_metered(&item["price"]));
    let sum: i64 = licensed
        .map(|item| prices::cost(&item["price"], number(item, "quantity")))
        .sum();
    if amount > sum {
        return Ok(());
    }
    let message = format!(
        "The amount_gte of billing_thresholds must be greater than what the licensed prices of the subscription come to ({sum})."
    );
    Err(ApiError::invalid_param(
        "billing_thresholds[amount_gte]",
        message,
    ))
}

pub(super) fn register(registry: &mut Registry) {
    registry.listen(on_meter_usage);
}

/// Bills the subscriptions of a customer whose threshold is reached.
fn on_meter_usage(ctx: &mut Ctx<'_>, usage: &MeterUsage) -> Result<(), ApiError> {
    let all = ctx.all_with(SUBSCRIPTION, "customer", &usage.customer);
    for subscription in all.into_iter().rev() {
        bill_if_threshold_reached(ctx, &subscription)?;
    }
    Ok(())
}

/// Bills the usage if it reaches the threshold; not in a trial, and not within a day of the period's end.
pub(super) fn bill_if_threshold_reached(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
) -> Result<(), ApiError> {
    let Some(amount) = subscription["billing_thresholds"]["amount_gte"].as_i64() else {
        return Ok(());
    };
    let now = test_clocks::customer_now(ctx, text(subscription, "customer"));
    let ctx = &mut ctx.at(now);
    let live = matches!(status(subscription), "active" | "past_due");
    let Some(end) = period_end(subscription).filter(|end| live && now < *end - DAY_SECONDS) else {
        return Ok(());
    };
    let start = number(&subscription["items"]["data"][0], "current_period_start");
    let used = SubscriptionBill {
        reason: "subscription_threshold",
        ahead: None,
        end,
        behind: Some((start, end)),
        free: false,
        auto_advance: true,
    };
    if accrued_amount(ctx, subscription, &used)? < amount {
        return Ok(());
    }
    let resets = subscription["billing_thresholds"]["reset_billing_cycle_anchor"] == true;
    let all = metered_quantities(ctx, subscription, (start, end));
    let (before, mut after) = (subscription.clone(), subscription.clone());
    let mut until = end;
    let mut now_due = used;
    if resets {
        after["billing_cycle_anchor"] = now.into();
        after["billing_cycle_anchor_config"] = Value::Null;
        until = Cycle::of(&after).map_or(end, |cycle| cycle.end_after(now));
        now_due.ahead = Some((now, until));
        now_due.end = until;
    }
    let mut invoice = draft_bill(ctx, &before, &now_due)?;
    invoice["threshold_reason"] = json!({"amount_gte": amount, "item_reasons": []});
    ctx.update(INVOICE, &invoice);
    let mut billed = ThresholdUsage {
        since: start,
        quantities: all,
    };
    if resets {
        set_period(ctx, &mut after, now, until);
        // Events with a timestamp up to 5 minutes ahead were billed too.
        billed = ThresholdUsage {
            since: now,
            quantities: metered_quantities(ctx, subscription, (now, end)),
        };
    }
    ctx.save(text(subscription, "id"), &billed);
    after["latest_invoice"] = invoice["id"].clone();
    save_changed_subscription(ctx, &before, &after);
    if resets {
        schedule_period_end(ctx, &after)?;
    }
    Ok(())
}

/// The usage of the metered items in a time range.
fn metered_quantities(
    ctx: &Ctx<'_>,
    subscription: &Value,
    time: (i64, i64),
) -> BTreeMap<String, i64> {
    let customer = text(subscription, "customer");
    let items = subscription_items(subscription).into_iter();
    let metered = items.filter(|item| prices::is_metered(&item["price"]));
    let quantities = metered.map(|item| {
        let used = meters::metered_quantity(ctx, &item["price"], customer, time);
        (text(&item, "id").to_owned(), used)
    });
    quantities.collect()
}

/// The amount to bill now: usage and pending items, less discounts, without taxes.
fn accrued_amount(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    used: &SubscriptionBill,
) -> Result<i64, ApiError> {
    let lines = bill_lines(ctx, subscription, used);
    let new = invoice_of_bill(subscription, used, lines);
    let waiting = pending_items::pending_items(
        ctx,
        text(subscription, "customer"),
        text(subscription, "currency"),
        PendingItems::OfSubscription(text(subscription, "id")),
    );
    let (invoice, _) = draft::compose_invoice(ctx, new, &waiting)?;
    let off = list(&invoice, "total_discount_amounts").iter();
    let off: i64 = off.map(|part| number(part, "amount")).sum();
    Ok(number(&invoice, "subtotal_excluding_tax") - off)
}
