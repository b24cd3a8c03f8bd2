//! A request before it is sent: which operation, with which parameters and options.
//!
//! Every [`Request`] to a generated endpoint holds one [`RequestBuilder`]; so does `client.request(…)`. Every request
//! is sent by `client::execute`.

mod builder;
pub(crate) mod macros;
mod pending;
mod typed;

pub use self::builder::RequestBuilder;
pub use self::pending::Pending;
pub use self::typed::{Endpoint, Request};
pub use crate::operation::{ApiMode, Encoding, Host, Operation, Verb};
