//! Payment methods: Stripe's test cards and test bank accounts, what a payment method shows, and the operations on it.

pub(crate) mod bank_accounts;
pub(crate) mod cards;
pub(crate) mod iban;
pub(crate) mod instrument;
pub(crate) mod method_types;
pub(crate) mod non_card;
pub(crate) mod operations;
pub(crate) mod test_bank_accounts;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    operations::register(registry);
}
