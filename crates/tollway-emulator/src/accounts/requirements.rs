//! The requirements of accounts that a platform created, and the capabilities that depend on them.

use serde_json::{Value, json};

use crate::accounts::person_record::representative;
use crate::ctx::Ctx;

/// The required fields of an individual, and of the representative of a company.
const PERSON_FIELDS: &[&str] = &[
    "address.city",
    "address.line1",
    "address.postal_code",
    "dob.day",
    "dob.month",
    "dob.year",
    "email",
    "first_name",
    "last_name",
    "phone",
];

/// The required fields of a company.
const COMPANY_FIELDS: &[&str] = &[
    "address.city",
    "address.line1",
    "address.postal_code",
    "name",
    "phone",
    "tax_id",
];

/// The missing fields of an account, by their names in the API: `business_type`, `individual.dob.day`, `representative.first_name`.
pub(super) fn currently_due(ctx: &Ctx<'_>, account: &Value) -> Vec<String> {
    let unset = |path: &str| is_unset(account, path);
    let mut due: Vec<String> = Vec::new();
    let mut require = |missing: bool, path: &str| {
        if missing {
            due.push(path.to_owned());
        }
    };
    require(unset("business_profile.mcc"), "business_profile.mcc");
    // A description of the product replaces the website.
    let described = !unset("business_profile.product_description");
    require(
        unset("business_profile.url") && !described,
        "business_profile.url",
    );
    require(unset("business_type"), "business_type");
    let banks = account["external_accounts"]["data"].as_array();
    require(banks.is_none_or(Vec::is_empty), "external_account");
    match account["business_type"].as_str() {
        None => {}
        Some("individual") => {
            for field in PERSON_FIELDS {
                let path = format!("individual.{field}");
                require(unset(&path), &path);
            }
            require(
                lacks_ssn(account, &account["individual"]),
                "individual.ssn_last_4",
            );
        }
        Some(_) => {
            for field in COMPANY_FIELDS {
                let path = format!("company.{field}");
                let is_provided =
                    *field == "tax_id" && account["company"]["tax_id_provided"] == true;
                require(unset(&path) && !is_provided, &path);
            }
            let speaker = representative(ctx, account["id"].as_str().unwrap_or_default());
            let (name, speaker) = match &speaker {
                Some(person) => (person["id"].as_str().unwrap_or_default(), person),
                None => ("representative", &Value::Null),
            };
            for field in PERSON_FIELDS {
                let path = format!("{name}.{field}");
                require(is_unset(speaker, field), &path);
            }
            require(lacks_ssn(account, speaker), &format!("{name}.ssn_last_4"));
        }
    }
    require(unset("tos_acceptance.date"), "tos_acceptance.date");
    require(unset("tos_acceptance.ip"), "tos_acceptance.ip");
    due.sort();
    due
}

/// The missing fields of an account now and in the future: in the United States also the whole social security number.
pub(super) fn eventually_due(ctx: &Ctx<'_>, account: &Value) -> Vec<String> {
    let mut due = currently_due(ctx, account);
    let speaker;
    let person = match account["business_type"].as_str() {
        None => return due,
        Some("individual") => Some(("individual", &account["individual"])),
        Some(_) => {
            speaker = representative(ctx, account["id"].as_str().unwrap_or_default());
            let person = speaker.as_ref();
            person.map(|person| (person["id"].as_str().unwrap_or_default(), person))
        }
    };
    let (name, person) = person.unwrap_or(("representative", &Value::Null));
    if account["country"] == "US" && person["id_number_provided"] != true {
        due.push(format!("{name}.id_number"));
        due.sort();
    }
    due
}

/// Whether the last digits of the social security number are missing, which are required in the United States.
fn lacks_ssn(account: &Value, person: &Value) -> bool {
    account["country"] == "US"
        && person["ssn_last_4_provided"] != true
        && person["id_number_provided"] != true
}

fn is_unset(object: &Value, path: &str) -> bool {
    let member = path
        .split('.')
        .try_fold(object, |value, name| value.get(name));
    member.is_none_or(|value| value.is_null() || value == "")
}

/// Writes the requirements of an account, the status of its capabilities and what they enable.
pub(super) fn update_requirements(ctx: &Ctx<'_>, account: &mut Value) {
    let due = currently_due(ctx, account);
    let rejected = account["requirements"]["disabled_reason"]
        .as_str()
        .filter(|reason| reason.starts_with("rejected"))
        .map(str::to_owned);
    let complete = due.is_empty();
    account["requirements"]["currently_due"] = json!(due);
    account["requirements"]["eventually_due"] = json!(eventually_due(ctx, account));
    account["requirements"]["past_due"] = json!(due);
    account["requirements"]["disabled_reason"] = match (&rejected, complete) {
        (Some(reason), _) => reason.as_str().into(),
        (None, true) => Value::Null,
        (None, false) => "requirements.past_due".into(),
    };
    let enabled = complete && rejected.is_none();
    let status = if enabled { "active" } else { "inactive" };
    let capabilities = account["capabilities"].as_object_mut();
    let mut requested = Vec::new();
    for (name, capability) in capabilities.into_iter().flatten() {
        *capability = status.into();
        requested.push(name.clone());
    }
    let charges = requested.iter().any(|name| name.ends_with("_payments"))
        || requested.iter().any(|name| name == "transfers");
    account["details_submitted"] = complete.into();
    account["charges_enabled"] = (enabled && charges).into();
    account["payouts_enabled"] = (enabled && charges).into();
}
