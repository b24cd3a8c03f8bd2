//! What one page of a list asks for.

use std::sync::Arc;

use serde_json::Value;

use super::record::Record;

/// A request for one page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// At most this many; 0 gives an empty page.
    pub limit: usize,
    /// Older than this object.
    pub starting_after: Option<&'a str>,
    /// Newer than this object, the nearest ones first in line.
    pub ending_before: Option<&'a str>,
    /// Made within these seconds.
    pub created: CreatedRange,
    /// Only parts of this object.
    pub parent: Option<&'a str>,
    /// Fields (dots lead into objects) and the text each must have. An expanded or embedded object counts by its id.
    pub filters: &'a [(&'a str, &'a str)],
    /// Fields that must have one of several texts.
    pub any_of: &'a [(&'a str, &'a [String])],
    /// Fields that hold a time, and where it must be.
    pub ranges: &'a [(&'a str, CreatedRange)],
}

/// A range of seconds, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CreatedRange {
    /// Not before.
    pub from: Option<i64>,
    /// Not after.
    pub to: Option<i64>,
}

/// One page, newest first.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The records of the page.
    pub records: Vec<Arc<Record>>,
    /// Whether there are more in the direction of travel.
    pub has_more: bool,
}

/// `starting_after` or `ending_before` names an object that is not in the collection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such object in this list: '{0}'")]
pub struct UnknownCursor(pub String);

impl<'a> Query<'a> {
    /// The cursor that counts: `starting_after` if both are given.
    #[must_use]
    pub fn cursor(&self) -> Option<&'a str> {
        self.starting_after.or(self.ending_before)
    }

    /// Whether a record passes the filters.
    fn matches(&self, record: &Record) -> bool {
        if self
            .parent
            .is_some_and(|parent| record.parent.as_deref() != Some(parent))
        {
            return false;
        }
        let mut parsed = None;
        let mut is = |name: &str, wanted: &str| {
            if Record::is_indexed(name) && record.key(name).is_some() {
                return record.key(name) == Some(wanted);
            }
            let object: &Value = parsed.get_or_insert_with(|| record.parse());
            field_is(object, name, wanted)
        };
        self.filters.iter().all(|(name, wanted)| is(name, wanted))
            && self
                .any_of
                .iter()
                .all(|(name, wanted)| wanted.iter().any(|wanted| is(name, wanted)))
            && (self.ranges.is_empty() || self.in_ranges(&record.parse()))
    }

    fn in_ranges(&self, object: &Value) -> bool {
        self.ranges.iter().all(|(path, range)| {
            let moment = path
                .split('.')
                .try_fold(object, |value, name| value.get(name))
                .and_then(Value::as_i64);
            moment.is_some_and(|moment| {
                range.from.is_none_or(|from| from <= moment)
                    && range.to.is_none_or(|to| moment <= to)
            })
        })
    }

    /// Takes the page from records in the direction of travel, which is towards the newest if it is backwards.
    pub(super) fn take<'r>(
        &self,
        found: impl Iterator<Item = &'r Arc<Record>>,
        backwards: bool,
    ) -> Page {
        let matching = found.filter(|record| self.matches(record)).cloned();
        let mut records: Vec<_> = matching.take(self.limit.saturating_add(1)).collect();
        let has_more = records.len() > self.limit;
        records.truncate(self.limit);
        if backwards {
            records.reverse();
        }
        Page { records, has_more }
    }
}

/// Whether the field at a dotted path has this text. Numbers and booleans compare by how they are written, lists by any item.
fn field_is(object: &Value, path: &str, wanted: &str) -> bool {
    let field = path
        .split('.')
        .try_fold(object, |value, name| value.get(name));
    field.is_some_and(|value| value_is(value, wanted))
}

fn value_is(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Number(number) => number.to_string() == wanted,
        Value::Bool(flag) => {
            if *flag {
                wanted == "true"
            } else {
                wanted == "false"
            }
        }
        Value::Array(items) => items.iter().any(|item| value_is(item, wanted)),
        Value::Object(map) => map.get("id").is_some_and(|id| value_is(id, wanted)),
        Value::Null => wanted.is_empty(),
    }
}
