//! Payment methods: Stripe's test cards, what a payment method shows, and the operations on it.

pub(crate) mod cards;
pub(crate) mod iban;
pub(crate) mod instrument;
pub(crate) mod operations;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    operations::register(registry);
}
