//! Includable members of objects: secrets and personal data that are sent only if `expand` names them.
//!
//! They are stored beside the object, so that no response and no event contains them by accident. Products register which
//! members these are, as [`IncludableField`]s.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tollway_spec::Shape;

use super::IncludableField;
use crate::ctx::Ctx;
use crate::services::Services;
use crate::world::PrivateRecord;

/// The includable members of one object.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct IncludableMembers(Map<String, Value>);

impl PrivateRecord for IncludableMembers {
    const TYPE: &'static str = "_included";
}

/// Stores includable members of an object; those stored before stay.
pub fn store(ctx: &mut Ctx<'_>, id: &str, members: &Value) {
    let stored = ctx.world.load_or_fail(&ctx.scope, id);
    let IncludableMembers(mut all) = stored.unwrap_or_default();
    all.extend(members.as_object().cloned().unwrap_or_default());
    ctx.save(id, &IncludableMembers(all));
}

/// An includable member of an object.
pub fn load(ctx: &Ctx<'_>, id: &str, name: &str) -> Option<Value> {
    let IncludableMembers(mut all) = ctx.world.load_or_fail(&ctx.scope, id)?;
    all.remove(name)
}

fn is_registered(services: &Services, object_type: &str, name: &str) -> bool {
    let mut fields = services.list::<IncludableField>().iter();
    fields.any(|field| field.object_type == object_type && field.name == name)
}

/// Whether objects of this shape have an includable member of this name.
pub(super) fn is_includable(services: &Services, shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::Ref(target) => is_registered(services, target, name),
        Shape::Expandable { targets } => targets
            .iter()
            .any(|target| is_registered(services, target, name)),
        Shape::Array(item) | Shape::Nullable(item) => is_includable(services, item, name),
        _ => false,
    }
}

/// Inserts an includable member into its object.
pub(super) fn insert_into(ctx: &Ctx<'_>, object: &mut Map<String, Value>, name: &str) {
    let named = |name: &str| object.get(name).and_then(Value::as_str);
    let (Some(object_type), Some(id)) = (named("object"), named("id")) else {
        return;
    };
    if !is_registered(ctx.services, object_type, name) {
        return;
    }
    if let Some(member) = load(ctx, id, name) {
        object.insert(name.to_owned(), member);
    }
}
