//! The `/v2` records of accounts: updated at every change of the account of `/v1`; every change emits thin events.

use serde_json::{Map, Value, json};

use crate::accounts::v2_records::fields::{self, timestamp};
use crate::accounts::v2_records::requirements;
use crate::ctx::Ctx;
use crate::events;
use crate::generic::GenericCtx as _;

/// The record type of accounts.
pub(crate) const ACCOUNT_RECORD: &str = "v2.core.account";

/// The record type of persons.
pub(crate) const PERSON_RECORD: &str = "v2.core.account_person";

/// Every configuration that an account can have.
pub(crate) const CONFIGURATIONS: [&str; 3] = ["customer", "merchant", "recipient"];

/// Creates or updates the record of `/v2` from the account of `/v1`.
pub(crate) fn sync_account(ctx: &mut Ctx<'_>, account: &Value) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let mut ctx = ctx.in_scope(platform);
    let before = account["id"]
        .as_str()
        .and_then(|id| ctx.get(ACCOUNT_RECORD, id));
    let mut after = match &before {
        Some(before) => before.clone(),
        None => blank_account_record(&mut ctx, &account["id"]),
    };
    write_account(&ctx, &mut after, account);
    save_account_record(&mut ctx, before.as_ref(), &after);
}

/// Removes the record of an account.
pub(crate) fn remove_account_record(ctx: &mut Ctx<'_>, account: &str) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.world.store.remove(&platform, ACCOUNT_RECORD, account);
}

/// A record without values but its id and time.
pub(crate) fn blank_account_record(ctx: &mut Ctx<'_>, id: &Value) -> Value {
    let mut record = Value::Object(ctx.blank(ACCOUNT_RECORD));
    record["id"] = id.clone();
    record["created"] = timestamp(ctx.now());
    record["livemode"] = ctx.scope.livemode().into();
    record["closed"] = false.into();
    record["applied_configurations"] = json!([]);
    record["metadata"] = json!({});
    record
}

/// Writes the members of the account of `/v1` into its record.
pub(crate) fn write_account(ctx: &Ctx<'_>, record: &mut Value, account: &Value) {
    fields::write_v1_account(record, account);
    let merchant = ctx
        .services
        .description()
        .object("v2.core.account_configuration_merchant_capabilities");
    let is_merchant_capability =
        |name: &str| merchant.is_some_and(|object| object.field(name).is_some());
    let v1_capabilities = account["capabilities"].as_object();
    let (mut merchant_capabilities, mut transfers) = (Map::new(), None);
    for (name, state) in v1_capabilities.into_iter().flatten() {
        let status = capability_status(state.as_str(), account);
        if name == fields::TRANSFERS {
            transfers = Some(status);
        } else if is_merchant_capability(name) {
            merchant_capabilities.insert(name.clone(), status);
        }
    }
    let payouts = capability_status(
        Some(if account["payouts_enabled"] == true {
            "active"
        } else {
            "inactive"
        }),
        account,
    );
    if !merchant_capabilities.is_empty() {
        apply_configuration(record, "merchant");
        merchant_capabilities.insert("stripe_balance".into(), json!({"payouts": payouts}));
        record["configuration"]["merchant"]["capabilities"] = merchant_capabilities.into();
    } else if let Some(merchant) = part(record, "/configuration/merchant") {
        merchant.remove("capabilities");
    }
    if let Some(transfers) = transfers {
        apply_configuration(record, "recipient");
        record["configuration"]["recipient"]["capabilities"]["stripe_balance"] =
            json!({"payouts": payouts, "stripe_transfers": transfers});
    } else if let Some(recipient) = part(record, "/configuration/recipient/capabilities") {
        recipient.remove("stripe_balance");
    }
    for name in ["merchant", "recipient"] {
        if !is_applied(record, name) {
            // Members of `/v1` have no place in a configuration that is not applied.
            if let Some(configurations) = part(record, "/configuration") {
                configurations.remove(name);
            }
        }
    }
    record["requirements"] =
        requirements::v2_requirements(account, &capabilities_of_record(record));
    if record["identity"]["individual"].is_object() {
        let created = record["created"].clone();
        let id = record["id"].clone();
        let individual = &mut record["identity"]["individual"];
        individual["account"] = id;
        if individual["id"].is_null() {
            individual["id"] = format!(
                "person_{}",
                account["id"]
                    .as_str()
                    .unwrap_or_default()
                    .trim_start_matches("acct_")
            )
            .into();
        }
        individual["object"] = PERSON_RECORD.into();
        for name in ["created", "updated"] {
            if individual[name].is_null() {
                individual[name] = created.clone();
            }
        }
    }
}

/// The object at a JSON pointer, if there is one.
fn part<'r>(record: &'r mut Value, pointer: &str) -> Option<&'r mut Map<String, Value>> {
    record.pointer_mut(pointer).and_then(Value::as_object_mut)
}

/// Marks a configuration as applied.
pub(crate) fn apply_configuration(record: &mut Value, name: &str) {
    if !record["configuration"][name].is_object() {
        record["configuration"][name] = json!({});
    }
    record["configuration"][name]["applied"] = true.into();
    let applied = CONFIGURATIONS
        .into_iter()
        .filter(|other| *other == name || is_applied(record, other));
    record["applied_configurations"] = applied.collect::<Vec<_>>().into();
}

fn is_applied(record: &Value, name: &str) -> bool {
    let applied = record["applied_configurations"].as_array();
    applied.is_some_and(|applied| applied.iter().any(|other| other == name))
}

/// The status in `/v2` of a capability of `/v1`.
fn capability_status(state: Option<&str>, account: &Value) -> Value {
    let rejected = account["requirements"]["disabled_reason"]
        .as_str()
        .and_then(|reason| reason.strip_prefix("rejected."));
    match (state, rejected) {
        (_, Some(reason)) => json!({
            "status": "rejected", "status_details": [{"code": format!("rejected_{reason}"), "resolution": "contact_stripe"}],
        }),
        (Some("active"), None) => json!({"status": "active", "status_details": []}),
        (Some("pending"), None) => json!({
            "status": "pending", "status_details": [{"code": "requirements_pending_verification", "resolution": "no_resolution"}],
        }),
        (_, None) => json!({
            "status": "restricted", "status_details": [{"code": "requirements_past_due", "resolution": "provide_info"}],
        }),
    }
}

/// Every capability of a record, as its configuration and its dotted name.
fn capabilities_of_record(record: &Value) -> Vec<(&'static str, String)> {
    fn collect(value: &Value, path: &str, found: &mut Vec<String>) {
        for (name, inner) in value.as_object().into_iter().flatten() {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            if inner["status"].is_string() {
                found.push(path);
            } else {
                collect(inner, &path, found);
            }
        }
    }
    let of_configuration = |configuration: &'static str| {
        let mut found = Vec::new();
        collect(
            &record["configuration"][configuration]["capabilities"],
            "",
            &mut found,
        );
        found.into_iter().map(move |name| (configuration, name))
    };
    CONFIGURATIONS
        .into_iter()
        .flat_map(of_configuration)
        .collect()
}

/// Stores a record, and emits an event for each part that changed.
pub(crate) fn save_account_record(ctx: &mut Ctx<'_>, before: Option<&Value>, after: &Value) {
    let Some(before) = before else {
        ctx.insert(ACCOUNT_RECORD, after);
        events::notify(ctx, "v2.core.account.created", ACCOUNT_RECORD, after, None);
        return;
    };
    if before == after {
        return;
    }
    ctx.update(ACCOUNT_RECORD, after);
    for name in changed_event_types(before, after) {
        events::notify(ctx, &name, ACCOUNT_RECORD, after, None);
    }
    for (configuration, name) in capabilities_of_record(after) {
        let status = |record: &Value| {
            let start = &record["configuration"][configuration]["capabilities"];
            let found = name
                .split('.')
                .try_fold(start, |value, part| value.get(part));
            found.map(|capability| capability["status"].clone())
        };
        if status(before) != status(after) {
            let event =
                format!("v2.core.account[configuration.{configuration}].capability_status_updated");
            let data = json!({"updated_capability": name});
            events::notify(ctx, &event, ACCOUNT_RECORD, after, Some(data));
        }
    }
}

/// The event types of the parts that changed.
fn changed_event_types(before: &Value, after: &Value) -> Vec<String> {
    const PARTS: [&str; 4] = [
        "defaults",
        "future_requirements",
        "identity",
        "requirements",
    ];
    let own_members = [
        "contact_email",
        "contact_phone",
        "dashboard",
        "display_name",
        "metadata",
        "applied_configurations",
    ];
    let differs = |name: &str| before.get(name) != after.get(name);
    let mut names = Vec::new();
    if own_members.iter().any(|name| differs(name)) {
        names.push("v2.core.account.updated".to_owned());
    }
    for part in PARTS.into_iter().filter(|part| differs(part)) {
        names.push(format!("v2.core.account[{part}].updated"));
    }
    for configuration in CONFIGURATIONS {
        let without_statuses = |record: &Value| {
            let mut part = record["configuration"][configuration].clone();
            let names: Vec<String> = capabilities_of_record(record)
                .into_iter()
                .filter(|(of, _)| *of == configuration)
                .map(|(_, name)| name)
                .collect();
            if part.is_object() {
                part["capabilities"] = names.into();
            }
            part
        };
        if without_statuses(before) != without_statuses(after) {
            names.push(format!(
                "v2.core.account[configuration.{configuration}].updated"
            ));
        }
    }
    names
}
