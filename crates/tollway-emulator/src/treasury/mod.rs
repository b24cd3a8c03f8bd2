//! Treasury: financial accounts, and the flows of money into and out of them.
//!
//! ```text
//! received credits and debits ────────────────┐
//! outbound payments and transfers ─ post, … ──┼─▶ transactions: a transaction, its entries, the account's balance
//! inbound transfers ─ succeed, … ─────────────┘
//! ```
//!
//! Test helpers decide how a flow continues after it was created. The balance of payments does not include this money. See <https://docs.stripe.com/treasury/account-management/working-with-flows>.

mod financial_accounts;
mod flows;
mod received;
mod transactions;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_includable("treasury.financial_account", "features");
    financial_accounts::register(registry);
    flows::register(registry);
    received::register(registry);
}
