//! `/v2/core/accounts`: create, retrieve, update, list, close.

use serde_json::{Value, json};

use crate::accounts::account_changes::change_account;
use crate::accounts::operations::{create_account, remove_account};
use crate::accounts::v2::tokens;
use crate::accounts::v2_records::account_record::{
    ACCOUNT_RECORD, CONFIGURATIONS, apply_configuration, blank_account_record, save_account_record,
    write_account,
};
use crate::accounts::v2_records::fields;
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

/// The configurations that a request names.
fn named_configurations(params: &Params) -> Vec<&'static str> {
    let is_named = |name: &&str| params.map(&format!("configuration.{name}")).is_some();
    CONFIGURATIONS.into_iter().filter(is_named).collect()
}

/// Whether an account with these configurations has a counterpart in `/v1`: merchants and recipients have one.
fn needs_v1_account(configurations: &[&str]) -> bool {
    configurations.iter().any(|name| *name != "customer")
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let params = &tokens::account_params(ctx, params)?;
    let configurations = named_configurations(params);
    let record = if needs_v1_account(&configurations) {
        let id = ctx.new_id("account");
        create_v1_account(ctx, &id, params)?;
        // Creating the account of `/v1` created the record and emitted its event.
        let record = ctx.required(ACCOUNT_RECORD, &id)?;
        let record = with_params_applied(ctx, &record, params)?;
        ctx.update(ACCOUNT_RECORD, &record);
        record
    } else {
        let id = ctx.new_id("account").into();
        let record = blank_account_record(ctx, &id);
        let record = with_params_applied(ctx, &record, params)?;
        save_account_record(ctx, None, &record);
        record
    };
    Ok(with_included_parts(record, params))
}

/// Creates the account of `/v1` from the record, if there is one, and the parameters.
fn create_v1_account(ctx: &mut Ctx<'_>, id: &str, params: &Params) -> Result<Value, ApiError> {
    let record = ctx.get(ACCOUNT_RECORD, id);
    let members = record.and_then(|record| record.as_object().cloned());
    let stored = Params::new(Vec::new(), members.unwrap_or_default());
    let mut form = fields::to_v1_account(&stored);
    fields::merge_members(&mut form, fields::to_v1_account(params));
    form.insert("controller".into(), fields::to_v1_controller(params));
    create_account(ctx, id, &Params::new(Vec::new(), form))
}

/// The record with the parameters applied; members of the account of `/v1` win, if there is one.
fn with_params_applied(
    ctx: &mut Ctx<'_>,
    record: &Value,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut members = record.as_object().cloned().unwrap_or_default();
    ctx.apply(ACCOUNT_RECORD, &mut members, params.values())?;
    let mut record = Value::Object(members);
    for name in named_configurations(params) {
        apply_configuration(&mut record, name);
    }
    if let Some(country) = record["identity"]["country"].as_str() {
        record["identity"]["country"] = country.to_ascii_uppercase().into();
    }
    let v1_account = record["id"].as_str().and_then(|id| ctx.get("account", id));
    if let Some(v1_account) = v1_account {
        write_account(ctx, &mut record, &v1_account);
    }
    Ok(record)
}

/// The record of an account that is not closed.
///
/// # Errors
/// 404 if there is no such account; 400 `account_closed` if it is closed.
pub(super) fn open_account(ctx: &Ctx<'_>, id: &str) -> Result<Value, ApiError> {
    let record = ctx.required(ACCOUNT_RECORD, id)?;
    if record["closed"] == true {
        let message = format!("The account {id} is closed and cannot be changed any more.");
        return Err(ApiError::invalid_request(message).code("account_closed"));
    }
    Ok(record)
}

/// The account with the parts that `include` names, and without the others and nulls.
fn with_included_parts(mut account: Value, params: &Params) -> Value {
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
    Ok(with_included_parts(account, params))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("id").to_owned();
    let before = open_account(ctx, &id)?;
    let params = &tokens::account_params(ctx, params)?;
    if ctx.get("account", &id).is_some() {
        let mut form = fields::to_v1_account(params);
        form.remove("country");
        change_account(ctx, &id, &Params::new(Vec::new(), form))?;
    } else if needs_v1_account(&named_configurations(params)) {
        create_v1_account(ctx, &id, params)?;
    }
    // The change of the account of `/v1` may have updated the record.
    let current = ctx
        .get(ACCOUNT_RECORD, &id)
        .unwrap_or_else(|| before.clone());
    let after = with_params_applied(ctx, &current, params)?;
    save_account_record(ctx, Some(&current), &after);
    Ok(with_included_parts(after, params))
}

/// `GET /v2/core/accounts`: the accounts that are not closed, unless `closed` is set.
fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let closed = params.bool("closed").unwrap_or(false).to_string();
    let mut filters = vec![("closed", closed.as_str())];
    let configurations = params.list("applied_configurations");
    let applied = configurations.iter().filter_map(Value::as_str);
    filters.extend(applied.map(|name| ("applied_configurations", name)));
    let mut page = v2_page::of(
        ctx,
        ACCOUNT_RECORD,
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
        .map(|account| with_included_parts(account, params));
    page["data"] = data.collect();
    Ok(page)
}

/// `POST /v2/core/accounts/{id}/close`: ends the connection as well.
fn close(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("id").to_owned();
    let mut account = open_account(ctx, &id)?;
    let named: Vec<&str> = params
        .list("applied_configurations")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let applied = account["applied_configurations"].as_array();
    let missing = applied
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .find(|name| !named.contains(name));
    if let Some(missing) = missing.filter(|_| params.has("applied_configurations")) {
        let message = format!(
            "All of the account's configurations must be closed together: '{missing}' is missing."
        );
        return Err(ApiError::invalid_param("applied_configurations", message));
    }
    account["closed"] = true.into();
    account["applied_configurations"] = json!([]);
    ctx.update(ACCOUNT_RECORD, &account);
    remove_account(ctx, &id);
    events::notify(
        ctx,
        "v2.core.account.closed",
        ACCOUNT_RECORD,
        &account,
        None,
    );
    Ok(with_included_parts(account, params))
}
