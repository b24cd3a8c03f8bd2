//! Money: charges, payment intents, refunds, application fees, transfers, and the balances they leave.
//!
//! ```text
//! charges.create ──┐
//! payment_intents ─┴─▶ instrument (which test card?) ─▶ charge::pay ─▶ settlement ─▶ posting: balance transactions, ledger
//! refunds, transfers, application_fees.refunds ───────────────────────────────────▶ posting
//! ```
//!
//! Every movement is a [`ledger::Journal`] that sums to zero; what an account has is what its lines add up to.

mod application_fees;
mod balance;
mod cards;
mod charge;
mod charges;
mod fees;
mod hosted;
mod instrument;
mod ledger;
mod payment_intents;
mod payment_methods;
mod posting;
mod refunds;
mod settlement;
mod transfers;

pub(crate) use self::hosted::routes;
pub(crate) use self::posting::balance_of;
use crate::registry::Registry;

/// Behaviours of this part.
pub(crate) fn register(registry: &mut Registry) {
    application_fees::register(registry);
    balance::register(registry);
    charges::register(registry);
    payment_intents::register(registry);
    payment_methods::register(registry);
    refunds::register(registry);
    transfers::register(registry);
}
