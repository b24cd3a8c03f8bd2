//! A complete typed SDK for the Stripe API and Stripe Connect.
//!
//! ```
//! # tollway::testing::doc_test(r#"{"id": "ch_1", "object": "charge", "amount": 1000, "paid": true}"#, |client| async move {
//! // let client = tollway::Client::new("sk_test_…")?;
//! let charge = client
//!     .charges()
//!     .create()
//!     .amount(1000)
//!     .currency("usd")
//!     .source("tok_visa")
//!     .application_fee_amount(100) // the platform keeps a dollar
//!     .stripe_account("acct_1") // the seller is the merchant
//!     .send()
//!     .await?;
//! assert_eq!((charge.id(), charge.amount()), ("ch_1", 1000));
//! # Ok::<(), tollway::Error>(())
//! # });
//! ```
//!
//! Service paths and method names are those of Stripe's own libraries. Required parameters are arguments, the rest are
//! setters, and [`send`](request::Request::send) sends the request.
//!
//! # Acting for connected accounts
//!
//! A [`Client`] is a plain value. Clones are cheap and share the connections, so each tenant can have its own:
//!
//! ```
//! # fn main() -> Result<(), tollway::Error> {
//! let platform = tollway::Client::builder("sk_test_123").client_id("ca_123").build()?;
//! let seller = platform.for_account("acct_1"); // every call of this copy is for acct_1
//! let request = seller.customers().list().no_stripe_account(); // but this one is for the platform
//! # let _ = request;
//! # Ok(())
//! # }
//! ```
//!
//! Sellers connect by OAuth: send them to Stripe with a `state`, exchange the code that comes back, and store the
//! account's id.
//!
//! ```
//! use tollway::oauth::{Scope, parse_callback};
//!
//! # tollway::testing::doc_test(r#"{"stripe_user_id": "acct_1", "scope": "read_write", "livemode": false}"#, |client| async move {
//! # let platform = client.with_api_key("sk_test_1")?;
//! let oauth = platform.oauth();
//! let link = oauth.authorize_url().client_id("ca_123").scope(Scope::ReadWrite).state("unguessable").build()?;
//! assert!(link.starts_with("https://connect.stripe.com/oauth/authorize?"));
//!
//! let back = parse_callback("https://example.com/callback?code=ac_1&state=unguessable", "unguessable")?;
//! let token = oauth.token().authorization_code(back.code()).send().await?;
//! assert_eq!(token.stripe_user_id(), "acct_1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # });
//! ```
//!
//! Disconnects and account changes arrive as webhooks; see [`webhook`].
//!
//! # What comes back
//!
//! Responses are *views*: typed handles on the JSON that Stripe sent. An unexpected member never turns a call that
//! moved money into an error. [`View::json`] is the whole response, [`View::check`] validates it against Stripe's
//! description, and `last_response()` has the request id. Lists can be paged automatically:
//!
//! ```
//! # tollway::testing::doc_test(r#"{"object": "list", "has_more": false, "data": [{"id": "cus_1"}]}"#, |client| async move {
//! let mut customers = client.customers().list().limit(100).auto_paging();
//! while let Some(customer) = customers.next().await {
//!     println!("{}", customer?.id());
//! }
//! # Ok::<(), tollway::Error>(())
//! # });
//! ```
//!
//! # What can go wrong
//!
//! One [`Error`] type. It has the kind of the failure, everything that Stripe sent, and whether the request may have
//! taken effect.
//!
//! ```
//! use tollway::{Error, ErrorKind};
//!
//! fn tell(error: &Error) -> String {
//!     match error.kind() {
//!         ErrorKind::Card => error.message().to_owned(), // written for the card holder
//!         _ if error.may_have_taken_effect() => "look at Stripe before you try again".to_owned(),
//!         _ => format!("{error}"), // with code, status and request id
//!     }
//! }
//! # let _ = tell;
//! ```
//!
//! Failed requests are retried twice, with growing waits and one idempotency key for all attempts. An OAuth code is
//! never sent twice, because Stripe would revoke the connection.
//!
//! # Testing
//!
//! The module `testing` (feature `testing`) has a transport with scripted responses and a clock that does not wait. For
//! a local Stripe with state, set [`ClientBuilder::base_url`] to a running `tollway emulator`.
//!
//! # Where to go on
//!
//! | to | see |
//! | --- | --- |
//! | find a method, an object, an enum | [`api`]; the methods of [`Client`] |
//! | page through lists, put a walk aside and take it up again | [`page`], [`List`], [`V2List`] |
//! | set an option for one call, or a parameter without a setter | [`request::Request`] |
//! | call an operation that has no method | [`Client::request`] |
//! | upload and download | [`params::Upload`], [`download`] |
//! | receive snapshot and thin events, each in one handler | [`webhook`], [`event`] |
//! | set time limits, proxies, retries, a transport of your own | [`ClientBuilder`], [`transport`] |
//! | see every attempt | [`observe`], and spans of `tracing` |
//!
//! # Features
//!
//! No feature leaves out a part of Stripe's API.
//!
//! | feature | what |
//! | --- | --- |
//! | `hyper` (default) | the default transport: hyper with rustls |
//! | `reqwest` | a transport over your own reqwest, with its TLS: `transport::ReqwestTransport` |
//! | `fetch` | WebAssembly (`wasm32-unknown-unknown`): transport, clock and randomness of JavaScript |
//! | `blocking` | a client without `async` |
//! | `axum` | extractors and a layer for webhooks |
//! | `testing` | a scripted transport, a clock that does not wait, samples of every object; for `[dev-dependencies]` |

#[expect(
    clippy::from_over_into,
    clippy::new_without_default,
    reason = "every `From` for one type is compared with all others, and a thousand `Default`s are a thousand more impls to check"
)]
pub mod api;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod context;
pub mod download;
pub mod error;
pub mod event;
pub mod json;
pub mod oauth;
pub mod observe;
pub mod page;
pub mod params;
pub mod request;
pub mod response;
pub mod runtime;
#[cfg(feature = "testing")]
pub mod testing;
pub mod view;
pub mod webhook;
pub mod wire;

mod client;
mod error_objects;
mod meta;
mod operation;
mod prelude;
mod retry;
mod store_error;

pub use self::client::{AppInfo, Client, ClientBuilder, RateLimit};
pub use self::error::{Error, ErrorKind};
pub use self::json::{Json, JsonError, JsonKind};
pub use self::response::ResponseMeta;
pub use self::store_error::StoreError;
pub use self::view::{
    CheckError, Decimal, Expandable, List, MapView, RangeQuery, Rfc3339, SearchResult, TextOrNull,
    Timestamp, V2List, View,
};
pub use secrecy;
pub use tollway_transport as transport;

/// The API version that this crate's types are generated from. It is sent with every request, unless the client or the
/// call sets another one.
pub const STRIPE_VERSION: &str = "2026-10-28.endive";
