//! What becomes of billing when a customer is deleted: nothing goes on by itself any more, and every document stays.

use serde_json::Value;

use crate::billing::{invoices, schedules, subscriptions};
use crate::ctx::Ctx;
use crate::error::ApiError;

/// Parts from a customer: schedules are released, subscriptions are canceled, and invoices no longer collect themselves.
pub(crate) fn part_from(ctx: &mut Ctx<'_>, customer: &str) -> Result<(), ApiError> {
    for schedule in of_customer(ctx, "subscription_schedule", customer) {
        schedules::release_if_under_way(ctx, &schedule);
    }
    for subscription in of_customer(ctx, "subscription", customer) {
        subscriptions::cancel_if_live(ctx, &subscription)?;
    }
    for invoice in of_customer(ctx, invoices::INVOICE, customer) {
        if matches!(invoice["status"].as_str(), Some("draft" | "open")) {
            invoices::leave_alone(ctx, invoice);
        }
    }
    Ok(())
}

/// The objects of a type that are a customer's, oldest first.
fn of_customer(ctx: &Ctx<'_>, object_type: &str, customer: &str) -> Vec<Value> {
    let mut all = ctx.all_with(object_type, "customer", customer);
    all.reverse();
    all
}
