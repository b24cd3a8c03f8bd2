//! Reads paths and verbs into [`Operation`]s.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::schema::{Pointer, Reader};
use super::{map_at, strings};
use crate::naming::{self, Paths};
use crate::{Alias, ApiMode, Encoding, Field, Host, Kind, Operation, Shape, SpecError, Verb};

const VERBS: &[(&str, Verb)] = &[
    ("delete", Verb::Delete),
    ("get", Verb::Get),
    ("post", Verb::Post),
];

/// Members of a path item that are not operations.
const PATH_MEMBERS: &[&str] = &["description", "parameters", "servers", "summary"];

pub(super) fn read_all(
    document: &Value,
    schemas: &Map<String, Value>,
) -> Result<Vec<Operation>, SpecError> {
    let paths = map_at(document, "/paths")?;
    let listed = naming::listed_methods(schemas);
    let names = Paths::new(paths.iter().map(|(path, item)| {
        (
            path.as_str(),
            VERBS
                .iter()
                .filter(|(verb, _)| item.get(*verb).is_some())
                .map(|(_, verb)| *verb)
                .collect(),
        )
    }));
    let mut operations = Vec::new();
    for (path, item) in paths {
        let place = Pointer::new("/paths").child(path);
        let members = item
            .as_object()
            .ok_or_else(|| place.expected("an object"))?;
        for (verb, operation) in members {
            if verb.starts_with("x-") || PATH_MEMBERS.contains(&verb.as_str()) {
                continue;
            }
            let place = place.child(verb);
            let Some((_, verb)) = VERBS.iter().find(|(name, _)| name == verb) else {
                return Err(place.unknown(format!("the method \"{verb}\"")));
            };
            operations.push(read_one(
                path, *verb, operation, &place, schemas, &names, &listed,
            )?);
        }
    }
    operations.sort_by(|a, b| (&a.path, a.verb).cmp(&(&b.path, b.verb)));
    refuse_duplicates(&operations)?;
    Ok(operations)
}

fn read_one(
    path: &str,
    verb: Verb,
    operation: &Value,
    place: &Pointer,
    schemas: &Map<String, Value>,
    names: &Paths,
    listed: &HashMap<(Verb, String), String>,
) -> Result<Operation, SpecError> {
    let v2 = path.starts_with("/v2/");
    let reader = Reader {
        schemas,
        request: true,
        v2,
    };
    let mut params = query_params(operation, &reader, place)?;
    let (body, encoding) = body_params(operation, &reader, place)?;
    params.extend(body);
    params.sort_by(|a, b| a.name.cmp(&b.name));

    let (response, streaming) = response(
        operation,
        &Reader {
            schemas,
            request: false,
            v2,
        },
        place,
    )?;
    let given = operation.get("x-stripeOperation");
    let text = |key: &str| {
        given
            .and_then(|given| given.get(key))
            .and_then(Value::as_str)
    };
    let derived = names.derive(path, verb, &response);
    let method = text("method")
        .map(str::to_owned)
        .or_else(|| listed.get(&(verb, path.to_owned())).cloned());
    let kind = match text("kind") {
        Some(kind) => {
            read_kind(kind).ok_or_else(|| place.unknown(format!("the method kind \"{kind}\"")))?
        }
        None => derived.kind,
    };
    Ok(Operation {
        id: operation
            .get("operationId")
            .and_then(Value::as_str)
            .map_or_else(|| format!("{verb} {path}"), str::to_owned),
        verb,
        path: path.to_owned(),
        service: text("service").map_or(derived.service, str::to_owned),
        method: method.unwrap_or(derived.method),
        kind,
        host: read_host(text("host"), operation, place)?,
        mode: if v2 { ApiMode::V2 } else { ApiMode::V1 },
        encoding: match encoding {
            Some(encoding) => encoding,
            None if verb == Verb::Post && v2 => Encoding::Json,
            None if verb == Verb::Post => Encoding::Form,
            None => Encoding::Query,
        },
        path_params: naming::path_params(path).map(str::to_owned).collect(),
        params,
        response,
        streaming,
        deprecated: operation.get("deprecated") == Some(&Value::Bool(true)),
        aliases: aliases(given),
        errors: strings(given.and_then(|given| given.get("errors")))
            .into_iter()
            .map(str::to_owned)
            .collect(),
    })
}

fn query_params(
    operation: &Value,
    reader: &Reader<'_>,
    place: &Pointer,
) -> Result<Vec<Field>, SpecError> {
    let mut params = Vec::new();
    let place = place.child("parameters");
    for (index, param) in operation
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let place = place.child(&index.to_string());
        let name = param
            .get("name")
            .and_then(Value::as_str)
            .ok_or_else(|| place.expected("a parameter with a name"))?;
        match param.get("in").and_then(Value::as_str) {
            Some("query") => {
                let schema = param
                    .get("schema")
                    .ok_or_else(|| place.expected("a parameter with a schema"))?;
                let read = reader.read(schema, &place.child("schema"))?;
                params
                    .push(read.into_field(name, param.get("required") == Some(&Value::Bool(true))));
            }
            // Path parameters are in the path itself; headers belong to every request.
            Some("path" | "header") => {}
            _ => return Err(place.unknown("a parameter that is in neither path, query nor header")),
        }
    }
    Ok(params)
}

fn body_params(
    operation: &Value,
    reader: &Reader<'_>,
    place: &Pointer,
) -> Result<(Vec<Field>, Option<Encoding>), SpecError> {
    let place = place.child("requestBody").child("content");
    let Some(content) = operation
        .pointer("/requestBody/content")
        .and_then(Value::as_object)
    else {
        return Ok((Vec::new(), None));
    };
    let known = [
        ("multipart/form-data", Encoding::Multipart),
        ("application/x-www-form-urlencoded", Encoding::Form),
        ("application/json", Encoding::Json),
    ];
    let Some((media, encoding)) = known
        .into_iter()
        .find(|(media, _)| content.contains_key(*media))
    else {
        return Err(place.unknown("a body of another media type"));
    };
    let place = place.child(media).child("schema");
    let schema = content
        .get(media)
        .and_then(|media| media.get("schema"))
        .ok_or_else(|| place.expected("a schema"))?;
    match reader.named(schema, &place)? {
        // Older documents give every GET an empty body; it means nothing.
        Shape::Object { fields, .. } if fields.is_empty() => Ok((fields, None)),
        Shape::Object { fields, .. } => Ok((fields, Some(encoding))),
        // A body by reference or without described members.
        Shape::Ref(name) => {
            let target = reader
                .schemas
                .get(&name)
                .ok_or_else(|| place.expected("a schema"))?;
            match reader.named(target, &Pointer::new("/components/schemas").child(&name))? {
                Shape::Object { fields, .. } => Ok((fields, Some(encoding))),
                _ => Err(place.unknown("a body that is not an object")),
            }
        }
        Shape::Any => Ok((Vec::new(), Some(encoding))),
        _ => Err(place.unknown("a body that is not an object")),
    }
}

/// The shape of a 2xx response, and whether it is bytes.
fn response(
    operation: &Value,
    reader: &Reader<'_>,
    place: &Pointer,
) -> Result<(Shape, bool), SpecError> {
    let place = place.child("responses");
    let responses = operation
        .get("responses")
        .and_then(Value::as_object)
        .ok_or_else(|| place.expected("an object"))?;
    let Some((status, success)) = responses.iter().find(|(status, _)| status.starts_with('2'))
    else {
        return Err(place.expected("a 2xx response"));
    };
    let Some(content) = success
        .get("content")
        .and_then(Value::as_object)
        .filter(|content| !content.is_empty())
    else {
        return Ok((Shape::Any, false));
    };
    let place = place.child(status).child("content");
    let Some(json) = content.get("application/json") else {
        return Ok((Shape::Binary, true));
    };
    let schema = json
        .get("schema")
        .ok_or_else(|| place.expected("a schema"))?;
    let read = reader.read(schema, &place.child("application/json").child("schema"))?;
    Ok((read.shape, false))
}

fn read_kind(kind: &str) -> Option<Kind> {
    Some(match kind {
        "list" => Kind::List,
        "search" => Kind::Search,
        "create" => Kind::Create,
        "retrieve" => Kind::Retrieve,
        "update" => Kind::Update,
        "delete" => Kind::Delete,
        "custom" => Kind::Custom,
        _ => return None,
    })
}

fn read_host(given: Option<&str>, operation: &Value, place: &Pointer) -> Result<Host, SpecError> {
    let server = operation.pointer("/servers/0/url").and_then(Value::as_str);
    Ok(match (given, server) {
        (Some("api"), _) | (None, None) => Host::Api,
        (Some("files"), _) => Host::Files,
        (Some("meter_events"), _) => Host::MeterEvents,
        (Some("connect"), _) => Host::Connect,
        (Some(host), _) => return Err(place.unknown(format!("the host \"{host}\""))),
        (None, Some(url)) if url.contains("://files.") => Host::Files,
        (None, Some(url)) if url.contains("://meter-events.") => Host::MeterEvents,
        (None, Some(url)) if url.contains("://connect.") => Host::Connect,
        (None, Some(url)) if url.contains("://api.") => Host::Api,
        (None, Some(url)) => return Err(place.unknown(format!("the server \"{url}\""))),
    })
}

fn aliases(given: Option<&Value>) -> Vec<Alias> {
    let listed = given
        .and_then(|given| given.get("aliases"))
        .and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter_map(|alias| {
            let text = |key: &str| Some(alias.get(key)?.as_str()?.to_owned());
            Some(Alias {
                service: text("service")?,
                method: text("method")?,
            })
        })
        .collect()
}

fn refuse_duplicates(operations: &[Operation]) -> Result<(), SpecError> {
    let mut seen: HashMap<(&str, &str), &Operation> = HashMap::new();
    for operation in operations {
        if let Some(first) = seen.insert((&operation.service, &operation.method), operation) {
            return Err(SpecError::DuplicateMethod {
                path: format!("{} {}", operation.verb, operation.path),
                service: operation.service.clone(),
                method: operation.method.clone(),
                other: format!("{} {}", first.verb, first.path),
            });
        }
    }
    Ok(())
}
