//! Deleting a customer cancels subscriptions, releases schedules, and stops automatic collection. Invoices are kept.

use serde_json::Value;

use crate::billing::subscriptions::ending;
use crate::billing::{invoice_record, schedules};
use crate::ctx::Ctx;
use crate::customers::CustomerDeletion;
use crate::error::ApiError;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.listen(on_customer_deleted);
}

/// Releases the customer's schedules, cancels the subscriptions, and stops the automatic collection of invoices.
fn on_customer_deleted(ctx: &mut Ctx<'_>, deletion: &CustomerDeletion) -> Result<(), ApiError> {
    for schedule in objects_of_customer(ctx, "subscription_schedule", &deletion.customer) {
        schedules::release_if_active(ctx, &schedule);
    }
    for subscription in objects_of_customer(ctx, "subscription", &deletion.customer) {
        ending::cancel_if_active(ctx, &subscription)?;
    }
    for invoice in objects_of_customer(ctx, invoice_record::INVOICE, &deletion.customer) {
        if matches!(invoice["status"].as_str(), Some("draft" | "open")) {
            invoice_record::stop_automatic_collection(ctx, invoice);
        }
    }
    Ok(())
}

/// The objects of a type that belong to a customer, oldest first.
fn objects_of_customer(ctx: &Ctx<'_>, object_type: &str, customer: &str) -> Vec<Value> {
    let mut all = ctx.all_with(object_type, "customer", customer);
    all.reverse();
    all
}
