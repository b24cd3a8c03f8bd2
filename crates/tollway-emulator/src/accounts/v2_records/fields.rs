//! Which field of `/v2` is which of `/v1`: one table for accounts and one for persons, read in both directions.
//!
//! See <https://docs.stripe.com/connect/accounts-v2/migrate-integration>.

use serde_json::{Map, Value, json};

use crate::params::Params;

/// Accounts.
const ACCOUNT: &[(&str, &str)] = &[
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

/// When the terms of service were accepted: an instant in `/v2`, a unix time in `/v1`.
const ACCEPTED: (&str, &str) = (
    "identity.attestations.terms_of_service.account.date",
    "tos_acceptance.date",
);

/// Persons.
const PERSON: &[(&str, &str)] = &[
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

/// A share of the business: a decimal in `/v2`, a number in `/v1`.
const SHARE: &str = "relationship.percent_ownership";

/// The capability to be paid out to, which is the recipient's in `/v2`.
pub(super) const TRANSFERS: &str = "transfers";

/// What the parameters of an account of `/v2` come to in `/v1`.
pub(super) fn to_account(params: &Params) -> Map<String, Value> {
    let mut form = copied(params, ACCOUNT);
    if let Some(at) = params
        .text(ACCEPTED.0)
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
    {
        set(&mut form, ACCEPTED.1, at.as_second().into());
    }
    for number in numbers(params, "identity.individual.id_numbers") {
        set(
            &mut form,
            &format!("individual.{}", number.name),
            number.value,
        );
    }
    if let Some(number) = numbers(params, "identity.business_details.id_numbers").next() {
        set(&mut form, "company.tax_id", number.value);
    }
    if let Some(capabilities) = capabilities(params) {
        form.insert("capabilities".into(), capabilities.into());
    }
    form
}

/// Writes one form over another, member by member.
pub(super) fn merge(form: &mut Map<String, Value>, over: Map<String, Value>) {
    for (name, value) in over {
        match (form.get_mut(&name), value) {
            (Some(Value::Object(there)), Value::Object(inner)) => merge(there, inner),
            (_, value) => drop(form.insert(name, value)),
        }
    }
}

/// Who answers for what, as `/v1` says it.
pub(super) fn controller(params: &Params) -> Value {
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

/// Writes into a record of `/v2` what the account of `/v1` says.
pub(super) fn from_account(record: &mut Value, account: &Value) {
    copy_back(record, account, ACCOUNT);
    if let Some(at) = account["tos_acceptance"]["date"].as_i64() {
        set_in(record, ACCEPTED.0, crate::accounts::v2::instant(at));
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

/// What the parameters of a person of `/v2` come to in `/v1`.
pub(super) fn to_person(params: &Params) -> Map<String, Value> {
    let mut form = copied(params, PERSON);
    let share = params.text(SHARE).and_then(|text| text.parse::<f64>().ok());
    if let Some(share) = share {
        set(&mut form, SHARE, share.into());
    }
    if let Some(nationality) = params.list("nationalities").first() {
        form.insert("nationality".into(), nationality.clone());
    }
    for number in numbers(params, "id_numbers") {
        form.insert(number.name.into(), number.value);
    }
    form
}

/// Writes into a person of `/v2` what the person of `/v1` says.
pub(super) fn from_person(record: &mut Value, person: &Value) {
    copy_back(record, person, PERSON);
    if let Some(share) = person["relationship"]["percent_ownership"].as_f64() {
        set_in(record, SHARE, share.to_string().into());
    }
    if person["nationality"].is_string() {
        record["nationalities"] = json!([person["nationality"]]);
    }
}

/// The capabilities that are asked for or given up, by their names in `/v1`.
fn capabilities(params: &Params) -> Option<Map<String, Value>> {
    let merchant = params.map("configuration.merchant.capabilities");
    let mut wishes: Map<String, Value> = merchant
        .into_iter()
        .flatten()
        .filter(|(_, wish)| wish["requested"].is_boolean())
        .map(|(name, wish)| (name.clone(), wish.clone()))
        .collect();
    let transfers =
        "configuration.recipient.capabilities.stripe_balance.stripe_transfers.requested";
    if let Some(requested) = params.bool(transfers) {
        wishes.insert(TRANSFERS.into(), json!({"requested": requested}));
    }
    (!wishes.is_empty()).then_some(wishes)
}

/// A number that identifies somebody, by the name that `/v1` has for its kind.
struct Number {
    name: &'static str,
    value: Value,
}

fn numbers(params: &Params, path: &str) -> impl Iterator<Item = Number> {
    params.list(path).iter().map(|number| Number {
        name: match number["type"].as_str() {
            Some("us_ssn_last_4" | "us_itin_last_4") => "ssn_last_4",
            _ => "id_number",
        },
        value: number["value"].clone(),
    })
}

fn copied(params: &Params, table: &[(&str, &str)]) -> Map<String, Value> {
    let mut form = Map::new();
    for (there, here) in table {
        if let Some(value) = params.at(there) {
            set(&mut form, here, value.clone());
        }
    }
    form
}

/// What `/v1` has no value for goes away.
fn copy_back(record: &mut Value, object: &Value, table: &[(&str, &str)]) {
    for (there, here) in table {
        let value = here
            .split('.')
            .try_fold(object, |value, name| value.get(name));
        match value {
            None | Some(Value::Null) => unset(record, there),
            Some(value) => set_in(record, there, without_nulls(value)),
        }
    }
}

/// `/v2` leaves out what it has no value for.
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
    fn an_account_goes_there_and_back() {
        let given = json!({
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
        let form = to_account(&params(given.clone()));
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
        from_account(&mut record, &Value::Object(form));
        assert_eq!(record["contact_email"], given["contact_email"]);
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
    fn a_person_goes_there_and_back() {
        let given = json!({
            "given_name": "Ann", "nationalities": ["US"], "relationship": {"owner": true, "percent_ownership": "12.5"},
            "id_numbers": [{"type": "us_ssn", "value": "000000000"}],
        });
        let form = to_person(&params(given));
        assert_eq!(
            Value::Object(form.clone()),
            json!({
                "first_name": "Ann", "nationality": "US", "id_number": "000000000",
                "relationship": {"owner": true, "percent_ownership": 12.5},
            })
        );
        let mut record = json!({});
        from_person(&mut record, &Value::Object(form));
        assert_eq!(record["relationship"]["percent_ownership"], "12.5");
        assert_eq!(record["nationalities"], json!(["US"]));
    }
}
