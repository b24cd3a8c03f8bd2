//! The generic state: what any operation does that has no behaviour of its own.
//!
//! Everything follows from the description: a creation makes a [schema-true object](synth), [writes the parameters](apply) into
//! it and keeps it; an update writes parameters into the kept object; a deletion leaves `{id, object, deleted: true}`;
//! a list is a walk along the store's order. Changes make the events that the description names.

pub(crate) mod apply;
mod delete;
mod draft;
#[cfg(test)]
mod every_operation;
pub(crate) mod expand;
pub(crate) mod included;
mod list;
mod mock;
mod search;
pub(crate) mod synth;
mod transition;
pub(crate) mod v2_page;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use tollway_spec::{ObjectBody, Operation, Shape};

pub(crate) use self::draft::Common;
pub(crate) use self::list::window;
use crate::api::{Action, Matched, Plan};
use crate::billing::quote_pdf;
use crate::ctx::{Ctx, noun};
use crate::error::ApiError;
use crate::events::{self, difference::previous_attributes};
use crate::params::Params;
use crate::store::{Record, to_bytes};

/// What an operation answers.
#[derive(Debug)]
pub(crate) enum Reply {
    /// An object that is not kept, or is not to be sent as it is kept.
    Object(Value),
    /// An object as it is kept.
    Record(Arc<Record>),
    /// An object that was kept just now, read already.
    Made(Arc<Record>, Value),
    /// A page, its members joined already.
    Page(Bytes),
    /// Bytes that are no JSON.
    Stream {
        content_type: &'static str,
        bytes: Bytes,
    },
}

impl Reply {
    /// The body to send.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Self::Object(value) => to_bytes(&value),
            Self::Record(record) | Self::Made(record, _) => record.body.clone(),
            Self::Page(bytes) | Self::Stream { bytes, .. } => bytes,
        }
    }

    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Object(value) | Self::Made(_, value) => value,
            Self::Record(record) => record.parse(),
            Self::Page(bytes) | Self::Stream { bytes, .. } => {
                serde_json::from_slice(&bytes).unwrap_or_default()
            }
        }
    }
}

/// Answers an operation: by its behaviour if it has one, by the generic state if not, and expands what was asked for.
///
/// # Errors
/// Whatever the operation refuses with.
pub(crate) fn answer(
    ctx: &mut Ctx<'_>,
    matched: &Matched<'_>,
    params: &Params,
) -> Result<Reply, ApiError> {
    expand::check(
        ctx.engine.api(),
        &matched.operation.response,
        params.expand(),
    )?;
    let reply = if ctx.engine.config().mock {
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
    match matched.plan.behaviour {
        Some((behaviour, concern)) if concern(params) => behaviour(ctx, params).map(Reply::Object),
        _ => generic(ctx, matched, params),
    }
}

/// What the generic state does for an operation, also for behaviours that only add to it.
pub(crate) fn generic(
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
        Action::Retrieve => {
            retrieve(ctx, plan, params).map(|record| Reply::Record(as_described(ctx, plan, record)))
        }
        Action::Update => update(ctx, plan, params).map(Reply::Record),
        Action::Delete => delete::delete(ctx, operation, plan, params).map(Reply::Object),
        Action::List => list::page(ctx, operation, plan, params).map(Reply::Page),
        Action::Search => search::page(ctx, plan, params).map(Reply::Page),
        Action::Transition(row) => transition::run(ctx, plan, row, params).map(Reply::Record),
        Action::Stream => stream(ctx, plan, params),
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
    if plan.common.get().is_none() {
        let common = Common::of(ctx, operation, plan);
        // Another world's request may have been first; both are the same.
        let _ = plan.common.set(common);
    }
    if let Some(Some(common)) = plan.common.get() {
        let field = parent_field(plan).zip(parent);
        let written = common.write(ctx, object_type, params.values(), field)?;
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
    Ok(Reply::Made(record, object))
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
        let api = ctx.engine.api();
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
    let api = ctx.engine.api();
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
            if belongs(record, plan, params)
                && (!record.deleted || keeps_deleted(ctx, object_type)) =>
        {
            Ok(Arc::clone(record))
        }
        None if plan.id.is_none() => Ok(singleton(ctx, plan, params)),
        _ => Err(missing(ctx, plan, params)),
    }
}

/// Whether a record is a part of the parent in the path.
fn belongs(record: &Record, plan: &Plan, params: &Params) -> bool {
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
        .engine
        .api()
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
fn as_described(ctx: &Ctx<'_>, plan: &Plan, record: Arc<Record>) -> Arc<Record> {
    let described = ctx.engine.api().object(resource(plan));
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
fn living(ctx: &mut Ctx<'_>, plan: &Plan, params: &Params) -> Result<Arc<Record>, ApiError> {
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
    let before = living(ctx, plan, params)?.parse();
    let mut object = before.as_object().cloned().unwrap_or_default();
    apply::to_object(ctx, object_type, &mut object, params.values())?;
    object.entry("id").or_insert_with(|| id.into());
    let record = keep_change(ctx, object_type, &before, &Value::Object(object));
    Ok(as_described(ctx, plan, record))
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

/// The only bytes that are no JSON: the PDF of a quote.
fn stream(ctx: &Ctx<'_>, plan: &Plan, params: &Params) -> Result<Reply, ApiError> {
    let id = parent_id(plan, params).unwrap_or_else(|| own_id(plan, params));
    let document = quote_pdf::quote_document(ctx, id)?;
    Ok(Reply::Stream {
        content_type: "application/pdf",
        bytes: document.write().into(),
    })
}

fn emit(
    ctx: &mut Ctx<'_>,
    object_type: &str,
    happened: &str,
    object: &Record,
    previous: Option<&Value>,
) {
    if let Some(name) = ctx.engine.api().event_name(object_type, happened) {
        events::record_written(ctx, name, &object.body, previous);
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
