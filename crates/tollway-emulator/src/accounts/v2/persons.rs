//! `/v2/core/accounts/{account_id}/persons`: the persons of `/v1` in the words of `/v2`.

use serde_json::{Value, json};

use crate::accounts::persons;
use crate::accounts::v2::{ACCOUNT, PERSON, accounts, fields, instant, tokens};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("v2.core.accounts.persons.create", create);
    registry.add("v2.core.accounts.persons.update", update);
    registry.add("v2.core.accounts.persons.delete", delete);
}

/// Brings the record of `/v2` to what the person of `/v1` says; makes one if there is none.
pub(crate) fn mirror(ctx: &mut Ctx<'_>, account: &str, person: &Value) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let mut ctx = ctx.in_scope(platform);
    if ctx.get(ACCOUNT, account).is_none() {
        return;
    }
    let before = person["id"].as_str().and_then(|id| ctx.get(PERSON, id));
    let mut after = match &before {
        Some(before) => before.clone(),
        None => blank(&mut ctx, account, &person["id"]),
    };
    fields::from_person(&mut after, person);
    put(&mut ctx, account, before.as_ref(), after);
}

/// The person of `/v1` is gone: its record as well.
pub(crate) fn forget(ctx: &mut Ctx<'_>, account: &str, person: &str) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let mut ctx = ctx.in_scope(platform.clone());
    if let Some(record) = ctx.get(PERSON, person) {
        ctx.world.store.remove(&platform, PERSON, person);
        tell(&mut ctx, "deleted", account, &record);
    }
}

fn blank(ctx: &mut Ctx<'_>, account: &str, id: &Value) -> Value {
    let mut record = Value::Object(ctx.blank(PERSON));
    if id.is_string() {
        record["id"] = id.clone();
    }
    record["account"] = account.into();
    record["created"] = instant(ctx.now());
    record["updated"] = instant(ctx.now());
    record["livemode"] = ctx.scope.livemode().into();
    record
}

/// Keeps a record, and tells of the change if there is one.
fn put(ctx: &mut Ctx<'_>, account: &str, before: Option<&Value>, mut after: Value) -> Value {
    match before {
        None => {
            let (scope, now) = (ctx.scope.clone(), ctx.now());
            let store = &mut ctx.world.store;
            store.insert_under(&scope, PERSON, Some(account), &after, now);
            tell(ctx, "created", account, &after);
        }
        Some(before) if *before == after => {}
        Some(_) => {
            after["updated"] = instant(ctx.now());
            ctx.update(PERSON, &after);
            tell(ctx, "updated", account, &after);
        }
    }
    after
}

fn tell(ctx: &mut Ctx<'_>, what: &str, account: &str, person: &Value) {
    let name = format!("v2.core.account_person.{what}");
    let data = json!({"account_id": account});
    events::notify(ctx, &name, PERSON, person, Some(data));
}

/// A record after the parameters.
fn changed(ctx: &mut Ctx<'_>, record: &Value, params: &Params) -> Result<Value, ApiError> {
    let mut members = record.as_object().cloned().unwrap_or_default();
    ctx.apply(PERSON, &mut members, params.values())?;
    Ok(Value::Object(members))
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = params.path("account_id").to_owned();
    accounts::open(ctx, &account)?;
    let params = &tokens::of_person(ctx, params)?;
    if !has_twin(ctx, &account) {
        let record = blank(ctx, &account, &Value::Null);
        let record = changed(ctx, &record, params)?;
        return Ok(put(ctx, &account, None, record));
    }
    let form = Params::new(Vec::new(), fields::to_person(params));
    let twin = persons::add(ctx, &account, &form)?;
    let id = twin["id"].as_str().unwrap_or_default().to_owned();
    // Made with the twin, and told of.
    let record = ctx.required(PERSON, &id)?;
    let record = changed(ctx, &record, params)?;
    ctx.update(PERSON, &record);
    Ok(record)
}

/// Does `/v1` know the account, and so its persons?
fn has_twin(ctx: &Ctx<'_>, account: &str) -> bool {
    ctx.get("account", account).is_some()
}

/// The person of the path, if it is the account's.
fn find(ctx: &Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (account, id) = (params.path("account_id"), params.path("id"));
    accounts::open(ctx, account)?;
    let person = ctx
        .get(PERSON, id)
        .filter(|person| person["account"] == account);
    person.ok_or_else(|| ctx.no_such(PERSON, id))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut now = find(ctx, params)?;
    let params = &tokens::of_person(ctx, params)?;
    let account = params.path("account_id").to_owned();
    if has_twin(ctx, &account) {
        let form = Params::new(Vec::new(), fields::to_person(params));
        persons::replace(ctx, &account, params.path("id"), &form)?;
        // With the twin the record has changed already.
        now = ctx.required(PERSON, params.path("id"))?;
    }
    let after = changed(ctx, &now, params)?;
    Ok(put(ctx, &account, Some(&now), after))
}

fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    find(ctx, params)?;
    let (account, id) = (
        params.path("account_id").to_owned(),
        params.path("id").to_owned(),
    );
    if has_twin(ctx, &account) {
        persons::take_away(ctx, &account, &id)?;
    } else {
        forget(ctx, &account, &id);
    }
    Ok(json!({"id": id, "object": PERSON}))
}
