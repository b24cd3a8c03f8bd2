//! Issuing in test mode: cards with numbers, purchases with them, and what becomes of those.
//!
//! ```text
//! test_helpers authorizations.create ─▶ controls: approved? ─▶ capture, increment, reverse ─▶ issuing.transaction
//! ```
//!
//! Purchases are not taken from a balance: whoever tests Issuing need not fund one first.
//! See <https://docs.stripe.com/issuing/testing>.

mod authorizations;
mod cards;
mod controls;
mod transactions;

use crate::registry::Registry;

const AUTHORIZATION: &str = "issuing.authorization";
const CARD: &str = "issuing.card";
const CARDHOLDER: &str = "issuing.cardholder";
const TRANSACTION: &str = "issuing.transaction";

pub(crate) fn register(registry: &mut Registry) {
    registry.add_includable("issuing.card", "cvc");
    registry.add_includable("issuing.card", "number");
    authorizations::register(registry);
    cards::register(registry);
    transactions::register(registry);
}
