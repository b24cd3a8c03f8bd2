//! The `/v2` records of persons.

use serde_json::{Value, json};

use crate::accounts::v2_records::account_record::{ACCOUNT_RECORD, PERSON_RECORD};
use crate::accounts::v2_records::fields::{self, timestamp};
use crate::ctx::Ctx;
use crate::events;
use crate::generic::GenericCtx as _;

/// Creates or updates the record of `/v2` from the person of `/v1`.
pub(crate) fn sync_person(ctx: &mut Ctx<'_>, account: &str, person: &Value) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let mut ctx = ctx.in_scope(platform);
    if ctx.get(ACCOUNT_RECORD, account).is_none() {
        return;
    }
    let before = person["id"]
        .as_str()
        .and_then(|id| ctx.get(PERSON_RECORD, id));
    let mut after = match &before {
        Some(before) => before.clone(),
        None => blank_person_record(&mut ctx, account, &person["id"]),
    };
    fields::write_v1_person(&mut after, person);
    save_person_record(&mut ctx, account, before.as_ref(), after);
}

/// Removes the record of a person.
pub(crate) fn remove_person_record(ctx: &mut Ctx<'_>, account: &str, person: &str) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let mut ctx = ctx.in_scope(platform.clone());
    if let Some(record) = ctx.get(PERSON_RECORD, person) {
        ctx.world.store.remove(&platform, PERSON_RECORD, person);
        emit_person_event(&mut ctx, "deleted", account, &record);
    }
}

/// A record without values but its id, account and times.
pub(crate) fn blank_person_record(ctx: &mut Ctx<'_>, account: &str, id: &Value) -> Value {
    let mut record = Value::Object(ctx.blank(PERSON_RECORD));
    if id.is_string() {
        record["id"] = id.clone();
    }
    record["account"] = account.into();
    record["created"] = timestamp(ctx.now());
    record["updated"] = timestamp(ctx.now());
    record["livemode"] = ctx.scope.livemode().into();
    record
}

/// Stores a record, and emits an event if it is new or changed.
pub(crate) fn save_person_record(
    ctx: &mut Ctx<'_>,
    account: &str,
    before: Option<&Value>,
    mut after: Value,
) -> Value {
    match before {
        None => {
            let (scope, now) = (ctx.scope.clone(), ctx.now());
            let store = &mut ctx.world.store;
            store.insert_under(&scope, PERSON_RECORD, Some(account), &after, now);
            emit_person_event(ctx, "created", account, &after);
        }
        Some(before) if *before == after => {}
        Some(_) => {
            after["updated"] = timestamp(ctx.now());
            ctx.update(PERSON_RECORD, &after);
            emit_person_event(ctx, "updated", account, &after);
        }
    }
    after
}

fn emit_person_event(ctx: &mut Ctx<'_>, what: &str, account: &str, person: &Value) {
    let name = format!("v2.core.account_person.{what}");
    let data = json!({"account_id": account});
    events::notify(ctx, &name, PERSON_RECORD, person, Some(data));
}
