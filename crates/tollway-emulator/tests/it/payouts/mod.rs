//! Payouts: manual, automatic and instant ones, and the reserve for connected accounts.

pub(crate) mod automatic_payouts;
mod connect_reserve;
mod manual_payouts;
