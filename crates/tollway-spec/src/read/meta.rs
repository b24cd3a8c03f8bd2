//! Reads event types and error codes.

use serde_json::{Map, Value};

use super::schema::{Pointer, Reader};
use super::{at, strings};
use crate::{Errors, Events, Operation, Shape, SpecError, V1Event, V2ErrorType, V2Event, Verb};

pub(super) fn read_events(
    document: &Value,
    schemas: &Map<String, Value>,
    operations: &[Operation],
) -> Result<Events, SpecError> {
    let Some(events) = at(document, "/x-stripeEvents") else {
        return Ok(Events {
            v1: subscribable(operations),
            v2: Vec::new(),
        });
    };
    let place = Pointer::new("/x-stripeEvents");
    let reader = Reader {
        schemas,
        request: false,
        v2: true,
    };
    let list = |key: &str| {
        events
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let text = |event: &Value, key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);

    let mut read = Events::default();
    for event in list("v1") {
        let type_ = text(event, "type").ok_or_else(|| place.expected("an event with a type"))?;
        read.v1.push(V1Event {
            type_,
            object: text(event, "object"),
        });
    }
    for event in list("v2") {
        let type_ = text(event, "type").ok_or_else(|| place.expected("an event with a type"))?;
        let data = match event.get("data").filter(|data| !data.is_null()) {
            Some(data) => Some(reader.named(data, &place.child(&type_).child("data"))?),
            None => None,
        };
        read.v2.push(V2Event {
            class: text(event, "class").ok_or_else(|| place.child(&type_).expected("a class"))?,
            related_object: text(event, "related_object"),
            related_object_singleton: event.get("related_object_singleton")
                == Some(&Value::Bool(true)),
            data,
            type_,
        });
    }
    read.v1.sort_by(|a, b| a.type_.cmp(&b.type_));
    read.v2.sort_by(|a, b| a.type_.cmp(&b.type_));
    Ok(read)
}

/// A document without a list of events has the event types in the parameters of webhook endpoints.
fn subscribable(operations: &[Operation]) -> Vec<V1Event> {
    let create = operations.iter().find(|operation| {
        operation.verb == Verb::Post && operation.path == "/v1/webhook_endpoints"
    });
    let field = create.and_then(|create| {
        create
            .params
            .iter()
            .find(|param| param.name == "enabled_events")
    });
    let Some(Shape::Array(items)) = field.map(|field| &field.shape) else {
        return Vec::new();
    };
    let Shape::Enum { values, .. } = items.as_ref() else {
        return Vec::new();
    };
    let mut types: Vec<_> = values
        .iter()
        .filter(|value| *value != "*")
        .cloned()
        .collect();
    types.sort_unstable();
    types
        .into_iter()
        .map(|type_| V1Event {
            type_,
            object: None,
        })
        .collect()
}

pub(super) fn read_errors(
    document: &Value,
    schemas: &Map<String, Value>,
) -> Result<Errors, SpecError> {
    let Some(errors) = at(document, "/x-stripeErrors") else {
        return Ok(Errors::default());
    };
    let place = Pointer::new("/x-stripeErrors").child("v2_types");
    let words = |key: &str| {
        strings(errors.get(key))
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let reader = Reader {
        schemas,
        request: false,
        v2: true,
    };
    let mut v2_types = Vec::new();
    for error in errors
        .get("v2_types")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let text = |key: &str| {
            error
                .get(key)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .ok_or_else(|| place.expected("an error type"))
        };
        let fields = match error.get("fields").and_then(Value::as_object) {
            Some(fields) => reader.fields(fields, &[], &place)?,
            None => Vec::new(),
        };
        v2_types.push(V2ErrorType {
            type_: text("type")?,
            class: text("class")?,
            fields,
        });
    }
    Ok(Errors {
        types: words("types"),
        oauth_types: words("oauth_types"),
        v2_types,
        codes: words("codes"),
        v2_codes: words("v2_codes"),
    })
}
