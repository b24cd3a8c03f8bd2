//! Parameters into an object: a parameter that has the name of a field becomes its value, in the field's shape.

use serde_json::{Map, Value};
use tollway_spec::{Field, ObjectBody, Shape};

use super::synth;
use crate::ctx::Ctx;
use crate::error::ApiError;

/// Writes parameters into an object of this type.
///
/// # Errors
/// `resource_missing` if a parameter names an object that does not exist.
pub fn to_object(
    ctx: &mut Ctx<'_>,
    object_type: &str,
    object: &mut Map<String, Value>,
    params: &Map<String, Value>,
) -> Result<(), ApiError> {
    let api = ctx.services.description();
    match api.object(object_type).map(|object| &object.body) {
        Some(ObjectBody::Fields(fields)) => to_fields(ctx, fields, object, params, ""),
        Some(ObjectBody::Alias(Shape::Union { variants, .. })) => {
            let wanted = object
                .get("object")
                .and_then(Value::as_str)
                .map(str::to_owned);
            match variants
                .iter()
                .filter_map(|variant| api.resource_of(variant))
                .find(|name| Some(*name) == wanted.as_deref())
            {
                Some(variant) => to_object(ctx, variant, object, params),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn to_fields(
    ctx: &mut Ctx<'_>,
    fields: &[Field],
    object: &mut Map<String, Value>,
    params: &Map<String, Value>,
    path: &str,
) -> Result<(), ApiError> {
    for (name, given) in params {
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            continue;
        };
        if !is_settable(field, path) {
            continue;
        }
        let here = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}[{name}]")
        };
        let before = object.get(name).cloned();
        match field_value(ctx, field, before, given, &here)? {
            Some(value) => drop(object.insert(name.clone(), value)),
            None => drop(object.remove(name)),
        }
    }
    Ok(())
}

/// Whether a parameter of a field's name may set it.
pub(super) fn is_settable(field: &Field, path: &str) -> bool {
    !matches!(field.shape, Shape::Const(_) | Shape::ConstBool(_))
        && field.name != "object"
        && (field.name != "id" || path.is_empty())
}

/// The field's value after the parameter; none if the field goes away.
pub(super) fn field_value(
    ctx: &mut Ctx<'_>,
    field: &Field,
    before: Option<Value>,
    given: &Value,
    path: &str,
) -> Result<Option<Value>, ApiError> {
    if given.is_null() {
        return Ok(if matches!(field.shape, Shape::Map(_)) && !field.nullable {
            Some(Value::Object(Map::new()))
        } else if field.nullable {
            Some(Value::Null)
        } else if field.required {
            Some(synth::plain(ctx, &field.shape))
        } else {
            None
        });
    }
    Ok(shape_value(ctx, &field.shape, before.as_ref(), given, path)?.or(before))
}

/// A parameter in a field's shape; none if it does not fit.
fn shape_value(
    ctx: &mut Ctx<'_>,
    shape: &Shape,
    before: Option<&Value>,
    given: &Value,
    path: &str,
) -> Result<Option<Value>, ApiError> {
    let api = ctx.services.description();
    Ok(match (shape, given) {
        (Shape::Nullable(inner), _) => shape_value(ctx, inner, before, given, path)?,
        (Shape::Any, _) => Some(given.clone()),
        (Shape::Map(item), Value::Object(changes)) => {
            Some(merged(ctx, item, before, changes, path)?)
        }
        (Shape::Object { fields, .. }, Value::Object(inner)) => {
            Some(nested(ctx, fields, before, inner, shape, path)?)
        }
        (Shape::Ref(name), Value::Object(inner)) => {
            match api.object(name).map(|object| &object.body) {
                Some(ObjectBody::Fields(fields)) => {
                    Some(nested(ctx, fields, before, inner, shape, path)?)
                }
                Some(ObjectBody::Alias(alias)) => shape_value(ctx, alias, before, given, path)?,
                None => None,
            }
        }
        // An embedded resource is named by its id.
        (Shape::Ref(name), Value::String(id)) => match api.object(name) {
            Some(object) if object.resource => Some(ctx.referenced(name, id, path)?),
            Some(object) => match &object.body {
                ObjectBody::Alias(alias) => shape_value(ctx, alias, before, given, path)?,
                ObjectBody::Fields(_) => None,
            },
            None => None,
        },
        (Shape::Expandable { targets }, Value::String(id)) => {
            refer(ctx, targets, id, path)?;
            Some(given.clone())
        }
        (Shape::Array(item), Value::Array(items)) => {
            let mut values = Vec::with_capacity(items.len());
            for (index, given) in items.iter().enumerate() {
                values.extend(shape_value(
                    ctx,
                    item,
                    None,
                    given,
                    &format!("{path}[{index}]"),
                )?);
            }
            Some(Value::Array(values))
        }
        (Shape::List(item), Value::Array(items)) => Some(listed(ctx, item, before, items, path)?),
        (Shape::Union { variants, .. }, _) => {
            let mut fitting = None;
            for variant in variants {
                fitting = shape_value(ctx, variant, before, given, path)?;
                if fitting.is_some() {
                    break;
                }
            }
            fitting
        }
        (shape, given) => fits(shape, given).then(|| given.clone()),
    })
}

fn fits(shape: &Shape, given: &Value) -> bool {
    match shape {
        Shape::Integer | Shape::UnixTime => given.is_i64(),
        Shape::Number => given.is_number(),
        Shape::Boolean => given.is_boolean(),
        Shape::Enum { values, open } => given
            .as_str()
            .is_some_and(|text| *open || values.iter().any(|value| value == text)),
        Shape::String | Shape::Currency | Shape::Decimal | Shape::DateTime | Shape::Int64 => {
            given.is_string()
        }
        _ => false,
    }
}

/// Keys are set one by one; null takes a key away.
fn merged(
    ctx: &mut Ctx<'_>,
    item: &Shape,
    before: Option<&Value>,
    changes: &Map<String, Value>,
    path: &str,
) -> Result<Value, ApiError> {
    let mut members = before
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (name, value) in changes {
        if value.is_null() {
            members.remove(name);
            continue;
        }
        let before = members.get(name);
        let value = shape_value(ctx, item, before, value, &format!("{path}[{name}]"))?;
        if let Some(value) = value {
            members.insert(name.clone(), value);
        }
    }
    Ok(Value::Object(members))
}

fn nested(
    ctx: &mut Ctx<'_>,
    fields: &[Field],
    before: Option<&Value>,
    given: &Map<String, Value>,
    shape: &Shape,
    path: &str,
) -> Result<Value, ApiError> {
    let mut inner = match before {
        Some(Value::Object(members)) => members.clone(),
        _ => match synth::plain(ctx, shape) {
            Value::Object(members) => members,
            _ => Map::new(),
        },
    };
    to_fields(ctx, fields, &mut inner, given, path)?;
    Ok(Value::Object(inner))
}

/// Parts that are objects of their own, as the items of a subscription: an item with a known `id` is changed, others are made.
fn listed(
    ctx: &mut Ctx<'_>,
    item: &Shape,
    before: Option<&Value>,
    items: &[Value],
    path: &str,
) -> Result<Value, ApiError> {
    let api = ctx.services.description();
    let mut list = before
        .filter(|list| list.is_object())
        .cloned()
        .unwrap_or_else(|| synth::empty_list(""));
    let Some(item_type) = api.resource_of(item) else {
        return Ok(list);
    };
    let mut data = list
        .get("data")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for (index, given) in items.iter().enumerate() {
        let Some(given) = given.as_object() else {
            continue;
        };
        let here = format!("{path}[{index}]");
        let id = given.get("id").and_then(Value::as_str);
        let position = id.and_then(|id| data.iter().position(|part| part["id"] == id));
        if given.get("deleted") == Some(&Value::Bool(true)) {
            if let Some(position) = position {
                data.remove(position);
            }
            continue;
        }
        let mut part = match position.and_then(|position| data[position].as_object().cloned()) {
            Some(part) => part,
            None => synth::object(ctx, item_type),
        };
        if let Some(ObjectBody::Fields(fields)) = api.object(item_type).map(|object| &object.body) {
            to_fields(ctx, fields, &mut part, given, &here)?;
        }
        match position {
            Some(position) => data[position] = Value::Object(part),
            None => data.push(Value::Object(part)),
        }
    }
    list["data"] = Value::Array(data);
    Ok(list)
}

/// An id in a parameter must name something. Accounts are not looked up here: which may be named depends on the operation.
fn refer(ctx: &Ctx<'_>, targets: &[String], id: &str, path: &str) -> Result<(), ApiError> {
    let stored = |target: &String| ctx.get(target, id).is_some();
    let elsewhere = targets.iter().any(|target| {
        matches!(
            target.as_str(),
            "account" | "application" | "mandate" | "tax_code"
        )
    });
    if elsewhere || targets.iter().any(stored) {
        return Ok(());
    }
    let named = targets.first().map_or("object", String::as_str);
    Err(ctx.no_such_reference(named, id, path))
}
