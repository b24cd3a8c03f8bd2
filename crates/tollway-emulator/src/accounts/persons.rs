//! `/v1/accounts/{account}/persons`: owners, directors and the representative of a business.

use serde_json::{Value, json};

use crate::accounts::access::{reachable_account, require_editable_persons};
use crate::accounts::account_changes::refresh_requirements;
use crate::accounts::person_record::{PERSON, mark_provided_numbers};
use crate::accounts::v2_records;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("accounts.persons.create", create);
    registry.add("accounts.persons.retrieve", retrieve);
    registry.add("accounts.persons.update", update);
    registry.add("accounts.persons.delete", delete);
    registry.add("accounts.persons.list", list);
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    add_person(ctx, params.path("account"), params)
}

/// Adds a person to an account that the platform controls.
///
/// # Errors
/// 403 if only the owner can add persons.
pub(super) fn add_person(
    ctx: &mut Ctx<'_>,
    account: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    require_editable_persons(ctx, account)?;
    create_person(ctx, account, params)
}

/// Adds a person to an account.
pub(super) fn create_person(
    ctx: &mut Ctx<'_>,
    account: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut person = ctx.blank(PERSON);
    person.insert("account".into(), account.into());
    person.insert("created".into(), ctx.now().into());
    person.insert("metadata".into(), json!({}));
    person.insert(
        "relationship".into(),
        json!({
            "authorizer": false, "director": false, "executive": false, "legal_guardian": false, "owner": false,
            "percent_ownership": null, "representative": false, "title": null,
        }),
    );
    person.insert("verification".into(), verified());
    ctx.apply(PERSON, &mut person, params.values())?;
    let mut person = Value::Object(person);
    mark_provided_numbers(&mut person, &Value::Object(params.values().clone()));
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let now = ctx.now();
    ctx.world
        .store
        .insert_under(&platform, PERSON, Some(account), &person, now);
    ctx.acting_for(account)
        .emit("person.created", &person, None);
    v2_records::sync_person(ctx, account, &person);
    refresh_requirements(ctx, account)?;
    Ok(person)
}

/// The `verification` of a person: the emulator verifies everyone at once.
fn verified() -> Value {
    json!({
        "additional_document": {"back": null, "details": null, "details_code": null, "front": null},
        "details": null, "details_code": null,
        "document": {"back": null, "details": null, "details_code": null, "front": null},
        "status": "verified",
    })
}

fn find_person(ctx: &mut Ctx<'_>, account: &str, id: &str) -> Result<Value, ApiError> {
    reachable_account(ctx, account)?;
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let person = ctx.world.store.object(&platform, PERSON, id);
    let person = person.filter(|person| person["account"] == account);
    person.ok_or_else(|| ApiError::no_such("person", id, "person"))
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    find_person(ctx, params.path("account"), params.path("person"))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    update_person(ctx, params.path("account"), params.path("person"), params)
}

/// Changes a person of an account that the platform controls.
///
/// # Errors
/// 403 if only the owner can change persons; 404 if the account has no such person.
pub(super) fn update_person(
    ctx: &mut Ctx<'_>,
    account: &str,
    id: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    require_editable_persons(ctx, account)?;
    let before = find_person(ctx, account, id)?;
    change_person(ctx, account, &before, params)
}

/// Changes a person as the parameters say.
pub(super) fn change_person(
    ctx: &mut Ctx<'_>,
    account: &str,
    before: &Value,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut members = before.as_object().cloned().unwrap_or_default();
    ctx.apply(PERSON, &mut members, params.values())?;
    let mut person = Value::Object(members);
    mark_provided_numbers(&mut person, &Value::Object(params.values().clone()));
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.in_scope(platform).update(PERSON, &person);
    let previous = previous_attributes(before, &person);
    if !previous.is_empty() {
        let previous = Value::Object(previous);
        ctx.acting_for(account)
            .emit("person.updated", &person, Some(previous));
        v2_records::sync_person(ctx, account, &person);
    }
    refresh_requirements(ctx, account)?;
    Ok(person)
}

fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("person");
    remove_person(ctx, params.path("account"), id)?;
    Ok(json!({"id": id, "object": PERSON, "deleted": true}))
}

/// Removes a person from an account that the platform controls.
///
/// # Errors
/// 403 if only the owner can remove persons; 404 if the account has no such person.
pub(super) fn remove_person(ctx: &mut Ctx<'_>, account: &str, id: &str) -> Result<(), ApiError> {
    require_editable_persons(ctx, account)?;
    let person = find_person(ctx, account, id)?;
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.world.store.remove(&platform, PERSON, id);
    ctx.acting_for(account)
        .emit("person.deleted", &person, None);
    v2_records::remove_person_record(ctx, account, id);
    refresh_requirements(ctx, account)
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    reachable_account(ctx, params.path("account"))?;
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let mut all = ctx
        .in_scope(platform)
        .generic("accounts.persons.list", params)?;
    let relationships: Vec<&str> = params
        .map("relationship")
        .into_iter()
        .flatten()
        .filter(|(_, flag)| **flag == true)
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(data) = all["data"].as_array_mut() {
        data.retain(|person| {
            relationships
                .iter()
                .all(|name| person["relationship"][name] == true)
        });
    }
    Ok(all)
}
