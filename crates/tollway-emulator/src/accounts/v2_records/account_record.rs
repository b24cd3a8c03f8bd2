//! The record of `/v2` beside an account of `/v1`: written anew whenever that changes, and every change told of in thin events.

use serde_json::{Map, Value, json};

use crate::accounts::v2::{ACCOUNT, fields, instant, requirements};
use crate::ctx::Ctx;
use crate::events;
use crate::generic::GenericCtx as _;

/// The configurations there are.
pub(super) const CONFIGURATIONS: [&str; 3] = ["customer", "merchant", "recipient"];

/// Brings the record of `/v2` to what the account of `/v1` says; makes one if there is none.
pub(crate) fn account(ctx: &mut Ctx<'_>, account: &Value) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let mut ctx = ctx.in_scope(platform);
    let before = account["id"].as_str().and_then(|id| ctx.get(ACCOUNT, id));
    let mut after = match &before {
        Some(before) => before.clone(),
        None => blank(&mut ctx, &account["id"]),
    };
    write(&ctx, &mut after, account);
    put(&mut ctx, before.as_ref(), &after);
}

/// The account of `/v1` is gone: its record as well.
pub(crate) fn forget(ctx: &mut Ctx<'_>, account: &str) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.world.store.remove(&platform, ACCOUNT, account);
}

/// A record of which nothing is known but its id.
pub(super) fn blank(ctx: &mut Ctx<'_>, id: &Value) -> Value {
    let mut record = Value::Object(ctx.blank(ACCOUNT));
    record["id"] = id.clone();
    record["created"] = instant(ctx.now());
    record["livemode"] = ctx.scope.livemode().into();
    record["closed"] = false.into();
    record["applied_configurations"] = json!([]);
    record["metadata"] = json!({});
    record
}

/// Writes into a record what the account of `/v1` says.
pub(super) fn write(ctx: &Ctx<'_>, record: &mut Value, account: &Value) {
    fields::from_account(record, account);
    let merchant = ctx
        .services
        .description()
        .object("v2.core.account_configuration_merchant_capabilities");
    let known = |name: &str| merchant.is_some_and(|object| object.field(name).is_some());
    let held = account["capabilities"].as_object();
    let (mut of_merchant, mut transfers) = (Map::new(), None);
    for (name, state) in held.into_iter().flatten() {
        let status = status(state.as_str(), account);
        if name == fields::TRANSFERS {
            transfers = Some(status);
        } else if known(name) {
            of_merchant.insert(name.clone(), status);
        }
    }
    let payouts = status(
        Some(if account["payouts_enabled"] == true {
            "active"
        } else {
            "inactive"
        }),
        account,
    );
    if !of_merchant.is_empty() {
        apply_configuration(record, "merchant");
        of_merchant.insert("stripe_balance".into(), json!({"payouts": payouts}));
        record["configuration"]["merchant"]["capabilities"] = of_merchant.into();
    } else if let Some(merchant) = part(record, "/configuration/merchant") {
        merchant.remove("capabilities");
    }
    if let Some(transfers) = transfers {
        apply_configuration(record, "recipient");
        record["configuration"]["recipient"]["capabilities"]["stripe_balance"] =
            json!({"payouts": payouts, "stripe_transfers": transfers});
    } else if let Some(held) = part(record, "/configuration/recipient/capabilities") {
        held.remove("stripe_balance");
    }
    for name in ["merchant", "recipient"] {
        if !is_applied(record, name) {
            // What `/v1` says of an account that is not configured for it says nothing here.
            if let Some(all) = part(record, "/configuration") {
                all.remove(name);
            }
        }
    }
    record["requirements"] = requirements::of(account, &capabilities(record));
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
        individual["object"] = crate::accounts::v2::PERSON.into();
        for name in ["created", "updated"] {
            if individual[name].is_null() {
                individual[name] = created.clone();
            }
        }
    }
}

/// The object at this place, if there is one.
fn part<'r>(record: &'r mut Value, place: &str) -> Option<&'r mut Map<String, Value>> {
    record.pointer_mut(place).and_then(Value::as_object_mut)
}

/// Marks a configuration as applied.
pub(super) fn apply_configuration(record: &mut Value, name: &str) {
    if !record["configuration"][name].is_object() {
        record["configuration"][name] = json!({});
    }
    record["configuration"][name]["applied"] = true.into();
    let applied = CONFIGURATIONS
        .into_iter()
        .filter(|known| *known == name || is_applied(record, known));
    record["applied_configurations"] = applied.collect::<Vec<_>>().into();
}

fn is_applied(record: &Value, name: &str) -> bool {
    let applied = record["applied_configurations"].as_array();
    applied.is_some_and(|applied| applied.iter().any(|known| known == name))
}

/// How a capability of `/v1` stands in `/v2`.
fn status(state: Option<&str>, account: &Value) -> Value {
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
fn capabilities(record: &Value) -> Vec<(&'static str, String)> {
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
    let of = |configuration: &'static str| {
        let mut found = Vec::new();
        collect(
            &record["configuration"][configuration]["capabilities"],
            "",
            &mut found,
        );
        found.into_iter().map(move |name| (configuration, name))
    };
    CONFIGURATIONS.into_iter().flat_map(of).collect()
}

/// Keeps a record, and tells of what changed.
pub(super) fn put(ctx: &mut Ctx<'_>, before: Option<&Value>, after: &Value) {
    let Some(before) = before else {
        ctx.insert(ACCOUNT, after);
        events::notify(ctx, "v2.core.account.created", ACCOUNT, after, None);
        return;
    };
    if before == after {
        return;
    }
    ctx.update(ACCOUNT, after);
    for name in changes(before, after) {
        events::notify(ctx, &name, ACCOUNT, after, None);
    }
    for (configuration, name) in capabilities(after) {
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
            events::notify(ctx, &event, ACCOUNT, after, Some(data));
        }
    }
}

/// The events of the parts that changed.
fn changes(before: &Value, after: &Value) -> Vec<String> {
    const PARTS: [&str; 4] = [
        "defaults",
        "future_requirements",
        "identity",
        "requirements",
    ];
    let own = [
        "contact_email",
        "contact_phone",
        "dashboard",
        "display_name",
        "metadata",
        "applied_configurations",
    ];
    let differs = |name: &str| before.get(name) != after.get(name);
    let mut names = Vec::new();
    if own.iter().any(|name| differs(name)) {
        names.push("v2.core.account.updated".to_owned());
    }
    for part in PARTS.into_iter().filter(|part| differs(part)) {
        names.push(format!("v2.core.account[{part}].updated"));
    }
    for configuration in CONFIGURATIONS {
        let without_states = |record: &Value| {
            let mut part = record["configuration"][configuration].clone();
            let held: Vec<String> = capabilities(record)
                .into_iter()
                .filter(|(of, _)| *of == configuration)
                .map(|(_, name)| name)
                .collect();
            if part.is_object() {
                part["capabilities"] = held.into();
            }
            part
        };
        if without_states(before) != without_states(after) {
            names.push(format!(
                "v2.core.account[configuration.{configuration}].updated"
            ));
        }
    }
    names
}
