//! Service and method names for documents that have none for an operation.
//!
//! `x-stripeOperations` of a resource lists its methods if a document has it; other names follow from path and verb: `GET /v1/charges` is `charges.list`, `POST /v1/charges/{charge}/capture` is
//! `charges.capture`, `POST /v1/accounts/{account}/persons` is `accounts.persons.create`.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use crate::{Kind, Shape, Verb};

/// The names in braces of a path template, in order.
pub(crate) fn path_params(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// Method names from `x-stripeOperations` of all schemas, by verb and path.
pub(crate) fn listed_methods(schemas: &Map<String, Value>) -> HashMap<(Verb, String), String> {
    let mut methods = HashMap::new();
    for listed in schemas
        .values()
        .filter_map(|schema| schema.get("x-stripeOperations")?.as_array())
        .flatten()
    {
        let text = |key: &str| listed.get(key).and_then(Value::as_str);
        let verb = match text("operation") {
            Some("get") => Verb::Get,
            Some("post") => Verb::Post,
            Some("delete") => Verb::Delete,
            _ => continue,
        };
        if text("method_on") == Some("service")
            && let (Some(path), Some(method)) = (text("path"), text("method_name"))
        {
            methods
                .entry((verb, path.to_owned()))
                .or_insert_with(|| method.to_owned());
        }
    }
    methods
}

/// A name made from a path.
pub(crate) struct Derived {
    pub(crate) service: String,
    pub(crate) method: String,
    pub(crate) kind: Kind,
}

/// All paths of a document with their verbs: the meaning of a path depends on its neighbours. Every parameter is `{}` here,
/// because a document may use two names for the same id.
pub(crate) struct Paths(BTreeMap<String, Vec<Verb>>);

impl Paths {
    pub(crate) fn new<'a>(paths: impl Iterator<Item = (&'a str, Vec<Verb>)>) -> Self {
        Self(
            paths
                .map(|(path, verbs)| (anonymous(path.split('/')), verbs))
                .collect(),
        )
    }

    pub(crate) fn derive(&self, path: &str, verb: Verb, response: &Shape) -> Derived {
        let segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        let words = |segments: &[&str]| {
            let words: Vec<&str> = segments
                .iter()
                .enumerate()
                .filter(|(index, segment)| {
                    !(segment.starts_with('{') || *index == 0 && **segment == "v1")
                })
                .map(|(_, segment)| *segment)
                .collect();
            words.join(".").replace('-', "_")
        };
        let (last, parents) = segments.split_last().unwrap_or((&"", &[]));
        let named = |service: String, method: &str, kind| Derived {
            service,
            method: method.to_owned(),
            kind,
        };
        let own = words(&segments);
        if last.starts_with('{') {
            return match verb {
                Verb::Get => named(own, "retrieve", Kind::Retrieve),
                Verb::Post => named(own, "update", Kind::Update),
                Verb::Delete => named(own, "delete", Kind::Delete),
            };
        }
        if matches!(response, Shape::SearchResult(_)) {
            return named(words(parents), "search", Kind::Search);
        }
        let path = &anonymous(path.split('/'));
        if self.is_action(path, last, parents) {
            return named(words(parents), &last.replace('-', "_"), Kind::Custom);
        }
        match verb {
            Verb::Get if matches!(response, Shape::List(_) | Shape::V2Page(_)) => {
                named(own, "list", Kind::List)
            }
            Verb::Get => named(own, "retrieve", Kind::Retrieve),
            Verb::Post if self.is_singleton(path) => named(own, "update", Kind::Update),
            Verb::Post => named(own, "create", Kind::Create),
            Verb::Delete => named(own, "delete", Kind::Delete),
        }
    }

    /// `/x/{id}/verb` and `/x/verb`: only POST, no path below it, and not a collection without other methods.
    fn is_action(&self, path: &str, last: &str, parents: &[&str]) -> bool {
        let only_post = self
            .0
            .get(path)
            .is_some_and(|verbs| verbs.as_slice() == [Verb::Post]);
        let plural = last.ends_with('s');
        let below_item = parents.last().is_some_and(|parent| parent.starts_with('{'));
        let above = format!("/{}", anonymous(parents.iter().copied()));
        only_post
            && !self.has_items(path)
            && !plural
            && (below_item || self.0.contains_key(&above) || self.has_items(&above))
    }

    /// Has GET and no items below it: `/v1/tax/settings`.
    fn is_singleton(&self, path: &str) -> bool {
        let readable = self
            .0
            .get(path)
            .is_some_and(|verbs| verbs.contains(&Verb::Get));
        let last = path.rsplit('/').next().unwrap_or_default();
        let plural = last.ends_with('s') && !matches!(last, "features" | "settings");
        readable && !plural && !self.has_items(path)
    }

    fn has_items(&self, path: &str) -> bool {
        let below = format!("{path}/{{}}");
        self.0
            .range(below.clone()..)
            .next()
            .is_some_and(|(next, _)| next.starts_with(&below))
    }
}

fn anonymous<'a>(segments: impl Iterator<Item = &'a str>) -> String {
    segments
        .map(|segment| {
            if segment.starts_with('{') {
                "{}"
            } else {
                segment
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}
