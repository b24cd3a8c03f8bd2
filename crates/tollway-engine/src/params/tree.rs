//! Unchecked parameters as a tree, whatever they came in.

use bytes::Bytes;
use serde_json::{Number, Value};

/// How deep a tree may be. Stripe's deepest parameter has seven levels.
pub(super) const MAX_DEPTH: usize = 16;

/// How many values a request may carry.
pub(super) const MAX_VALUES: usize = 10_000;

/// A value as it was sent: forms know only texts, JSON knows the rest.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Text.
    Text(String),
    /// A number of a JSON body.
    Number(Number),
    /// A truth value of a JSON body.
    Bool(bool),
    /// Null of a JSON body.
    Null,
    /// A file.
    File(Upload),
    /// `a[]=1`, or a JSON array.
    List(Vec<Tree>),
    /// `a[b]=1`, or a JSON object. A list with indexes, `a[0]=1`, is a map until it is known that a list is wanted.
    Map(Vec<(String, Tree)>),
}

/// A file of a multipart body.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// The name the caller gave it, without directories.
    pub filename: Option<String>,
    /// The type the caller gave it.
    pub content_type: Option<String>,
    /// Its content.
    pub bytes: Bytes,
}

impl Tree {
    /// A JSON value as a tree; `None` if it is too deep or too big.
    pub fn from_json(value: Value) -> Option<Self> {
        let mut budget = MAX_VALUES;
        Self::from_json_within(value, MAX_DEPTH, &mut budget)
    }

    fn from_json_within(value: Value, depth: usize, budget: &mut usize) -> Option<Self> {
        *budget = budget.checked_sub(1)?;
        let inside = depth.checked_sub(1)?;
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(flag),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => {
                let items = items
                    .into_iter()
                    .map(|item| Self::from_json_within(item, inside, budget));
                Self::List(items.collect::<Option<_>>()?)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, item)| {
                    Some((name, Self::from_json_within(item, inside, budget)?))
                });
                Self::Map(members.collect::<Option<_>>()?)
            }
        })
    }
}
