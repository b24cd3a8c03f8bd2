//! `capability` objects, which are derived from their account.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;

/// The `capability` object of an account, by the name of the capability.
pub(super) fn capability_of(account: &Value, name: &str) -> Value {
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

/// Emits `capability.updated` for each capability that was requested, was given up or changed its status.
pub(super) fn emit_capability_changes(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
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
        let (old, new) = (capability_of(before, &name), capability_of(after, &name));
        let previous = Value::Object(previous_attributes(&old, &new));
        ctx.acting_for(account)
            .emit("capability.updated", &new, Some(previous));
    }
}
