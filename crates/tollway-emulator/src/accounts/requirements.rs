//! What Stripe still wants to know of an account that a platform made, and so whether the account may be charged and paid out.

use serde_json::{Value, json};

use crate::accounts::persons;
use crate::ctx::Ctx;

/// Fields of a person who is the business, or who speaks for it.
const PERSON: &[&str] = &[
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

/// Fields of a business that is not one person.
const COMPANY: &[&str] = &[
    "address.city",
    "address.line1",
    "address.postal_code",
    "name",
    "phone",
    "tax_id",
];

/// What an account lacks, as the API names it: `business_type`, `individual.dob.day`, `representative.first_name`.
pub(crate) fn due(ctx: &Ctx<'_>, account: &Value) -> Vec<String> {
    let unset = |path: &str| is_unset(account, path);
    let mut due: Vec<String> = Vec::new();
    let mut want = |missing: bool, path: &str| {
        if missing {
            due.push(path.to_owned());
        }
    };
    want(unset("business_profile.mcc"), "business_profile.mcc");
    // A description of the product will do instead of a web address.
    let described = !unset("business_profile.product_description");
    want(
        unset("business_profile.url") && !described,
        "business_profile.url",
    );
    want(unset("business_type"), "business_type");
    let banks = account["external_accounts"]["data"].as_array();
    want(banks.is_none_or(Vec::is_empty), "external_account");
    match account["business_type"].as_str() {
        None => {}
        Some("individual") => {
            for field in PERSON {
                let path = format!("individual.{field}");
                want(unset(&path), &path);
            }
            want(
                lacks_id(account, &account["individual"]),
                "individual.ssn_last_4",
            );
        }
        Some(_) => {
            for field in COMPANY {
                let path = format!("company.{field}");
                let given = *field == "tax_id" && account["company"]["tax_id_provided"] == true;
                want(unset(&path) && !given, &path);
            }
            let speaker = persons::representative(ctx, account["id"].as_str().unwrap_or_default());
            let (name, speaker) = match &speaker {
                Some(person) => (person["id"].as_str().unwrap_or_default(), person),
                None => ("representative", &Value::Null),
            };
            for field in PERSON {
                let path = format!("{name}.{field}");
                want(is_unset(speaker, field), &path);
            }
            want(lacks_id(account, speaker), &format!("{name}.ssn_last_4"));
        }
    }
    want(unset("tos_acceptance.date"), "tos_acceptance.date");
    want(unset("tos_acceptance.ip"), "tos_acceptance.ip");
    due.sort();
    due
}

/// What an account will lack one day, beside what it lacks now: in the United States the whole social security number.
pub(crate) fn eventually_due(ctx: &Ctx<'_>, account: &Value) -> Vec<String> {
    let mut due = due(ctx, account);
    let speaker;
    let person = match account["business_type"].as_str() {
        None => return due,
        Some("individual") => Some(("individual", &account["individual"])),
        Some(_) => {
            speaker = persons::representative(ctx, account["id"].as_str().unwrap_or_default());
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

/// In the United States the last digits of the social security number are asked for.
fn lacks_id(account: &Value, person: &Value) -> bool {
    account["country"] == "US"
        && person["ssn_last_4_provided"] != true
        && person["id_number_provided"] != true
}

fn is_unset(object: &Value, path: &str) -> bool {
    let found = path
        .split('.')
        .try_fold(object, |value, name| value.get(name));
    found.is_none_or(|value| value.is_null() || value == "")
}

/// Writes into the account what it lacks, and what it may do.
pub(crate) fn judge(ctx: &Ctx<'_>, account: &mut Value) {
    let due = due(ctx, account);
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
    let works = complete && rejected.is_none();
    let state = if works { "active" } else { "inactive" };
    let capabilities = account["capabilities"].as_object_mut();
    let mut wanted = Vec::new();
    for (name, capability) in capabilities.into_iter().flatten() {
        *capability = state.into();
        wanted.push(name.clone());
    }
    let charges = wanted.iter().any(|name| name.ends_with("_payments"))
        || wanted.iter().any(|name| name == "transfers");
    account["details_submitted"] = complete.into();
    account["charges_enabled"] = (works && charges).into();
    account["payouts_enabled"] = (works && charges).into();
}
