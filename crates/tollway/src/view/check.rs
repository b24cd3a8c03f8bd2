//! Validation of objects against Stripe's description.
//!
//! The description is a generated table, `api/check.txt`, with one line for each object. It is indexed at the first
//! check and parsed line by line.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use super::scalar::Rfc3339;
use crate::json::{Json, JsonKind};

/// The mismatches between an object and its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckError {
    mismatches: Vec<Mismatch>,
}

impl CheckError {
    /// All mismatches, in the order of the description; at least one.
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mismatch) in self.mismatches.iter().enumerate() {
            write!(f, "{}{mismatch}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for CheckError {}

/// One member that does not fit its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    path: String,
    expected: String,
    found: &'static str,
}

impl Mismatch {
    /// The path of the member: `billing_details.address`, `data[3].id`. Empty for the object itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the description expects.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The type of the member; never its value.
    pub fn found(&self) -> &str {
        self.found
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "the object itself"
        } else {
            &self.path
        };
        write!(
            f,
            "{path}: expected {}, found {}",
            self.expected, self.found
        )
    }
}

/// Validates a value as the object `component` of Stripe's description: `charge`, `v2.core.account`. `None` when the
/// description has no object of that name.
///
/// ```
/// use tollway::{Json, view};
///
/// let json = Json::parse(r#"{"object": "charge"}"#)?;
/// assert!(view::check("charge", &json).unwrap().is_err());
/// assert!(view::check("unheard_of", &json).is_none());
/// # Ok::<(), tollway::JsonError>(())
/// ```
pub fn check(component: &str, json: &Json) -> Option<Result<(), CheckError>> {
    table()
        .contains_key(component)
        .then(|| object(component, json))
}

/// Validates an object of this component; any JSON fits the empty name.
pub(crate) fn object(component: &str, json: &Json) -> Result<(), CheckError> {
    let mut check = Check::default();
    if !component.is_empty() {
        check.component(component, json);
    }
    check.verdict()
}

/// Validates a page: its own members, and each item as this component. `object` is the `object` of such a page, empty
/// if it has none.
pub(super) fn page(object: &str, component: &str, json: &Json) -> Result<(), CheckError> {
    let mut check = Check::default();
    let letter = match object {
        "list" => "l",
        "search_result" => "q",
        _ => "p",
    };
    let item = if component.is_empty() {
        "*".to_owned()
    } else {
        format!("r({component})")
    };
    check.value(&format!("{letter}({item})"), json);
    check.verdict()
}

/// The table's line of an object, without its name.
#[cfg(feature = "testing")]
pub(crate) fn described(component: &str) -> Option<&'static str> {
    table().get(component).copied()
}

/// The names of all objects in the table.
#[cfg(test)]
pub(crate) fn described_names() -> impl Iterator<Item = &'static str> {
    table()
        .keys()
        .copied()
        .filter(|name| !name.starts_with('#'))
}

/// Lines of the table by their first word.
fn table() -> &'static HashMap<&'static str, &'static str> {
    static TABLE: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let text = include_str!("../api/check.txt");
        text.lines()
            .filter_map(|line| line.split_once('\t').or(Some((line, ""))))
            .collect()
    })
}

#[derive(Default)]
struct Check {
    path: String,
    mismatches: Vec<Mismatch>,
}

impl Check {
    fn verdict(self) -> Result<(), CheckError> {
        if self.mismatches.is_empty() {
            Ok(())
        } else {
            Err(CheckError {
                mismatches: self.mismatches,
            })
        }
    }

    fn fail(&mut self, expected: impl Into<String>, found: &'static str) {
        self.mismatches.push(Mismatch {
            path: self.path.clone(),
            expected: expected.into(),
            found,
        });
    }

    /// Runs `body` with `step` appended to the path.
    fn at_step(&mut self, step: &str, body: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        body(self);
        self.path.truncate(length);
    }

    fn component(&mut self, name: &str, json: &Json) {
        let Some(line) = table().get(name) else {
            return;
        };
        if let Some(alias) = line.strip_prefix(':') {
            return self.value(alias, json);
        }
        if json.kind() != JsonKind::Object {
            return self.fail("an object", found(json));
        }
        for field in line.split('\t').filter(|field| !field.is_empty()) {
            let Some((name, shape)) = field.split_once(':') else {
                continue;
            };
            let (required, shape) = strip(shape, '!');
            let (nullable, shape) = strip(shape, '?');
            match json.get(name) {
                Some(value) if value.is_null() && (nullable || !required) => {}
                Some(value) => self.at_step(name, |check| check.value(shape, &value)),
                None if required => {
                    self.at_step(name, |check| check.fail(expectation(shape), "nothing"));
                }
                None => {}
            }
        }
    }

    fn value(&mut self, shape: &str, json: &Json) {
        let letter = shape.as_bytes().first().copied().unwrap_or(b'*');
        let inner = || {
            let end = shape.len().saturating_sub(1).max(1);
            let inner = shape.get(1..end).unwrap_or_default();
            inner.strip_prefix('(').unwrap_or(inner)
        };
        let fits = match letter {
            b's' => json.as_str().is_some(),
            b'i' => json.as_i64().is_some(),
            b'n' => json.as_f64().is_some(),
            b'b' => json.as_bool().is_some(),
            b'I' => json
                .as_str()
                .is_some_and(|digits| digits.parse::<i64>().is_ok()),
            b'd' => json.as_str().is_some_and(is_decimal),
            b'D' => json
                .as_str()
                .is_some_and(|text| Rfc3339::new(text).timestamp().is_some()),
            b'=' => json.as_str() == shape.get(1..),
            b'e' => json
                .as_str()
                .is_some_and(|word| inner().split(',').any(|known| known == word)),
            b'?' if json.is_null() => true,
            b'?' => return self.value(shape.get(1..).unwrap_or_default(), json),
            b'r' => return self.component(inner(), json),
            b'x' => {
                if json.as_str().is_some() {
                    return;
                }
                return self.one_of(inner(), json);
            }
            b'u' => return self.one_of(inner(), json),
            b'[' => return self.items(inner(), json),
            b'{' => return self.members(inner(), json),
            b'l' | b'q' | b'p' => return self.page(letter, inner(), json),
            _ => true,
        };
        if !fits {
            self.fail(expectation(shape), found(json));
        }
    }

    /// Validates one of several objects, or the deleted form of one. An object of an unknown type passes, because
    /// Stripe adds types.
    fn one_of(&mut self, names: &str, json: &Json) {
        if json.kind() != JsonKind::Object {
            return self.fail("an object", found(json));
        }
        let kind = json.object_type().unwrap_or_default();
        let deleted = json.get("deleted").and_then(|flag| flag.as_bool()) == Some(true);
        let fits = |name: &&str| {
            let line = table().get(name).copied().unwrap_or_default();
            let is_deleted_form = line.split('\t').any(|field| field.starts_with("deleted:!"));
            is_deleted_form == deleted
                && line
                    .split('\t')
                    .any(|field| field.strip_prefix("object:!=") == Some(kind))
        };
        let deleted_names: Vec<String> = names
            .split(',')
            .map(|name| format!("deleted_{name}"))
            .collect();
        let name = names
            .split(',')
            .chain(deleted_names.iter().map(String::as_str))
            .find(fits);
        if let Some(name) = name {
            self.component(name, json);
        }
    }

    fn items(&mut self, shape: &str, json: &Json) {
        if json.kind() != JsonKind::Array {
            return self.fail("a list", found(json));
        }
        for (at, item) in json.items().enumerate() {
            self.at_step(&format!("[{at}]"), |check| check.value(shape, &item));
        }
    }

    fn members(&mut self, shape: &str, json: &Json) {
        if json.kind() != JsonKind::Object {
            return self.fail("an object", found(json));
        }
        for (name, value) in json.members() {
            self.at_step(name, |check| check.value(shape, &value));
        }
    }

    fn page(&mut self, letter: u8, item: &str, json: &Json) {
        if json.kind() != JsonKind::Object {
            return self.fail("a page", found(json));
        }
        let own: &[(&str, &str)] = match letter {
            b'l' => &[("object", "=list"), ("has_more", "b"), ("url", "s")],
            b'q' => &[
                ("object", "=search_result"),
                ("has_more", "b"),
                ("url", "s"),
            ],
            _ => &[],
        };
        for (name, shape) in own {
            let value = json.get(name).unwrap_or_else(Json::null);
            self.at_step(name, |check| check.value(shape, &value));
        }
        let data = json.get("data").unwrap_or_else(Json::null);
        self.at_step("data", |check| check.items(item, &data));
    }
}

fn strip(shape: &str, flag: char) -> (bool, &str) {
    shape
        .strip_prefix(flag)
        .map_or((false, shape), |rest| (true, rest))
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all(whole) && all(fraction)
}

fn expectation(shape: &str) -> String {
    let word = match shape.as_bytes().first() {
        Some(b's') => "a string",
        Some(b'i') => "a whole number",
        Some(b'n') => "a number",
        Some(b'b') => "true or false",
        Some(b'I') => "a whole number as text",
        Some(b'd') => "a decimal number as text",
        Some(b'D') => "an RFC 3339 instant",
        Some(b'=') => return format!("\"{}\"", shape.get(1..).unwrap_or_default()),
        Some(b'e') => {
            return format!(
                "one of {}",
                shape
                    .get(2..shape.len() - 1)
                    .unwrap_or_default()
                    .replace(',', ", ")
            );
        }
        Some(b'?') => {
            return format!(
                "{}, or null",
                expectation(shape.get(1..).unwrap_or_default())
            );
        }
        Some(b'x') => "an id or an object",
        Some(b'[') => "a list",
        Some(b'l' | b'q' | b'p') => "a page",
        Some(b'*') => "a value",
        _ => "an object",
    };
    word.to_owned()
}

fn found(json: &Json) -> &'static str {
    match json.kind() {
        JsonKind::Null => "null",
        JsonKind::Bool => "a truth value",
        JsonKind::Number => "a number",
        JsonKind::String => "a string",
        JsonKind::Array => "a list",
        JsonKind::Object => "an object",
    }
}
