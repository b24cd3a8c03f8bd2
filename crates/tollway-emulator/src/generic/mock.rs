//! Answers for objects nobody made, as stripe-mock gives them: what [`Config::mock`](crate::Config::mock) asks for.
//!
//! What an operation names and does not exist is made first, with the id it was named by, and kept. If the operation is
//! refused all the same (a state that does not allow it, a balance that is too low), its answer is made up from the
//! description. Parameters are checked before as always, and test cards that are declined stay declined.

use serde_json::Value;
use tollway_spec::Shape;

use super::delete::what_is_left;
use super::{Reply, apply, own_id, parent_id, resource, synth};
use crate::api::{Action, Matched, Plan};
use crate::connect::plain_account;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

/// More objects than any operation names.
const MOST: usize = 50;

/// An object to be made before the operation runs.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    object_type: String,
    id: String,
    parent: Option<String>,
}

/// Answers an operation whatever exists.
///
/// # Errors
/// 402 for a declined card.
pub(super) fn answer(
    ctx: &mut Ctx<'_>,
    matched: &Matched<'_>,
    params: &Params,
) -> Result<Reply, ApiError> {
    let mut wanted = named_in_path(ctx, matched.plan, params);
    for _ in 0..MOST {
        for object in &wanted {
            make(ctx, object);
        }
        let error = match super::attempt(ctx, matched, params) {
            Ok(reply) => return Ok(reply),
            Err(error) if error.status == 402 => return Err(error),
            Err(error) => error,
        };
        ctx.undo();
        let missing = error.missing().map(|(object_type, id)| Wanted {
            object_type: object_type.to_owned(),
            id: id.to_owned(),
            parent: None,
        });
        match missing.filter(|missing| !wanted.contains(missing)) {
            Some(missing) => wanted.push(missing),
            None => break,
        }
    }
    for object in &wanted {
        make(ctx, object);
    }
    Ok(made_up(ctx, matched, params))
}

/// The parent in the path and the object itself; for a list below a parent that nobody made, one member too.
fn named_in_path(ctx: &mut Ctx<'_>, plan: &Plan, params: &Params) -> Vec<Wanted> {
    let parent = plan
        .parent
        .as_ref()
        .zip(parent_id(plan, params))
        .map(|(parent, id)| Wanted {
            object_type: parent.object_type.clone(),
            id: id.to_owned(),
            parent: None,
        });
    let own = plan.id.map(|_| Wanted {
        object_type: resource(plan).to_owned(),
        id: own_id(plan, params).to_owned(),
        parent: parent.as_ref().map(|parent| parent.id.clone()),
    });
    let unknown = parent.as_ref().filter(|parent| {
        let known = ctx.get(&parent.object_type, &parent.id);
        matches!(plan.action, Action::List) && known.is_none()
    });
    let member = unknown.cloned().map(|parent| Wanted {
        object_type: resource(plan).to_owned(),
        id: ctx.new_id(resource(plan)),
        parent: Some(parent.id),
    });
    parent.into_iter().chain(own).chain(member).collect()
}

/// Makes an object unless it is there.
fn make(ctx: &mut Ctx<'_>, wanted: &Wanted) {
    let known = ctx
        .world
        .store
        .get(&ctx.scope, &wanted.object_type, &wanted.id);
    if known.is_some_and(|record| !record.deleted) || wanted.object_type.is_empty() {
        return;
    }
    let object = if wanted.object_type == "account" {
        plain_account(ctx, &wanted.id)
    } else {
        let mut object = synth::object(ctx, &wanted.object_type);
        object.insert("id".into(), wanted.id.as_str().into());
        Value::Object(object)
    };
    let now = ctx.now();
    ctx.world.store.insert_under(
        &ctx.scope,
        &wanted.object_type,
        wanted.parent.as_deref(),
        &object,
        now,
    );
}

/// The answer by the description alone.
fn made_up(ctx: &mut Ctx<'_>, matched: &Matched<'_>, params: &Params) -> Reply {
    let Matched {
        operation, plan, ..
    } = matched;
    let mut object = kept(ctx, plan, params)
        .filter(|_| matches!(operation.response, Shape::Ref(_)))
        .unwrap_or_else(|| synth::plain(ctx, &operation.response));
    if matches!(plan.action, Action::Delete) {
        return Reply::Object(what_is_left(ctx, operation, &object));
    }
    if let (Shape::Ref(name), Value::Object(members)) = (&operation.response, &mut object) {
        let mut changed = members.clone();
        // What names nobody knows is left as it was.
        if apply::to_object(ctx, name, &mut changed, params.values()).is_ok() {
            *members = changed;
        }
        if plan.id.is_some() {
            members.insert("id".into(), own_id(plan, params).into());
        }
    }
    if let Some(data) = object.get_mut("data").and_then(Value::as_array_mut)
        && data.is_empty()
        && matches!(plan.action, Action::List | Action::Search)
    {
        let member = synth::object(ctx, resource(plan));
        data.push(Value::Object(member));
    }
    Reply::Object(object)
}

/// The object in the path as it is kept.
fn kept(ctx: &Ctx<'_>, plan: &Plan, params: &Params) -> Option<Value> {
    plan.id?;
    ctx.get(resource(plan), own_id(plan, params))
}
