//! `/v1/country_specs`: the currencies, bank countries and required fields of each country.
//!
//! See <https://docs.stripe.com/api/country_specs>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::accounts::countries::COUNTRIES;
use crate::accounts::requirements;
use crate::ctx::{Ctx, noun};
use crate::error::ApiError;
use crate::generic::synth::empty_list;
use crate::generic::window;
use crate::ledger::exchange_rates::currencies;
use crate::params::Params;
use crate::registry::Registry;

const SPEC: &str = "country_spec";

pub(super) fn register(registry: &mut Registry) {
    registry.add("country_specs.list", list);
    registry.add("country_specs.retrieve", retrieve);
}

/// `GET /v1/country_specs`, in alphabetical order.
fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let ids: Vec<&str> = COUNTRIES.iter().map(|(country, _)| *country).collect();
    let (shown, has_more) = window(params, noun(SPEC), &ids)?;
    let mut page = empty_list("/v1/country_specs");
    page["data"] = COUNTRIES[shown]
        .iter()
        .map(|(country, currency)| country_spec(ctx, country, currency))
        .collect();
    page["has_more"] = has_more.into();
    Ok(page)
}

/// `GET /v1/country_specs/{country}`.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let requested = params.path("country");
    let found = COUNTRIES.iter().find(|(country, _)| *country == requested);
    found
        .map(|(country, currency)| country_spec(ctx, country, currency))
        .ok_or_else(|| ctx.no_such(SPEC, requested))
}

fn country_spec(ctx: &Ctx<'_>, country: &str, currency: &str) -> Value {
    // An account in the euro area can use bank accounts of every country of that area.
    let mut banks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let bank_countries = COUNTRIES
        .iter()
        .filter(|(name, other)| *name == country || (*other == currency && currency == "eur"));
    banks
        .entry(currency)
        .or_default()
        .extend(bank_countries.map(|(name, _)| *name));
    let methods: &[&str] = if country == "US" {
        &["ach", "card", "stripe"]
    } else {
        &["card", "stripe"]
    };
    let fields = |business_type: &str| {
        let blank = json!({"id": "", "country": country, "business_type": business_type});
        json!({"additional": [], "minimum": requirements::currently_due(ctx, &blank)})
    };
    json!({
        "id": country,
        "object": SPEC,
        "default_currency": currency,
        "supported_bank_account_currencies": banks,
        "supported_payment_currencies": currencies().collect::<Vec<_>>(),
        "supported_payment_methods": methods,
        "supported_transfer_countries": COUNTRIES.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "verification_fields": {"company": fields("company"), "individual": fields("individual")},
    })
}
