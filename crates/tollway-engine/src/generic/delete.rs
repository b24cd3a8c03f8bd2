//! Deletions: of an object, which leaves `{id, object, deleted: true}`, and of a part that its owner holds.

use serde_json::{Value, json};
use tollway_spec::{ApiMode, Operation, Shape};

use super::{Plan, emit, has_parent, keep_change, missing, own_id, parent_id, resource, synth};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

/// Deletes the object in the path; its answer is what is left of it.
pub(super) fn delete(
    ctx: &mut Ctx<'_>,
    operation: &Operation,
    plan: &Plan,
    params: &Params,
) -> Result<Value, ApiError> {
    let (object_type, id) = (resource(plan).to_owned(), own_id(plan, params).to_owned());
    let Some(_) = plan.id else {
        return delete_part(ctx, operation, plan, params);
    };
    let Some(record) = ctx
        .world
        .store
        .get(&ctx.scope, &object_type, &id)
        .filter(|record| !record.deleted && has_parent(record, plan, params))
        .cloned()
    else {
        return Err(missing(ctx, plan, params));
    };
    let before = record.parse();
    let left = what_is_left(ctx, operation, &before);
    let now = ctx.now();
    ctx.world
        .store
        .mark_deleted(&ctx.scope, &object_type, &left, now);
    emit(ctx, &object_type, "deleted", &record, None);
    // Some deletions answer the object itself, as those of ephemeral keys do.
    let live_answer = matches!(&operation.response, Shape::Ref(name) if *name == object_type);
    Ok(if live_answer { before } else { left })
}

/// `{id, object, deleted: true}`, and what else the description says is left.
pub(super) fn what_is_left(ctx: &Ctx<'_>, operation: &Operation, before: &Value) -> Value {
    let mut left = json!({"id": before["id"], "object": before["object"]});
    if operation.mode == ApiMode::V1 {
        left["deleted"] = true.into();
    }
    let described = match &operation.response {
        Shape::Ref(name) => ctx
            .services
            .description()
            .object(name)
            .filter(|object| object.deleted),
        _ => None,
    };
    let fields = described.map_or(&[][..], |object| object.fields());
    for field in fields.iter().filter(|field| field.required) {
        if left.get(&field.name).is_none() {
            left[&field.name] = before.get(&field.name).cloned().unwrap_or_default();
        }
    }
    left
}

/// A deletion of a part that its owner holds, as a customer's discount.
fn delete_part(
    ctx: &mut Ctx<'_>,
    operation: &Operation,
    plan: &Plan,
    params: &Params,
) -> Result<Value, ApiError> {
    let part = operation.path.rsplit('/').next().unwrap_or_default();
    if let (Some(parent), Some(id)) = (&plan.parent, parent_id(plan, params)) {
        let before = ctx.required(&parent.object_type, id)?;
        if before.get(part).is_some_and(|value| !value.is_null()) {
            let mut after = before.clone();
            after[part] = Value::Null;
            keep_change(ctx, &parent.object_type, &before, &after);
        }
    }
    let name = ctx
        .services
        .description()
        .resource_of(&operation.response)
        .unwrap_or_default()
        .to_owned();
    Ok(Value::Object(synth::object(ctx, &name)))
}
