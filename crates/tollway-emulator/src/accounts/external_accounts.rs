//! `/v1/accounts/{account}/external_accounts`.

use serde_json::{Value, json};

use crate::accounts::access::{account_collected_by_platform, reachable_account};
use crate::accounts::account_changes::save_account;
use crate::accounts::external_account_object::{external_accounts_of, new_external_account};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::generic::window;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("accounts.external_accounts.create", create);
    registry.add("accounts.external_accounts.retrieve", retrieve);
    registry.add("accounts.external_accounts.update", update);
    registry.add("accounts.external_accounts.delete", delete);
    registry.add("accounts.external_accounts.list", list);
}

/// Stores an account with these external accounts, one of each currency being the default.
fn save_external_accounts(
    ctx: &mut Ctx<'_>,
    before: &Value,
    mut data: Vec<Value>,
) -> Result<(), ApiError> {
    let mut currencies: Vec<Value> = Vec::new();
    let order: Vec<usize> = (0..data.len())
        .filter(|at| data[*at]["default_for_currency"] == true)
        .chain(0..data.len())
        .collect();
    for at in order {
        let currency = data[at]["currency"].clone();
        if currencies.contains(&currency) {
            continue;
        }
        for other in &mut data {
            if other["currency"] == currency {
                other["default_for_currency"] = false.into();
            }
        }
        data[at]["default_for_currency"] = true.into();
        currencies.push(currency);
    }
    let mut account = before.clone();
    account["external_accounts"]["total_count"] = data.len().into();
    account["external_accounts"]["data"] = data.into();
    save_account(ctx, before, account)?;
    Ok(())
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = account_collected_by_platform(ctx, params.path("account"))?;
    let spec = params.at("external_account").cloned().unwrap_or_default();
    let members = before.as_object().cloned().unwrap_or_default();
    let mut external_account = new_external_account(ctx, &members, &spec)?;
    let mut all = external_accounts_of(&before);
    let is_first = all
        .iter()
        .all(|other| other["currency"] != external_account["currency"]);
    let is_default = params.bool("default_for_currency") == Some(true);
    external_account["default_for_currency"] = (is_first || is_default).into();
    if let Some(metadata) = params.map("metadata") {
        external_account["metadata"] = metadata.clone().into();
    }
    if is_default {
        for other in &mut all {
            if other["currency"] == external_account["currency"] {
                other["default_for_currency"] = false.into();
            }
        }
    }
    all.push(external_account.clone());
    save_external_accounts(ctx, &before, all)?;
    Ok(external_account)
}

/// The external accounts of an account, and the index of the one with this id.
fn find(before: &Value, id: &str) -> Result<(Vec<Value>, usize), ApiError> {
    let all = external_accounts_of(before);
    let at = all.iter().position(|it| it["id"] == id);
    at.map(|at| (all, at))
        .ok_or_else(|| ApiError::no_such("external account", id, "id"))
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = reachable_account(ctx, params.path("account"))?;
    find(&account, params.path("id")).map(|(all, at)| all[at].clone())
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = account_collected_by_platform(ctx, params.path("account"))?;
    let (mut all, at) = find(&before, params.path("id"))?;
    let kind = all[at]["object"].as_str().unwrap_or_default().to_owned();
    let mut members = all[at].as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    plain.remove("default_for_currency");
    ctx.apply(&kind, &mut members, &plain)?;
    if params.bool("default_for_currency") == Some(true) {
        let currency = all[at]["currency"].clone();
        for other in &mut all {
            if other["currency"] == currency {
                other["default_for_currency"] = false.into();
            }
        }
        members.insert("default_for_currency".into(), true.into());
    }
    all[at] = Value::Object(members);
    let changed = all[at].clone();
    save_external_accounts(ctx, &before, all)?;
    Ok(changed)
}

fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = account_collected_by_platform(ctx, params.path("account"))?;
    let (mut all, at) = find(&before, params.path("id"))?;
    let others = all
        .iter()
        .filter(|other| other["currency"] == all[at]["currency"])
        .count();
    let main = all[at]["currency"] == before["default_currency"];
    if all[at]["default_for_currency"] == true && (others > 1 || main) {
        let message = "You cannot delete the default external account for your default currency. Please make another external \
                       account the default using the `default_for_currency` param, and then delete this one.";
        return Err(ApiError::invalid_request(message));
    }
    let deleted = all.remove(at);
    save_external_accounts(ctx, &before, all)?;
    Ok(json!({"id": deleted["id"], "object": deleted["object"], "deleted": true}))
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = reachable_account(ctx, params.path("account"))?;
    let object_type = params.text("object");
    let all = external_accounts_of(&account).into_iter();
    let matching: Vec<Value> = all
        .filter(|it| object_type.is_none_or(|kind| it["object"] == kind))
        .collect();
    let ids: Vec<&str> = matching.iter().filter_map(|it| it["id"].as_str()).collect();
    let (shown, has_more) = window(params, "external account", &ids)?;
    Ok(json!({
        "object": "list",
        "data": matching[shown],
        "has_more": has_more,
        "url": format!("/v1/accounts/{}/external_accounts", params.path("account")),
    }))
}
