//! Every operation of the description, asked with the least it takes, answers in the shape the description gives.

use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tollway_engine::description::Description;
use tollway_spec::{ApiMode, Encoding, Field, ObjectBody, Operation, Shape, Verb};
use tower::ServiceExt;

use crate::ctx::noun;
use crate::generic::mock::refers_to;
use crate::generic::{Action, GenericCtx as _, Plan, plan_of};
use crate::params::to_form;
use crate::world::World;
use crate::{Clock, Ctx, Emulator, EmulatorBuilder, Mode};

struct Walk {
    emulator: Emulator,
    world: Arc<World>,
}

impl Walk {
    fn new() -> Self {
        Self::set_up(|builder| builder)
    }

    fn set_up(change: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let builder = Emulator::builder()
            .clock(Clock::manual(1_700_000_000))
            .seed(1);
        let emulator = change(builder).build().unwrap();
        let world = emulator.engine().worlds().open("walk");
        Self { emulator, world }
    }

    fn api(&self) -> &Description {
        self.emulator.engine().description()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Ctx<'_>) -> T) -> T {
        let scope = self.world.lock().platform_scope(Mode::Test);
        self.emulator
            .engine()
            .transact_internal(&self.world, scope, |ctx| Ok(work(ctx)))
            .unwrap()
    }

    /// Keeps a plain object of this type and id.
    fn plant(&self, object_type: &str, id: &str, parent: Option<&str>, status: Option<&str>) {
        self.with(|ctx| {
            let mut object = ctx.blank(object_type);
            object.insert("id".into(), id.into());
            if let Some(status) = status {
                object.insert("status".into(), status.into());
            }
            let now = ctx.now();
            ctx.world.store.insert_under(
                &ctx.scope,
                object_type,
                parent,
                &Value::Object(object),
                now,
            );
        });
    }

    /// Lets planted objects that could name an object of this type, and name none, name a planted one.
    fn refer(&self, object_type: &str) {
        let id = format!("{object_type}_planted");
        self.plant(object_type, &id, None, None);
        self.with(|ctx| {
            let types: Vec<_> = ctx.world.store.types(&ctx.scope).cloned().collect();
            for kept_type in types.iter().filter(|name| !name.starts_with('_')) {
                let described = ctx.services.description().object(kept_type);
                let fields = described.map_or(&[][..], |described| described.fields());
                let names = fields.iter().map(|field| field.name.as_str());
                let names: Vec<_> = names.filter(|name| refers_to(name, object_type)).collect();
                for mut object in ctx.world.store.all(&ctx.scope, kept_type) {
                    for name in &names {
                        if object[name].as_str().is_none_or(str::is_empty) {
                            object[name] = id.as_str().into();
                        }
                    }
                    ctx.update(kept_type, &object);
                }
            }
        });
    }

    /// The path with objects planted for its parameters.
    fn path(&self, operation: &Operation, plan: &Plan) -> String {
        let own_account = self.world.lock().platform.account.to_string();
        let mut values: Vec<String> = operation
            .path_params
            .iter()
            .map(|name| format!("{name}_planted"))
            .collect();
        let status = match plan.action {
            Action::Transition(row) => row.from.first().copied(),
            // A draft has no paper.
            Action::Stream => Some("open"),
            _ => None,
        };
        let mut parent_id = None;
        if let Some(parent) = &plan.parent {
            if parent.object_type == "account" {
                values[parent.index] = own_account;
            } else {
                let status = status.filter(|_| matches!(plan.action, Action::Stream));
                self.plant(&parent.object_type, &values[parent.index], None, status);
            }
            parent_id = Some(values[parent.index].clone());
        }
        if let (Some(id), Some(resource)) = (plan.id, &plan.resource) {
            if resource == "account" {
                values[id] = self.world.lock().platform.account.to_string();
            } else {
                self.plant(resource, &values[id], parent_id.as_deref(), status);
            }
        }
        let mut values = values.into_iter();
        let parts = operation.path.split('/').map(|part| {
            if part.starts_with('{') {
                values.next().unwrap()
            } else {
                part.to_owned()
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }

    async fn ask(&self, operation: &Operation, path: &str, params: &Value) -> (u16, Value) {
        let method = Method::from_bytes(operation.verb.as_str().as_bytes()).unwrap();
        let mut request = Request::builder()
            .method(method)
            .header("authorization", "Bearer sk_test_walk")
            .header("stripe-version", self.api().catalog().version());
        let form = to_form(params.as_object().unwrap());
        let (uri, body) = match (operation.encoding, operation.verb) {
            (Encoding::Json, _) => {
                request = request.header("content-type", "application/json");
                (path.to_owned(), params.to_string())
            }
            (Encoding::Multipart, _) => {
                request = request.header("content-type", "multipart/form-data; boundary=XX");
                (path.to_owned(), multipart())
            }
            (_, Verb::Post) => {
                request = request.header("content-type", "application/x-www-form-urlencoded");
                (path.to_owned(), form)
            }
            _ => (format!("{path}?{form}"), String::new()),
        };
        let response = self
            .emulator
            .router()
            .oneshot(request.uri(uri).body(Body::from(body)).unwrap())
            .await
            .unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    /// Asks, and plants what the answer says is missing.
    async fn answer(&self, operation: &Operation, path: &str, params: &Value) -> (u16, Value) {
        for _ in 0..10 {
            let (status, body) = self.ask(operation, path, params).await;
            let error = &body["error"];
            let missing = error["message"]
                .as_str()
                .and_then(|message| message.strip_prefix("No such ")?.split_once(": '"));
            let Some((what, id)) = missing.filter(|_| error["code"] == "resource_missing") else {
                return (status, body);
            };
            let id = id.trim_end_matches('\'');
            let types = self
                .api()
                .catalog()
                .object_names()
                .iter()
                .filter(|name| noun(name) == what);
            if id.is_empty() {
                types.for_each(|name| self.refer(name));
            } else {
                types.for_each(|name| self.plant(name, id, None, None));
            }
        }
        self.ask(operation, path, params).await
    }
}

/// Everything an operation takes, objects within objects as far as `depth`.
fn most(api: &Description, fields: &[Field], depth: usize) -> Value {
    let member = |field: &Field| {
        let value = match (&field.shape, field.name.as_str()) {
            // No file and no expansion; and of two ways to say where to go on, neither.
            (Shape::Binary, _)
            | (_, "expand" | "include" | "ending_before" | "starting_after" | "page") => {
                return None;
            }
            (_, "limit") => json!(3),
            (_, "query") => json!("created>0"),
            (_, "number") => json!("4242424242424242"),
            (shape, _) => match most_of(api, shape, depth) {
                Some(value) => value,
                None if field.required => named_value(api, field),
                None => return None,
            },
        };
        Some((field.name.clone(), value))
    };
    Value::Object(fields.iter().filter_map(member).collect())
}

fn most_of(api: &Description, shape: &Shape, depth: usize) -> Option<Value> {
    let inside = |fields: &[Field]| {
        let object = most(api, fields, depth.checked_sub(1)?);
        (object != json!({})).then_some(object)
    };
    match shape {
        Shape::Object { fields, .. } => inside(fields),
        Shape::Ref(name) => match &api.object(name)?.body {
            ObjectBody::Fields(fields) => inside(fields),
            ObjectBody::Alias(alias) => most_of(api, alias, depth),
        },
        Shape::Array(item) => Some(json!([most_of(api, item, depth)?])),
        Shape::Map(item) => Some(json!({"key": most_of(api, item, depth)?})),
        Shape::Nullable(inner) => most_of(api, inner, depth),
        Shape::Union { variants, .. } => most_of(api, &variants[0], depth),
        scalar => Some(value(api, scalar)),
    }
}

/// The least an operation takes. A form cannot say «an empty object», so an object has at least one member.
fn least(api: &Description, fields: &[Field]) -> Value {
    let sendable = |field: &&Field| !matches!(field.shape, Shape::Binary);
    let required = fields
        .iter()
        .filter(|field| field.required)
        .filter(sendable);
    Value::Object(
        required
            .map(|field| (field.name.clone(), named_value(api, field)))
            .collect(),
    )
}

fn least_object(api: &Description, fields: &[Field]) -> Value {
    match least(api, fields) {
        Value::Object(members) if members.is_empty() => Value::Object(
            fields
                .iter()
                .take(1)
                .map(|field| (field.name.clone(), named_value(api, field)))
                .collect(),
        ),
        some => some,
    }
}

fn named_value(api: &Description, field: &Field) -> Value {
    if field.name == "query" {
        json!("created>0")
    } else {
        value(api, &field.shape)
    }
}

fn value(api: &Description, shape: &Shape) -> Value {
    match shape {
        Shape::Integer | Shape::Number => json!(1),
        Shape::UnixTime => json!(1_700_000_100),
        Shape::Boolean => json!(true),
        Shape::Currency => json!("usd"),
        Shape::Decimal | Shape::Int64 => json!("1"),
        Shape::DateTime => json!("2026-01-01T00:00:00Z"),
        Shape::Enum { values, .. } => json!(values.iter().find(|value| !value.is_empty())),
        Shape::Const(text) => json!(text),
        Shape::ConstBool(flag) => json!(flag),
        Shape::Array(item) => json!([value(api, item)]),
        Shape::Map(item) => json!({"key": value(api, item)}),
        Shape::Object { fields, .. } => least_object(api, fields),
        Shape::Ref(name) => match api.object(name).map(|object| &object.body) {
            Some(ObjectBody::Fields(fields)) => least_object(api, fields),
            Some(ObjectBody::Alias(alias)) => value(api, alias),
            None => json!({}),
        },
        Shape::Union { variants, .. } => value(api, &variants[0]),
        Shape::Nullable(inner) => value(api, inner),
        _ => json!("text"),
    }
}

fn multipart() -> String {
    "--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\naccount_requirement\r\n--XX\r\n\
     Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--XX--\r\n"
        .into()
}

/// Whether a value has the shape that the description gives.
fn fits(api: &Description, shape: &Shape, value: &Value, at: &str) -> Result<(), String> {
    let wrong = |expected: &str| Err(format!("{at}: expected {expected}, found {value}"));
    let is = |good: bool, expected: &str| if good { Ok(()) } else { wrong(expected) };
    match shape {
        Shape::Integer | Shape::UnixTime => is(value.is_i64(), "an integer"),
        Shape::Number => is(value.is_number(), "a number"),
        Shape::Boolean => is(value.is_boolean(), "a boolean"),
        Shape::String | Shape::Currency | Shape::Decimal | Shape::DateTime | Shape::Int64 => {
            is(value.is_string(), "a text")
        }
        Shape::Enum { values, open } => {
            let known = value
                .as_str()
                .is_some_and(|text| *open || values.iter().any(|value| value == text));
            is(known, "a word of the enum")
        }
        Shape::Const(text) => is(value == text, text),
        Shape::ConstBool(flag) => is(value == flag, "a fixed flag"),
        Shape::Any | Shape::Binary => Ok(()),
        Shape::Array(item) => match value.as_array() {
            Some(items) => items
                .iter()
                .try_for_each(|value| fits(api, item, value, &format!("{at}[]"))),
            None => wrong("a list"),
        },
        Shape::Map(item) => match value.as_object() {
            Some(members) => members
                .iter()
                .try_for_each(|(key, value)| fits(api, item, value, &format!("{at}.{key}"))),
            None => wrong("a map"),
        },
        Shape::Object { fields, .. } => members(api, fields, value, at),
        Shape::Ref(name) => match &api.object(name).unwrap().body {
            ObjectBody::Fields(fields) => members(api, fields, value, at),
            ObjectBody::Alias(alias) => fits(api, alias, value, at),
        },
        Shape::Union { variants, .. } => {
            let results: Vec<_> = variants
                .iter()
                .map(|variant| fits(api, variant, value, at))
                .collect();
            if results.iter().any(Result::is_ok) {
                Ok(())
            } else {
                results.into_iter().next().unwrap_or(Ok(()))
            }
        }
        Shape::Expandable { targets } if value.is_string() || targets.is_empty() => Ok(()),
        Shape::Expandable { targets } => fits(api, &Shape::Ref(targets[0].clone()), value, at),
        Shape::List(item) => {
            is(
                value["object"] == "list"
                    && value["has_more"].is_boolean()
                    && value["url"].is_string(),
                "a list",
            )?;
            fits(api, &Shape::Array(item.clone()), &value["data"], at)
        }
        Shape::SearchResult(item) => {
            is(value["object"] == "search_result", "a search result")?;
            fits(api, &Shape::Array(item.clone()), &value["data"], at)
        }
        Shape::V2Page(item) => fits(api, &Shape::Array(item.clone()), &value["data"], at),
        Shape::Nullable(inner) => {
            if value.is_null() {
                Ok(())
            } else {
                fits(api, inner, value, at)
            }
        }
    }
}

fn members(api: &Description, fields: &[Field], value: &Value, at: &str) -> Result<(), String> {
    let Some(members) = value.as_object() else {
        return Err(format!("{at}: expected an object, found {value}"));
    };
    for field in fields {
        let here = format!("{at}.{}", field.name);
        match members.get(&field.name) {
            None if field.required => return Err(format!("{here} is missing")),
            None => {}
            Some(Value::Null) if field.nullable => {}
            Some(value) => fits(api, &field.shape, value, &here)?,
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_operation_answers_in_its_shape() {
    let walk = Walk::new();
    let engine = Arc::clone(walk.emulator.engine());
    let api = engine.description();
    let mut faults = Vec::new();
    for (index, entry) in api.catalog().operations().iter().enumerate() {
        let operation = entry.get();
        if operation.path.starts_with("/oauth/") {
            continue;
        }
        let plan = plan_of(engine.services(), index).unwrap();
        let path = walk.path(operation, plan);
        let params = least(api, &operation.params);
        let (status, body) = walk.answer(operation, &path, &params).await;
        let generic = plan.handler.is_none();
        let verdict = if status == 200 {
            fits(api, &operation.response, &body, "")
        } else if status < 500 && !generic && body["error"]["message"].is_string() {
            // A behaviour may want more than the least, and says so.
            Ok(())
        } else {
            Err(format!("status {status}: {}", body["error"]["message"]))
        };
        if let Err(fault) = verdict {
            faults.push(format!(
                "{} {} ({}): {fault}",
                operation.verb, operation.path, plan.name
            ));
        }
    }
    let v1 = faults
        .iter()
        .filter(|fault| !fault.contains(" /v2/"))
        .count();
    assert!(
        faults.is_empty(),
        "{} operations, {v1} of them v1:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(
        api.catalog()
            .operations()
            .iter()
            .filter(|entry| entry.get().mode == ApiMode::V1)
            .count()
            > 550
    );
}

/// What test suites written for stripe-mock do: every operation, for objects nobody made, with few parameters and with many.
#[tokio::test]
async fn a_mock_answers_every_operation_whatever_exists() {
    let walk = Walk::set_up(|builder| builder.mock(true));
    let engine = Arc::clone(walk.emulator.engine());
    let api = engine.description();
    let mut faults = Vec::new();
    for (index, entry) in api.catalog().operations().iter().enumerate() {
        let operation = entry.get();
        if operation.path.starts_with("/oauth/") {
            continue;
        }
        let name = &plan_of(engine.services(), index).unwrap().name;
        let all = [
            least(api, &operation.params),
            most(api, &operation.params, 1),
            most(api, &operation.params, 6),
        ];
        for (round, params) in all.iter().enumerate() {
            let path = operation.path.replace('{', &format!("nobody_{round}_"));
            let path = path.replace('}', "");
            let (status, body) = walk.ask(operation, &path, params).await;
            let verdict = if status == 200 {
                fits(api, &operation.response, &body, "")
            } else {
                Err(format!("status {status}: {}", body["error"]["message"]))
            };
            if let Err(fault) = verdict {
                faults.push(format!("{} {path} ({name}): {fault}", operation.verb));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} answers:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
