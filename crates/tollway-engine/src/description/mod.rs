//! The description of the API: which operation a URL is, and the shapes of operations, objects and events.
//!
//! The description is part of the program, one line for each operation and each object. At start only an index of the lines
//! is read; a line is parsed at its first use.

mod route;

use std::sync::OnceLock;

use foldhash::{HashMap, HashSet};
use tollway_spec::{Catalog, CatalogError, Object, Operation, OperationEntry, Shape, Verb};

use self::route::Routes;

/// The description, indexed.
#[derive(Debug)]
pub struct Description {
    catalog: Catalog,
    routes: Routes,
    names: OnceLock<HashMap<String, usize>>,
    events: OnceLock<EventNames>,
}

/// Event types by the objects they are about.
#[derive(Debug, Default)]
struct EventNames {
    by_object: HashMap<&'static str, Vec<&'static str>>,
    all: HashSet<&'static str>,
}

impl Description {
    /// Reads the description's index.
    ///
    /// # Errors
    /// If the generated files do not fit this program.
    pub fn load() -> Result<Self, CatalogError> {
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
        Ok(Self {
            catalog,
            routes,
            names: OnceLock::new(),
            events: OnceLock::new(),
        })
    }

    /// The model.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The operation at an index of the catalog.
    #[must_use]
    pub fn operation(&self, index: usize) -> &Operation {
        self.catalog.operations()[index].get()
    }

    /// The index of the operation at this URL path (still percent-encoded), and the decoded values of its path parameters.
    #[must_use]
    pub fn find(&self, verb: Verb, path: &str) -> Option<(usize, Vec<String>)> {
        self.routes.find(verb, path)
    }

    /// The index of the operation that the official clients call `customers.create`.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        let names = self.names.get_or_init(|| {
            let named = |(index, entry): (usize, &OperationEntry)| {
                let operation = entry.get();
                (format!("{}.{}", operation.service, operation.method), index)
            };
            let operations = self.catalog.operations().iter().enumerate();
            operations.map(named).collect()
        });
        names.get(name).copied()
    }

    /// The operation with this path template.
    #[must_use]
    pub fn at(&self, verb: Verb, template: &str) -> Option<&Operation> {
        self.routes
            .template(verb, template)
            .map(|index| self.catalog.operations()[index].get())
    }

    /// An object of the description by its name.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.catalog.object(name)
    }

    /// The type that a shape's objects are stored under: a resource's name, or a union's.
    #[must_use]
    pub fn resource_of<'s>(&self, shape: &'s Shape) -> Option<&'s str> {
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
        let description = Description::load().unwrap();
        let name_of = |verb, path: &str| {
            let (index, values) = description.find(verb, path)?;
            let operation = description.operation(index);
            let name = format!("{}.{}", operation.service, operation.method);
            assert_eq!(description.index_of(&name), Some(index));
            Some((name, values))
        };
        assert_eq!(
            name_of(Verb::Get, "/v1/customers/cus_%31/sources/card_1"),
            Some((
                "customers.payment_sources.retrieve".into(),
                vec!["cus_1".into(), "card_1".into()]
            ))
        );
        assert_eq!(name_of(Verb::Get, "/v1/nothing"), None);
        assert_eq!(name_of(Verb::Delete, "/v1/charges"), None);
        let search = name_of(Verb::Get, "/v1/customers/search").unwrap();
        assert_eq!(search.0, "customers.search");
    }

    #[test]
    fn the_default_version_is_the_descriptions() {
        assert_eq!(
            Description::load().unwrap().catalog().version(),
            crate::Config::default().api_version
        );
    }

    #[test]
    fn events_are_named_after_their_objects() {
        let description = Description::load().unwrap();
        assert_eq!(
            description.event_name("customer", "created"),
            Some("customer.created")
        );
        assert_eq!(
            description.event_name("subscription", "updated"),
            Some("customer.subscription.updated")
        );
        assert_eq!(description.event_name("customer", "exploded"), None);
    }
}
