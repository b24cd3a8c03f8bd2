//! Tax: the rate in a location, the registrations of the account, and the records of both.
//!
//! ```text
//! settings (the location of the account, the default tax behavior)  ┐
//! registrations (where it collects)                                 ├─▶ due ─▶ calculations ─▶ transactions ─▶ reversals
//! table (a country's standard rate, a state's own rate)             ┘      └─▶ automatic_tax of invoices and Checkout
//! ```
//!
//! Only standard rates are included, and in the United States only those of the states: no county, no reduced rate. Without
//! a registration nothing is collected. See <https://docs.stripe.com/tax>.

mod calculations;
pub(crate) mod due;
mod registrations;
mod reversals;
mod settings;
pub(crate) mod table;
mod transactions;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("tax.settings.retrieve", |ctx, _| {
        settings::load_settings(ctx)
    });
    registry.add("tax.settings.update", settings::update_settings);
    registry.add(
        "tax.registrations.create",
        registrations::create_registration,
    );
    registry.add(
        "tax.registrations.update",
        registrations::update_registration,
    );
    registry.add("tax.calculations.create", calculations::create_calculation);
    registry.add(
        "tax.transactions.create_from_calculation",
        transactions::create_transaction,
    );
    registry.add(
        "tax.transactions.create_reversal",
        reversals::create_reversal,
    );
}
