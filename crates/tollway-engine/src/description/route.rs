//! From URL path to operation: a tree of path segments.

use foldhash::HashMap;
use percent_encoding::percent_decode_str;
use tollway_spec::Verb;

#[derive(Debug, Default)]
pub(super) struct Routes {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    fixed: HashMap<&'static str, Node>,
    /// `{customer}`, whatever its name.
    any: Option<Box<Node>>,
    operations: [Option<usize>; 3],
}

impl Routes {
    pub(super) fn add(&mut self, verb: Verb, path: &'static str, operation: usize) {
        let mut node = &mut self.root;
        for segment in path.split('/').skip(1) {
            node = if segment.starts_with('{') {
                node.any.get_or_insert_default()
            } else {
                node.fixed.entry(segment).or_default()
            };
        }
        node.operations[slot(verb)] = Some(operation);
    }

    /// The operation at a path and the decoded values of its parameters.
    pub(super) fn find(&self, verb: Verb, path: &str) -> Option<(usize, Vec<String>)> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let mut values = Vec::new();
        let operation = self.root.find(verb, &segments, &mut values)?;
        Some((operation, values))
    }

    /// The operation with exactly this template.
    pub(super) fn template(&self, verb: Verb, path: &str) -> Option<usize> {
        let mut node = &self.root;
        for segment in path.split('/').skip(1) {
            node = if segment.starts_with('{') {
                node.any.as_deref()?
            } else {
                node.fixed.get(segment)?
            };
        }
        node.operations[slot(verb)]
    }
}

impl Node {
    fn find(&self, verb: Verb, segments: &[&str], values: &mut Vec<String>) -> Option<usize> {
        let Some((segment, rest)) = segments.split_first() else {
            return self.operations[slot(verb)];
        };
        if let Some(found) = self
            .fixed
            .get(segment)
            .and_then(|next| next.find(verb, rest, values))
        {
            return Some(found);
        }
        let next = self.any.as_deref()?;
        // An empty id would turn a retrieve into something else; Stripe has no such URL.
        let value = percent_decode_str(segment)
            .decode_utf8()
            .ok()
            .filter(|value| !value.is_empty())?;
        values.push(value.into_owned());
        let found = next.find(verb, rest, values);
        if found.is_none() {
            values.pop();
        }
        found
    }
}

fn slot(verb: Verb) -> usize {
    match verb {
        Verb::Get => 0,
        Verb::Post => 1,
        Verb::Delete => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn routes() -> Routes {
        let mut routes = Routes::default();
        for (index, path) in ["/v1/a", "/v1/a/{id}", "/v1/a/search", "/v1/a/{id}/b/{b}"]
            .into_iter()
            .enumerate()
        {
            routes.add(Verb::Get, path, index);
        }
        routes
    }

    #[test]
    fn fixed_words_beat_parameters() {
        let routes = routes();
        assert_eq!(routes.find(Verb::Get, "/v1/a/search"), Some((2, vec![])));
        assert_eq!(
            routes.find(Verb::Get, "/v1/a/x%2Fy"),
            Some((1, vec!["x/y".into()]))
        );
        assert_eq!(
            routes.find(Verb::Get, "/v1/a/search/b/2"),
            Some((3, vec!["search".into(), "2".into()]))
        );
        assert_eq!(routes.find(Verb::Get, "/v1/a/"), None);
        assert_eq!(routes.find(Verb::Post, "/v1/a"), None);
        assert_eq!(routes.template(Verb::Get, "/v1/a/{other}"), Some(1));
    }

    proptest! {
        #[test]
        fn any_path_is_found_or_not(path in "[/a-c%{}0-9]{0,40}") {
            let _ = routes().find(Verb::Get, &path);
        }
    }
}
