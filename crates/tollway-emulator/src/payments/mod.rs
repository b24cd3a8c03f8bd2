//! Payments: charges, PaymentIntents, SetupIntents, refunds, transfers and application fees.
//!
//! ```text
//! charges.create ──┐
//! payment_intents ─┴─▶ instrument (which test card?) ─▶ charge::pay ─▶ settlement ─▶ posting: balance transactions, ledger
//! refunds, transfers ────────────────────────────────────────────────────────────▶ posting
//! ```

pub(crate) mod account_debits;
pub(crate) mod application_fees;
mod authentication_context;
pub(crate) mod authentication_page;
pub(crate) mod automatic_payment_methods;
pub(crate) mod capability_checks;
pub(crate) mod cash_balance;
pub(crate) mod charge;
mod charge_operations;
pub(crate) mod confirmation_tokens;
pub(crate) mod multicapture;
pub(crate) mod non_card;
pub(crate) mod payment_intents;
mod payment_records;
pub(crate) mod refunds;
pub(crate) mod settlement;
pub(crate) mod setup_intents;
pub(crate) mod statement_descriptors;
pub(crate) mod transfers;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    application_fees::register(registry);
    cash_balance::register(registry);
    charge_operations::register(registry);
    confirmation_tokens::register(registry);
    non_card::register(registry);
    payment_intents::register(registry);
    payment_records::register(registry);
    refunds::register(registry);
    setup_intents::register(registry);
    transfers::register(registry);
}
