//! Payments: charges, PaymentIntents, SetupIntents, refunds, transfers and application fees.
//!
//! ```text
//! charges.create ──┐
//! payment_intents ─┴─▶ instrument (which test card?) ─▶ charge::pay ─▶ settlement ─▶ ledger: balance transactions
//! refunds, transfers ────────────────────────────────────────────────────────────▶ ledger
//! ```
//!
//! Billing, Checkout and disputes are above payments: they listen to the [`notifications`].

pub(crate) mod account_debits;
pub(crate) mod application;
pub(crate) mod application_fees;
mod authentication_context;
pub(crate) mod authentication_page;
mod automatic_payment_methods;
mod capability_checks;
mod cash_balance;
pub(crate) mod charge;
mod charge_object;
mod charge_operations;
mod confirmation_tokens;
mod embedded_list;
mod holds;
pub(crate) mod intents;
mod multicapture;
pub(crate) mod non_card;
pub(crate) mod notifications;
mod payer;
mod payment_attempt;
pub(crate) mod payment_intents;
mod payment_method_params;
mod payment_records;
pub(crate) mod refunds;
mod settlement;
pub(crate) mod setup_intents;
pub(crate) mod split;
mod statement_descriptors;
mod transfers;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    application_fees::register(registry);
    cash_balance::register(registry);
    charge_operations::register(registry);
    confirmation_tokens::register(registry);
    holds::register(registry);
    non_card::register(registry);
    payment_intents::register(registry);
    payment_records::register(registry);
    refunds::register(registry);
    setup_intents::register(registry);
    transfers::register(registry);
}
