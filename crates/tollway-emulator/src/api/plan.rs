//! What to do for an operation, worked out once from the description.

use std::sync::OnceLock;

use tollway_spec::{Field, Kind, Object, Operation, Shape, Verb};

use super::Api;
use crate::generic::Common;
use crate::registry::{Behaviour, Concern, Registry};
use crate::transitions::{self, Transition};

/// What is known about an operation beyond its line in the description.
#[derive(Debug)]
pub(crate) struct Plan {
    /// `customers.create`.
    pub(crate) name: String,
    /// Its own behaviour, if it has one, and which requests that is for; it goes before the action.
    pub(crate) behaviour: Option<(Behaviour, Concern)>,
    /// What the generic state does for it.
    pub(crate) action: Action,
    /// The type of the objects it is about.
    pub(crate) resource: Option<String>,
    /// The object in the path that the object of this operation is a part of: its type, and its place among the path's parameters.
    pub(crate) parent: Option<Parent>,
    /// The place of the object's own id among the path's parameters; none for lists, creations and singletons.
    pub(crate) id: Option<usize>,
    /// What all objects it makes have in common, worked out by the first one; none if each is made from nothing.
    pub(crate) common: OnceLock<Option<Common>>,
}

/// The object that another one is a part of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parent {
    pub(crate) object_type: String,
    pub(crate) index: usize,
}

/// Kinds of generic operation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Create,
    Retrieve,
    Update,
    Delete,
    List,
    Search,
    /// A row of the transition table.
    Transition(&'static Transition),
    /// Answers with an object that is worked out and not kept, as previews are.
    Compute,
    /// Bytes, as of a PDF.
    Stream,
}

impl Plan {
    pub(super) fn new(api: &Api, operation: &Operation, registry: &Registry) -> Self {
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
            behaviour: registry.entry(&name),
            name,
            action,
            resource,
            parent,
            id,
            common: OnceLock::new(),
        }
    }
}

/// What the operation is about: for a deletion the live object, not what is left of it.
fn resource(api: &Api, operation: &Operation) -> Option<String> {
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
    api: &Api,
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
fn path_type<'a>(api: &'a Api, segments: &[&str], index: usize) -> Option<&'a str> {
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
    api: &Api,
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
