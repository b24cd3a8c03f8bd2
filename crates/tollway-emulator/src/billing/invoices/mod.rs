//! Invoices: drafts, totals, payments and collection.
//!
//! ```text
//! draft ─ finalize, or 1 h ─▶ open ─ PaymentIntent ─▶ paid │ retried after 3, 5 and 7 days │ void │ uncollectible
//! ```
//!
//! From the top down: [`operations`], [`line_operations`] and [`attach_payment`] handle requests, [`collection`] advances
//! invoices, [`payments`] pays them, [`draft`] composes them, [`totals`] calculates them.

mod attach_payment;
pub(crate) mod collection;
pub(crate) mod draft;
mod line_operations;
mod operations;
pub(crate) mod payments;
mod totals;

use crate::billing::invoice_record::AdvanceInvoice;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.listen(payments::on_payment);
    registry.add_task::<AdvanceInvoice>();
    attach_payment::register(registry);
    line_operations::register(registry);
    operations::register(registry);
}
