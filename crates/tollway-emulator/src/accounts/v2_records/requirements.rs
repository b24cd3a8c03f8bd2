//! What is missing, as `/v2` says it: an entry each, with the capabilities that wait for it.

use serde_json::{Value, json};

/// Fields of `/v1` by their names in `/v2`; what is not here keeps its name.
const NAMES: &[(&str, &str)] = &[
    ("business_profile.mcc", "configuration.merchant.mcc"),
    ("business_profile.url", "defaults.profile.business_url"),
    ("business_type", "identity.entity_type"),
    ("external_account", "defaults.payout_methods"),
    (
        "tos_acceptance.date",
        "identity.attestations.terms_of_service.account.date",
    ),
    (
        "tos_acceptance.ip",
        "identity.attestations.terms_of_service.account.ip",
    ),
];

/// Where the fields of somebody are.
const PLACES: &[(&str, &str)] = &[
    ("company", "identity.business_details"),
    ("individual", "identity.individual"),
    ("representative", "persons.representative"),
];

/// Fields of persons and companies.
const FIELDS: &[(&str, &str)] = &[
    ("dob.day", "date_of_birth.day"),
    ("dob.month", "date_of_birth.month"),
    ("dob.year", "date_of_birth.year"),
    ("first_name", "given_name"),
    ("last_name", "surname"),
    ("name", "registered_name"),
    ("ssn_last_4", "id_numbers"),
    ("tax_id", "id_numbers"),
];

/// The requirements of an account of `/v1` with its capabilities, as `(configuration, capability)`.
pub(super) fn of(account: &Value, capabilities: &[(&'static str, String)]) -> Value {
    let due = account["requirements"]["currently_due"].as_array();
    let entries: Vec<Value> = due
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|name| entry(name, capabilities))
        .collect();
    let mut requirements = json!({"entries": entries});
    if !entries.is_empty() {
        requirements["summary"] = json!({"minimum_deadline": {"status": "past_due"}});
    }
    requirements
}

fn entry(name: &str, capabilities: &[(&'static str, String)]) -> Value {
    let restricts: Vec<Value> = capabilities
        .iter()
        .map(|(configuration, capability)| {
            json!({"capability": capability, "configuration": configuration, "deadline": {"status": "past_due"}})
        })
        .collect();
    let mut entry = json!({
        "awaiting_action_from": "user",
        "description": described(name),
        "errors": [],
        "impact": {"restricts_capabilities": restricts},
        "minimum_deadline": {"status": "past_due"},
        "requested_reasons": [{"code": "routine_onboarding"}],
    });
    if let Some((person, _)) = name
        .split_once('.')
        .filter(|(who, _)| who.starts_with("person_"))
    {
        entry["reference"] = json!({"type": "person", "resource": person});
    }
    entry
}

/// The name in `/v2` of a field of `/v1`.
fn described(name: &str) -> String {
    let known = |table: &[(&'static str, &'static str)], name: &str| {
        let found = table.iter().find(|(old, _)| *old == name);
        found.map(|(_, new)| *new)
    };
    if let Some(whole) = known(NAMES, name) {
        return whole.to_owned();
    }
    let Some((who, field)) = name.split_once('.') else {
        return name.to_owned();
    };
    let place = if who.starts_with("person_") {
        "persons"
    } else {
        known(PLACES, who).unwrap_or(who)
    };
    format!("{place}.{}", known(FIELDS, field).unwrap_or(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_their_names_in_v2() {
        for (old, new) in [
            ("business_type", "identity.entity_type"),
            (
                "individual.dob.day",
                "identity.individual.date_of_birth.day",
            ),
            ("company.tax_id", "identity.business_details.id_numbers"),
            ("person_1.first_name", "persons.given_name"),
            (
                "representative.address.city",
                "persons.representative.address.city",
            ),
        ] {
            assert_eq!(described(old), new);
        }
    }

    #[test]
    fn an_entry_says_what_waits_for_it() {
        let account = json!({"requirements": {"currently_due": ["person_1.email"]}});
        let made = of(&account, &[("merchant", "card_payments".to_owned())]);
        let entry = &made["entries"][0];
        assert_eq!(entry["reference"]["resource"], "person_1");
        assert_eq!(
            entry["impact"]["restricts_capabilities"][0]["capability"],
            "card_payments"
        );
        assert_eq!(made["summary"]["minimum_deadline"]["status"], "past_due");
        assert!(of(&json!({}), &[]).get("summary").is_none());
    }
}
