//! Persons behind an account: owners, directors, and the one who speaks for the business.
//!
//! They are kept in the platform's scope, under their account, whoever asks for them.

use serde_json::{Value, json};

use crate::accounts::{operations as accounts, v2};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;
use crate::store::Query;

const PERSON: &str = "person";

pub(crate) fn register(registry: &mut Registry) {
    registry.add("accounts.persons.create", create);
    registry.add("accounts.persons.retrieve", retrieve);
    registry.add("accounts.persons.update", update);
    registry.add("accounts.persons.delete", delete);
    registry.add("accounts.persons.list", list);
}

/// Numbers are taken and not shown: what `given` says of them leaves a mark in the object.
pub(crate) fn mark(object: &mut Value, given: &Value) {
    for (number, shown) in [
        ("id_number", "id_number_provided"),
        ("id_number_secondary", "id_number_secondary_provided"),
        ("ssn_last_4", "ssn_last_4_provided"),
        ("tax_id", "tax_id_provided"),
        ("vat_id", "vat_id_provided"),
    ] {
        if given[number]
            .as_str()
            .is_some_and(|number| !number.is_empty())
        {
            object[shown] = true.into();
        }
    }
}

/// Who speaks for the business.
pub(crate) fn representative(ctx: &Ctx<'_>, account: &str) -> Option<Value> {
    let all = of_account(ctx, account, 100);
    all.into_iter()
        .find(|person| person["relationship"]["representative"] == true)
}

/// The persons of an account, newest first.
fn of_account(ctx: &Ctx<'_>, account: &str, limit: usize) -> Vec<Value> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let query = Query {
        limit,
        parent: Some(account),
        ..Query::default()
    };
    let page = ctx.world.store.list(&platform, PERSON, &query);
    let records = page.map(|page| page.records).unwrap_or_default();
    records.iter().map(|record| record.parse()).collect()
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    add(ctx, params.path("account"), params)
}

/// Adds a person to an account that the platform controls.
pub(crate) fn add(ctx: &mut Ctx<'_>, account: &str, params: &Params) -> Result<Value, ApiError> {
    accounts::tellable(ctx, account)?;
    make(ctx, account, params)
}

/// Adds a person to an account.
pub(crate) fn make(ctx: &mut Ctx<'_>, account: &str, params: &Params) -> Result<Value, ApiError> {
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
    person.insert("verification".into(), verification());
    ctx.apply(PERSON, &mut person, params.values())?;
    let mut person = Value::Object(person);
    mark(&mut person, &Value::Object(params.values().clone()));
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let now = ctx.now();
    ctx.world
        .store
        .insert_under(&platform, PERSON, Some(account), &person, now);
    ctx.acting_for(account)
        .emit("person.created", &person, None);
    v2::mirror_person(ctx, account, &person);
    rejudge(ctx, account)?;
    Ok(person)
}

fn verification() -> Value {
    json!({
        "additional_document": {"back": null, "details": null, "details_code": null, "front": null},
        "details": null, "details_code": null,
        "document": {"back": null, "details": null, "details_code": null, "front": null},
        "status": "verified",
    })
}

/// A person may have changed what its account lacks.
fn rejudge(ctx: &mut Ctx<'_>, account: &str) -> Result<(), ApiError> {
    let before = accounts::reachable(ctx, account)?;
    accounts::keep(ctx, &before, before.clone())?;
    Ok(())
}

fn find(ctx: &mut Ctx<'_>, account: &str, id: &str) -> Result<Value, ApiError> {
    accounts::reachable(ctx, account)?;
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let person = ctx.world.store.object(&platform, PERSON, id);
    let theirs = person.filter(|person| person["account"] == account);
    theirs.ok_or_else(|| ApiError::no_such("person", id, "person"))
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    find(ctx, params.path("account"), params.path("person"))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    replace(ctx, params.path("account"), params.path("person"), params)
}

/// Writes into the person of this id what is said of it.
pub(crate) fn replace(
    ctx: &mut Ctx<'_>,
    account: &str,
    id: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    accounts::tellable(ctx, account)?;
    let before = find(ctx, account, id)?;
    change(ctx, account, &before, params)
}

/// Writes into a person what is said of it.
pub(crate) fn change(
    ctx: &mut Ctx<'_>,
    account: &str,
    before: &Value,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut members = before.as_object().cloned().unwrap_or_default();
    ctx.apply(PERSON, &mut members, params.values())?;
    let mut person = Value::Object(members);
    mark(&mut person, &Value::Object(params.values().clone()));
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.in_scope(platform).update(PERSON, &person);
    let previous = previous_attributes(before, &person);
    if !previous.is_empty() {
        let previous = Value::Object(previous);
        ctx.acting_for(account)
            .emit("person.updated", &person, Some(previous));
        v2::mirror_person(ctx, account, &person);
    }
    rejudge(ctx, account)?;
    Ok(person)
}

fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("person");
    take_away(ctx, params.path("account"), id)?;
    Ok(json!({"id": id, "object": PERSON, "deleted": true}))
}

/// Takes a person from an account.
pub(crate) fn take_away(ctx: &mut Ctx<'_>, account: &str, id: &str) -> Result<(), ApiError> {
    accounts::tellable(ctx, account)?;
    let person = find(ctx, account, id)?;
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.world.store.remove(&platform, PERSON, id);
    ctx.acting_for(account)
        .emit("person.deleted", &person, None);
    v2::forget_person(ctx, account, id);
    rejudge(ctx, account)
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    accounts::reachable(ctx, params.path("account"))?;
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let mut all = ctx
        .in_scope(platform)
        .generic("accounts.persons.list", params)?;
    let wanted: Vec<&str> = params
        .map("relationship")
        .into_iter()
        .flatten()
        .filter(|(_, flag)| **flag == true)
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(data) = all["data"].as_array_mut() {
        data.retain(|person| {
            wanted
                .iter()
                .all(|name| person["relationship"][name] == true)
        });
    }
    Ok(all)
}
