//! Walking the items of an array and the members of an object.

use super::Json;
use super::tape::Kind;

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
