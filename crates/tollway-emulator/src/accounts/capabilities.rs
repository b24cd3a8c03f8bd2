//! Capabilities: what an account may do, as objects of their own.

use serde_json::{Value, json};

use crate::accounts::operations as accounts;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::params::Params;
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("accounts.capabilities.list", list);
    registry.add("accounts.capabilities.retrieve", retrieve);
    registry.add("accounts.capabilities.update", update);
}

/// The capability of this name.
fn of(account: &Value, name: &str) -> Value {
    let status = account["capabilities"][name].as_str();
    let due = |kind: &str| match status {
        Some("inactive") => account["requirements"][kind].clone(),
        _ => json!([]),
    };
    json!({
        "id": name,
        "object": "capability",
        "account": account["id"],
        "future_requirements": {
            "alternatives": [], "current_deadline": null, "currently_due": [], "disabled_reason": null, "errors": [],
            "eventually_due": [], "past_due": [], "pending_verification": [],
        },
        "requested": status.is_some(),
        "requested_at": status.map(|_| account["created"].clone()),
        "requirements": {
            "alternatives": [], "current_deadline": null, "currently_due": due("currently_due"),
            "disabled_reason": if status == Some("inactive") { Value::from("requirements.fields_needed") } else { Value::Null },
            "errors": [], "eventually_due": due("eventually_due"), "past_due": due("past_due"), "pending_verification": [],
        },
        "status": status.unwrap_or("unrequested"),
    })
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = accounts::reachable(ctx, params.path("account"))?;
    let names = account["capabilities"].as_object();
    let data: Vec<Value> = names
        .into_iter()
        .flat_map(|names| names.keys())
        .map(|name| of(&account, name))
        .collect();
    let url = format!("/v1/accounts/{}/capabilities", params.path("account"));
    Ok(json!({"object": "list", "data": data, "has_more": false, "url": url}))
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = accounts::reachable(ctx, params.path("account"))?;
    let name = known(ctx, params)?;
    Ok(of(&account, name))
}

/// The name in the path, if there is such a capability.
fn known<'p>(ctx: &Ctx<'_>, params: &'p Params) -> Result<&'p str, ApiError> {
    let name = params.path("capability");
    let api = ctx.services.description();
    let described = api.object("account_capabilities");
    if described.is_some_and(|object| object.field(name).is_some()) {
        return Ok(name);
    }
    Err(ApiError::no_such("capability", name, "capability"))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = accounts::controlled(ctx, params.path("account"))?;
    let name = known(ctx, params)?;
    let mut account = before.clone();
    match (
        params.bool("requested"),
        account["capabilities"].as_object_mut(),
    ) {
        (Some(true), Some(all)) => {
            all.entry(name).or_insert_with(|| "inactive".into());
        }
        (Some(false), Some(all)) => {
            all.remove(name);
        }
        _ => {}
    }
    let account = accounts::keep(ctx, &before, account)?;
    Ok(of(&account, name))
}

/// Tells of the capabilities that an account got, lost, or that work or stop working.
pub(crate) fn announce(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    let names = |account: &Value| -> Vec<String> {
        let all = account["capabilities"].as_object().into_iter().flatten();
        all.map(|(name, _)| name.clone()).collect()
    };
    let mut changed = names(before);
    changed.extend(names(after));
    changed.sort();
    changed.dedup();
    changed.retain(|name| before["capabilities"][name] != after["capabilities"][name]);
    let account = after["id"].as_str().unwrap_or_default();
    for name in changed {
        let (was, now) = (of(before, &name), of(after, &name));
        let previous = Value::Object(previous_attributes(&was, &now));
        ctx.acting_for(account)
            .emit("capability.updated", &now, Some(previous));
    }
}
