//! Time passing for a subscription: trials and periods end, new periods start, scheduled cancellations take effect.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::billing::invoices::collection;
use crate::billing::subscriptions::bills::{draft_bill, next_bill, upcoming_invoice};
use crate::billing::subscriptions::ending::{
    end_and_bill_remaining, end_subscription, expire_if_due,
};
use crate::billing::subscriptions::pending_updates;
use crate::billing::subscriptions::record::{
    AdvanceSubscription, SUBSCRIPTION, TRIAL_WARNING_SECONDS, UPCOMING_INVOICE_SECONDS,
    has_payment_method, period_end, save_changed_subscription, schedule_period_end, set_period,
    status,
};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::json::text;
use crate::scheduler::ScheduledTask;
use crate::world::PrivateRecord;

/// Notifies that a period, a trial or another date of a subscription is due, before the subscription acts on it.
#[derive(Debug)]
pub(crate) struct SubscriptionDue {
    pub(crate) subscription: Value,
}

impl ScheduledTask for AdvanceSubscription {
    const KIND: &'static str = "subscription";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        advance_subscription(ctx, &self.subscription)
    }
}

/// Advances a subscription to the current time: ends trials and periods, and applies scheduled cancellations.
fn advance_subscription(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let Some(subscription) = ctx.get(SUBSCRIPTION, id) else {
        return Ok(());
    };
    ctx.notify(&SubscriptionDue { subscription })?;
    let subscription = ctx.required(SUBSCRIPTION, id)?;
    let now = ctx.now();
    let due = |at: &Value| at.as_i64().is_some_and(|at| at <= now);
    match status(&subscription) {
        "incomplete" => return expire_if_due(ctx, &subscription),
        "trialing" | "active" | "past_due" | "unpaid" => {}
        _ => return Ok(()),
    }
    if due(&subscription["pending_update"]["expires_at"]) {
        pending_updates::expire_pending_update(ctx, &subscription)?;
    }
    let over = period_end(&subscription).is_some_and(|end| end <= now);
    if due(&subscription["cancel_at"]) || (over && subscription["cancel_at_period_end"] == true) {
        return end_and_bill_remaining(ctx, &subscription, "cancellation_requested");
    }
    let ends_within = |end: Option<i64>, time: i64| end.is_some_and(|end| end - time <= now);
    if !over {
        if status(&subscription) == "trialing"
            && ends_within(subscription["trial_end"].as_i64(), TRIAL_WARNING_SECONDS)
        {
            announce_trial_end(ctx, &subscription)?;
        }
        if ends_within(period_end(&subscription), UPCOMING_INVOICE_SECONDS) {
            announce_invoice(ctx, &subscription)?;
        }
    }
    if due(&subscription["pause_collection"]["resumes_at"]) {
        let mut resumed = subscription.clone();
        resumed["pause_collection"] = Value::Null;
        save_changed_subscription(ctx, &subscription, &resumed);
    }
    if over {
        let subscription = ctx.required(SUBSCRIPTION, id)?;
        renew_subscription(ctx, subscription)?;
    }
    Ok(())
}

/// The end of the trial that `customer.subscription.trial_will_end` announced.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct TrialNotice {
    end: Option<i64>,
}

impl PrivateRecord for TrialNotice {
    const TYPE: &'static str = "_trial_warned";
}

/// The end of the period that `invoice.upcoming` announced.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct InvoiceNotice {
    end: Option<i64>,
}

impl PrivateRecord for InvoiceNotice {
    const TYPE: &'static str = "_upcoming";
}

/// Records a notice about a subscription. Returns whether it differs from the previous one.
fn record_notice<T: PrivateRecord + PartialEq>(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    notice: &T,
) -> Result<bool, ApiError> {
    let id = text(subscription, "id");
    if ctx.load::<T>(id)?.as_ref() == Some(notice) {
        return Ok(false);
    }
    ctx.save(id, notice);
    Ok(true)
}

/// Emits `customer.subscription.trial_will_end` once for each trial.
fn announce_trial_end(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    let notice = TrialNotice {
        end: subscription["trial_end"].as_i64(),
    };
    if record_notice(ctx, subscription, &notice)? {
        ctx.emit("customer.subscription.trial_will_end", subscription, None);
    }
    Ok(())
}

/// Emits `invoice.upcoming` once for each period.
fn announce_invoice(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    let notice = InvoiceNotice {
        end: period_end(subscription),
    };
    if record_notice(ctx, subscription, &notice)? {
        let invoice = upcoming_invoice(ctx, subscription, true)?;
        ctx.emit("invoice.upcoming", &invoice, None);
    }
    Ok(())
}

/// Starts the next period with its invoice.
fn renew_subscription(ctx: &mut Ctx<'_>, before: Value) -> Result<(), ApiError> {
    let trialed = status(&before) == "trialing";
    if trialed
        && !has_payment_method(ctx, &before)
        && before["collection_method"] == "charge_automatically"
    {
        let behavior = &before["trial_settings"]["end_behavior"]["missing_payment_method"];
        match behavior.as_str() {
            Some("cancel") => {
                return end_subscription(ctx, before, "payment_failed");
            }
            Some("pause") => {
                let mut paused = before.clone();
                paused["status"] = "paused".into();
                save_changed_subscription(ctx, &before, &paused);
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
    let invoice = draft_bill(ctx, &after, &bill_now)?;
    after["latest_invoice"] = invoice["id"].clone();
    save_changed_subscription(ctx, &before, &after);
    schedule_period_end(ctx, &after)?;
    if matches!(paused.as_str(), "void" | "mark_uncollectible") {
        collection::close_unpaid_invoice(ctx, invoice, &paused)?;
    }
    Ok(())
}
