//! Which Rust type stands for which schema, and in which file everything goes.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use tollway_spec::{Kind, Object, ObjectBody, Operation, Shape, Spec};

use super::coverage_tests::CoverageTests;
use super::names::{Taken, ident, pascal, singular, snake};
use super::same::{Named, Same};

/// What the SDK reads by hand: errors, and the answers of OAuth.
pub(crate) const NO_VIEW: &[&str] = &["error", "oauth_error", "oauth_token", "v2.error"];

/// A piece of a generated file.
pub(super) struct Chunk {
    /// Which resource it belongs to: the name of the file.
    pub(super) group: String,
    pub(super) part: Part,
    pub(super) code: String,
    /// The name that the code is about, when it depends on which types turn out to be the same.
    named: Option<Named>,
}

/// The parts of a resource, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Model,
    Events,
    Service,
    Requests,
    Params,
    Enums,
}

/// What the whole description becomes.
pub(super) struct Plan<'a> {
    pub(super) spec: &'a Spec,
    pub(super) taken: Taken,
    pub(super) chunks: Vec<Chunk>,
    pub(super) same: Same,
    pub(super) coverage_tests: CoverageTests,
    /// Rust type by component.
    types: HashMap<&'a str, String>,
    /// Group by component.
    groups: HashMap<&'a str, String>,
    /// For a part of a resource, the resource and where in it the part is.
    places: HashMap<&'a str, (&'a str, Vec<String>)>,
    /// The service that makes or reads a resource.
    services: HashMap<&'a str, &'a str>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(spec: &'a Spec) -> Self {
        let mut plan = Self {
            spec,
            taken: Taken::default(),
            chunks: Vec::new(),
            same: Same::default(),
            coverage_tests: CoverageTests::default(),
            types: HashMap::new(),
            groups: HashMap::new(),
            places: places(spec),
            services: HashMap::new(),
        };
        for operation in &spec.operations {
            let resource = Self::resource_of(operation);
            if let Some(resource) = resource
                && matches!(operation.kind, Kind::Create | Kind::Retrieve | Kind::List)
                && !operation.service.contains("test_helpers")
            {
                plan.services.entry(resource).or_insert(&operation.service);
            }
        }
        plan.name_types();
        plan
    }

    fn name_types(&mut self) {
        let by_class: HashMap<&str, &Object> = self
            .spec
            .objects
            .iter()
            .filter(|o| o.resource)
            .filter_map(|o| Some((o.class.as_deref()?, o)))
            .collect();
        // Resources first: they get the short names.
        let mut objects: Vec<&Object> = self
            .spec
            .objects
            .iter()
            .filter(|object| !NO_VIEW.contains(&object.name.as_str()))
            .collect();
        objects.sort_by_key(|object| (!object.resource, object.deleted));
        for object in objects {
            let name = match &object.class {
                Some(class) => class.replace('.', "").replace("V2V2", "V2"),
                None => pascal(&object.name),
            };
            let name = self.taken.claim(&[name, pascal(&object.name)]);
            self.types.insert(&object.name, name);
            let group = self.group_of(object, &by_class);
            self.groups.insert(&object.name, group);
        }
    }

    fn group_of(&self, object: &'a Object, by_class: &HashMap<&str, &Object>) -> String {
        let file = |name: &str| ident(&snake(&name.replace('.', "_")), &["mod", "enums", "events"]);
        let mut name = object.name.as_str();
        if let Some(rest) = name.strip_prefix("deleted_") {
            name = rest;
        } else if !object.resource
            && let Some(class) = &object.class
        {
            let mut prefix = class.as_str();
            while let Some((shorter, _)) = prefix.rsplit_once('.') {
                prefix = shorter;
                if let Some(resource) = by_class.get(prefix) {
                    return file(&resource.name);
                }
            }
        } else if !object.resource
            && let Some((resource, _)) = self.places.get(name)
        {
            return file(resource);
        }
        file(name)
    }

    /// The component that an operation answers with.
    fn resource_of(operation: &'a Operation) -> Option<&'a str> {
        let mut shape = &operation.response;
        loop {
            match shape {
                Shape::Ref(name) => return Some(name),
                Shape::List(item) | Shape::SearchResult(item) | Shape::V2Page(item) => shape = item,
                Shape::Union { variants, .. } => shape = variants.first()?,
                _ => return None,
            }
        }
    }

    /// The file of a service: that of the resource it is about.
    pub(super) fn group_of_service(&self, service: &str, operations: &[&'a Operation]) -> String {
        let order = [
            Kind::Retrieve,
            Kind::Create,
            Kind::List,
            Kind::Update,
            Kind::Search,
            Kind::Custom,
            Kind::Delete,
        ];
        order
            .iter()
            .flat_map(|kind| {
                operations
                    .iter()
                    .filter(move |operation| operation.kind == *kind)
            })
            .find_map(|operation| self.groups.get(Self::resource_of(operation)?))
            .cloned()
            .unwrap_or_else(|| ident(&service.replace('.', "_"), &[]))
    }

    pub(super) fn group(&self, component: &str) -> String {
        self.groups
            .get(component)
            .cloned()
            .unwrap_or_else(|| ident(component, &[]))
    }

    /// The Rust type of a component.
    pub(super) fn type_of(&self, component: &str) -> Option<&str> {
        self.types.get(component).map(String::as_str)
    }

    /// Page, object name and path in it of a component, for links.
    pub(super) fn place_of(&self, component: &'a str) -> (String, String, Vec<String>) {
        let bare = component.strip_prefix("deleted_").unwrap_or(component);
        let (resource, path) = match self.places.get(bare) {
            Some((resource, path)) => (*resource, path.clone()),
            None => (bare, Vec::new()),
        };
        let service = self
            .services
            .get(resource)
            .map_or_else(|| plural(resource), |service| (*service).to_owned());
        (service, resource.to_owned(), path)
    }

    /// Services by path, with their operations in order.
    pub(super) fn operations_by_service(&self) -> BTreeMap<&'a str, Vec<&'a Operation>> {
        let mut services: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
        for operation in &self.spec.operations {
            services
                .entry(&operation.service)
                .or_default()
                .push(operation);
        }
        services
    }

    pub(super) fn push(&mut self, group: &str, part: Part, code: String) {
        self.chunks.push(Chunk {
            group: group.to_owned(),
            part,
            code,
            named: None,
        });
    }

    /// Adds the place of a type that may become an alias of another one.
    pub(super) fn push_named(&mut self, group: &str, part: Part, named: Named) {
        self.chunks.push(Chunk {
            group: group.to_owned(),
            part,
            code: String::new(),
            named: Some(named),
        });
    }

    /// All pieces, with each type written once.
    pub(super) fn finished_chunks(&mut self) -> Vec<Chunk> {
        let mut chunks = std::mem::take(&mut self.chunks);
        for chunk in &mut chunks {
            if let Some(named) = &chunk.named {
                chunk.code = self.same.code(named);
            }
        }
        chunks
    }
}

/// `checkout.sessions` → `CheckoutSession`.
pub(super) fn service_noun(service: &str) -> String {
    match service.rsplit_once('.') {
        Some((rest, last)) => format!("{}{}", pascal(rest), pascal(&singular(last))),
        None => pascal(&singular(service)),
    }
}

fn plural(resource: &str) -> String {
    if resource.ends_with('s') {
        resource.to_owned()
    } else {
        format!("{resource}s")
    }
}

/// The shortest way from a resource to each of its parts.
fn places(spec: &Spec) -> HashMap<&str, (&str, Vec<String>)> {
    let mut places: HashMap<&str, (&str, Vec<String>)> = HashMap::new();
    let mut queue: VecDeque<(&str, &str, Vec<String>)> = VecDeque::new();
    let resources: HashSet<&str> = spec
        .objects
        .iter()
        .filter(|o| o.resource)
        .map(|o| o.name.as_str())
        .collect();
    for object in spec.objects.iter().filter(|object| object.resource) {
        queue.push_back((&object.name, &object.name, Vec::new()));
    }
    while let Some((name, resource, path)) = queue.pop_front() {
        let Some(object) = spec.object(name) else {
            continue;
        };
        for field in object.fields() {
            for part in refs(&field.shape) {
                if !resources.contains(part) && !places.contains_key(part) {
                    let mut path = path.clone();
                    path.push(field.name.clone());
                    places.insert(part, (resource, path.clone()));
                    queue.push_back((part, resource, path));
                }
            }
        }
    }
    places
}

fn refs(shape: &Shape) -> Vec<&str> {
    match shape {
        Shape::Ref(name) => vec![name],
        Shape::Array(inner)
        | Shape::Map(inner)
        | Shape::List(inner)
        | Shape::SearchResult(inner)
        | Shape::V2Page(inner)
        | Shape::Nullable(inner) => refs(inner),
        Shape::Union { variants, .. } => variants.iter().flat_map(refs).collect(),
        Shape::Object { fields, .. } => {
            fields.iter().flat_map(|field| refs(&field.shape)).collect()
        }
        _ => Vec::new(),
    }
}

/// The components a union or expandable stands for: names of unions are replaced by their members, and a deleted object
/// goes with the object it was.
pub(super) fn members<'s>(spec: &'s Spec, names: &[&'s str]) -> Vec<&'s str> {
    let mut flat: Vec<&str> = Vec::new();
    let mut queue: VecDeque<&str> = names.iter().copied().collect();
    while let Some(name) = queue.pop_front() {
        match spec.object(name).map(|object| &object.body) {
            Some(ObjectBody::Alias(Shape::Union { variants, .. })) => {
                for variant in variants.iter().rev() {
                    if let Shape::Ref(inner) = variant {
                        queue.push_front(inner);
                    }
                }
            }
            _ if !flat.contains(&name) => flat.push(name),
            _ => {}
        }
    }
    let all = flat.clone();
    flat.retain(|name| {
        name.strip_prefix("deleted_")
            .is_none_or(|living| !all.contains(&living))
    });
    flat
}
