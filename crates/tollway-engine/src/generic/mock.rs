//! Answers for objects nobody made, as stripe-mock gives them: what [`Config::mock`](crate::Config::mock) asks for.
//!
//! What an operation names and does not exist is made first, with the id it was named by, and kept. If the operation is
//! refused all the same (a state that does not allow it, a balance that is too low), its answer is made up from the
//! description. Parameters are checked before as always, and test cards that are declined stay declined.

use serde_json::Value;
use tollway_spec::Shape;

use super::delete::what_is_left;
use super::{Action, Matched, MockObject, Plan, Reply, apply, own_id, parent_id, resource, synth};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

/// More objects than any operation names.
const MOST: usize = 50;

/// An object to be made before the operation runs.
#[derive(Debug, Clone, Default, PartialEq)]
struct Wanted {
    object_type: String,
    id: String,
    parent: Option<String>,
    /// Members that name other objects, and the ids of those.
    references: Vec<(String, String)>,
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
        let Some((object_type, id)) = error.missing() else {
            break;
        };
        let (object_type, id) = (object_type.to_owned(), id.to_owned());
        let is_wanted = |it: &Wanted| it.object_type == object_type && it.id == id;
        if wanted.iter().any(is_wanted) {
            break;
        }
        let id = if id.is_empty() {
            let Some(id) = refer(ctx, &mut wanted, &object_type) else {
                break;
            };
            id
        } else {
            id
        };
        wanted.push(Wanted {
            object_type,
            id,
            ..Wanted::default()
        });
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
            ..Wanted::default()
        });
    let own = plan.id.map(|_| Wanted {
        object_type: resource(plan).to_owned(),
        id: own_id(plan, params).to_owned(),
        parent: parent.as_ref().map(|parent| parent.id.clone()),
        ..Wanted::default()
    });
    let unknown = parent.as_ref().filter(|parent| {
        let known = ctx.get(&parent.object_type, &parent.id);
        matches!(plan.action, Action::List) && known.is_none()
    });
    let member = unknown.cloned().map(|parent| Wanted {
        object_type: resource(plan).to_owned(),
        id: ctx.new_id(resource(plan)),
        parent: Some(parent.id),
        ..Wanted::default()
    });
    parent.into_iter().chain(own).chain(member).collect()
}

/// Lets the objects that name no object of a type, though they have a member for it, name a new one. Its id; none if there is
/// no such member.
fn refer(ctx: &mut Ctx<'_>, wanted: &mut [Wanted], object_type: &str) -> Option<String> {
    let id = ctx.new_id(object_type);
    let mut referred = false;
    for object in wanted {
        let described = ctx.services.description().object(&object.object_type);
        let fields = described.map_or(&[][..], |described| described.fields());
        let names = fields.iter().map(|field| field.name.as_str());
        let new = names.filter(|name| {
            let is_set = object.references.iter().any(|(member, _)| member == name);
            refers_to(name, object_type) && !is_set
        });
        let new: Vec<_> = new.map(|name| (name.to_owned(), id.clone())).collect();
        referred |= !new.is_empty();
        object.references.extend(new);
    }
    referred.then_some(id)
}

/// Whether a member of this name names an object of this type: `customer`, `latest_payment_attempt_record`.
pub fn refers_to(member: &str, object_type: &str) -> bool {
    let noun = object_type.rsplit('.').next().unwrap_or(object_type);
    member
        .strip_suffix(noun)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
}

/// Makes an object unless it exists; one that exists gets the references it lacks.
fn make(ctx: &mut Ctx<'_>, wanted: &Wanted) {
    let known = ctx
        .world
        .store
        .get(&ctx.scope, &wanted.object_type, &wanted.id);
    if let Some(record) = known.filter(|record| !record.deleted) {
        let mut object = record.parse();
        for (member, id) in &wanted.references {
            if object[member].as_str().is_none_or(str::is_empty) {
                object[member] = id.as_str().into();
            }
        }
        if !wanted.references.is_empty() {
            ctx.update(&wanted.object_type, &object);
        }
        return;
    }
    if wanted.object_type.is_empty() || wanted.id.is_empty() {
        return;
    }
    let registered = ctx.services.list::<MockObject>().iter();
    let mut registered = registered.filter(|it| it.object_type == wanted.object_type);
    let object = if let Some(mock) = registered.next_back() {
        (mock.make)(ctx, &wanted.id)
    } else {
        let mut object = synth::object(ctx, &wanted.object_type);
        for (member, id) in &wanted.references {
            object.insert(member.clone(), id.as_str().into());
        }
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
