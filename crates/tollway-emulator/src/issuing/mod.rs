//! Issuing in test mode: cards, authorizations and transactions.
//!
//! ```text
//! test_helpers authorizations.create ─▶ controls: approved or declined ─▶ capture, increment, reverse ─▶ issuing.transaction
//! ```
//!
//! Authorizations are not taken from a balance, so that no balance must be funded first.
//! See <https://docs.stripe.com/issuing/testing>.

mod authorizations;
mod cards;
mod controls;
mod object_types;
mod transactions;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_includable("issuing.card", "cvc");
    registry.add_includable("issuing.card", "number");
    authorizations::register(registry);
    cards::register(registry);
    transactions::register(registry);
}
