//! Fields that hold an id, or the whole object when the request expanded it.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::check::{self, CheckError};
use super::typed::View;
use crate::json::Json;

/// An id, or the whole object when `expand` requested it. <https://docs.stripe.com/api/expanding_objects>
///
/// ```
/// use tollway::{Json, View, api::Charge};
///
/// let charge = Charge::from_json(Json::parse(r#"{"customer": {"id": "cus_1", "object": "customer", "email": "a@b.c"}}"#)?);
/// let customer = charge.customer().unwrap();
/// assert_eq!(customer.id(), "cus_1");
/// assert_eq!(customer.object().unwrap().email(), Some("a@b.c"));
/// # Ok::<(), tollway::JsonError>(())
/// ```
pub struct Expandable<T> {
    json: Json,
    target: PhantomData<fn() -> T>,
}

impl<T: View> Expandable<T> {
    /// The id, in both forms. Empty when Stripe sent an object without an id.
    pub fn id(&self) -> &str {
        self.json
            .as_str()
            .or_else(|| self.json.str_at(self.json.member_at("id")?))
            .unwrap_or_default()
    }

    /// The object, if it was expanded. A deleted object has little more than its id; see
    /// [`is_deleted`](Expandable::is_deleted).
    pub fn object(&self) -> Option<T> {
        self.is_expanded().then(|| T::from_json(self.json.clone()))
    }

    /// Whether the object was expanded.
    pub fn is_expanded(&self) -> bool {
        self.json.is_object_at(self.json.at())
    }

    /// Whether the object was expanded and is deleted.
    pub fn is_deleted(&self) -> bool {
        self.json
            .member_at("deleted")
            .and_then(|at| self.json.bool_at(at))
            == Some(true)
    }
}

impl<T: View> View for Expandable<T> {
    const NAME: &'static str = T::NAME;

    fn from_json(json: Json) -> Self {
        Self {
            json,
            target: PhantomData,
        }
    }

    fn json(&self) -> &Json {
        &self.json
    }

    fn check(&self) -> Result<(), CheckError> {
        if self.json.as_str().is_some() {
            Ok(())
        } else {
            check::object(T::NAME, &self.json)
        }
    }
}

impl<T> Deref for Expandable<T> {
    type Target = Json;

    fn deref(&self) -> &Json {
        &self.json
    }
}

impl<T> Clone for Expandable<T> {
    fn clone(&self) -> Self {
        Self {
            json: self.json.clone(),
            target: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Expandable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json.fmt(f)
    }
}

impl<T> Serialize for Expandable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}
