//! The fields of `/v2` and their counterparts in `/v1`: one table for accounts and one for persons, used in both directions.
//!
//! See <https://docs.stripe.com/connect/accounts-v2/migrate-integration>.

use serde_json::{Map, Value, json};

use crate::generic::synth::rfc3339;
use crate::params::Params;

/// Fields of accounts: `/v2`, `/v1`.
const ACCOUNT_FIELDS: &[(&str, &str)] = &[
    ("contact_email", "email"),
    ("display_name", "settings.dashboard.display_name"),
    ("metadata", "metadata"),
    ("defaults.currency", "default_currency"),
    ("defaults.profile.business_url", "business_profile.url"),
    (
        "defaults.profile.doing_business_as",
        "business_profile.name",
    ),
    (
        "defaults.profile.product_description",
        "business_profile.product_description",
    ),
    (
        "configuration.merchant.branding.icon",
        "settings.branding.icon",
    ),
    (
        "configuration.merchant.branding.logo",
        "settings.branding.logo",
    ),
    (
        "configuration.merchant.branding.primary_color",
        "settings.branding.primary_color",
    ),
    (
        "configuration.merchant.branding.secondary_color",
        "settings.branding.secondary_color",
    ),
    (
        "configuration.merchant.card_payments.decline_on.avs_failure",
        "settings.card_payments.decline_on.avs_failure",
    ),
    (
        "configuration.merchant.card_payments.decline_on.cvc_failure",
        "settings.card_payments.decline_on.cvc_failure",
    ),
    ("configuration.merchant.mcc", "business_profile.mcc"),
    (
        "configuration.merchant.statement_descriptor.descriptor",
        "settings.payments.statement_descriptor",
    ),
    (
        "configuration.merchant.statement_descriptor.prefix",
        "settings.card_payments.statement_descriptor_prefix",
    ),
    (
        "configuration.merchant.support.address",
        "business_profile.support_address",
    ),
    (
        "configuration.merchant.support.email",
        "business_profile.support_email",
    ),
    (
        "configuration.merchant.support.phone",
        "business_profile.support_phone",
    ),
    (
        "configuration.merchant.support.url",
        "business_profile.support_url",
    ),
    (
        "identity.attestations.terms_of_service.account.ip",
        "tos_acceptance.ip",
    ),
    (
        "identity.attestations.terms_of_service.account.user_agent",
        "tos_acceptance.user_agent",
    ),
    ("identity.business_details.address", "company.address"),
    ("identity.business_details.phone", "company.phone"),
    ("identity.business_details.registered_name", "company.name"),
    ("identity.business_details.structure", "company.structure"),
    ("identity.country", "country"),
    ("identity.entity_type", "business_type"),
    ("identity.individual.address", "individual.address"),
    ("identity.individual.date_of_birth", "individual.dob"),
    ("identity.individual.email", "individual.email"),
    ("identity.individual.given_name", "individual.first_name"),
    ("identity.individual.legal_gender", "individual.gender"),
    ("identity.individual.phone", "individual.phone"),
    ("identity.individual.surname", "individual.last_name"),
];

/// The time at which the terms of service were accepted: RFC 3339 in `/v2`, Unix seconds in `/v1`.
const TERMS_ACCEPTED_AT: (&str, &str) = (
    "identity.attestations.terms_of_service.account.date",
    "tos_acceptance.date",
);

/// Fields of persons: `/v2`, `/v1`.
const PERSON_FIELD_NAMES: &[(&str, &str)] = &[
    ("address", "address"),
    ("date_of_birth", "dob"),
    ("email", "email"),
    ("given_name", "first_name"),
    ("legal_gender", "gender"),
    ("metadata", "metadata"),
    ("phone", "phone"),
    ("political_exposure", "political_exposure"),
    ("relationship.authorizer", "relationship.authorizer"),
    ("relationship.director", "relationship.director"),
    ("relationship.executive", "relationship.executive"),
    ("relationship.legal_guardian", "relationship.legal_guardian"),
    ("relationship.owner", "relationship.owner"),
    ("relationship.representative", "relationship.representative"),
    ("relationship.title", "relationship.title"),
    ("surname", "last_name"),
];

/// The share of an owner: a decimal string in `/v2`, a number in `/v1`.
const PERCENT_OWNERSHIP: &str = "relationship.percent_ownership";

/// The capability of `/v1` that belongs to the recipient configuration in `/v2`.
pub(super) const TRANSFERS: &str = "transfers";

/// The `/v1` parameters of an account, from those of `/v2`.
pub(crate) fn to_v1_account(params: &Params) -> Map<String, Value> {
    let mut form = map_params(params, ACCOUNT_FIELDS);
    if let Some(at) = params
        .text(TERMS_ACCEPTED_AT.0)
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
    {
        set(&mut form, TERMS_ACCEPTED_AT.1, at.as_second().into());
    }
    for number in id_numbers(params, "identity.individual.id_numbers") {
        set(
            &mut form,
            &format!("individual.{}", number.name),
            number.value,
        );
    }
    if let Some(number) = id_numbers(params, "identity.business_details.id_numbers").next() {
        set(&mut form, "company.tax_id", number.value);
    }
    if let Some(capabilities) = v1_capabilities(params) {
        form.insert("capabilities".into(), capabilities.into());
    }
    form
}

/// Merges one object into another, member by member; the values of `over` win.
pub(crate) fn merge_members(form: &mut Map<String, Value>, over: Map<String, Value>) {
    for (name, value) in over {
        match (form.get_mut(&name), value) {
            (Some(Value::Object(object)), Value::Object(inner)) => merge_members(object, inner),
            (_, value) => drop(form.insert(name, value)),
        }
    }
}

/// The `controller` of `/v1` for the parameters of `/v2`.
pub(crate) fn to_v1_controller(params: &Params) -> Value {
    let mut controller =
        json!({"stripe_dashboard": {"type": params.text("dashboard").unwrap_or("none")}});
    if let Some(losses) = params.text("defaults.responsibilities.losses_collector") {
        controller["losses"] = json!({"payments": losses});
    }
    match params.text("defaults.responsibilities.fees_collector") {
        Some("stripe") => controller["fees"] = json!({"payer": "account"}),
        Some(other) => controller["fees"] = json!({"payer": other}),
        None => {}
    }
    controller
}

/// Writes the members of an account of `/v1` into its record of `/v2`.
pub(super) fn write_v1_account(record: &mut Value, account: &Value) {
    copy_members(record, account, ACCOUNT_FIELDS);
    if let Some(at) = account["tos_acceptance"]["date"].as_i64() {
        set_in(record, TERMS_ACCEPTED_AT.0, timestamp(at));
    }
    let controller = &account["controller"];
    let fees = match controller["fees"]["payer"].as_str() {
        None | Some("account") => "stripe",
        Some(payer) => payer,
    };
    let or_stripe = |value: &Value| value.as_str().unwrap_or("stripe").to_owned();
    record["defaults"]["responsibilities"] = json!({
        "fees_collector": fees,
        "losses_collector": or_stripe(&controller["losses"]["payments"]),
        "requirements_collector": or_stripe(&controller["requirement_collection"]),
    });
    record["dashboard"] = controller["stripe_dashboard"]["type"]
        .as_str()
        .unwrap_or("full")
        .into();
}

/// The `/v1` parameters of a person, from those of `/v2`.
pub(crate) fn to_v1_person(params: &Params) -> Map<String, Value> {
    let mut form = map_params(params, PERSON_FIELD_NAMES);
    let share = params
        .text(PERCENT_OWNERSHIP)
        .and_then(|text| text.parse::<f64>().ok());
    if let Some(share) = share {
        set(&mut form, PERCENT_OWNERSHIP, share.into());
    }
    if let Some(nationality) = params.list("nationalities").first() {
        form.insert("nationality".into(), nationality.clone());
    }
    for number in id_numbers(params, "id_numbers") {
        form.insert(number.name.into(), number.value);
    }
    form
}

/// Writes the members of a person of `/v1` into its record of `/v2`.
pub(super) fn write_v1_person(record: &mut Value, person: &Value) {
    copy_members(record, person, PERSON_FIELD_NAMES);
    if let Some(share) = person["relationship"]["percent_ownership"].as_f64() {
        set_in(record, PERCENT_OWNERSHIP, share.to_string().into());
    }
    if person["nationality"].is_string() {
        record["nationalities"] = json!([person["nationality"]]);
    }
}

/// The capabilities that the parameters request or give up, by their names in `/v1`.
fn v1_capabilities(params: &Params) -> Option<Map<String, Value>> {
    let merchant = params.map("configuration.merchant.capabilities");
    let mut requests: Map<String, Value> = merchant
        .into_iter()
        .flatten()
        .filter(|(_, request)| request["requested"].is_boolean())
        .map(|(name, request)| (name.clone(), request.clone()))
        .collect();
    let transfers =
        "configuration.recipient.capabilities.stripe_balance.stripe_transfers.requested";
    if let Some(requested) = params.bool(transfers) {
        requests.insert(TRANSFERS.into(), json!({"requested": requested}));
    }
    (!requests.is_empty()).then_some(requests)
}

/// An identification number, by the member of `/v1` that its kind has.
struct IdNumber {
    name: &'static str,
    value: Value,
}

fn id_numbers(params: &Params, path: &str) -> impl Iterator<Item = IdNumber> {
    params.list(path).iter().map(|number| IdNumber {
        name: match number["type"].as_str() {
            Some("us_ssn_last_4" | "us_itin_last_4") => "ssn_last_4",
            _ => "id_number",
        },
        value: number["value"].clone(),
    })
}

fn map_params(params: &Params, table: &[(&str, &str)]) -> Map<String, Value> {
    let mut form = Map::new();
    for (v2_path, v1_path) in table {
        if let Some(value) = params.at(v2_path) {
            set(&mut form, v1_path, value.clone());
        }
    }
    form
}

/// Copies the members of a table from an object of `/v1`; those without a value are removed.
fn copy_members(record: &mut Value, object: &Value, table: &[(&str, &str)]) {
    for (v2_path, v1_path) in table {
        let value = v1_path
            .split('.')
            .try_fold(object, |value, name| value.get(name));
        match value {
            None | Some(Value::Null) => unset(record, v2_path),
            Some(value) => set_in(record, v2_path, without_nulls(value)),
        }
    }
}

/// A value without its null members, which `/v2` leaves out.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        other => other.clone(),
    }
}

fn set(target: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((first, rest)) = path.split_once('.') else {
        target.insert(path.to_owned(), value);
        return;
    };
    let inner = target.entry(first).or_insert_with(|| json!({}));
    if !inner.is_object() {
        *inner = json!({});
    }
    if let Value::Object(inner) = inner {
        set(inner, rest, value);
    }
}

fn set_in(record: &mut Value, path: &str, value: Value) {
    if let Value::Object(members) = record {
        set(members, path, value);
    }
}

fn unset(record: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = parent
        .split('.')
        .filter(|name| !name.is_empty())
        .try_fold(record, |value, name| value.get_mut(name));
    if let Some(Value::Object(members)) = parent {
        members.remove(name);
    }
}

/// Unix seconds as `/v2` writes times.
pub(crate) fn timestamp(seconds: i64) -> Value {
    rfc3339(seconds).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(values: Value) -> Params {
        match values {
            Value::Object(values) => Params::new(Vec::new(), values),
            _ => Params::default(),
        }
    }

    #[test]
    fn account_fields_map_to_v1_and_back() {
        let params_v2 = json!({
            "contact_email": "a@x.example", "display_name": "A",
            "defaults": {"profile": {"business_url": "https://a.example"}},
            "identity": {
                "entity_type": "individual",
                "individual": {"given_name": "Ann", "date_of_birth": {"day": 1, "month": 2, "year": 1990},
                               "id_numbers": [{"type": "us_ssn_last_4", "value": "0000"}]},
                "attestations": {"terms_of_service": {"account": {"date": "2026-01-01T00:00:00Z", "ip": "127.0.0.1"}}},
            },
            "configuration": {"merchant": {"mcc": "5734", "capabilities": {"card_payments": {"requested": true}}},
                "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": true}}}}},
        });
        let form = to_v1_account(&params(params_v2.clone()));
        assert_eq!(
            Value::Object(form.clone()),
            json!({
                "email": "a@x.example", "settings": {"dashboard": {"display_name": "A"}},
                "business_profile": {"url": "https://a.example", "mcc": "5734"}, "business_type": "individual",
                "individual": {"first_name": "Ann", "dob": {"day": 1, "month": 2, "year": 1990}, "ssn_last_4": "0000"},
                "tos_acceptance": {"date": 1_767_225_600, "ip": "127.0.0.1"},
                "capabilities": {"card_payments": {"requested": true}, "transfers": {"requested": true}},
            })
        );
        let mut record = json!({"contact_email": "old", "identity": {"country": "US"}});
        write_v1_account(&mut record, &Value::Object(form));
        assert_eq!(record["contact_email"], params_v2["contact_email"]);
        assert_eq!(record["identity"]["individual"]["given_name"], "Ann");
        assert_eq!(
            record["identity"]["attestations"]["terms_of_service"]["account"]["date"],
            "2026-01-01T00:00:00.000Z"
        );
        assert!(record["identity"].get("country").is_none());
        assert_eq!(
            record["defaults"]["responsibilities"]["losses_collector"],
            "stripe"
        );
    }

    #[test]
    fn person_fields_map_to_v1_and_back() {
        let params_v2 = json!({
            "given_name": "Ann", "nationalities": ["US"], "relationship": {"owner": true, "percent_ownership": "12.5"},
            "id_numbers": [{"type": "us_ssn", "value": "000000000"}],
        });
        let form = to_v1_person(&params(params_v2));
        assert_eq!(
            Value::Object(form.clone()),
            json!({
                "first_name": "Ann", "nationality": "US", "id_number": "000000000",
                "relationship": {"owner": true, "percent_ownership": 12.5},
            })
        );
        let mut record = json!({});
        write_v1_person(&mut record, &Value::Object(form));
        assert_eq!(record["relationship"]["percent_ownership"], "12.5");
        assert_eq!(record["nationalities"], json!(["US"]));
    }
}
