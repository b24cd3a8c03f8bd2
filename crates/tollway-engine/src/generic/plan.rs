//! What to do for an operation, worked out once from the description.

use std::sync::OnceLock;

use tollway_spec::{Field, Kind, Object, Operation, Shape, Verb};

use super::ObjectTemplate;
use super::handlers::{AnyHandler, AppliesTo, Handlers};
use crate::description::Description;
use crate::services::Services;
use crate::transitions::{self, Transition};

/// The handlers by operation, and what was worked out for each operation at its first use.
#[derive(Debug)]
pub struct Operations {
    handlers: Handlers,
    /// By the operation's index in the catalog.
    plans: Box<[OnceLock<Plan>]>,
}

impl Operations {
    /// For all operations of a description.
    #[must_use]
    pub fn new(description: &Description, handlers: Handlers) -> Self {
        let operations = description.catalog().operations().iter();
        Self {
            handlers,
            plans: operations.map(|_| OnceLock::new()).collect(),
        }
    }

    /// The names of all operations that have a handler.
    pub fn handled(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.names()
    }
}

/// An operation with its plan, and the values of its path.
#[derive(Debug)]
pub struct Matched<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// What is known about it beyond the description.
    pub plan: &'a Plan,
    /// Parts of the path by name, decoded.
    pub path: Vec<(String, String)>,
}

/// The operation at this URL path (still percent-encoded).
#[must_use]
pub fn find_operation<'s>(services: &'s Services, verb: Verb, path: &str) -> Option<Matched<'s>> {
    let (index, values) = services.description().find(verb, path)?;
    let operation = services.description().operation(index);
    let path = operation.path_params.iter().cloned().zip(values).collect();
    Some(Matched {
        operation,
        plan: plan_of(services, index)?,
        path,
    })
}

/// The operation that the official clients call `customers.create`.
#[must_use]
pub fn named_operation<'s>(services: &'s Services, name: &str) -> Option<Matched<'s>> {
    let index = services.description().index_of(name)?;
    Some(Matched {
        operation: services.description().operation(index),
        plan: plan_of(services, index)?,
        path: Vec::new(),
    })
}

/// The plan of the operation at an index of the catalog; none if no operations were registered.
#[must_use]
pub fn plan_of(services: &Services, index: usize) -> Option<&Plan> {
    let operations = services.get::<Operations>()?;
    let description = services.description();
    let operation = description.operation(index);
    let plan = operations.plans[index]
        .get_or_init(|| Plan::new(description, operation, &operations.handlers));
    Some(plan)
}

/// What is known about an operation beyond its line in the description.
#[derive(Debug)]
pub struct Plan {
    /// `customers.create`.
    pub name: String,
    /// Its handler, if it has one, and which requests that is for; it goes before the action.
    pub handler: Option<(AnyHandler, AppliesTo)>,
    /// What the generic state does for it.
    pub action: Action,
    /// The type of the objects it is about.
    pub resource: Option<String>,
    /// The object in the path that the object of this operation is a part of: its type, and its place among the path's parameters.
    pub parent: Option<Parent>,
    /// The place of the object's own id among the path's parameters; none for lists, creations and singletons.
    pub id: Option<usize>,
    /// The template of the objects it creates, made by the first creation; none if each is made from nothing.
    pub(super) template: OnceLock<Option<ObjectTemplate>>,
}

/// The object that another one is a part of.
#[derive(Debug, Clone, PartialEq)]
pub struct Parent {
    /// Its type.
    pub object_type: String,
    /// The place of its id among the path's parameters.
    pub index: usize,
}

/// Kinds of generic operation.
#[derive(Debug, Clone, Copy)]
pub enum Action {
    /// Creates an object.
    Create,
    /// Retrieves an object.
    Retrieve,
    /// Changes an object.
    Update,
    /// Deletes an object, or a part of one.
    Delete,
    /// Lists objects.
    List,
    /// Searches objects.
    Search,
    /// A row of the transition table.
    Transition(&'static Transition),
    /// Answers with an object that is worked out and not stored, as previews are.
    Compute,
    /// Bytes, as of a PDF.
    Stream,
}

impl Plan {
    fn new(api: &Description, operation: &Operation, handlers: &Handlers) -> Self {
        let name = format!("{}.{}", operation.service, operation.method);
        let resource = resource(api, operation);
        let segments: Vec<&str> = operation.path.split('/').collect();
        let id = own_id(api, operation, &segments, resource.as_deref());
        let parent = parent(api, operation, &segments, id);
        let action = action(
            operation,
            &name,
            id,
            resource.as_deref().and_then(|name| api.object(name)),
        );
        Self {
            handler: handlers.get(&name),
            name,
            action,
            resource,
            parent,
            id,
            template: OnceLock::new(),
        }
    }
}

/// What the operation is about: for a deletion the live object, not what is left of it.
fn resource(api: &Description, operation: &Operation) -> Option<String> {
    let name = api.resource_of(&operation.response)?;
    let live = name
        .strip_prefix("deleted_")
        .filter(|_| api.object(name).is_some_and(|object| object.deleted));
    if let Some(live) = live {
        return Some(live.to_owned());
    }
    if operation.kind == Kind::Delete
        && let Some(retrieve) = api.at(Verb::Get, &operation.path)
    {
        return api.resource_of(&retrieve.response).map(str::to_owned);
    }
    Some(name.to_owned())
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

/// The last parameter of the path if it names the object of this operation: it ends the path, or an action on the object
/// follows, as in `/v1/charges/{charge}/capture`.
fn own_id(
    api: &Description,
    operation: &Operation,
    segments: &[&str],
    resource: Option<&str>,
) -> Option<usize> {
    let last = operation.path_params.len().checked_sub(1)?;
    if segments.last().is_some_and(|segment| is_parameter(segment)) {
        return Some(last);
    }
    let owner = path_type(api, segments, last);
    let acts_on_owner = operation.kind == Kind::Custom && (owner.is_none() || owner == resource);
    acts_on_owner.then_some(last)
}

/// The type of the object that the path's parameter at `index` names: what a retrieval of the path up to there answers.
fn path_type<'a>(api: &'a Description, segments: &[&str], index: usize) -> Option<&'a str> {
    let end = segments
        .iter()
        .enumerate()
        .filter(|(_, segment)| is_parameter(segment))
        .nth(index)?
        .0;
    let own = segments[..=end].join("/");
    let plain = own.replacen("/test_helpers", "", 1);
    let retrieval = [own, plain]
        .iter()
        .find_map(|template| api.at(Verb::Get, template))?;
    api.resource_of(&retrieval.response)
}

fn parent(
    api: &Description,
    operation: &Operation,
    segments: &[&str],
    id: Option<usize>,
) -> Option<Parent> {
    let index = match id {
        Some(id) => id.checked_sub(1)?,
        None => operation.path_params.len().checked_sub(1)?,
    };
    path_type(api, segments, index).map(|object_type| Parent {
        object_type: object_type.to_owned(),
        index,
    })
}

fn action(operation: &Operation, name: &str, id: Option<usize>, object: Option<&Object>) -> Action {
    if operation.response == Shape::Binary || operation.streaming {
        return Action::Stream;
    }
    if let Some(transition) = transitions::find(name) {
        return Action::Transition(transition);
    }
    let keeps_an_id = object.is_none_or(|object| {
        object.body_is_union()
            || object
                .field("id")
                .is_some_and(|field: &Field| field.required)
    });
    match (operation.kind, operation.verb) {
        (Kind::List, _) => Action::List,
        (Kind::Search, _) => Action::Search,
        (Kind::Delete, _) | (Kind::Custom, Verb::Delete) => Action::Delete,
        (Kind::Retrieve, _) => Action::Retrieve,
        (Kind::Custom, Verb::Get) if id.is_some() => Action::Retrieve,
        (Kind::Update, _) => Action::Update,
        (Kind::Custom, Verb::Post) if id.is_some() => Action::Update,
        (Kind::Create | Kind::Custom, Verb::Post) if keeps_an_id && !name.contains("preview") => {
            Action::Create
        }
        (Kind::Create | Kind::Custom, _) => Action::Compute,
    }
}

/// A small question that [`Object`] does not answer itself.
trait BodyKind {
    fn body_is_union(&self) -> bool;
}

impl BodyKind for Object {
    fn body_is_union(&self) -> bool {
        matches!(self.body, tollway_spec::ObjectBody::Alias(_))
    }
}
