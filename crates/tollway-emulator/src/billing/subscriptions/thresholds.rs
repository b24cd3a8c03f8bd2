//! `billing_thresholds`: an invoice as soon as what was used comes to an amount, and not only when the period ends.
//!
//! ```text
//! meter event │ change ─▶ look ─ use not billed, items that wait, less discounts ≥ amount_gte ─▶ invoice; perhaps a new period
//! ```
//!
//! What was billed on the way is kept by item, so that the end of the period bills the rest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::billing::invoice_items;
use crate::billing::invoices::{self, INVOICE, Pull};
use crate::billing::period::Cycle;
use crate::billing::subscriptions::bill::{Bill, bill, lines_of, new_invoice};
use crate::billing::subscriptions::{
    DAY, SUBSCRIPTION, changed, items, look_at_end, period_end, set_period, status,
};
use crate::billing::{meters, prices};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::{list, number, text};
use crate::test_clocks;

/// What of a period's use was billed before its end.
const BILLED: &str = "_threshold_billed";

#[derive(Debug, Default, Serialize, Deserialize)]
struct Billed {
    /// The start of the period that it is about, in Unix seconds.
    since: i64,
    /// Quantities by subscription item.
    quantities: BTreeMap<String, i64>,
}

/// An amount must be more than what is paid in advance anyway.
pub(super) fn check(subscription: &Value) -> Result<(), ApiError> {
    let Some(amount) = subscription["billing_thresholds"]["amount_gte"].as_i64() else {
        return Ok(());
    };
    let items = items(subscription);
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

/// How much of an item's use in the period from `since` was billed already.
pub(super) fn billed(ctx: &Ctx<'_>, subscription: &Value, item: &Value, since: i64) -> i64 {
    let billed: Option<Billed> = ctx
        .world
        .typed(&ctx.scope, BILLED, text(subscription, "id"));
    let billed = billed.filter(|billed| billed.since == since);
    let quantity = billed.and_then(|it| it.quantities.get(text(item, "id")).copied());
    quantity.unwrap_or(0)
}

/// A customer used something: a threshold may have been passed.
pub(crate) fn look_after_use(ctx: &mut Ctx<'_>, customer: &str) -> Result<(), ApiError> {
    let all = ctx.all_with(SUBSCRIPTION, "customer", customer);
    for subscription in all.into_iter().rev() {
        look(ctx, &subscription)?;
    }
    Ok(())
}

/// Bills what was used if it comes to the threshold; not on trial, and not within a day of the period's end.
pub(super) fn look(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    let Some(amount) = subscription["billing_thresholds"]["amount_gte"].as_i64() else {
        return Ok(());
    };
    let now = test_clocks::customer_now(ctx, text(subscription, "customer"));
    let ctx = &mut ctx.at(now);
    let live = matches!(status(subscription), "active" | "past_due");
    let Some(end) = period_end(subscription).filter(|end| live && now < *end - DAY) else {
        return Ok(());
    };
    let start = number(&subscription["items"]["data"][0], "current_period_start");
    let used = Bill {
        reason: "subscription_threshold",
        ahead: None,
        end,
        behind: Some((start, end)),
        free: false,
        auto_advance: true,
    };
    if accrued(ctx, subscription, &used)? < amount {
        return Ok(());
    }
    let resets = subscription["billing_thresholds"]["reset_billing_cycle_anchor"] == true;
    let all = quantities(ctx, subscription, (start, end));
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
    let mut invoice = bill(ctx, &before, &now_due)?;
    invoice["threshold_reason"] = json!({"amount_gte": amount, "item_reasons": []});
    ctx.update(INVOICE, &invoice);
    let mut kept = Billed {
        since: start,
        quantities: all,
    };
    if resets {
        set_period(ctx, &mut after, now, until);
        // Use that is told of for the next minutes was billed too.
        kept = Billed {
            since: now,
            quantities: quantities(ctx, subscription, (now, end)),
        };
    }
    let (scope, id) = (ctx.scope.clone(), text(subscription, "id"));
    ctx.world.put_typed(&scope, BILLED, id, &kept, now);
    after["latest_invoice"] = invoice["id"].clone();
    changed(ctx, &before, &after);
    if resets {
        look_at_end(ctx, &after)?;
    }
    Ok(())
}

/// What the metered items were used for in a time.
fn quantities(ctx: &Ctx<'_>, subscription: &Value, time: (i64, i64)) -> BTreeMap<String, i64> {
    let customer = text(subscription, "customer");
    let items = items(subscription).into_iter();
    let metered = items.filter(|item| prices::is_metered(&item["price"]));
    let quantities = metered.map(|item| {
        let used = meters::used(ctx, &item["price"], customer, time);
        (text(&item, "id").to_owned(), used)
    });
    quantities.collect()
}

/// What would be billed now: use and items that wait, less discounts, without taxes.
fn accrued(ctx: &mut Ctx<'_>, subscription: &Value, used: &Bill) -> Result<i64, ApiError> {
    let lines = lines_of(ctx, subscription, used);
    let new = new_invoice(subscription, used, lines);
    let waiting = invoice_items::waiting(
        ctx,
        text(subscription, "customer"),
        text(subscription, "currency"),
        Pull::Of(text(subscription, "id")),
    );
    let (invoice, _) = invoices::compose(ctx, new, &waiting)?;
    let off = list(&invoice, "total_discount_amounts").iter();
    let off: i64 = off.map(|part| number(part, "amount")).sum();
    Ok(number(&invoice, "subtotal_excluding_tax") - off)
}
