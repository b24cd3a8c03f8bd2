//! A complete typed SDK for the Stripe API, made for Stripe Connect.

pub mod api;
pub mod context;
pub mod error;
pub mod event;
pub mod oauth;
pub mod page;
pub mod params;
pub mod request;
pub mod response;
pub mod runtime;
pub mod testing;
pub mod transport;
pub mod view;
pub mod webhook;
pub mod wire;

mod client;
mod config;
mod execute;
mod headers;
mod options;
mod retry;
mod telemetry;

pub use self::client::Client;
pub use self::config::ClientBuilder;
pub use self::error::{Error, ErrorKind};
pub use self::headers::AppInfo;
pub use self::response::ResponseMeta;
pub use self::view::{
    CheckError, Decimal, Expandable, Instant, List, Map, RangeQuery, SearchResult, Timestamp,
    V2List, View,
};
pub use self::wire::json::{Json, JsonError, JsonKind};
pub use secrecy;

/// The API version this crate's types were made from, sent with every request unless the client or the call names
/// another.
pub const STRIPE_VERSION: &str = "2026-10-28.endive";
