//! The ledger: every movement of money is an entry that sums to zero; an account's balance is what its lines add up to.
//!
//! - [`entries`]: entries, lines and balances. [`posting`]: how an entry and its balance transaction are stored.
//! - [`exchange`]: conversion between currencies by the fixed table of [`exchange_rates`].

pub(crate) mod entries;
pub(crate) mod exchange;
pub(crate) mod exchange_rates;
pub(crate) mod posting;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    exchange::register(registry);
}
