//! New objects written straight away: what every new object of a type has in common is written once and kept.
//!
//! Of an object made from the description, [`synth`] and [`apply`] decide every value. Most values are the same each time:
//! [`ObjectTemplate`] keeps those as text, so that a creation works out only what differs (ids, times, what the caller gave), and no
//! tree of values is built to be written and thrown away.

use serde_json::{Map, Value};
use tollway_spec::{Field, ObjectBody, Operation, Shape};

use super::{apply, synth};
use crate::ctx::Ctx;
use crate::description::Description;
use crate::error::ApiError;
use crate::ids;
use crate::store::{IdFirst, SerializedObject, write_to};

/// What all new objects of a type have in common, as a template.
#[derive(Debug)]
pub(super) struct ObjectTemplate {
    /// In the order of the description: randomness is drawn in it.
    members: Vec<Member>,
    /// The members' places in the order they are written.
    order: Vec<usize>,
}

/// A field of a new object.
#[derive(Debug)]
struct Member {
    name: String,
    /// `"name":`
    label: String,
    value: FieldDefault,
}

/// What a field is before anything was given.
#[derive(Debug)]
enum FieldDefault {
    /// The same each time, and as it is written.
    Same(Value, Vec<u8>),
    /// Not there at all.
    Absent,
    /// Worked out each time.
    Fresh,
    /// The object's id.
    Id,
}

/// What a field of one object became.
enum FieldValue {
    Plain,
    Given(Value),
    Absent,
}

impl ObjectTemplate {
    /// Of the objects an operation makes; none for those that need more than their fields one by one.
    pub(super) fn of(ctx: &mut Ctx<'_>, operation: &Operation, object_type: &str) -> Option<Self> {
        let api = ctx.services.description();
        if synth::secret_of(object_type).is_some() {
            return None;
        }
        if matches!(&operation.response, Shape::Ref(name) if name != object_type) {
            return None;
        }
        let fields = fields_of(api, object_type)?;
        let firsts = synth::first_values(object_type);
        let members: Vec<Member> = fields
            .iter()
            .map(|field| {
                let first = firsts.iter().find(|(name, _)| *name == field.name);
                let value = match first {
                    Some((_, first)) => same(first.clone()),
                    None if field.name == "id" => FieldDefault::Id,
                    None if !is_same(api, field, 0) => FieldDefault::Fresh,
                    None => synth::member(ctx, field, 0).map_or(FieldDefault::Absent, same),
                };
                Member {
                    name: field.name.clone(),
                    label: format!("{}:", Value::from(field.name.as_str())),
                    value,
                }
            })
            .collect();
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|place| {
            let name = members[*place].name.as_str();
            (name != "id", name != "object", name)
        });
        Some(Self { members, order })
    }

    /// A new object with these parameters: what [`super::new_object`] makes, written.
    ///
    /// # Errors
    /// As [`apply::to_object`].
    pub(super) fn write(
        &self,
        ctx: &mut Ctx<'_>,
        object_type: &str,
        params: &Map<String, Value>,
        parent: Option<(&str, &str)>,
    ) -> Result<SerializedObject, ApiError> {
        let api = ctx.services.description();
        let fields = fields_of(api, object_type).unwrap_or_default();
        let mut id = None;
        let mut slots = Vec::with_capacity(self.members.len());
        for (member, field) in self.members.iter().zip(fields) {
            slots.push(match &member.value {
                FieldDefault::Fresh => {
                    synth::member(ctx, field, 0).map_or(FieldValue::Absent, FieldValue::Given)
                }
                FieldDefault::Absent => FieldValue::Absent,
                FieldDefault::Same(..) | FieldDefault::Id => FieldValue::Plain,
            });
        }
        let place_of = |name: &str| self.members.iter().position(|member| member.name == name);
        if place_of("id").is_some() {
            let random = &mut ctx.world.random;
            id = Some(ids::new_id(object_type, ctx.scope.livemode(), random));
        }
        for (name, given) in params {
            let Some(place) = place_of(name) else {
                continue;
            };
            let field = &fields[place];
            if !apply::is_settable(field, "") {
                continue;
            }
            let before = match (&slots[place], &self.members[place].value) {
                (FieldValue::Given(value), _)
                | (FieldValue::Plain, FieldDefault::Same(value, _)) => Some(value.clone()),
                (FieldValue::Plain, FieldDefault::Id) => id.clone().map(Value::from),
                _ => None,
            };
            let value = apply::field_value(ctx, field, before, given, name)?;
            slots[place] = value.map_or(FieldValue::Absent, FieldValue::Given);
        }
        if let Some((field, value)) = parent
            && let Some(place) = place_of(field)
        {
            slots[place] = FieldValue::Given(value.into());
        }
        if let Some(place) = place_of("id")
            && let FieldValue::Given(Value::String(given)) = &slots[place]
        {
            id = Some(given.clone());
        }
        let given = params.get("id").and_then(Value::as_str).map(str::to_owned);
        let id = id.or(given).unwrap_or_else(|| ctx.new_id(object_type));
        Ok(self.join(id, &slots, ctx.now()))
    }

    /// Writes the members one behind the other.
    fn join(&self, id: String, slots: &[FieldValue], now: i64) -> SerializedObject {
        let mut text = Vec::with_capacity(1024);
        let mut written = SerializedObject::new(now);
        text.push(b'{');
        if !self.members.iter().any(|member| member.name == "id") {
            text.extend_from_slice(b"\"id\":");
            write_to(&mut text, &id);
            text.push(b',');
        }
        for place in &self.order {
            let Member { name, label, value } = &self.members[*place];
            match (&slots[*place], value) {
                (FieldValue::Given(value), _) => {
                    text.extend_from_slice(label.as_bytes());
                    write_to(&mut text, &IdFirst(value));
                    written.index_field(name, value);
                }
                (FieldValue::Plain, FieldDefault::Same(value, plain)) => {
                    text.extend_from_slice(label.as_bytes());
                    text.extend_from_slice(plain);
                    written.index_field(name, value);
                }
                (FieldValue::Plain, FieldDefault::Id) => {
                    text.extend_from_slice(label.as_bytes());
                    write_to(&mut text, &id);
                }
                _ => continue,
            }
            text.push(b',');
        }
        if text.last() == Some(&b',') {
            text.pop();
        }
        text.push(b'}');
        written.finish(id, text)
    }
}

fn fields_of<'a>(api: &'a Description, object_type: &str) -> Option<&'a [Field]> {
    match &api.object(object_type)?.body {
        ObjectBody::Fields(fields) => Some(fields),
        ObjectBody::Alias(_) => None,
    }
}

fn same(value: Value) -> FieldDefault {
    let mut text = Vec::new();
    write_to(&mut text, &IdFirst(&value));
    FieldDefault::Same(value, text)
}

/// Deeper parts are worked out each time.
const MAX_DEPTH: usize = 10;

/// Whether a field of a new object has the same value each time.
fn is_same(api: &Description, field: &Field, depth: usize) -> bool {
    if field.nullable || !field.required {
        // Null, empty or absent, or a word of the description.
        return true;
    }
    is_same_shape(api, &field.shape, &field.name, depth)
}

fn is_same_shape(api: &Description, shape: &Shape, name: &str, depth: usize) -> bool {
    match shape {
        Shape::Boolean => name != "livemode",
        Shape::UnixTime | Shape::Currency | Shape::DateTime | Shape::Expandable { .. } => false,
        Shape::Object { fields, .. } => {
            depth < MAX_DEPTH && fields.iter().all(|field| is_same(api, field, depth + 1))
        }
        // A resource within has an id of its own.
        Shape::Ref(target) => api.object(target).is_some_and(|object| {
            let part = !object.resource && depth < MAX_DEPTH;
            part && match &object.body {
                ObjectBody::Fields(fields) => {
                    fields.iter().all(|field| is_same(api, field, depth + 1))
                }
                ObjectBody::Alias(_) => false,
            }
        }),
        Shape::Union { variants, .. } => variants
            .first()
            .is_none_or(|first| is_same_shape(api, first, name, depth + 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::generic::{Action, plan_of};
    use crate::params::Params;
    use crate::registry::Registry;
    use crate::store::{Record, to_bytes};
    use crate::{Clock, Config, Mode};

    #[test]
    fn what_is_written_is_what_the_description_makes() {
        let clock = Clock::manual(1_700_000_000);
        let registry = Registry::default();
        let engine = registry.build(Config::default(), clock, [1; 32]).unwrap();
        let world = engine.worlds().open("a");
        let scope = world.lock().platform_scope(Mode::Test);
        let given = json!({
            "active": false, "amount": 7, "currency": "eur", "description": null, "email": "a@example.com", "id": "own",
            "metadata": {"b": "2", "a": "1"}, "name": "\"A\" \u{e9}\n", "object": "no", "shipping": {"name": "A"},
        });
        let compared = engine.transact_internal(&world, scope, |ctx| {
            let mut compared = 0;
            for (index, entry) in engine
                .description()
                .catalog()
                .operations()
                .iter()
                .enumerate()
            {
                let plan = plan_of(engine.services(), index).unwrap();
                let operation = entry.get();
                if !matches!(plan.action, Action::Create) {
                    continue;
                }
                let Some(template) =
                    ObjectTemplate::of(ctx, operation, super::super::resource(plan))
                else {
                    continue;
                };
                for values in [json!({}), given.clone()] {
                    let values = values.as_object().cloned().unwrap();
                    let path = operation.path_params.iter();
                    let path = path
                        .map(|name| (name.clone(), format!("in_{name}")))
                        .collect();
                    let params = Params::new(path, values);
                    let object_type = super::super::resource(plan);
                    let parent = super::super::parent_field(plan)
                        .zip(super::super::parent_id(plan, &params));
                    let random = ctx.world.random.clone();
                    let mut object = super::super::new_object(ctx, operation, plan, &params)?;
                    if let Some(id) = params.text("id") {
                        object.insert("id".into(), id.into());
                    }
                    if !object.contains_key("id") {
                        object.insert("id".into(), ctx.new_id(object_type).into());
                    }
                    ctx.world.random = random;
                    let written = template.write(ctx, object_type, params.values(), parent)?;
                    // Members are written by name, whatever order the maps of this build keep them in.
                    let by_name: BTreeMap<String, Value> = object.into_iter().collect();
                    let object = Value::Object(by_name.into_iter().collect());
                    let expected = Record::new("x".into(), ctx.now(), 0, None, &object);
                    let mut record = written.record(0, None);
                    assert_eq!(object["id"], *record.id, "{}", plan.name);
                    record.id = "x".into();
                    assert_eq!(record.body, to_bytes(&object), "{}", plan.name);
                    assert_eq!(record, expected, "{}", plan.name);
                    compared += 1;
                }
            }
            Ok(compared)
        });
        assert!(compared.unwrap() > 200);
    }
}
