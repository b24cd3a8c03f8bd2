//! The handle that all objects share.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::check::CheckError;
use super::typed::View;
use crate::json::Json;
use crate::response::ResponseMeta;

/// The accessors of one type of object: `ChargeFields` has those of [`Charge`](crate::api::Charge).
pub trait Fields: Send + Sync + Sized + 'static {
    /// The name of the object in Stripe's description.
    const NAME: &'static str;

    /// Wraps a value in this type.
    fn from_json(json: Json) -> Self;

    /// The value as Stripe sent it.
    fn json(&self) -> &Json;
}

/// An object that Stripe sent: [`Charge`](crate::api::Charge) is an `Object<ChargeFields>`.
///
/// A handle on the response that it came in. It is cheap to clone and dereferences to its accessors;
/// [`get`](Object::get) reads members without an accessor.
///
/// ```
/// use tollway::{Json, View, api::Charge};
///
/// let charge = Charge::from_json(Json::parse(r#"{"id": "ch_1", "object": "charge", "amount": 1000, "new": true}"#)?);
/// assert_eq!(charge.amount(), 1000);
/// assert_eq!(charge.get("new").and_then(|new| new.as_bool()), Some(true));
/// assert!(charge.check().is_err());
/// # Ok::<(), tollway::JsonError>(())
/// ```
pub struct Object<F>(F);

impl<F: Fields> Object<F> {
    /// The value as Stripe sent it.
    pub fn json(&self) -> &Json {
        self.0.json()
    }

    /// Returns a member by its name, also one without an accessor. `None` when absent.
    pub fn get(&self, name: &str) -> Option<Json> {
        self.json().get(name)
    }

    /// The response that this object came in: status, headers, request id. `None` when it does not come from a
    /// response.
    pub fn last_response(&self) -> Option<&ResponseMeta> {
        self.json().last_response()
    }

    /// Deserializes the object into a type of your own.
    ///
    /// # Errors
    /// When the object does not fit your type.
    pub fn to<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        self.json().to()
    }

    /// Validates the object against Stripe's description. See [`View::check`].
    ///
    /// # Errors
    /// Every mismatch, with its path.
    pub fn check(&self) -> Result<(), CheckError> {
        View::check(self)
    }
}

impl<F: Fields> View for Object<F> {
    const NAME: &'static str = F::NAME;

    fn from_json(json: Json) -> Self {
        Self(F::from_json(json))
    }

    fn json(&self) -> &Json {
        self.0.json()
    }
}

impl<F> Deref for Object<F> {
    type Target = F;

    #[inline]
    fn deref(&self) -> &F {
        &self.0
    }
}

impl<F: Fields> Clone for Object<F> {
    fn clone(&self) -> Self {
        Self(F::from_json(self.json().clone()))
    }
}

impl<F: Fields> fmt::Debug for Object<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json().fmt(f)
    }
}

impl<F: Fields> Serialize for Object<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}
