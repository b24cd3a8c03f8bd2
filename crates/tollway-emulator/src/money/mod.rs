//! Money: charges, intents, refunds, disputes, application fees, transfers, payouts, and the balances they leave.
//!
//! ```text
//! charges.create ──┐
//! payment_intents ─┴─▶ instrument (which test card?) ─▶ charge::pay ─▶ settlement ─▶ posting: balance transactions, ledger
//! refunds, disputes, transfers, payouts, top-ups ─────────────────────────────────▶ posting
//!                                        due: what happens to all of these by itself, when its time comes
//! ```
//!
//! Every movement is a [`ledger::Journal`] that sums to zero; what an account has is what its lines add up to.

mod account_debits;
mod application_fees;
mod automatic;
mod balance;
mod balance_settings;
mod banks;
mod billing;
mod capable;
mod cards;
mod cash_balance;
mod charge;
mod charges;
mod checkout;
mod confirmation_tokens;
mod currency;
mod customers;
mod descriptors;
mod disputes;
mod documents;
mod due;
mod exchange;
mod fees;
pub(crate) mod fields;
mod hosted;
mod iban;
mod instant;
mod instrument;
mod invoice_page;
mod ledger;
mod others;
mod parts;
mod payment_intents;
mod payment_methods;
mod payouts;
mod portal;
mod posting;
mod rates;
mod records;
mod refunds;
mod reserve;
mod schedule;
mod settlement;
mod setup_intents;
mod tax;
mod terminal;
mod topups;
mod transfers;
mod way_back;

pub(crate) use self::automatic::reconsider as reconsider_payouts;
pub(crate) use self::banks::{bank_account, is_bank, payout_card};
pub(crate) use self::billing::of_quote as quote_document;
pub(crate) use self::checkout::merchant;
pub(crate) use self::currency::{
    check as check_currency, format as format_amount, plain as plain_amount,
};
pub(crate) use self::due::{next_due, run_all_due, run_due};
pub(crate) use self::hosted::{open as open_page, routes};
pub(crate) use self::posting::balance_of;
pub(crate) use self::rates::currencies;
use crate::registry::Registry;

/// Behaviours of this part.
pub(crate) fn register(registry: &mut Registry) {
    application_fees::register(registry);
    balance::register(registry);
    balance_settings::register(registry);
    billing::register(registry);
    cash_balance::register(registry);
    charges::register(registry);
    checkout::register(registry);
    confirmation_tokens::register(registry);
    customers::register(registry);
    disputes::register(registry);
    exchange::register(registry);
    others::microdeposits::register(registry);
    payment_intents::register(registry);
    payment_methods::register(registry);
    payouts::register(registry);
    portal::register(registry);
    records::register(registry);
    refunds::register(registry);
    setup_intents::register(registry);
    tax::register(registry);
    terminal::register(registry);
    topups::register(registry);
    transfers::register(registry);
}
