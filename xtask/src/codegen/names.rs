//! Stripe's names as Rust names.

use std::collections::{HashMap, HashSet};

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self",
    "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized",
    "use", "virtual", "where", "while", "yield",
];

/// A function or argument name: a keyword, or one of the caller's reserved names, gets an underscore.
pub(crate) fn ident(name: &str, reserved: &[&str]) -> String {
    let mut ident: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    if ident.starts_with(|c: char| c.is_ascii_digit()) {
        ident.insert(0, '_');
    }
    if KEYWORDS.contains(&ident.as_str()) || reserved.contains(&ident.as_str()) {
        ident.push('_');
    }
    ident
}

/// `billing_portal.session` → `BillingPortalSession`; what already has capitals inside keeps them.
pub(super) fn pascal(name: &str) -> String {
    let mut pascal = String::with_capacity(name.len());
    for word in name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let mut chars = word.chars();
        pascal.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        pascal.push_str(chars.as_str());
    }
    pascal
}

/// The Rust variant for an enum value.
pub(super) fn variant(value: &str) -> String {
    let lower = if value.chars().any(|c| c.is_ascii_lowercase()) {
        value.to_owned()
    } else {
        value.to_ascii_lowercase()
    };
    let mut variant = match value {
        "*" => "All".to_owned(),
        "=" => "Equal".to_owned(),
        "<" => "Less".to_owned(),
        ">" => "Greater".to_owned(),
        _ => pascal(&lower.replace('+', " plus ").replace('%', " percent ")),
    };
    if variant.is_empty() || variant.starts_with(|c: char| c.is_ascii_digit()) {
        variant.insert(0, 'V');
    }
    if variant == "Self" {
        variant.push('_');
    }
    variant
}

/// `charges` → `charge`, `tax_ids` → `tax_id`, `addresses` → `address`; names that are no plurals stay.
pub(super) fn singular(name: &str) -> String {
    let stays = [
        "settings",
        "balance_settings",
        "news",
        "sms",
        "bacs",
        "details",
        "status",
        "address",
        "basis",
        "terms",
    ];
    if stays
        .iter()
        .any(|word| name == *word || name.ends_with(&format!("_{word}")))
    {
        return name.to_owned();
    }
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "ches", "shes"] {
        if name.ends_with(ending) {
            return name[..name.len() - 2].to_owned();
        }
    }
    if name.ends_with('s')
        && !name.ends_with("ss")
        && !name.ends_with("us")
        && !name.ends_with("is")
    {
        return name[..name.len() - 1].to_owned();
    }
    name.to_owned()
}

/// `BillingDetails` → `billing_details`.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        if c.is_ascii_uppercase() {
            let after_lower = at > 0 && !chars[at - 1].is_ascii_uppercase() && chars[at - 1] != '_';
            let before_lower = at > 0
                && chars[at - 1].is_ascii_uppercase()
                && chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
            if after_lower || before_lower {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        } else if c.is_ascii_alphanumeric() {
            snake.push(*c);
        } else {
            snake.push('_');
        }
    }
    snake
}

/// `billing_details` → `Billing details`.
pub(super) fn words(name: &str) -> String {
    let text = name.replace(['_', '.'], " ");
    let mut chars = text.chars();
    chars
        .next()
        .map(|c| c.to_ascii_uppercase())
        .into_iter()
        .chain(chars)
        .collect()
}

/// Type names that are taken, so that no two types of the crate share one.
#[derive(Default)]
pub(super) struct Taken {
    names: HashSet<String>,
    enums: HashMap<(String, Vec<String>), String>,
}

/// Names that the generated files use for something else.
const RESERVED_TYPES: &[&str] = &[
    "Box",
    "Client",
    "Decimal",
    "Error",
    "Expandable",
    "Json",
    "List",
    "MapView",
    "Option",
    "ParamValue",
    "Params",
    "Pending",
    "Range",
    "RequestBuilder",
    "Result",
    "Rfc3339",
    "SearchResult",
    "Self",
    "String",
    "TextOrNull",
    "ThinEvent",
    "Timestamp",
    "V2List",
    "Vec",
    "View",
    "Word",
];

impl Taken {
    /// The first of the candidates that is free; when none is, the last with a number.
    pub(super) fn claim(&mut self, candidates: &[String]) -> String {
        for name in candidates {
            if self.is_free(name) {
                self.names.insert(name.clone());
                return name.clone();
            }
        }
        let last = candidates.last().cloned().unwrap_or_default();
        let mut number = 2;
        loop {
            let name = format!("{last}{number}");
            if self.is_free(&name) {
                self.names.insert(name.clone());
                return name;
            }
            number += 1;
        }
    }

    fn is_free(&self, name: &str) -> bool {
        !self.names.contains(name) && !RESERVED_TYPES.contains(&name)
    }

    /// The enum of these values in this group, if there is one already.
    pub(super) fn known_enum(&self, group: &str, values: &[String]) -> Option<&str> {
        self.enums
            .get(&(group.to_owned(), values.to_vec()))
            .map(String::as_str)
    }

    pub(super) fn remember_enum(&mut self, group: &str, values: &[String], name: &str) {
        self.enums
            .insert((group.to_owned(), values.to_vec()), name.to_owned());
    }
}
