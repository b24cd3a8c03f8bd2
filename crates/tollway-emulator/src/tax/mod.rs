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
pub(crate) mod table;
mod transactions;

use serde_json::{Map, Value, json};

pub(crate) use self::due::{automatic, keep};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("tax.settings.retrieve", |ctx, _| settings(ctx));
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
    let nothing = Params::new(Vec::new(), Map::new());
    ctx.generic("tax.settings.retrieve", &nothing)
        .map(completed)
}

/// `POST /v1/tax/settings`.
fn update_settings(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    ctx.generic("tax.settings.update", params).map(completed)
}

/// Settings are active once it is known where the account is.
fn completed(mut settings: Value) -> Value {
    let known = settings["head_office"]["address"]["country"].is_string();
    settings["defaults"]["provider"] = "stripe".into();
    settings["status"] = if known { "active" } else { "pending" }.into();
    settings["status_details"] = if known {
        json!({"active": {}})
    } else {
        json!({"pending": {"missing_fields": ["head_office.address.country"]}})
    };
    settings
}
