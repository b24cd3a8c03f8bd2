//! The generic state: what any operation does that has no handler of its own.
//!
//! Everything follows from the description: a creation makes a [schema-true object](synth), [writes the parameters](apply) into
//! it and keeps it; an update writes parameters into the kept object; a deletion leaves `{id, object, deleted: true}`;
//! a list is a walk along the store's order. Changes make the events that the description names.

pub mod apply;
mod delete;
pub mod expand;
mod handlers;
pub mod includable_fields;
mod list;
pub mod mock;
mod object_template;
mod page_limit;
mod plan;
mod reply;
mod search;
pub mod synth;
mod transition;
pub mod v2_page;

use std::sync::Arc;

use serde_json::{Map, Value};
use tollway_spec::{ObjectBody, Operation, Shape};

pub use self::handlers::Handler;
pub use self::handlers::{AnyHandler, AppliesTo, Handlers, ReplyHandler};
pub use self::list::window;
use self::object_template::ObjectTemplate;
pub use self::plan::{Action, Matched, Operations, Plan, find_operation, named_operation, plan_of};
pub use self::reply::Reply;
use crate::ctx::{Ctx, noun};
use crate::error::ApiError;
use crate::events::{self, difference::previous_attributes};
use crate::params::Params;
use crate::services::Services;
use crate::store::{Record, to_bytes};

/// Members of objects that are sent only to callers that name them in `expand`, by object type. Registered by products.
#[derive(Debug, Clone, Copy)]
pub struct IncludableField {
    /// The object type.
    pub object_type: &'static str,
    /// The member.
    pub name: &'static str,
}

/// How an object that [mock mode](crate::Config::mock) needs is made, for a type that needs more than the description.
#[derive(Debug, Clone, Copy)]
pub struct MockObject {
    /// The object type.
    pub object_type: &'static str,
    /// Makes the object with this id.
    pub make: fn(&mut Ctx<'_>, id: &str) -> Value,
}

/// What the generic state adds to a context.
pub trait GenericCtx {
    /// A new, schema-true object of this type with a fresh id and every required field at its plain value: the start
    /// for a handler to fill in. It is not stored until inserted.
    fn blank(&mut self, object_type: &str) -> Map<String, Value>;

    /// Writes parameters into an object: each parameter that has the name of a field becomes its value, in the field's
    /// shape; metadata is merged, cleared fields are emptied.
    ///
    /// # Errors
    /// `resource_missing` if a parameter names an object that does not exist.
    fn apply(
        &mut self,
        object_type: &str,
        object: &mut Map<String, Value>,
        params: &Map<String, Value>,
    ) -> Result<(), ApiError>;

    /// What the generic state answers for an operation of this name: for handlers that only add to it.
    ///
    /// # Errors
    /// As the operation; 500 if there is no operation of this name.
    fn generic(&mut self, operation: &str, params: &Params) -> Result<Value, ApiError>;

    /// What an operation of this name answers, by its handler if it has one.
    ///
    /// # Errors
    /// As [`GenericCtx::generic`].
    fn call(&mut self, operation: &str, params: &Params) -> Result<Value, ApiError>;
}

impl GenericCtx for Ctx<'_> {
    fn blank(&mut self, object_type: &str) -> Map<String, Value> {
        synth::object(self, object_type)
    }

    fn apply(
        &mut self,
        object_type: &str,
        object: &mut Map<String, Value>,
        params: &Map<String, Value>,
    ) -> Result<(), ApiError> {
        apply::to_object(self, object_type, object, params)
    }

    fn generic(&mut self, operation: &str, params: &Params) -> Result<Value, ApiError> {
        let matched = existing_operation(self.services, operation)?;
        generic(self, &matched, params).map(Reply::into_value)
    }

    fn call(&mut self, operation: &str, params: &Params) -> Result<Value, ApiError> {
        let matched = existing_operation(self.services, operation)?;
        attempt(self, &matched, params).map(Reply::into_value)
    }
}

/// The operation of this name.
///
/// # Errors
/// 500 if there is none.
pub fn existing_operation<'s>(
    services: &'s Services,
    operation: &str,
) -> Result<Matched<'s>, ApiError> {
    let matched = named_operation(services, operation);
    matched.ok_or_else(|| ApiError::internal(format!("there is no operation {operation}")))
}

/// Answers an operation: by its handler if it has one, by the generic state if not, and expands what was asked for.
///
/// # Errors
/// Whatever the operation refuses with.
pub fn answer(
    ctx: &mut Ctx<'_>,
    matched: &Matched<'_>,
    params: &Params,
) -> Result<Reply, ApiError> {
    expand::check(ctx.services, &matched.operation.response, params.expand())?;
    let reply = if ctx.services.config().mock {
        mock::answer(ctx, matched, params)?
    } else {
        attempt(ctx, matched, params)?
    };
    if params.expand().is_empty() || matches!(reply, Reply::Stream { .. }) {
        return Ok(reply);
    }
    let mut value = reply.into_value();
    expand::expand(
        ctx,
        &matched.operation.response,
        &mut value,
        params.expand(),
    );
    Ok(Reply::Object(value))
}

fn attempt(ctx: &mut Ctx<'_>, matched: &Matched<'_>, params: &Params) -> Result<Reply, ApiError> {
    match matched.plan.handler {
        Some((handler, applies_to)) if applies_to(params) => handler.run(ctx, params),
        _ => generic(ctx, matched, params),
    }
}

/// What the generic state does for an operation, also for behaviours that only add to it.
pub fn generic(
    ctx: &mut Ctx<'_>,
    matched: &Matched<'_>,
    params: &Params,
) -> Result<Reply, ApiError> {
    let Matched {
        operation, plan, ..
    } = matched;
    require_parent(ctx, plan, params)?;
    match plan.action {
        Action::Create => create(ctx, operation, plan, params),
        Action::Compute => compute(ctx, operation, plan, params).map(Reply::Object),
        Action::Retrieve => retrieve(ctx, plan, params)
            .map(|record| Reply::Record(without_synthetic_id(ctx, plan, record))),
        Action::Update => update(ctx, plan, params).map(Reply::Record),
        Action::Delete => delete::delete(ctx, operation, plan, params).map(Reply::Object),
        Action::List => list::page(ctx, operation, plan, params).map(Reply::Page),
        Action::Search => search::page(ctx, plan, params).map(Reply::Page),
        Action::Transition(row) => transition::run(ctx, plan, row, params).map(Reply::Record),
        Action::Stream => Err(missing(ctx, plan, params)),
    }
}

/// The parent's id in the path.
fn parent_id<'p>(plan: &Plan, params: &'p Params) -> Option<&'p str> {
    let parent = plan.parent.as_ref()?;
    params
        .path_parts()
        .get(parent.index)
        .map(|(_, id)| id.as_str())
}

/// The object's own id: from the path; of a singleton the parent's, or its type.
fn own_id<'p>(plan: &'p Plan, params: &'p Params) -> &'p str {
    match plan.id {
        Some(index) => params.path_parts().get(index).map_or("", |(_, id)| id),
        None => parent_id(plan, params).unwrap_or_else(|| resource(plan)),
    }
}

fn resource(plan: &Plan) -> &str {
    plan.resource.as_deref().unwrap_or_default()
}

fn require_parent(ctx: &Ctx<'_>, plan: &Plan, params: &Params) -> Result<(), ApiError> {
    let (Some(parent), Some(id)) = (&plan.parent, parent_id(plan, params)) else {
        return Ok(());
    };
    if parent.object_type == "account" {
        let own = *ctx.scope.account == *id;
        let known = own || ctx.connection(id).is_some() || ctx.get("account", id).is_some();
        return if known {
            Ok(())
        } else {
            Err(ApiError::account_invalid(&ctx.caller.redacted_key, id))
        };
    }
    ctx.required(&parent.object_type, id).map(drop)
}

fn create(
    ctx: &mut Ctx<'_>,
    operation: &Operation,
    plan: &Plan,
    params: &Params,
) -> Result<Reply, ApiError> {
    let object_type = resource(plan);
    let parent = parent_id(plan, params);
    if plan.template.get().is_none() {
        let template = ObjectTemplate::of(ctx, operation, resource(plan));
        // Another world's request may have been first; both are the same.
        let _ = plan.template.set(template);
    }
    if let Some(Some(template)) = plan.template.get() {
        let field = parent_field(plan).zip(parent);
        let written = template.write(ctx, object_type, params.values(), field)?;
        refuse_taken_id(ctx, object_type, params)?;
        let store = &mut ctx.world.store;
        let record = store.insert_written(&ctx.scope, object_type, parent, written);
        emit(ctx, object_type, "created", &record, None);
        return Ok(Reply::Record(record));
    }
    let mut object = new_object(ctx, operation, plan, params)?;
    refuse_taken_id(ctx, object_type, params)?;
    if let Some(id) = params.text("id") {
        object.insert("id".into(), id.into());
    }
    if !object.contains_key("id") {
        object.insert("id".into(), ctx.new_id(object_type).into());
    }
    let object = Value::Object(object);
    let now = ctx.now();
    let record = ctx
        .world
        .store
        .insert_under(&ctx.scope, object_type, parent, &object, now);
    emit(ctx, object_type, "created", &record, None);
    Ok(Reply::Created(record, object))
}

/// An id that the caller chose must be new.
fn refuse_taken_id(ctx: &Ctx<'_>, object_type: &str, params: &Params) -> Result<(), ApiError> {
    let chosen = params.text("id");
    let taken = chosen.and_then(|id| ctx.world.store.get(&ctx.scope, object_type, id));
    if taken.is_none() {
        return Ok(());
    }
    let message = format!("{} already exists.", capitalised(noun(object_type)));
    Err(ApiError::invalid_param("id", message).code("resource_already_exists"))
}

/// The field in which a part names the object it is a part of, if it has one.
fn parent_field(plan: &Plan) -> Option<&str> {
    let parent = plan.parent.as_ref()?;
    Some(match parent.object_type.as_str() {
        "application_fee" => "fee",
        other => other.rsplit('.').next().unwrap_or(other),
    })
}

/// An object from the description and the parameters, not kept.
fn new_object(
    ctx: &mut Ctx<'_>,
    operation: &Operation,
    plan: &Plan,
    params: &Params,
) -> Result<Map<String, Value>, ApiError> {
    let variant =
        variant_of(ctx, &operation.response, params).unwrap_or_else(|| resource(plan).to_owned());
    let mut object = synth::object(ctx, &variant);
    apply::to_object(ctx, &variant, &mut object, params.values())?;
    if let (Some(field), Some(id)) = (parent_field(plan), parent_id(plan, params)) {
        let api = ctx.services.description();
        if api
            .object(&variant)
            .is_some_and(|object| object.field(field).is_some())
        {
            object.insert(field.to_owned(), id.into());
        }
    }
    Ok(object)
}

/// For a response that may be one of several types, the one the parameters speak of: `external_account[object]=bank_account`,
/// `source=btok_…`.
fn variant_of(ctx: &Ctx<'_>, response: &Shape, params: &Params) -> Option<String> {
    let api = ctx.services.description();
    let Shape::Ref(name) = response else {
        return None;
    };
    let ObjectBody::Alias(Shape::Union { variants, .. }) = &api.object(name)?.body else {
        return None;
    };
    let names: Vec<_> = variants
        .iter()
        .filter_map(|variant| api.resource_of(variant))
        .collect();
    let given = params
        .values()
        .values()
        .find_map(|value| value.get("object").and_then(Value::as_str));
    let token = params
        .values()
        .values()
        .filter_map(Value::as_str)
        .any(|text| text.starts_with("btok_"));
    let wanted = given.unwrap_or(if token { "bank_account" } else { "card" });
    names
        .iter()
        .find(|name| **name == wanted)
        .or(names.first())
        .map(|name| (*name).to_owned())
}

fn compute(
    ctx: &mut Ctx<'_>,
    operation: &Operation,
    plan: &Plan,
    params: &Params,
) -> Result<Value, ApiError> {
    new_object(ctx, operation, plan, params).map(Value::Object)
}

fn retrieve(ctx: &mut Ctx<'_>, plan: &Plan, params: &Params) -> Result<Arc<Record>, ApiError> {
    let (object_type, id) = (resource(plan), own_id(plan, params));
    match ctx.world.store.get(&ctx.scope, object_type, id) {
        Some(record)
            if has_parent(record, plan, params)
                && (!record.deleted || keeps_deleted(ctx, object_type)) =>
        {
            Ok(Arc::clone(record))
        }
        None if plan.id.is_none() => Ok(singleton(ctx, plan, params)),
        _ => Err(missing(ctx, plan, params)),
    }
}

/// Whether a record is a part of the parent in the path.
fn has_parent(record: &Record, plan: &Plan, params: &Params) -> bool {
    match (&record.parent, parent_id(plan, params)) {
        (Some(parent), Some(id)) => **parent == *id,
        _ => true,
    }
}

/// Whether a retrieval of a deleted object answers what is left of it: only where the description says so.
fn keeps_deleted(ctx: &Ctx<'_>, object_type: &str) -> bool {
    matches!(
        object_type,
        "customer" | "terminal.configuration" | "terminal.location" | "terminal.reader"
    ) && ctx
        .services
        .description()
        .object(&format!("deleted_{object_type}"))
        .is_some()
}

/// An object there is always one of: made when first looked at.
fn singleton(ctx: &mut Ctx<'_>, plan: &Plan, params: &Params) -> Arc<Record> {
    let (object_type, id) = (resource(plan), own_id(plan, params));
    let mut object = synth::object(ctx, object_type);
    object.insert("id".into(), id.into());
    ctx.insert(object_type, &Value::Object(object))
}

/// What the description gives no id is kept under its place, and sent without one.
fn without_synthetic_id(ctx: &Ctx<'_>, plan: &Plan, record: Arc<Record>) -> Arc<Record> {
    let described = ctx.services.description().object(resource(plan));
    let has_id =
        described.is_none_or(|object| object.fields().is_empty() || object.field("id").is_some());
    if plan.id.is_some() || has_id {
        record
    } else {
        Arc::new(without_id(&record))
    }
}

fn without_id(record: &Record) -> Record {
    let mut object = record.parse();
    if let Value::Object(members) = &mut object {
        members.remove("id");
    }
    let mut bare = record.clone();
    bare.body = to_bytes(&object);
    bare
}

/// The object in the path, which must not be deleted: what can be changed.
fn find_undeleted(
    ctx: &mut Ctx<'_>,
    plan: &Plan,
    params: &Params,
) -> Result<Arc<Record>, ApiError> {
    let record = retrieve(ctx, plan, params)?;
    if record.deleted {
        return Err(missing(ctx, plan, params));
    }
    Ok(record)
}

/// The object in the path does not exist.
fn missing(ctx: &Ctx<'_>, plan: &Plan, params: &Params) -> ApiError {
    ctx.no_such(resource(plan), own_id(plan, params))
}

fn update(ctx: &mut Ctx<'_>, plan: &Plan, params: &Params) -> Result<Arc<Record>, ApiError> {
    let (object_type, id) = (resource(plan), own_id(plan, params));
    let before = find_undeleted(ctx, plan, params)?.parse();
    let mut object = before.as_object().cloned().unwrap_or_default();
    apply::to_object(ctx, object_type, &mut object, params.values())?;
    object.entry("id").or_insert_with(|| id.into());
    let record = keep_change(ctx, object_type, &before, &Value::Object(object));
    Ok(without_synthetic_id(ctx, plan, record))
}

/// Keeps a changed object and makes the event of the change, if anything changed.
fn keep_change(ctx: &mut Ctx<'_>, object_type: &str, before: &Value, after: &Value) -> Arc<Record> {
    let record = ctx.update(object_type, after);
    let previous = previous_attributes(before, after);
    if !previous.is_empty() {
        let previous = Value::Object(previous);
        emit(ctx, object_type, "updated", &record, Some(&previous));
    }
    record
}

fn emit(
    ctx: &mut Ctx<'_>,
    object_type: &str,
    happened: &str,
    object: &Record,
    previous: Option<&Value>,
) {
    if let Some(name) = ctx.services.description().event_name(object_type, happened) {
        events::record_written(ctx, name, &object.body, previous);
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
