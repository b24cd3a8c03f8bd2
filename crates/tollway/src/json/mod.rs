//! JSON that is parsed once into one buffer, and cheap handles on its values.
//!
//! [`Json::parse`] validates the bytes of a response and builds a tape (`tape`) over them; only strings with escapes
//! are copied. A [`Json`] is a pointer to that document and an index, so reading a member, iterating over a list and
//! cloning do not allocate, and the whole response stays as Stripe sent it ([`Json::text`]).

mod error;
mod parse;
mod peek;
mod show;
mod strings;
mod tape;
#[cfg(test)]
mod tests;
mod value;
mod walk;

pub use self::error::JsonError;
#[cfg(feature = "testing")]
pub(crate) use self::show::is_secret;
pub use self::value::{Json, JsonKind};
pub use self::walk::{Items, Members};
