//! Reading members without creating a handle for each, for the views.
//!
//! A place is an index into the document's tape. It is only valid for the value that it was read from.

use std::sync::{Arc, OnceLock};

use super::parse;
use super::tape::Kind;
use super::value::{Document, Json};

impl Json {
    /// A `null` that belongs to no response.
    pub(crate) fn null() -> Self {
        static NULL: OnceLock<Json> = OnceLock::new();
        NULL.get_or_init(|| Self {
            document: Arc::new(Document {
                tape: parse::null(),
                meta: None,
            }),
            index: 0,
        })
        .clone()
    }

    /// This value itself: what every view calls the JSON it stands on.
    #[inline]
    pub fn json(&self) -> &Self {
        self
    }

    /// The text of the member `object`, which is the type of an object.
    pub(crate) fn object_type(&self) -> Option<&str> {
        self.str_at(self.member_at("object")?)
    }

    /// The place of a member's value.
    #[inline]
    pub(crate) fn member_at(&self, name: &str) -> Option<usize> {
        self.tape().member(self.at(), name)
    }

    /// A handle on the value at a place.
    #[inline]
    pub(crate) fn value_at(&self, at: usize) -> Self {
        self.with_index(at)
    }

    #[inline]
    pub(crate) fn is_null_at(&self, at: usize) -> bool {
        self.kind_at(at) == Kind::Null
    }

    #[inline]
    pub(crate) fn is_object_at(&self, at: usize) -> bool {
        self.kind_at(at) == Kind::Object
    }

    #[inline]
    pub(crate) fn is_array_at(&self, at: usize) -> bool {
        self.kind_at(at) == Kind::Array
    }

    #[inline]
    pub(crate) fn str_at(&self, at: usize) -> Option<&str> {
        match self.kind_at(at) {
            Kind::Plain | Kind::Escaped => Some(self.tape().scalar(at)),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn digits_at(&self, at: usize) -> Option<&str> {
        (self.kind_at(at) == Kind::Number).then(|| self.tape().scalar(at))
    }

    #[inline]
    pub(crate) fn bool_at(&self, at: usize) -> Option<bool> {
        match self.kind_at(at) {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// The places of an array's items; nothing for anything else.
    pub(crate) fn items_at(&self, at: usize) -> impl Iterator<Item = usize> {
        let (first, end) = if self.is_array_at(at) {
            (at + 2, self.tape().next(at))
        } else {
            (0, 0)
        };
        std::iter::successors((first < end).then_some(first), move |at| {
            let next = self.tape().next(*at);
            (next < end).then_some(next)
        })
    }

    /// The names and places of an object's members; nothing for anything else.
    pub(crate) fn members_at(&self, at: usize) -> impl Iterator<Item = (&str, usize)> {
        let (first, end) = if self.is_object_at(at) {
            (at + 2, self.tape().next(at))
        } else {
            (0, 0)
        };
        std::iter::successors((first < end).then_some(first), move |key| {
            let next = self.tape().next(*key + 1);
            (next < end).then_some(next)
        })
        .map(|key| (self.tape().scalar(key), key + 1))
    }

    #[inline]
    fn kind_at(&self, at: usize) -> Kind {
        self.tape().words[at].kind()
    }
}
