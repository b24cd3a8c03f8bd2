//! Bank accounts and debit cards that an account is paid out to. They lie in the account's `external_accounts`.

use serde_json::{Map, Value, json};

use crate::accounts::operations as accounts;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::generic::window;
use crate::params::Params;
use crate::payment_methods::bank_accounts;
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("accounts.external_accounts.create", create);
    registry.add("accounts.external_accounts.retrieve", retrieve);
    registry.add("accounts.external_accounts.update", update);
    registry.add("accounts.external_accounts.delete", delete);
    registry.add("accounts.external_accounts.list", list);
}

/// The external account that a request describes, or that its token stands for.
pub(crate) fn make(
    ctx: &mut Ctx<'_>,
    account: &Map<String, Value>,
    given: &Value,
) -> Result<Value, ApiError> {
    let currency = account["default_currency"].as_str().unwrap_or("usd");
    let card = match given.as_str() {
        Some(token) => {
            token.starts_with("tok_") && !bank_accounts::is_bank_account_token(ctx, token)?
        }
        None => given["object"] == "card",
    };
    let mut made = if card {
        bank_accounts::payout_card(ctx, given, currency)?
    } else {
        let mut bank = bank_accounts::bank_account(ctx, given, currency, "external_account")?;
        if given["country"].is_null() {
            bank["country"] = account["country"].clone();
        }
        bank
    };
    made["account"] = account["id"].clone();
    made["available_payout_methods"] = if card {
        json!(["standard", "instant"])
    } else {
        json!(["standard"])
    };
    made["default_for_currency"] = true.into();
    made["metadata"] = json!({});
    Ok(made)
}

/// A new default of its currency takes the place of the one there was.
pub(crate) fn replace_default(account: &mut Map<String, Value>, made: Value) {
    let all = &mut account["external_accounts"];
    let mut data = data_of(all);
    data.retain(|other| {
        other["currency"] != made["currency"] || other["default_for_currency"] != true
    });
    data.push(made);
    all["total_count"] = data.len().into();
    all["data"] = data.into();
}

/// Tells of external accounts that are new, changed or gone.
pub(crate) fn announce(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    let account = after["id"].as_str().unwrap_or_default();
    let (was, now) = (data(before), data(after));
    for new in &now {
        let old = was.iter().find(|old| old["id"] == new["id"]);
        let previous = old.map(|old| previous_attributes(old, new));
        let (event, previous) = match previous {
            None => ("created", None),
            Some(previous) if previous.is_empty() => continue,
            Some(previous) => ("updated", Some(Value::Object(previous))),
        };
        let event = format!("account.external_account.{event}");
        ctx.acting_for(account).emit(&event, new, previous);
    }
    for gone in was
        .iter()
        .filter(|old| now.iter().all(|new| new["id"] != old["id"]))
    {
        ctx.acting_for(account)
            .emit("account.external_account.deleted", gone, None);
    }
}

fn data_of(external_accounts: &Value) -> Vec<Value> {
    let data = external_accounts["data"].as_array();
    data.cloned().unwrap_or_default()
}

fn data(account: &Value) -> Vec<Value> {
    data_of(&account["external_accounts"])
}

/// Keeps the account with these external accounts, one of each currency being its default.
fn keep(ctx: &mut Ctx<'_>, before: &Value, mut data: Vec<Value>) -> Result<(), ApiError> {
    let mut seen: Vec<Value> = Vec::new();
    let order: Vec<usize> = (0..data.len())
        .filter(|at| data[*at]["default_for_currency"] == true)
        .chain(0..data.len())
        .collect();
    for at in order {
        let currency = data[at]["currency"].clone();
        if seen.contains(&currency) {
            continue;
        }
        for other in &mut data {
            if other["currency"] == currency {
                other["default_for_currency"] = false.into();
            }
        }
        data[at]["default_for_currency"] = true.into();
        seen.push(currency);
    }
    let mut account = before.clone();
    account["external_accounts"]["total_count"] = data.len().into();
    account["external_accounts"]["data"] = data.into();
    accounts::keep(ctx, before, account)?;
    Ok(())
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = accounts::collected(ctx, params.path("account"))?;
    let given = params.at("external_account").cloned().unwrap_or_default();
    let members = before.as_object().cloned().unwrap_or_default();
    let mut made = make(ctx, &members, &given)?;
    let mut all = data(&before);
    let first = all
        .iter()
        .all(|other| other["currency"] != made["currency"]);
    let wanted = params.bool("default_for_currency") == Some(true);
    made["default_for_currency"] = (first || wanted).into();
    if let Some(metadata) = params.map("metadata") {
        made["metadata"] = metadata.clone().into();
    }
    if wanted {
        for other in &mut all {
            if other["currency"] == made["currency"] {
                other["default_for_currency"] = false.into();
            }
        }
    }
    all.push(made.clone());
    keep(ctx, &before, all)?;
    Ok(made)
}

fn find(before: &Value, id: &str) -> Result<(Vec<Value>, usize), ApiError> {
    let all = data(before);
    let at = all.iter().position(|it| it["id"] == id);
    at.map(|at| (all, at))
        .ok_or_else(|| ApiError::no_such("external account", id, "id"))
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = accounts::reachable(ctx, params.path("account"))?;
    find(&account, params.path("id")).map(|(all, at)| all[at].clone())
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = accounts::collected(ctx, params.path("account"))?;
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
    keep(ctx, &before, all)?;
    Ok(changed)
}

fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = accounts::collected(ctx, params.path("account"))?;
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
    let gone = all.remove(at);
    keep(ctx, &before, all)?;
    Ok(json!({"id": gone["id"], "object": gone["object"], "deleted": true}))
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = accounts::reachable(ctx, params.path("account"))?;
    let wanted = params.text("object");
    let all = data(&account).into_iter();
    let found: Vec<Value> = all
        .filter(|it| wanted.is_none_or(|kind| it["object"] == kind))
        .collect();
    let ids: Vec<&str> = found.iter().filter_map(|it| it["id"].as_str()).collect();
    let (shown, has_more) = window(params, "external account", &ids)?;
    Ok(json!({
        "object": "list",
        "data": found[shown],
        "has_more": has_more,
        "url": format!("/v1/accounts/{}/external_accounts", params.path("account")),
    }))
}
