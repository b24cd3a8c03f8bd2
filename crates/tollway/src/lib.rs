//! A complete typed SDK for the Stripe API, made for Stripe Connect.
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
//! Service paths and method names are those of Stripe's own libraries, so their examples translate by eye: required
//! parameters are arguments, the rest are setters, [`send`](request::Request::send) sends.
//!
//! # Acting for connected accounts
//!
//! A [`Client`] is a plain value. Copies are cheap and share the connections, so each tenant gets its own:
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
//! Sellers connect by OAuth: send them away with a `state`, exchange the code they come back with, keep the account's id.
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
//! That they left comes by [`webhook`]; that an account changed, too.
//!
//! # What comes back
//!
//! Answers are *views*: typed handles on what Stripe sent. Nothing is lost, and nothing surprising in an answer turns a
//! call that moved money into an error. [`View::json`] has all of it, [`View::check`] gives the strict verdict, and
//! `last_response()` the request id. Lists page by themselves:
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
//! One [`Error`] type. It says what it is about, keeps everything that came back, and answers the question that matters
//! with money: may the request have taken effect?
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
//! Failed requests are sent again twice, with growing waits and one idempotency key for all attempts. An OAuth code is
//! never sent twice: Stripe would revoke the connection.
//!
//! # Testing
//!
//! [`testing`] has a transport that answers from a script and a clock that does not wait. For a whole Stripe on your
//! machine, point [`ClientBuilder::base_url`] at the `tollway emulator`.
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
//! None of them changes the API of Stripe that is covered: all of it always is.
//!
//! | feature | what |
//! | --- | --- |
//! | `hyper` (default) | the default transport: hyper with rustls |
//! | `reqwest` | a transport over your own reqwest, with its TLS: `transport::ReqwestTransport` |
//! | `fetch` | WebAssembly (`wasm32-unknown-unknown`): transport, clock and randomness of JavaScript |
//! | `blocking` | a client without `async` |
//! | `axum` | extractors and a layer for webhooks |

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
pub mod oauth;
pub mod observe;
pub mod page;
pub mod params;
pub mod request;
pub mod response;
pub mod runtime;
pub mod testing;
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
pub use self::execute::RateLimit;
pub use self::headers::AppInfo;
pub use self::response::ResponseMeta;
pub use self::view::{
    CheckError, Decimal, Expandable, Instant, List, Map, RangeQuery, SearchResult, TextOrNull,
    Timestamp, V2List, View,
};
pub use self::wire::json::{Json, JsonError, JsonKind};
pub use secrecy;
pub use tollway_transport as transport;

/// The API version this crate's types were made from, sent with every request unless the client or the call names
/// another.
pub const STRIPE_VERSION: &str = "2026-10-28.endive";
