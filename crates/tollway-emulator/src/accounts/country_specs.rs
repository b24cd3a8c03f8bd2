//! Where sellers may be: the countries that accounts can be made in, their currencies, and what is asked of them there.
//!
//! See <https://docs.stripe.com/api/country_specs>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::accounts::requirements;
use crate::ctx::{Ctx, noun};
use crate::error::ApiError;
use crate::generic::synth::empty_list;
use crate::generic::window;
use crate::ledger::exchange_rates::currencies;
use crate::params::Params;
use crate::registry::Registry;

const SPEC: &str = "country_spec";

/// Countries and their currencies, in the order of the alphabet.
#[rustfmt::skip]
const COUNTRIES: &[(&str, &str)] = &[
    ("AE", "aed"), ("AT", "eur"), ("AU", "aud"), ("BE", "eur"), ("BG", "eur"), ("BR", "brl"), ("CA", "cad"), ("CH", "chf"),
    ("CY", "eur"), ("CZ", "czk"), ("DE", "eur"), ("DK", "dkk"), ("EE", "eur"), ("ES", "eur"), ("FI", "eur"), ("FR", "eur"),
    ("GB", "gbp"), ("GI", "gbp"), ("GR", "eur"), ("HK", "hkd"), ("HR", "eur"), ("HU", "huf"), ("IE", "eur"), ("IN", "inr"),
    ("IT", "eur"), ("JP", "jpy"), ("LI", "chf"), ("LT", "eur"), ("LU", "eur"), ("LV", "eur"), ("MT", "eur"), ("MX", "mxn"),
    ("MY", "myr"), ("NL", "eur"), ("NO", "nok"), ("NZ", "nzd"), ("PL", "pln"), ("PT", "eur"), ("RO", "ron"), ("SE", "sek"),
    ("SG", "sgd"), ("SI", "eur"), ("SK", "eur"), ("TH", "thb"), ("US", "usd"),
];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("country_specs.list", list);
    registry.add("country_specs.retrieve", retrieve);
}

/// The currency of a country; US dollars where no better one is known.
pub(crate) fn currency_of(country: &str) -> &'static str {
    let at = COUNTRIES.binary_search_by_key(&country, |(name, _)| *name);
    at.map_or("usd", |at| COUNTRIES[at].1)
}

/// `GET /v1/country_specs`, by the alphabet.
fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let ids: Vec<&str> = COUNTRIES.iter().map(|(country, _)| *country).collect();
    let (shown, has_more) = window(params, noun(SPEC), &ids)?;
    let mut page = empty_list("/v1/country_specs");
    page["data"] = COUNTRIES[shown]
        .iter()
        .map(|(country, currency)| spec(ctx, country, currency))
        .collect();
    page["has_more"] = has_more.into();
    Ok(page)
}

/// `GET /v1/country_specs/{country}`.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let wanted = params.path("country");
    let known = COUNTRIES.iter().find(|(country, _)| *country == wanted);
    known
        .map(|(country, currency)| spec(ctx, country, currency))
        .ok_or_else(|| ctx.no_such(SPEC, wanted))
}

fn spec(ctx: &Ctx<'_>, country: &str, currency: &str) -> Value {
    // Accounts anywhere in the euro area take euros from, and pay them to, banks of all of it.
    let mut banks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let neighbours = COUNTRIES
        .iter()
        .filter(|(name, theirs)| *name == country || (*theirs == currency && currency == "eur"));
    banks
        .entry(currency)
        .or_default()
        .extend(neighbours.map(|(name, _)| *name));
    let methods: &[&str] = if country == "US" {
        &["ach", "card", "stripe"]
    } else {
        &["card", "stripe"]
    };
    let asked = |business_type: &str| {
        let nobody = json!({"id": "", "country": country, "business_type": business_type});
        json!({"additional": [], "minimum": requirements::due(ctx, &nobody)})
    };
    json!({
        "id": country,
        "object": SPEC,
        "default_currency": currency,
        "supported_bank_account_currencies": banks,
        "supported_payment_currencies": currencies().collect::<Vec<_>>(),
        "supported_payment_methods": methods,
        "supported_transfer_countries": COUNTRIES.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "verification_fields": {"company": asked("company"), "individual": asked("individual")},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_in_order_and_their_currencies_known() {
        assert!(COUNTRIES.is_sorted());
        for (_, currency) in COUNTRIES {
            assert!(currencies().any(|known| known == *currency), "{currency}");
        }
        assert_eq!((currency_of("DE"), currency_of("AQ")), ("eur", "usd"));
    }
}
