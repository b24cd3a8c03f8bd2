//! What tax is due on something that is sold to a place, and why.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::random::derived_text;
use crate::tax::registrations;
use crate::tax::table::{self, Rate};

/// Where somebody is, as far as tax goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) country: String,
    /// In the United States, and where the address says one.
    pub(super) state: Option<String>,
}

impl Place {
    /// Of an address; none if it does not say enough: a country, and in the United States a state or a postal code.
    pub(super) fn of(address: &Value) -> Option<Self> {
        let country = address["country"].as_str()?.to_ascii_uppercase();
        let state = address["state"].as_str().filter(|state| !state.is_empty());
        let state = state.map(str::to_ascii_uppercase).or_else(|| {
            let code = address["postal_code"]
                .as_str()
                .filter(|_| country == "US")?;
            table::state_of(code).map(str::to_owned)
        });
        let known = country.len() == 2 && (country != "US" || state.is_some());
        known.then_some(Self { country, state })
    }
}

/// What is due, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// None where nothing can be due.
    pub(super) rate: Option<Rate>,
    /// `taxability_reason`.
    pub(super) reason: &'static str,
}

impl Due {
    /// In a place, by where the account is registered. `relief` is the reason for which this customer, or this product, pays
    /// none.
    pub(super) fn in_place(ctx: &Ctx<'_>, place: &Place, relief: Option<&'static str>) -> Self {
        let Some(rate) = table::rate(&place.country, place.state.as_deref()) else {
            return Self {
                rate: None,
                reason: "not_supported",
            };
        };
        let reason = if !registrations::collects(ctx, &place.country, rate.state) {
            "not_collecting"
        } else if rate.thousandths == 0 {
            "not_subject_to_tax"
        } else {
            relief.unwrap_or("standard_rated")
        };
        Self {
            rate: Some(rate),
            reason,
        }
    }

    /// The rate, if it is taken.
    pub(super) fn collected(self) -> Option<Rate> {
        self.rate.filter(|_| self.reason == "standard_rated")
    }

    /// The tax on an amount.
    pub(super) fn on(self, amount: i64, inclusive: bool) -> i64 {
        self.collected()
            .map_or(0, |rate| rate.on(amount, inclusive))
    }
}

/// The tax rate that `automatic_tax` comes to for a customer at `address`: a `tax_rate` object of the account, the same one each
/// time. None if nothing is collected there.
pub(crate) fn automatic(ctx: &Ctx<'_>, address: &Value, inclusive: bool) -> Option<Value> {
    let place = Place::of(address)?;
    let rate = Due::in_place(ctx, &place, None).collected()?;
    let percentage = rate.percentage();
    let name = format!("{} {:?} {percentage} {inclusive}", rate.country, rate.state);
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    let number = rate.thousandths as f64 / 1000.0;
    Some(json!({
        "id": format!("txr_1{}", derived_text(&name, 23)),
        "object": "tax_rate",
        "active": false,
        "country": rate.country,
        "created": ctx.now(),
        "description": null,
        "display_name": rate.name(),
        "effective_percentage": number,
        "flat_amount": null,
        "inclusive": inclusive,
        "jurisdiction": rate.state.unwrap_or(rate.country),
        "jurisdiction_level": if rate.state.is_some() { "state" } else { "country" },
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "percentage": number,
        "rate_type": "percentage",
        "state": rate.state,
        "tax_type": rate.kind,
    }))
}

/// Keeps such a rate with the account, if it is not there yet.
pub(crate) fn keep(ctx: &mut Ctx<'_>, rate: &Value) {
    let id = rate["id"].as_str().unwrap_or_default();
    if ctx.get("tax_rate", id).is_none() {
        ctx.insert("tax_rate", rate);
    }
}

/// An address that says too little.
pub(super) fn unknown_place() -> ApiError {
    let message = "We could not determine the customer's tax location based on the provided customer address.";
    ApiError::invalid_param("customer_details[address]", message)
        .code("customer_tax_location_invalid")
}
