//! Reads the text of a document into a [`Spec`].

mod meta;
mod operation;
mod schema;

use serde_json::{Map, Value};

use crate::{Object, ObjectBody, Spec, SpecError};
use schema::{Pointer, Reader};

impl Spec {
    /// Reads a document.
    ///
    /// The result is ordered by names and paths, independent of the order of the document.
    pub fn read(text: &str) -> Result<Self, SpecError> {
        let document: Value = serde_json::from_str(text)?;
        let version = text_at(&document, "/info/version")?.to_owned();
        let schemas = map_at(&document, "/components/schemas")?;
        let mut objects = Vec::with_capacity(schemas.len());
        for (name, schema) in schemas {
            objects.push(read_object(name, schema, schemas)?);
        }
        objects.sort_by(|a, b| a.name.cmp(&b.name));
        let operations = operation::read_all(&document, schemas)?;
        let events = meta::read_events(&document, schemas, &operations)?;
        let errors = meta::read_errors(&document, schemas)?;
        Ok(Self {
            version,
            operations,
            objects,
            events,
            errors,
        })
    }
}

fn read_object(
    name: &str,
    schema: &Value,
    schemas: &Map<String, Value>,
) -> Result<Object, SpecError> {
    let place = Pointer::new("/components/schemas").child(name);
    let reader = Reader {
        schemas,
        request: false,
        v2: name.starts_with("v2."),
    };
    let body = match reader.named(schema, &place)? {
        crate::Shape::Object { fields, .. } => ObjectBody::Fields(fields),
        other => ObjectBody::Alias(other),
    };
    let class = schema
        .get("x-stripeClass")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .or_else(|| {
            let resource = schema.get("x-stripeResource")?;
            let class = resource.get("class_name")?.as_str()?;
            match resource.get("in_package").and_then(Value::as_str) {
                Some(package) if !package.is_empty() => Some(format!("{package}.{class}")),
                _ => Some(class.to_owned()),
            }
        });
    let mut expandable: Vec<String> = strings(schema.get("x-expandableFields"))
        .into_iter()
        .map(str::to_owned)
        .collect();
    expandable.sort_unstable();
    let mut object = Object {
        name: name.to_owned(),
        resource: schema.get("x-resourceId").is_some(),
        deleted: false,
        class,
        expandable,
        body,
    };
    object.deleted = object
        .field("deleted")
        .is_some_and(|field| field.shape == crate::Shape::ConstBool(true));
    Ok(object)
}

fn at<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    document.pointer(pointer)
}

fn map_at<'a>(document: &'a Value, pointer: &str) -> Result<&'a Map<String, Value>, SpecError> {
    at(document, pointer)
        .and_then(Value::as_object)
        .ok_or_else(|| SpecError::Expected {
            path: pointer.to_owned(),
            expected: "an object",
        })
}

fn text_at<'a>(document: &'a Value, pointer: &str) -> Result<&'a str, SpecError> {
    at(document, pointer)
        .and_then(Value::as_str)
        .ok_or_else(|| SpecError::Expected {
            path: pointer.to_owned(),
            expected: "a string",
        })
}

/// The strings of an array. Members of other types are left out; another value than an array gives none.
fn strings(value: Option<&Value>) -> Vec<&str> {
    value
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}
