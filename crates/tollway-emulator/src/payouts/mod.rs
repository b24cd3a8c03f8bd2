//! Payouts: the balance, automatic, manual and instant payouts, top-ups, and the reserve for connected accounts.

mod automatic_payouts;
mod balance;
mod balance_settings;
mod connect_reserve;
mod destinations;
mod instant_payouts;
mod operations;
pub(crate) mod payout_settings;
mod topups;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<automatic_payouts::DailyPayout>();
    registry.add_task::<connect_reserve::AdjustReserve>();
    registry.listen(automatic_payouts::on_account_change);
    registry.listen(automatic_payouts::on_posting);
    registry.listen(connect_reserve::on_posting);
    balance::register(registry);
    balance_settings::register(registry);
    operations::register(registry);
    topups::register(registry);
}
