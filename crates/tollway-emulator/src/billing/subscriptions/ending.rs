//! The end of a subscription: canceled, or expired while its first invoice is unpaid.

use serde_json::Value;

use crate::billing::invoice_record;
use crate::billing::invoices::collection;
use crate::billing::subscriptions::bills::bill_remaining_usage;
use crate::billing::subscriptions::record::{
    SUBSCRIPTION, ensure_cancellation_details, save_changed_subscription, status,
};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::json::text;

/// Seconds that the first invoice can stay unpaid.
pub(super) const INCOMPLETE_SECONDS: i64 = 23 * 3600;

/// Notifies that a subscription was canceled.
#[derive(Debug)]
pub(crate) struct SubscriptionEnd {
    pub(crate) subscription: Value,
}

/// Cancels a subscription now and stops the automatic collection of its open invoices.
pub(super) fn end_subscription(
    ctx: &mut Ctx<'_>,
    mut subscription: Value,
    reason: &str,
) -> Result<(), ApiError> {
    let now = ctx.now();
    if subscription["canceled_at"].is_null() {
        subscription["canceled_at"] = now.into();
    }
    ensure_cancellation_details(&mut subscription);
    subscription["cancellation_details"]["reason"] = reason.into();
    subscription["ended_at"] = now.into();
    subscription["status"] = "canceled".into();
    ctx.update(SUBSCRIPTION, &subscription);
    collection::stop_collection_for_subscription(ctx, &subscription);
    ctx.emit("customer.subscription.deleted", &subscription, None);
    ctx.notify(&SubscriptionEnd { subscription })
}

/// Ends the subscription of a deleted customer: an incomplete one expires, any other is canceled.
pub(crate) fn cancel_if_active(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    match status(subscription) {
        "canceled" | "incomplete_expired" => {}
        "incomplete" => expire_incomplete(ctx, subscription)?,
        _ => {
            let Some(subscription) = ctx.get(SUBSCRIPTION, text(subscription, "id")) else {
                return Ok(());
            };
            end_subscription(ctx, subscription, "cancellation_requested")?;
        }
    }
    Ok(())
}

/// Ends a subscription, and bills its remaining usage and pending items.
pub(crate) fn end_and_bill_remaining(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    reason: &str,
) -> Result<(), ApiError> {
    end_subscription(ctx, subscription.clone(), reason)?;
    bill_remaining_usage(ctx, subscription).map(drop)
}

/// Expires an incomplete subscription whose first invoice was not paid in time.
pub(crate) fn expire_if_due(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let created = before["created"].as_i64().unwrap_or(0);
    if created + INCOMPLETE_SECONDS > ctx.now() {
        return Ok(());
    }
    expire_incomplete(ctx, before)
}

/// Expires an incomplete subscription and voids its invoice.
pub(crate) fn expire_incomplete(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let mut after = before.clone();
    after["ended_at"] = ctx.now().into();
    after["status"] = "incomplete_expired".into();
    save_changed_subscription(ctx, before, &after);
    match ctx.get(invoice_record::INVOICE, text(before, "latest_invoice")) {
        Some(invoice) if invoice["status"] == "open" => {
            collection::close_unpaid_invoice(ctx, invoice, "void")
        }
        _ => Ok(()),
    }
}
