//! The bank accounts that a customer sends money to. Each customer has their own, derived from the customer id.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::params::Params;
use crate::random::derived_text;

/// `POST /v1/customers/{customer}/funding_instructions`.
pub(super) fn create_funding_instructions(
    ctx: &mut Ctx<'_>,
    params: &Params,
) -> Result<Value, ApiError> {
    let customer = params.path("customer").to_owned();
    ctx.required("customer", &customer)?;
    let currency = params
        .text("currency")
        .unwrap_or("usd")
        .to_ascii_lowercase();
    currency::check(&currency, "currency")?;
    let by_currency = transfer_type(&currency);
    let kind = params.text("bank_transfer.type").unwrap_or(by_currency);
    let country = params
        .text("bank_transfer.eu_bank_transfer.country")
        .unwrap_or(country_of(kind));
    Ok(json!({
        "object": "funding_instructions",
        "bank_transfer": {
            "country": country,
            "financial_addresses": financial_addresses(kind, country, &customer),
            "type": kind,
        },
        "currency": currency,
        "funding_type": "bank_transfer",
        "livemode": ctx.scope.livemode(),
    }))
}

/// The type of bank transfer for a currency.
pub(in crate::payments) fn transfer_type(currency: &str) -> &'static str {
    match currency {
        "eur" => "eu_bank_transfer",
        "gbp" => "gb_bank_transfer",
        "jpy" => "jp_bank_transfer",
        "mxn" => "mx_bank_transfer",
        _ => "us_bank_transfer",
    }
}

/// The country of the bank accounts for a type of bank transfer.
pub(in crate::payments) fn country_of(kind: &str) -> &'static str {
    match kind {
        "eu_bank_transfer" => "DE",
        "gb_bank_transfer" => "GB",
        "jp_bank_transfer" => "JP",
        "mx_bank_transfer" => "MX",
        _ => "US",
    }
}

/// `financial_addresses`: the customer's bank accounts in `country` for transfers of type `kind`.
pub(in crate::payments) fn financial_addresses(kind: &str, country: &str, customer: &str) -> Value {
    let digits = |length: usize| -> String {
        let text = derived_text(customer, length);
        text.bytes()
            .map(|byte| char::from(b'0' + byte % 10))
            .collect()
    };
    let place = json!({
        "city": "Portland", "country": country, "line1": "1 Main Street", "line2": null, "postal_code": "97201", "state": null,
    });
    let mut address = json!({
        "account_holder_address": place, "account_holder_name": "Tollway Test", "bank_address": place,
    });
    let (name, networks, more) = match kind {
        "eu_bank_transfer" => (
            "iban",
            json!(["sepa"]),
            json!({"bic": "TESTDEFFXXX", "country": country, "iban": format!("{country}00{}", digits(18))}),
        ),
        "gb_bank_transfer" => (
            "sort_code",
            json!(["bacs", "fps"]),
            json!({"account_number": digits(8), "sort_code": "200000"}),
        ),
        "jp_bank_transfer" => (
            "zengin",
            json!(["zengin"]),
            json!({
                "account_number": digits(7), "account_type": "futsu", "bank_code": "9999", "bank_name": "STRIPE TEST BANK",
                "branch_code": "999", "branch_name": "TEST",
            }),
        ),
        "mx_bank_transfer" => (
            "spei",
            json!(["spei"]),
            json!({"bank_code": "002", "bank_name": "STRIPE TEST BANK", "clabe": digits(18)}),
        ),
        _ => (
            "aba",
            json!(["ach", "domestic_wire_us"]),
            json!({
                "account_number": digits(12), "account_type": "checking", "bank_name": "STRIPE TEST BANK",
                "routing_number": "110000000",
            }),
        ),
    };
    if let (Some(address), Value::Object(more)) = (address.as_object_mut(), more) {
        address.extend(more);
    }
    json!([{"type": name, name: address, "supported_networks": networks}])
}
