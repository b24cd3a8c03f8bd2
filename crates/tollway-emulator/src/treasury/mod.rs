//! Treasury: financial accounts, and the money that flows into them and out of them.
//!
//! ```text
//! received credits and debits ────────────────┐
//! outbound payments and transfers ─ post, … ──┼─▶ ledger: a transaction, its entries, the account's balance
//! inbound transfers ─ succeed, … ─────────────┘
//! ```
//!
//! What happens to a flow after it was made is said by the test helpers. The money comes from outside and is not part of the
//! balance of payments. See <https://docs.stripe.com/treasury/account-management/working-with-flows>.

mod accounts;
mod flows;
mod ledger;
mod received;

use crate::registry::Registry;

const ACCOUNT: &str = "treasury.financial_account";

pub(crate) fn register(registry: &mut Registry) {
    registry.add_includable("treasury.financial_account", "features");
    accounts::register(registry);
    flows::register(registry);
    received::register(registry);
}
