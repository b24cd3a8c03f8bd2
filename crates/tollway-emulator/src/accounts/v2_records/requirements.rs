//! The requirements of `/v2`: one entry for each missing field, with the capabilities that it restricts.

use serde_json::{Value, json};

/// The names in `/v2` of fields of `/v1`. A field that is not in the table has the same name.
const RENAMED_REQUIREMENTS: &[(&str, &str)] = &[
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

/// The objects of `/v2` that hold the fields of a company or a person.
const FIELD_OWNERS: &[(&str, &str)] = &[
    ("company", "identity.business_details"),
    ("individual", "identity.individual"),
    ("representative", "persons.representative"),
];

/// The names in `/v2` of fields of persons and companies.
const RENAMED_FIELDS: &[(&str, &str)] = &[
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
pub(super) fn v2_requirements(account: &Value, capabilities: &[(&'static str, String)]) -> Value {
    let due = account["requirements"]["currently_due"].as_array();
    let entries: Vec<Value> = due
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|name| requirement_entry(name, capabilities))
        .collect();
    let mut requirements = json!({"entries": entries});
    if !entries.is_empty() {
        requirements["summary"] = json!({"minimum_deadline": {"status": "past_due"}});
    }
    requirements
}

fn requirement_entry(name: &str, capabilities: &[(&'static str, String)]) -> Value {
    let restricts: Vec<Value> = capabilities
        .iter()
        .map(|(configuration, capability)| {
            json!({"capability": capability, "configuration": configuration, "deadline": {"status": "past_due"}})
        })
        .collect();
    let mut entry = json!({
        "awaiting_action_from": "user",
        "description": v2_name(name),
        "errors": [],
        "impact": {"restricts_capabilities": restricts},
        "minimum_deadline": {"status": "past_due"},
        "requested_reasons": [{"code": "routine_onboarding"}],
    });
    if let Some((person, _)) = name
        .split_once('.')
        .filter(|(owner, _)| owner.starts_with("person_"))
    {
        entry["reference"] = json!({"type": "person", "resource": person});
    }
    entry
}

/// The name in `/v2` of a requirement of `/v1`.
fn v2_name(name: &str) -> String {
    let renamed = |table: &[(&'static str, &'static str)], name: &str| {
        let found = table.iter().find(|(old, _)| *old == name);
        found.map(|(_, new)| *new)
    };
    if let Some(whole) = renamed(RENAMED_REQUIREMENTS, name) {
        return whole.to_owned();
    }
    let Some((owner, field)) = name.split_once('.') else {
        return name.to_owned();
    };
    let path = if owner.starts_with("person_") {
        "persons"
    } else {
        renamed(FIELD_OWNERS, owner).unwrap_or(owner)
    };
    format!("{path}.{}", renamed(RENAMED_FIELDS, field).unwrap_or(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_have_their_names_in_v2() {
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
            assert_eq!(v2_name(old), new);
        }
    }

    #[test]
    fn entry_names_its_person_and_the_restricted_capability() {
        let account = json!({"requirements": {"currently_due": ["person_1.email"]}});
        let requirements = v2_requirements(&account, &[("merchant", "card_payments".to_owned())]);
        let entry = &requirements["entries"][0];
        assert_eq!(entry["reference"]["resource"], "person_1");
        assert_eq!(
            entry["impact"]["restricts_capabilities"][0]["capability"],
            "card_payments"
        );
        assert_eq!(
            requirements["summary"]["minimum_deadline"]["status"],
            "past_due"
        );
        assert!(v2_requirements(&json!({}), &[]).get("summary").is_none());
    }
}
