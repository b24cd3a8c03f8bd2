//! The error type of every call: its kind ([`ErrorKind`]), whether the request may have taken effect, and everything
//! that Stripe sent (status, headers, request id, body).
//!
//! ```
//! fn explain(error: &tollway::Error) -> String {
//!     if error.may_have_taken_effect() {
//!         return "the payment may exist: look before trying again".to_owned();
//!     }
//!     match error.kind() {
//!         tollway::ErrorKind::Card => format!("declined: {}", error.decline_code().unwrap_or("no reason given")),
//!         _ => error.to_string(),
//!     }
//! }
//! ```

mod base;
mod fields;
mod kind;

pub use self::base::Error;
pub use self::kind::{ErrorKind, OAuthErrorCode, V2ErrorType};

#[cfg(test)]
mod tests;
