//! Views: typed handles on the JSON that Stripe sent.
//!
//! A view is a [`Json`](crate::Json) handle with typed accessors. An accessor decodes its member when it is called, and
//! [`View::json`] is everything that Stripe sent. An unexpected response never fails the call, because the call may
//! have moved money: a member that is missing or of another type reads as its type's zero value and is logged once at
//! `WARN`, members without an accessor are readable by [`Json::get`](crate::Json::get), and [`View::check`] validates the object against
//! Stripe's description.
//!
//! Generated code calls the macros in `macros`, reads through the methods in `read`, and writes parameters with the
//! helpers in `write`.

mod check;
mod expandable;
mod list;
pub(crate) mod macros;
mod map;
mod object;
mod read;
mod scalar;
mod thin_event;
mod typed;
pub(crate) mod write;

#[cfg(feature = "testing")]
pub(crate) use self::check::described;
#[cfg(test)]
pub(crate) use self::check::described_names;
pub use self::check::{CheckError, Mismatch, check};
pub use self::expandable::Expandable;
pub use self::list::{List, PageItems, Paged, SearchResult, V2List};
pub use self::map::{MapValue, MapView};
pub use self::object::{Fields, Object};
pub use self::scalar::{Decimal, Rfc3339, Timestamp};
pub use self::thin_event::ThinEvent;
pub use self::typed::View;
pub(crate) use self::write::variant_index;
pub use self::write::{RangeQuery, TextOrNull};
