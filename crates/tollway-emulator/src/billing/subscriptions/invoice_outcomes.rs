//! What the payment of an invoice, or its failure, means for the subscription.

use crate::billing::invoice_record::subscription_of;
use crate::billing::invoices::payments::{InvoicePaid, InvoiceUnpaid};
use crate::billing::subscriptions::ending::end_subscription;
use crate::billing::subscriptions::pending_updates;
use crate::billing::subscriptions::record::{SUBSCRIPTION, save_changed_subscription, status};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::registry::Registry;
use crate::world::AfterRetries;

pub(super) fn register(registry: &mut Registry) {
    registry.listen(on_invoice_paid);
    registry.listen(on_invoice_unpaid);
}

/// Activates the subscription of a paid invoice, and applies the update that waited for the payment.
fn on_invoice_paid(ctx: &mut Ctx<'_>, paid: &InvoicePaid) -> Result<(), ApiError> {
    let invoice = &paid.invoice;
    let Some(before) = ctx.get(SUBSCRIPTION, &subscription_of(invoice)) else {
        return Ok(());
    };
    if matches!(status(&before), "incomplete" | "past_due" | "unpaid") {
        let mut after = before.clone();
        after["status"] = "active".into();
        save_changed_subscription(ctx, &before, &after);
    }
    pending_updates::apply_pending_update(ctx, &before, invoice)?;
    Ok(())
}

/// Marks the subscription of an unpaid invoice as past due. After the last attempt it ends or stays unpaid, as the platform's
/// settings say.
fn on_invoice_unpaid(ctx: &mut Ctx<'_>, unpaid: &InvoiceUnpaid) -> Result<(), ApiError> {
    let invoice = &unpaid.invoice;
    let Some(before) = ctx.get(SUBSCRIPTION, &subscription_of(invoice)) else {
        return Ok(());
    };
    let retries_are_over = unpaid.is_final && invoice["auto_advance"] == true;
    let status_after = match (status(&before), ctx.world.platform.after_retries) {
        ("active" | "past_due", AfterRetries::Cancel) if retries_are_over => {
            return end_subscription(ctx, before, "payment_failed");
        }
        ("active" | "past_due", AfterRetries::MarkUnpaid) if retries_are_over => "unpaid",
        ("active", _) => "past_due",
        _ => return Ok(()),
    };
    let mut after = before.clone();
    after["status"] = status_after.into();
    save_changed_subscription(ctx, &before, &after);
    Ok(())
}
