//! Tax: what is due in a place, where the account is registered to collect it, and the records of both.
//!
//! ```text
//! settings (where the account is, how prices are meant)  ┐
//! registrations (where it collects)                      ├─▶ due ─▶ calculations ─▶ transactions ─▶ reversals
//! table (a country's standard rate, a state's own rate)  ┘      └─▶ automatic_tax of invoices and Checkout
//! ```
//!
//! Only standard rates are known, and in the United States only those of the states: no county, no reduced rate. Where the
//! account has no registration nothing is collected. See <https://docs.stripe.com/tax>.

mod calculations;
mod due;
mod registrations;
mod reversals;
mod table;
mod transactions;

use serde_json::{Map, Value};

pub(super) use self::due::{automatic, keep};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("tax.settings.update", update_settings);
    registry.add("tax.registrations.create", registrations::create);
    registry.add("tax.registrations.update", registrations::update);
    registry.add("tax.calculations.create", calculations::create);
    registry.add(
        "tax.transactions.create_from_calculation",
        transactions::create,
    );
    registry.add("tax.transactions.create_reversal", reversals::create);
}

/// The account's `tax.settings`.
fn settings(ctx: &mut Ctx<'_>) -> Result<Value, ApiError> {
    ctx.generic(
        "tax.settings.retrieve",
        &Params::new(Vec::new(), Map::new()),
    )
}

/// `POST /v1/tax/settings`: they are active once it is known where the account is.
fn update_settings(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut settings = ctx.generic("tax.settings.update", params)?;
    let known = settings["head_office"]["address"]["country"].is_string();
    let status = if known { "active" } else { "pending" };
    settings["status"] = status.into();
    settings["status_details"] = if known {
        serde_json::json!({"active": {}})
    } else {
        serde_json::json!({"pending": {"missing_fields": ["head_office.address.country"]}})
    };
    ctx.update("tax.settings", &settings);
    Ok(settings)
}
