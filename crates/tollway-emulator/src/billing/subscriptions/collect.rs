//! Invoices that are finalized and collected at once, and what happens when the payment fails.

use serde_json::Value;

use crate::billing::invoice_record::subscription_of;
use crate::billing::invoices::{collection, payments};
use crate::billing::pending_items::{self, PendingItems};
use crate::billing::subscriptions::bills::{SubscriptionBill, draft_bill};
use crate::billing::subscriptions::record::{SUBSCRIPTION, save_changed_subscription, status};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::json::text;
use crate::params::Params;

/// `payment_behavior`: what happens to a change whose invoice is not paid at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaymentBehavior {
    /// The subscription becomes past due.
    Allow,
    /// The change fails with the error of the payment.
    Error,
    /// No payment is attempted: the customer pays the open invoice.
    Default,
    /// The change waits for the payment.
    Pending,
}

impl PaymentBehavior {
    /// `payment_behavior` of a request.
    pub(super) fn of_params(params: &Params) -> Self {
        match params.text("payment_behavior") {
            Some("error_if_incomplete") => Self::Error,
            Some("default_incomplete") => Self::Default,
            Some("pending_if_incomplete") => Self::Pending,
            _ => Self::Allow,
        }
    }
}

/// Bills a period that starts now, and collects the invoice.
pub(super) fn collect_period(
    ctx: &mut Ctx<'_>,
    mut subscription: Value,
    period: (i64, i64),
    behavior: PaymentBehavior,
) -> Result<(), ApiError> {
    let all = SubscriptionBill::of_period("subscription_update", period);
    let invoice = draft_bill(ctx, &subscription, &all)?;
    subscription["latest_invoice"] = invoice["id"].clone();
    ctx.update(SUBSCRIPTION, &subscription);
    collect_invoice(ctx, invoice, behavior)
}

/// Bills the subscription's pending items, and collects the invoice.
pub(super) fn collect_pending_items(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    behavior: PaymentBehavior,
) -> Result<(), ApiError> {
    let pull = PendingItems::OfSubscription(text(subscription, "id"));
    let (customer, currency) = (
        text(subscription, "customer"),
        text(subscription, "currency"),
    );
    if pending_items::pending_items(ctx, customer, currency, pull).is_empty() {
        return Ok(());
    }
    let now = ctx.now();
    let nothing_ahead = SubscriptionBill {
        reason: "subscription_update",
        ahead: None,
        end: now,
        behind: None,
        free: false,
        auto_advance: true,
    };
    let invoice = draft_bill(ctx, subscription, &nothing_ahead)?;
    let mut latest = subscription.clone();
    latest["latest_invoice"] = invoice["id"].clone();
    ctx.update(SUBSCRIPTION, &latest);
    collect_invoice(ctx, invoice, behavior)
}

/// Finalizes an invoice and collects it.
pub(super) fn collect_invoice(
    ctx: &mut Ctx<'_>,
    invoice: Value,
    behavior: PaymentBehavior,
) -> Result<(), ApiError> {
    let invoice = collection::finalize_invoice(ctx, invoice)?;
    if invoice["status"] != "open" {
        return Ok(());
    }
    if invoice["collection_method"] == "send_invoice" {
        ctx.emit("invoice.sent", &invoice, None);
        return Ok(());
    }
    if behavior == PaymentBehavior::Default {
        let before = ctx.required(SUBSCRIPTION, &subscription_of(&invoice))?;
        let mut after = before.clone();
        if status(&before) == "active" {
            after["status"] = "past_due".into();
        }
        save_changed_subscription(ctx, &before, &after);
        return Ok(());
    }
    match payments::attempt_payment(ctx, &invoice, None, true) {
        Err(mut error) if behavior == PaymentBehavior::Error || !error.keep_changes => {
            error.keep_changes = false;
            Err(error)
        }
        _ => Ok(()),
    }
}
