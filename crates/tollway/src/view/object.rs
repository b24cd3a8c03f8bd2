//! The handle that all objects share.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::{CheckError, View};
use crate::response::ResponseMeta;
use crate::wire::json::Json;

/// The accessors of one kind of object: `ChargeFields` has those of [`Charge`](crate::api::Charge).
pub trait Fields: Send + Sync + Sized + 'static {
    /// What Stripe's description calls the object.
    const NAME: &'static str;

    /// Looks at a value as this kind of object.
    fn from_json(json: Json) -> Self;

    /// The value as Stripe sent it.
    fn json(&self) -> &Json;
}

/// An object that Stripe sent: [`Charge`](crate::api::Charge) is an `Object<ChargeFields>`.
///
/// A handle on the answer it came in: cheap to clone, and it dereferences to its accessors. What they do not know is one
/// [`get`](Object::get) away.
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

    /// A member by its name, also one that this version has no accessor for. `None` when absent.
    pub fn get(&self, name: &str) -> Option<Json> {
        self.json().get(name)
    }

    /// The answer this object came in: status, headers, request id. `None` when it was not read from an answer.
    pub fn last_response(&self) -> Option<&ResponseMeta> {
        self.json().last_response()
    }

    /// Reads the object into a type of your own.
    ///
    /// # Errors
    /// When your type does not fit.
    pub fn to<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        self.json().to()
    }

    /// The strict verdict: whether Stripe's description fits, down to the last member. See [`View::check`].
    ///
    /// # Errors
    /// All that does not fit, with paths.
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
