//! Payouts: the balance, bank accounts, automatic, manual and instant payouts, top-ups, and the reserve for connected accounts.

pub(crate) mod automatic_payouts;
mod balance;
mod balance_settings;
pub(crate) mod bank_accounts;
pub(crate) mod connect_reserve;
mod instant_payouts;
pub(crate) mod operations;
pub(crate) mod payout_settings;
pub(crate) mod topups;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<automatic_payouts::DailyPayout>();
    registry.add_task::<connect_reserve::AdjustReserve>();
    registry.listen(automatic_payouts::on_posting);
    registry.listen(connect_reserve::on_posting);
    balance::register(registry);
    balance_settings::register(registry);
    operations::register(registry);
    topups::register(registry);
}
