//! Which parameter types and enums have the same members: one of their names is the type, the others are aliases of it.
//!
//! Stripe describes the parameters of every operation in full, so an address is described seventy times. One type for all
//! of them compiles once, and a value made for `create` also fits `update`. The type has the shortest of the names, and no
//! alias leads from one API version to the other: their objects change independently.

use std::collections::HashMap;
use std::fmt::Write as _;

/// Stands for the type's name in a [`Definition`]'s code.
pub(super) const NAME: &str = "@name@";

/// A name for a type, with what its documentation says.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) name: String,
    /// A sentence without its full stop.
    pub(super) about: String,
    pub(super) url: String,
}

/// How a type is written, whatever its name.
pub(super) struct Definition {
    /// The macro that makes the type, for example `params!`.
    pub(super) kind: &'static str,
    /// What follows the documentation inside of the macro call, with [`NAME`] for the name.
    pub(super) inside: String,
    /// What follows the macro call, with [`NAME`] for the name.
    pub(super) after: String,
}

/// Names that stand for one type.
struct Class {
    names: Vec<String>,
    definition: Definition,
}

/// What was written so far. Children come before their parents, so equal parents have equal text.
#[derive(Default)]
pub(super) struct Same {
    classes: Vec<Class>,
    by_body: HashMap<(bool, String), usize>,
    by_name: HashMap<String, usize>,
}

impl Same {
    /// Adds a name for the type that has this body; the type is new if none has it yet.
    pub(super) fn add(&mut self, name: &str, body: &str, definition: impl FnOnce() -> Definition) {
        let classes = &mut self.classes;
        let key = (is_v2(name), text(&self.by_name, classes, body));
        let class = *self.by_body.entry(key).or_insert_with(|| {
            classes.push(Class {
                names: Vec::new(),
                definition: definition(),
            });
            classes.len() - 1
        });
        if self.by_name.insert(name.to_owned(), class).is_none() {
            classes[class].names.push(name.to_owned());
        }
    }

    /// One of the names of the type that `name` stands for, the same for all of them.
    pub(super) fn meaning<'n>(&'n self, name: &'n str) -> &'n str {
        meaning(&self.by_name, &self.classes, name)
    }

    /// The code of a name: the definition of its type, or an alias of the type.
    pub(super) fn code(&self, named: &Named) -> String {
        let Named { name, about, url } = named;
        let Some(class) = self.by_name.get(name).map(|at| &self.classes[*at]) else {
            return String::new();
        };
        let shortest = class
            .names
            .iter()
            .min_by_key(|name| (name.len(), name.as_str()));
        if let Some(ty) = shortest.filter(|ty| *ty != name) {
            return format!(
                "/// {about}: the same as [`{ty}`](crate::api::{ty}).\n///\n/// <{url}>\npub type {name} = api::{ty};\n\n"
            );
        }
        let Definition {
            kind,
            inside,
            after,
        } = &class.definition;
        let mut code = format!(
            "{kind} {{\n    /// {about}.\n    ///\n    /// <{url}>\n{}}}\n\n",
            inside.replace(NAME, name)
        );
        if !after.is_empty() {
            let _ = write!(code, "{}", after.replace(NAME, name));
        }
        code
    }
}

/// Whether a type belongs to API v2.
pub(super) fn is_v2(name: &str) -> bool {
    name.starts_with("V2")
}

fn meaning<'n>(by_name: &HashMap<String, usize>, classes: &'n [Class], name: &'n str) -> &'n str {
    let class = by_name.get(name).and_then(|at| classes.get(*at));
    class
        .and_then(|class| class.names.first())
        .map_or(name, String::as_str)
}

/// A body without its comments, and with types in place of names.
fn text(by_name: &HashMap<String, usize>, classes: &[Class], body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    for line in body.lines().map(str::trim_start) {
        if line.starts_with("//") {
            continue;
        }
        let mut parts = line.split("api::");
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let end = part
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(part.len());
            let (name, rest) = part.split_at(end);
            text.push_str("api::");
            text.push_str(meaning(by_name, classes, name));
            text.push_str(rest);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(same: &mut Same, name: &str, body: &str) {
        same.add(name, body, || Definition {
            kind: "params!",
            inside: format!("    {NAME}\n"),
            after: String::new(),
        });
    }

    fn code(same: &Same, name: &str) -> String {
        same.code(&Named {
            name: name.to_owned(),
            about: "About".to_owned(),
            url: "https://x".to_owned(),
        })
    }

    #[test]
    fn bodies_are_the_same_when_their_types_are() {
        let mut same = Same::default();
        let body = |part: &str| {
            format!("    /// A comment.\n    pub fn part(self, part: api::{part}) -> Self {{}}\n")
        };
        add(&mut same, "First", "pub fn city() {}");
        add(&mut same, "Second", "/// Other.\npub fn city() {}");
        assert_eq!(same.meaning("Second"), "First");
        add(&mut same, "OfFirst", &body("First"));
        add(&mut same, "OfSecond", &body("Second"));
        assert_eq!(same.meaning("OfSecond"), "OfFirst");
        add(&mut same, "OfThird", &body("Third"));
        assert_eq!(same.meaning("OfThird"), "OfThird");
    }

    #[test]
    fn the_shortest_name_is_the_type_and_versions_stay_apart() {
        let mut same = Same::default();
        for name in ["ChargeShipping", "Shipping", "V2Shipping", "V2S"] {
            add(&mut same, name, "pub fn city() {}");
        }
        assert!(code(&same, "ChargeShipping").contains("pub type ChargeShipping = api::Shipping;"));
        assert!(code(&same, "Shipping").starts_with("params! {"));
        assert!(code(&same, "V2Shipping").contains("= api::V2S;"));
        assert!(code(&same, "V2S").contains("    V2S\n}"));
    }
}
