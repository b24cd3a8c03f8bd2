//! `/v2/core/accounts`: create, retrieve, update, list, close.

use serde_json::{Value, json};

use crate::accounts::operations as accounts;
use crate::accounts::v2::mirror::{self, CONFIGURATIONS};
use crate::accounts::v2::{ACCOUNT, fields, tokens};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events;
use crate::generic::GenericCtx as _;
use crate::generic::v2_page;
use crate::params::Params;
use crate::registry::Registry;
use crate::store::Query;

pub(super) fn register(registry: &mut Registry) {
    registry.add("v2.core.accounts.create", create);
    registry.add("v2.core.accounts.retrieve", retrieve);
    registry.add("v2.core.accounts.update", update);
    registry.add("v2.core.accounts.list", list);
    registry.add("v2.core.accounts.close", close);
}

/// The configurations that a request speaks of.
fn asked(params: &Params) -> Vec<&'static str> {
    let given = |name: &&str| params.map(&format!("configuration.{name}")).is_some();
    CONFIGURATIONS.into_iter().filter(given).collect()
}

/// Only a merchant or a recipient has a twin in `/v1`.
fn wants_twin(configurations: &[&str]) -> bool {
    configurations.iter().any(|name| *name != "customer")
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let params = &tokens::of_account(ctx, params)?;
    let configurations = asked(params);
    let record = if wants_twin(&configurations) {
        let id = ctx.new_id("account");
        make_twin(ctx, &id, params)?;
        // Made with the twin, and told of.
        let record = ctx.required(ACCOUNT, &id)?;
        let record = changed(ctx, &record, params)?;
        ctx.update(ACCOUNT, &record);
        record
    } else {
        let id = ctx.new_id("account").into();
        let record = mirror::blank(ctx, &id);
        let record = changed(ctx, &record, params)?;
        mirror::put(ctx, None, &record);
        record
    };
    Ok(shown(record, params))
}

/// Makes the account of `/v1`, of what the parameters say and of what is known already.
fn make_twin(ctx: &mut Ctx<'_>, id: &str, params: &Params) -> Result<Value, ApiError> {
    let known = ctx.get(ACCOUNT, id);
    let known = known.and_then(|record| record.as_object().cloned());
    let known = Params::new(Vec::new(), known.unwrap_or_default());
    let mut form = fields::to_account(&known);
    fields::merge(&mut form, fields::to_account(params));
    form.insert("controller".into(), fields::controller(params));
    accounts::make(ctx, id, &Params::new(Vec::new(), form))
}

/// The record after the parameters, with the last word to the twin, if there is one.
fn changed(ctx: &mut Ctx<'_>, record: &Value, params: &Params) -> Result<Value, ApiError> {
    let mut members = record.as_object().cloned().unwrap_or_default();
    ctx.apply(ACCOUNT, &mut members, params.values())?;
    let mut record = Value::Object(members);
    for name in asked(params) {
        mirror::apply_configuration(&mut record, name);
    }
    if let Some(country) = record["identity"]["country"].as_str() {
        record["identity"]["country"] = country.to_ascii_uppercase().into();
    }
    let twin = record["id"].as_str().and_then(|id| ctx.get("account", id));
    if let Some(twin) = twin {
        mirror::write(ctx, &mut record, &twin);
    }
    Ok(record)
}

/// An account that can still be changed.
pub(super) fn open(ctx: &Ctx<'_>, id: &str) -> Result<Value, ApiError> {
    let record = ctx.required(ACCOUNT, id)?;
    if record["closed"] == true {
        let message = format!("The account {id} is closed and cannot be changed any more.");
        return Err(ApiError::invalid_request(message).code("account_closed"));
    }
    Ok(record)
}

/// The account with the parts that `include` names; `/v2` leaves out the others.
fn shown(mut account: Value, params: &Params) -> Value {
    let included = |part: &str| params.list("include").iter().any(|it| it == part);
    let Value::Object(members) = &mut account else {
        return account;
    };
    for part in [
        "defaults",
        "future_requirements",
        "identity",
        "requirements",
    ] {
        if !included(part) {
            members.remove(part);
        }
    }
    if let Some(Value::Object(configurations)) = members.get_mut("configuration") {
        configurations.retain(|name, _| included(&format!("configuration.{name}")));
        if configurations.is_empty() {
            members.remove("configuration");
        }
    }
    members.retain(|_, value| !value.is_null());
    account
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = ctx.generic("v2.core.accounts.retrieve", params)?;
    Ok(shown(account, params))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("id").to_owned();
    let before = open(ctx, &id)?;
    let params = &tokens::of_account(ctx, params)?;
    if ctx.get("account", &id).is_some() {
        let mut form = fields::to_account(params);
        form.remove("country");
        accounts::change(ctx, &id, &Params::new(Vec::new(), form))?;
    } else if wants_twin(&asked(params)) {
        make_twin(ctx, &id, params)?;
    }
    // The twin may have changed the record already.
    let now = ctx.get(ACCOUNT, &id).unwrap_or_else(|| before.clone());
    let after = changed(ctx, &now, params)?;
    mirror::put(ctx, Some(&now), &after);
    Ok(shown(after, params))
}

/// `GET /v2/core/accounts`: those that are open, if nothing else is asked for.
fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let closed = params.bool("closed").unwrap_or(false).to_string();
    let mut filters = vec![("closed", closed.as_str())];
    let configurations = params.list("applied_configurations");
    let applied = configurations.iter().filter_map(Value::as_str);
    filters.extend(applied.map(|name| ("applied_configurations", name)));
    let mut page = v2_page::of(
        ctx,
        ACCOUNT,
        params,
        Query {
            filters: &filters,
            ..Query::default()
        },
    )?;
    let data = page["data"].as_array_mut().map(std::mem::take);
    let data = data
        .into_iter()
        .flatten()
        .map(|account| shown(account, params));
    page["data"] = data.collect();
    Ok(page)
}

/// `POST /v2/core/accounts/{id}/close`: nobody can act for it any more.
fn close(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("id").to_owned();
    let mut account = open(ctx, &id)?;
    let named: Vec<&str> = params
        .list("applied_configurations")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let applied = account["applied_configurations"].as_array();
    let left = applied
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .find(|name| !named.contains(name));
    if let Some(left) = left.filter(|_| params.has("applied_configurations")) {
        let message = format!(
            "All of the account's configurations must be closed together: '{left}' is missing."
        );
        return Err(ApiError::invalid_param("applied_configurations", message));
    }
    account["closed"] = true.into();
    account["applied_configurations"] = json!([]);
    ctx.update(ACCOUNT, &account);
    accounts::let_go(ctx, &id);
    events::notify(ctx, "v2.core.account.closed", ACCOUNT, &account, None);
    Ok(shown(account, params))
}
