//! Walking the items of an array and the members of an object.

use super::tape::Kind;
use super::value::{Json, JsonKind};

impl Json {
    /// The items of an array, in order; nothing for anything else.
    pub fn items(&self) -> Items {
        Items::new(self)
    }

    /// The members of an object, in order; nothing for anything else.
    pub fn members(&self) -> Members<'_> {
        Members::new(self)
    }
}

impl PartialEq for Json {
    /// Compares values: members in any order, numbers by their digits.
    fn eq(&self, other: &Self) -> bool {
        match (self.kind(), other.kind()) {
            (JsonKind::Array, JsonKind::Array) => self.items().eq(other.items()),
            (JsonKind::Object, JsonKind::Object) => {
                self.len() == other.len()
                    && self
                        .members()
                        .all(|(name, value)| other.get(name).is_some_and(|twin| twin == value))
            }
            (JsonKind::Null, JsonKind::Null) => true,
            (JsonKind::Bool, JsonKind::Bool) => self.as_bool() == other.as_bool(),
            (JsonKind::Number, JsonKind::Number) => self.number_text() == other.number_text(),
            (JsonKind::String, JsonKind::String) => self.as_str() == other.as_str(),
            _ => false,
        }
    }
}

/// The items of an array, in order.
#[derive(Clone, Debug)]
pub struct Items {
    array: Json,
    at: usize,
    left: usize,
}

impl Items {
    pub(super) fn new(array: &Json) -> Self {
        let left = if array.word_kind() == Kind::Array {
            array.len()
        } else {
            0
        };
        Self {
            array: array.clone(),
            at: array.at() + 2,
            left,
        }
    }
}

impl Iterator for Items {
    type Item = Json;

    #[inline]
    fn next(&mut self) -> Option<Json> {
        self.left = self.left.checked_sub(1)?;
        let item = self.array.with_index(self.at);
        self.at = self.array.tape().next(self.at);
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Items {}

/// The members of an object as name and value, in order.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    object: &'a Json,
    at: usize,
    left: usize,
}

impl<'a> Members<'a> {
    pub(super) fn new(object: &'a Json) -> Self {
        let left = if object.word_kind() == Kind::Object {
            object.len()
        } else {
            0
        };
        Self {
            object,
            at: object.at() + 2,
            left,
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Json);

    #[inline]
    fn next(&mut self) -> Option<(&'a str, Json)> {
        self.left = self.left.checked_sub(1)?;
        let name = self.object.tape().scalar(self.at);
        let value = self.object.with_index(self.at + 1);
        self.at = self.object.tape().next(self.at + 1);
        Some((name, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Members<'_> {}
