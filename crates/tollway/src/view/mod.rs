//! Views: typed handles on what Stripe sent.
//!
//! A view is a [`Json`] handle with typed accessors over it. Nothing is decoded before it is asked for, and nothing is
//! lost: [`View::json`] is what Stripe sent. A surprise in an answer never fails the call that made it (the money may
//! have moved): what is missing or of another type reads as its type's zero value and is logged once at `WARN`, what the
//! types do not know stays readable by [`Json::get`], and [`View::check`] gives the strict verdict for whoever wants it.
//!
//! Generated code is made of the macros in `macros`, reads through the methods in `read`, and writes parameters with
//! the helpers in `write`.

mod check;
mod expandable;
mod list;
pub(crate) mod macros;
mod map;
mod object;
pub(crate) mod prelude;
mod read;
mod scalar;
mod write;

#[cfg(test)]
pub(crate) use self::check::described_names;
pub use self::check::{CheckError, Mismatch, check};
pub(crate) use self::check::{described, object as check_object};
pub use self::expandable::Expandable;
pub use self::list::{List, PageItems, Paged, SearchResult, V2List};
pub use self::map::{Map, MapValue};
pub use self::object::{Fields, Object};
pub use self::scalar::{Decimal, Instant, Timestamp};
pub(crate) use self::write::place_of;
pub use self::write::{RangeQuery, TextOrNull};

use std::sync::Arc;

use crate::error::Error;
use crate::response::{FromResponse, Response};
use crate::wire::json::Json;

/// A typed handle on a JSON value.
///
/// Every type in [`api`](crate::api) that Stripe answers with is one; so are [`List`], [`Expandable`] and [`Json`] itself.
/// A view dereferences to its [`Json`], so members the type does not know are one `get` away, and so is the answer it came
/// in ([`Json::last_response`]).
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
    /// What Stripe's description calls this object. Empty for a view without a fixed form.
    const NAME: &'static str;

    /// Looks at a value as this type. Never fails: what does not fit reads as nothing.
    fn from_json(json: Json) -> Self;

    /// The value as Stripe sent it.
    fn json(&self) -> &Json;

    /// Whether Stripe's description fits, down to the last member: nothing required is missing, nothing has another
    /// type. Members the description does not know are fine.
    ///
    /// # Errors
    /// All that does not fit, with paths.
    fn check(&self) -> Result<(), CheckError> {
        check_object(Self::NAME, self.json())
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
            Err((cause, body)) => Err(Error::invalid_response(
                &Response { meta, body },
                Box::new(cause),
            )),
        }
    }
}
