//! Members of an object that are sent only to those who ask for them by `expand`: secrets and personal data.
//!
//! They are kept beside the object, so that no answer and no event holds them by accident.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tollway_spec::Shape;

use crate::ctx::Ctx;
use crate::world::PrivateRecord;

/// Types and the members that they keep back, sorted.
const MEMBERS: &[(&str, &str)] = &[
    ("apps.secret", "payload"),
    ("identity.verification_session", "verified_outputs"),
    ("issuing.card", "cvc"),
    ("issuing.card", "number"),
    ("treasury.financial_account", "features"),
];

/// The includable members of one object.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct IncludableMembers(Map<String, Value>);

impl PrivateRecord for IncludableMembers {
    const TYPE: &'static str = "_included";
}

/// Stores includable members of an object; those stored before stay.
pub(crate) fn keep(ctx: &mut Ctx<'_>, id: &str, members: &Value) {
    let stored = ctx.world.load_or_fail(&ctx.scope, id);
    let IncludableMembers(mut all) = stored.unwrap_or_default();
    all.extend(members.as_object().cloned().unwrap_or_default());
    ctx.save(id, &IncludableMembers(all));
}

/// An includable member of an object.
pub(crate) fn of(ctx: &Ctx<'_>, id: &str, name: &str) -> Option<Value> {
    let IncludableMembers(mut all) = ctx.world.load_or_fail(&ctx.scope, id)?;
    all.remove(name)
}

/// Whether an object of this shape keeps back a member of this name.
pub(super) fn is_one(shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::Ref(target) => MEMBERS.contains(&(target.as_str(), name)),
        Shape::Expandable { targets } => targets
            .iter()
            .any(|target| MEMBERS.contains(&(target.as_str(), name))),
        Shape::Array(item) | Shape::Nullable(item) => is_one(item, name),
        _ => false,
    }
}

/// Puts a member that was kept back into its object.
pub(super) fn bring(ctx: &Ctx<'_>, object: &mut Map<String, Value>, name: &str) {
    let named = |name: &str| object.get(name).and_then(Value::as_str);
    let (Some(object_type), Some(id)) = (named("object"), named("id")) else {
        return;
    };
    if !MEMBERS.contains(&(object_type, name)) {
        return;
    }
    if let Some(member) = of(ctx, id, name) {
        object.insert(name.to_owned(), member);
    }
}
