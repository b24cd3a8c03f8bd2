//! Which parameter types have the same members: the first one is a type, the others are names for it.
//!
//! Stripe describes the parameters of every operation in full, so an address is described seventy times. One type for all
//! of them compiles once, and a value made for `create` also fits `update`.

use std::collections::HashMap;

/// What was written so far. Children come before their parents, so equal parents have equal text.
#[derive(Default)]
pub(super) struct Same {
    /// Type by text.
    types: HashMap<String, String>,
    /// The type that a name stands for.
    meant: HashMap<String, String>,
}

impl Same {
    /// The type that has this body already; without one, `name` is the type.
    pub(super) fn find(&mut self, name: &str, body: &str) -> Option<String> {
        let known = self
            .types
            .entry(self.text(body))
            .or_insert_with(|| name.to_owned())
            .clone();
        if known == name {
            return None;
        }
        self.alias(name, &known);
        Some(known)
    }

    /// Remembers that a name stands for a type.
    pub(super) fn alias(&mut self, name: &str, known: &str) {
        self.meant.insert(name.to_owned(), known.to_owned());
    }

    /// The type that a name stands for: itself, unless it is an alias.
    pub(super) fn meaning<'n>(&'n self, name: &'n str) -> &'n str {
        self.meant.get(name).map_or(name, String::as_str)
    }

    /// A body without its comments, and with types in place of names.
    fn text(&self, body: &str) -> String {
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
                text.push_str(self.meaning(name));
                text.push_str(rest);
            }
            text.push('\n');
        }
        text
    }
}

/// The text of a name for a type.
pub(super) fn alias(about: &str, url: &str, name: &str, known: &str) -> String {
    format!("/// {about}\n///\n/// <{url}>\npub type {name} = api::{known};\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_the_same_when_their_types_are() {
        let mut same = Same::default();
        let body = |part: &str| {
            format!("    /// A comment.\n    pub fn part(self, part: api::{part}) -> Self {{}}\n")
        };
        assert_eq!(same.find("First", "pub fn city() {}"), None);
        assert_eq!(
            same.find("Second", "/// Other.\npub fn city() {}"),
            Some("First".to_owned())
        );
        assert_eq!(same.find("OfFirst", &body("First")), None);
        assert_eq!(
            same.find("OfSecond", &body("Second")),
            Some("OfFirst".to_owned())
        );
        assert_eq!(same.find("OfThird", &body("Third")), None);
        assert_eq!(same.find("OfFirst", &body("First")), None);
    }
}
