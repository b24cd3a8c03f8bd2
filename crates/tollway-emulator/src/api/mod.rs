//! The API as the description has it: which operation a URL is, and what is known about that operation.
//!
//! The description is part of the program, one line an operation and one line an object. At start only an index of the lines
//! is read; a line is parsed when its operation is first asked for, and what follows from it (its [`Plan`]) is kept.

mod plan;
mod route;

use std::sync::OnceLock;

use foldhash::{HashMap, HashSet};
use tollway_spec::{Catalog, CatalogError, Object, Operation, OperationEntry, Shape, Verb};

pub(crate) use self::plan::{Action, Plan};
use self::route::Routes;
use crate::registry::Registry;

/// The description, indexed.
#[derive(Debug)]
pub struct Api {
    catalog: Catalog,
    routes: Routes,
    plans: Vec<OnceLock<Plan>>,
    names: OnceLock<HashMap<String, usize>>,
    events: OnceLock<EventNames>,
}

/// A URL that is an operation.
#[derive(Debug)]
pub(crate) struct Matched<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) plan: &'a Plan,
    /// Parts of the path by name, decoded.
    pub(crate) path: Vec<(String, String)>,
}

/// Event types by what they are about.
#[derive(Debug, Default)]
struct EventNames {
    by_object: HashMap<&'static str, Vec<&'static str>>,
    all: HashSet<&'static str>,
}

impl Api {
    /// Reads the description's index.
    ///
    /// # Errors
    /// If the generated files do not fit this program.
    pub(crate) fn load() -> Result<Self, CatalogError> {
        let catalog = Catalog::new(
            include_str!("../spec/operations.jsonl"),
            include_str!("../spec/objects.jsonl"),
            include_str!("../spec/meta.jsonl"),
            include_str!("../spec/index.txt"),
        )?;
        let mut routes = Routes::default();
        for (index, entry) in catalog.operations().iter().enumerate() {
            routes.add(entry.verb, entry.path, index);
        }
        let plans = catalog
            .operations()
            .iter()
            .map(|_| OnceLock::new())
            .collect();
        Ok(Self {
            catalog,
            routes,
            plans,
            names: OnceLock::new(),
            events: OnceLock::new(),
        })
    }

    /// The model.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The operation at this URL path (still percent-encoded).
    pub(crate) fn find(&self, verb: Verb, path: &str, registry: &Registry) -> Option<Matched<'_>> {
        let (index, values) = self.routes.find(verb, path)?;
        let operation = self.catalog.operations()[index].get();
        let plan = self.plans[index].get_or_init(|| Plan::new(self, operation, registry));
        let path = operation.path_params.iter().cloned().zip(values).collect();
        Some(Matched {
            operation,
            plan,
            path,
        })
    }

    /// The plan of the operation at an index of the catalog.
    pub(crate) fn plan(&self, index: usize, registry: &Registry) -> &Plan {
        let operation = self.catalog.operations()[index].get();
        self.plans[index].get_or_init(|| Plan::new(self, operation, registry))
    }

    /// The operation that the official clients call `customers.create`.
    pub(crate) fn named(&self, name: &str, registry: &Registry) -> Option<Matched<'_>> {
        let names = self.names.get_or_init(|| {
            let named = |(index, entry): (usize, &OperationEntry)| {
                (
                    format!("{}.{}", entry.get().service, entry.get().method),
                    index,
                )
            };
            self.catalog
                .operations()
                .iter()
                .enumerate()
                .map(named)
                .collect()
        });
        let index = *names.get(name)?;
        let operation = self.catalog.operations()[index].get();
        Some(Matched {
            operation,
            plan: self.plan(index, registry),
            path: Vec::new(),
        })
    }

    /// The operation with this path template.
    pub(crate) fn at(&self, verb: Verb, template: &str) -> Option<&Operation> {
        self.routes
            .template(verb, template)
            .map(|index| self.catalog.operations()[index].get())
    }

    /// An object of the description by its name.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.catalog.object(name)
    }

    /// The type that a shape's objects are filed under: a resource's name, or a union's.
    pub(crate) fn resource_of<'s>(&self, shape: &'s Shape) -> Option<&'s str> {
        match shape {
            Shape::Ref(name) => Some(name),
            Shape::List(item)
            | Shape::SearchResult(item)
            | Shape::V2Page(item)
            | Shape::Nullable(item) => self.resource_of(item),
            Shape::Union { variants, .. } => {
                let live = |name: &&str| self.object(name).is_none_or(|object| !object.deleted);
                variants
                    .iter()
                    .filter_map(|variant| self.resource_of(variant))
                    .find(live)
            }
            Shape::Expandable { targets } => targets.first().map(String::as_str),
            _ => None,
        }
    }

    /// The snapshot event for something that happened to an object: `customer`, `created` gives `customer.created`.
    #[must_use]
    pub fn event_name(&self, object_type: &str, happened: &str) -> Option<&'static str> {
        let names = self.events();
        let fits = |name: &&str| {
            name.strip_suffix(happened)
                .is_some_and(|stem| stem.ends_with('.'))
        };
        let own = names
            .by_object
            .get(object_type)
            .into_iter()
            .flatten()
            .copied();
        own.filter(fits).min_by_key(|name| name.len()).or_else(|| {
            let name = format!("{object_type}.{happened}");
            names.all.get(name.as_str()).copied()
        })
    }

    /// Whether the description has this snapshot event.
    #[must_use]
    pub fn has_event(&self, name: &str) -> bool {
        self.events().all.contains(name)
    }

    fn events(&self) -> &EventNames {
        self.events.get_or_init(|| {
            let mut names = EventNames::default();
            for event in &self.catalog.events().v1 {
                // A name lives as long as the program: there are a few hundred, made once.
                let name: &'static str = event.type_.clone().leak();
                names.all.insert(name);
                if let Some(object) = &event.object {
                    names
                        .by_object
                        .entry(object.clone().leak())
                        .or_default()
                        .push(name);
                }
            }
            names
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_operations() {
        let api = Api::load().unwrap();
        let registry = Registry::default();
        let found = api
            .find(Verb::Get, "/v1/customers/cus_%31/sources/card_1", &registry)
            .unwrap();
        assert_eq!(
            found.operation.path,
            "/v1/customers/{customer}/sources/{id}"
        );
        assert_eq!(
            found.path,
            [
                ("customer".into(), "cus_1".into()),
                ("id".into(), "card_1".into())
            ]
        );
        assert_eq!(found.plan.name, "customers.payment_sources.retrieve");
        assert!(api.find(Verb::Get, "/v1/nothing", &registry).is_none());
        assert!(api.find(Verb::Delete, "/v1/charges", &registry).is_none());
        let search = api
            .find(Verb::Get, "/v1/customers/search", &registry)
            .unwrap();
        assert_eq!(search.plan.name, "customers.search");
    }

    #[test]
    fn the_default_version_is_the_descriptions() {
        assert_eq!(
            Api::load().unwrap().catalog().version(),
            crate::Config::default().api_version
        );
    }

    #[test]
    fn events_are_named_after_their_objects() {
        let api = Api::load().unwrap();
        assert_eq!(
            api.event_name("customer", "created"),
            Some("customer.created")
        );
        assert_eq!(
            api.event_name("subscription", "updated"),
            Some("customer.subscription.updated")
        );
        assert_eq!(api.event_name("customer", "exploded"), None);
    }

    #[test]
    fn every_operation_has_a_plan_of_its_own_name() {
        let api = Api::load().unwrap();
        let registry = Registry::complete();
        let mut names = HashSet::default();
        for index in 0..api.catalog().operations().len() {
            assert!(names.insert(api.plan(index, &registry).name.clone()));
        }
        for operation in registry.operations() {
            assert!(
                names.contains(operation),
                "the description has no operation {operation}"
            );
        }
    }
}
