//! The tax in a location, by the registrations of the account.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::random::derived_text;
use crate::tax::registrations;
use crate::tax::table::{self, StandardRate};

/// The location of a customer for tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TaxLocation {
    pub(super) country: String,
    /// The state, in the United States or if the address has one.
    pub(super) state: Option<String>,
}

impl TaxLocation {
    /// The location of an address; none without a country, and in the United States without a state or postal code.
    pub(super) fn of(address: &Value) -> Option<Self> {
        let country = address["country"].as_str()?.to_ascii_uppercase();
        let state = address["state"].as_str().filter(|state| !state.is_empty());
        let state = state.map(str::to_ascii_uppercase).or_else(|| {
            let code = address["postal_code"]
                .as_str()
                .filter(|_| country == "US")?;
            table::state_of_postal_code(code).map(str::to_owned)
        });
        let is_complete = country.len() == 2 && (country != "US" || state.is_some());
        is_complete.then_some(Self { country, state })
    }
}

/// The tax rate in a location, and the reason it applies or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaxDue {
    /// None in locations without a known rate.
    pub(super) rate: Option<StandardRate>,
    /// `taxability_reason`.
    pub(super) reason: &'static str,
}

impl TaxDue {
    /// The tax in a location, by the registrations of the account. `relief` is the reason for which the customer or
    /// the product is not taxed.
    pub(super) fn in_place(
        ctx: &Ctx<'_>,
        place: &TaxLocation,
        relief: Option<&'static str>,
    ) -> Self {
        let Some(rate) = table::standard_rate(&place.country, place.state.as_deref()) else {
            return Self {
                rate: None,
                reason: "not_supported",
            };
        };
        let reason = if !registrations::collects_tax(ctx, &place.country, rate.state) {
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

    /// The rate, if the account collects it.
    pub(super) fn collected(self) -> Option<StandardRate> {
        self.rate.filter(|_| self.reason == "standard_rated")
    }

    /// The tax on an amount.
    pub(super) fn on(self, amount: i64, inclusive: bool) -> i64 {
        self.collected()
            .map_or(0, |rate| rate.on(amount, inclusive))
    }
}

/// The `tax_rate` object that `automatic_tax` applies at an address, with the same id each time. None if nothing is
/// collected.
pub(crate) fn automatic_tax_rate(ctx: &Ctx<'_>, address: &Value, inclusive: bool) -> Option<Value> {
    let place = TaxLocation::of(address)?;
    let rate = TaxDue::in_place(ctx, &place, None).collected()?;
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

/// Stores an automatic tax rate, unless it exists.
pub(crate) fn save_automatic_tax_rate(ctx: &mut Ctx<'_>, rate: &Value) {
    let id = rate["id"].as_str().unwrap_or_default();
    if ctx.get("tax_rate", id).is_none() {
        ctx.insert("tax_rate", rate);
    }
}

/// The error for an address without a tax location.
pub(super) fn location_error() -> ApiError {
    let message = "We could not determine the customer's tax location based on the provided customer address.";
    ApiError::invalid_param("customer_details[address]", message)
        .code("customer_tax_location_invalid")
}
