//! Payments by methods that are not cards: bank debits, vouchers, bank transfers and redirects.
//!
//! ```text
//! debit          confirm ─▶ processing ─(days)─▶ succeeded, or requires_payment_method if the bank returns it
//! redirect       confirm ─▶ requires_action ─(decision on the page)─▶ succeeded, requires_capture or requires_payment_method
//! voucher        confirm ─▶ requires_action ─(minutes, or decision on the page)─▶ succeeded, or requires_payment_method
//! bank transfer  confirm ─▶ requires_action ─(money arrives)─▶ succeeded
//! ```
//!
//! A bank account that is not verified is verified by [`microdeposits`] first. The account number decides how a debit ends, as in
//! Stripe's test mode.

pub(super) mod bank_transfers;
pub(super) mod confirmation;
pub(crate) mod debits;
pub(crate) mod mandates;
pub(super) mod microdeposits;
mod non_card_charge;
pub(crate) mod vouchers;

use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    bank_transfers::register(registry);
    debits::register(registry);
    vouchers::register(registry);
}
