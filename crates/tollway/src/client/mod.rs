//! [`Client`], its settings ([`ClientBuilder`]), and the way of every call: a `draft` gets its `headers` and is sent by
//! `execute`.

mod bases;
mod builder;
mod draft;
pub(crate) mod execute;
mod handle;
mod headers;
mod identity;
mod key;
mod options;
mod telemetry;
mod throttle;

pub use self::builder::ClientBuilder;
#[cfg(feature = "blocking")]
pub(crate) use self::builder::Surroundings;
pub(crate) use self::draft::{Draft, Mistake, PathArgs};
pub use self::handle::Client;
pub(crate) use self::handle::Shared;
pub use self::identity::AppInfo;
pub(crate) use self::options::{ActingFor, Override};
pub use self::throttle::RateLimit;
