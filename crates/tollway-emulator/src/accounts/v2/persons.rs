//! `/v2/core/accounts/{account_id}/persons`: the persons of `/v1` with the field names of `/v2`.

use serde_json::{Value, json};

use crate::accounts::persons;
use crate::accounts::v2::{accounts, tokens};
use crate::accounts::v2_records::account_record::PERSON_RECORD;
use crate::accounts::v2_records::fields;
use crate::accounts::v2_records::person_record::{
    blank_person_record, remove_person_record, save_person_record,
};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("v2.core.accounts.persons.create", create);
    registry.add("v2.core.accounts.persons.update", update);
    registry.add("v2.core.accounts.persons.delete", delete);
}

/// The record with the parameters applied.
fn with_params(ctx: &mut Ctx<'_>, record: &Value, params: &Params) -> Result<Value, ApiError> {
    let mut members = record.as_object().cloned().unwrap_or_default();
    ctx.apply(PERSON_RECORD, &mut members, params.values())?;
    Ok(Value::Object(members))
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = params.path("account_id").to_owned();
    accounts::open_account(ctx, &account)?;
    let params = &tokens::person_params(ctx, params)?;
    if !has_v1_account(ctx, &account) {
        let record = blank_person_record(ctx, &account, &Value::Null);
        let record = with_params(ctx, &record, params)?;
        return Ok(save_person_record(ctx, &account, None, record));
    }
    let form = Params::new(Vec::new(), fields::to_v1_person(params));
    let v1_person = persons::add_person(ctx, &account, &form)?;
    let id = v1_person["id"].as_str().unwrap_or_default().to_owned();
    // Adding the person of `/v1` created the record and emitted its event.
    let record = ctx.required(PERSON_RECORD, &id)?;
    let record = with_params(ctx, &record, params)?;
    ctx.update(PERSON_RECORD, &record);
    Ok(record)
}

/// Whether `/v1` has the account, and so its persons.
fn has_v1_account(ctx: &Ctx<'_>, account: &str) -> bool {
    ctx.get("account", account).is_some()
}

/// The person of the path.
///
/// # Errors
/// 404 if the account has no such person.
fn find_record(ctx: &Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (account, id) = (params.path("account_id"), params.path("id"));
    accounts::open_account(ctx, account)?;
    let person = ctx
        .get(PERSON_RECORD, id)
        .filter(|person| person["account"] == account);
    person.ok_or_else(|| ctx.no_such(PERSON_RECORD, id))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut record = find_record(ctx, params)?;
    let params = &tokens::person_params(ctx, params)?;
    let account = params.path("account_id").to_owned();
    if has_v1_account(ctx, &account) {
        let form = Params::new(Vec::new(), fields::to_v1_person(params));
        persons::update_person(ctx, &account, params.path("id"), &form)?;
        // Changing the person of `/v1` has updated the record.
        record = ctx.required(PERSON_RECORD, params.path("id"))?;
    }
    let after = with_params(ctx, &record, params)?;
    Ok(save_person_record(ctx, &account, Some(&record), after))
}

fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    find_record(ctx, params)?;
    let (account, id) = (
        params.path("account_id").to_owned(),
        params.path("id").to_owned(),
    );
    if has_v1_account(ctx, &account) {
        persons::remove_person(ctx, &account, &id)?;
    } else {
        remove_person_record(ctx, &account, &id);
    }
    Ok(json!({"id": id, "object": PERSON_RECORD}))
}
