//! [`View`]: the trait of all views.

use std::sync::Arc;

use super::check::{self, CheckError};
use crate::error::Error;
use crate::json::Json;
use crate::response::{FromResponse, Response};

/// A typed handle on a JSON value.
///
/// Every response type in [`api`](crate::api) is a view; so are [`List`](crate::List), [`Expandable`](crate::Expandable) and [`Json`] itself. A view
/// dereferences to its [`Json`]: `get` reads members without an accessor, and [`Json::last_response`] is the response
/// that it came in.
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
pub trait View: Clone + Send + Sync + Sized + 'static {
    /// The name of this object in Stripe's description. Empty for a view without a fixed form.
    const NAME: &'static str;

    /// Wraps a value in this type. Never fails: a member of the wrong type reads as its zero value (`""`, `0`, `None`).
    fn from_json(json: Json) -> Self;

    /// The value as Stripe sent it.
    fn json(&self) -> &Json;

    /// Validates the object against Stripe's description, at every depth: no required member is missing, and none has
    /// another type. Members that are not in the description are allowed.
    ///
    /// # Errors
    /// Every mismatch, with its path.
    fn check(&self) -> Result<(), CheckError> {
        check::object(Self::NAME, self.json())
    }
}

impl View for Json {
    const NAME: &'static str = "";

    fn from_json(json: Json) -> Self {
        json
    }

    fn json(&self) -> &Json {
        self
    }
}

impl<T: View> FromResponse for T {
    fn from_response(response: Response) -> Result<Self, Error> {
        let Response { meta, body } = response;
        match Json::parse_with(body, Some(Arc::clone(&meta))) {
            Ok(json) => Ok(T::from_json(json)),
            Err((cause, body)) => Err(Error::invalid_response(&meta, body, cause)),
        }
    }
}
