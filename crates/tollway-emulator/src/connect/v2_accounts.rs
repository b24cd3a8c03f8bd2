//! `/v2/core/accounts`: the same accounts as `/v1/accounts` has, described by what they are configured for.
//!
//! The object of the other API is kept beside: an account made here can be acted for, charged for and onboarded as any
//! account that the platform controls, and its requirements are those of `/v1`.

use serde_json::{Map, Value, json};

use super::accounts;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events;
use crate::generic::synth::rfc3339;
use crate::params::Params;
use crate::registry::Registry;

const ACCOUNT: &str = "v2.core.account";

pub(super) fn register(registry: &mut Registry) {
    registry.add("v2.core.accounts.create", create);
    registry.add("v2.core.accounts.retrieve", retrieve);
    registry.add("v2.core.accounts.update", update);
    registry.add("v2.core.accounts.close", close);
}

/// A unix time as v2 writes it.
pub(super) fn instant(seconds: i64) -> Value {
    rfc3339(seconds).into()
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut account = ctx.generic("v2.core.accounts.create", params)?;
    let merchant = params.map("configuration.merchant");
    let recipient = params.map("configuration.recipient");
    account["applied_configurations"] = ["customer", "merchant", "recipient"]
        .into_iter()
        .filter(|name| params.has(&format!("configuration.{name}")))
        .collect::<Vec<_>>()
        .into();
    account["created"] = instant(ctx.now());
    account["livemode"] = ctx.scope.livemode().into();
    if merchant.is_some() || recipient.is_some() {
        let form = v1_form(params);
        let made = accounts::create(ctx, &Params::new(Vec::new(), form))?;
        let scope = ctx.scope.clone();
        let id = account["id"].as_str().unwrap_or_default().to_owned();
        ctx.world.store.remove(&scope, ACCOUNT, &id);
        account["id"] = made["id"].clone();
        ctx.insert(ACCOUNT, &account);
    } else {
        ctx.update(ACCOUNT, &account);
    }
    events::notify(ctx, "v2.core.account.created", ACCOUNT, &account);
    Ok(shown(ctx, account, params))
}

/// What the parameters come to in `/v1`.
fn v1_form(params: &Params) -> Map<String, Value> {
    let mut form = Map::new();
    let text = |path: &str| params.text(path).map(Value::from);
    let dashboard = params.text("dashboard").unwrap_or("none");
    form.insert(
        "controller".into(),
        json!({"stripe_dashboard": {"type": dashboard}}),
    );
    let losses = text("defaults.responsibilities.losses_collector");
    if let Some(losses) = losses {
        form["controller"]["losses"] = json!({"payments": losses});
    }
    for (name, path) in [("email", "contact_email"), ("country", "identity.country")] {
        if let Some(value) = text(path) {
            form.insert(name.into(), value);
        }
    }
    if let Some(name) = text("display_name") {
        form.insert("business_profile".into(), json!({"name": name}));
    }
    if let Some(kind @ ("individual" | "company" | "non_profit")) =
        params.text("identity.entity_type")
    {
        form.insert("business_type".into(), kind.into());
    }
    let mut capabilities = Map::new();
    let asked = params.map("configuration.merchant.capabilities");
    for (name, wish) in asked.into_iter().flatten() {
        capabilities.insert(name.clone(), wish.clone());
    }
    let stripe_transfers =
        "configuration.recipient.capabilities.stripe_balance.stripe_transfers.requested";
    if params.bool(stripe_transfers) == Some(true) {
        capabilities.insert("transfers".into(), json!({"requested": true}));
    }
    if !capabilities.is_empty() {
        form.insert("capabilities".into(), capabilities.into());
    }
    form
}

/// The account with the parts that `include` names; the others are null, as v2 has it.
fn shown(ctx: &Ctx<'_>, mut account: Value, params: &Params) -> Value {
    let id = account["id"].as_str().unwrap_or_default().to_owned();
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let twin = ctx.world.store.object(&platform, "account", &id);
    let included: Vec<&str> = params
        .list("include")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if let (Some(twin), true) = (&twin, included.contains(&"requirements")) {
        account["requirements"] = requirements(twin);
    }
    for part in [
        "defaults",
        "future_requirements",
        "identity",
        "requirements",
    ] {
        if !included.contains(&part) {
            account[part] = Value::Null;
        }
    }
    let configurations = ["customer", "merchant", "recipient"];
    let wanted = configurations.map(|name| included.contains(&&*format!("configuration.{name}")));
    if wanted.contains(&true) {
        for (name, wanted) in configurations.iter().zip(wanted) {
            if !wanted && account["configuration"].is_object() {
                account["configuration"][name] = Value::Null;
            }
        }
    } else {
        account["configuration"] = Value::Null;
    }
    if let Value::Object(members) = &mut account {
        members.retain(|_, value| !value.is_null());
    }
    account
}

/// What is missing, an entry each.
fn requirements(twin: &Value) -> Value {
    let due = twin["requirements"]["currently_due"].as_array();
    let entry = |name: &Value| {
        json!({
            "awaiting_action_from": "user",
            "description": name,
            "errors": [],
            "impact": {"restricts_capabilities": []},
            "minimum_deadline": {"status": "past_due"},
            "requested_reasons": [{"code": "routine_onboarding"}],
        })
    };
    json!({"entries": due.into_iter().flatten().map(entry).collect::<Vec<_>>()})
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = ctx.generic("v2.core.accounts.retrieve", params)?;
    Ok(shown(ctx, account, params))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = ctx.generic("v2.core.accounts.update", params)?;
    let id = params.path("id").to_owned();
    if ctx.get("account", &id).is_some() {
        let mut form = v1_form(params);
        form.remove("controller");
        let path = vec![("account".to_owned(), id)];
        accounts::update(ctx, &Params::new(path, form))?;
    }
    events::notify(ctx, "v2.core.account.updated", ACCOUNT, &account);
    Ok(shown(ctx, account, params))
}

/// `POST /v2/core/accounts/{id}/close`: nobody can act for it any more.
fn close(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("id").to_owned();
    let mut account = ctx.required(ACCOUNT, &id)?;
    account["closed"] = true.into();
    ctx.update(ACCOUNT, &account);
    if let Some(mut connection) = ctx.connection(&id) {
        connection.active = false;
        connection.disconnected_at = Some(ctx.now());
        ctx.world.put_connection(ctx.scope.mode, &connection);
        let scope = ctx.scope.clone();
        ctx.world.store.remove(&scope, "account", &id);
    }
    events::notify(ctx, "v2.core.account.closed", ACCOUNT, &account);
    Ok(shown(ctx, account, params))
}
