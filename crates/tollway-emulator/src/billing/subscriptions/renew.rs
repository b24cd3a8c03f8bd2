//! What time does to a subscription: its trial and its periods end, others begin, and wishes to end come true.

use serde_json::{Value, json};

use crate::billing::subscriptions::bill::{bill, next_bill, settle_up, upcoming};
use crate::billing::subscriptions::{
    DAY, SUBSCRIPTION, changed, create, end, has_method, look_again, pending, period_end,
    set_period, status,
};
use crate::billing::{invoices, schedules};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::text;

/// Before the end of a trial there is an event.
pub(super) const WARNING: i64 = 3 * DAY;
/// And before an invoice.
const UPCOMING: i64 = 7 * DAY;

/// Has the subscription looked at when its period ends, and before that when its invoice is announced.
pub(super) fn look_at_end(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    let Some(end) = period_end(subscription) else {
        return Ok(());
    };
    let announced = end - UPCOMING;
    if announced > ctx.now() {
        look_again(ctx, subscription, announced)?;
    }
    look_again(ctx, subscription, end)?;
    Ok(())
}

/// Brings a subscription up to the present: trials end, periods roll over, wishes to end come true.
pub(crate) fn catch_up(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
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
        "incomplete" => return create::expire(ctx, &subscription),
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
    look_at_end(ctx, &after)?;
    if matches!(paused.as_str(), "void" | "mark_uncollectible") {
        invoices::close(ctx, invoice, &paused)?;
    }
    Ok(())
}

/// The subscription is over at the end of its time: what was used, and what waits, is billed once more.
pub(crate) fn end_and_settle(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    reason: &str,
) -> Result<(), ApiError> {
    end(ctx, subscription.clone(), reason);
    settle_up(ctx, subscription).map(drop)
}
