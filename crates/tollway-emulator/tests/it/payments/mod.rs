//! Payments: what each kind of payment posts to which balance.

mod capability_checks;
mod cards;
mod cash_balance;
mod charges;
mod connect_charges;
mod currency_exchange;
mod ledger_invariants;
pub(crate) mod non_card;
mod payment_events;
mod payment_intents;
mod payment_records;
mod setup_intents;
mod vouchers;
