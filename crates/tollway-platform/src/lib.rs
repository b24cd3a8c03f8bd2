//! The platform's side of Stripe Connect: the part that every marketplace writes by hand.
//!
//! A [`Platform`] has a router to mount (or to [serve](Platform::serve)), a background worker to [run](Platform::run), and a
//! [client](Platform::client_for) for each connected tenant. Data flows through it like this:
//!
//! ```text
//! start link ─► start ─► Stripe's page ─► callback ─► claim ─► exchange ─► record ─► hooks
//!  (link)      (flow::start)             (flow::callback)     (flow::exchange)      (worker)
//! webhook ─► verify ─► store ─► 200 … later: handle ─► hooks
//!            (inbox::receive)         (worker, inbox::handle)
//! ```
//!
//! A code is redeemed once: the callback claims its attempt in the store before it calls Stripe, however many callbacks race.
//! Secrets are sealed before they are stored. A crash leaves a visible state, which is resolved without sending the code
//! again.
//!
//! Features: `sqlite` (default) has the SQLite store; `contract` has the tests for other stores.
//!
//! ```no_run
//! use tollway_platform::{Platform, PlatformConfig};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = PlatformConfig::load(Some("platform.toml".as_ref()), std::env::vars())?;
//! let platform = Platform::builder().config(config).build().await?;
//!
//! // Mount `platform.router()` in your own application and spawn `platform.run(shutdown)`, or let it serve by itself.
//! let listener = tokio::net::TcpListener::bind(platform.config().listen).await?;
//! tokio::spawn({
//!     let platform = platform.clone();
//!     async move { platform.serve(listener, std::future::pending()).await }
//! });
//!
//! let link = platform.start_link("shop-42").prefill("email", "jenny@example.com").page()?;
//! println!("send the seller to {link}");
//!
//! let client = platform.client_for("shop-42").await?; // acts for the account that shop-42 connected
//! # let _ = client;
//! # Ok(())
//! # }
//! ```

mod builder;
mod config;
mod connections;
mod entropy;
mod flow;
mod grant_scope;
mod hooks;
mod id;
mod inbox;
mod key_rotation;
mod link;
mod metrics;
mod outcome;
mod password;
mod platform;
mod prefill;
mod realm;
mod seal;
pub mod store;
#[cfg(feature = "sqlite")]
mod store_sqlite;
mod stripe;
mod time;
mod web;
mod worker;

/// Makes async methods of a trait usable as `dyn`: put it on an `impl` of [`Hooks`] or of the traits in [`store`].
pub use async_trait::async_trait;

pub use self::builder::{BuildError, PlatformBuilder};
pub use self::config::{
    BrandConfig, ConfigError, ConfigProblem, ConnectConfig, DEFAULT_CONFIG, ENV_PREFIX, ModeConfig,
    OperatorConfig, PlatformConfig, StripeConfig, WebConfig, WebhookConfig,
};
pub use self::connections::{DisconnectError, DisconnectScope};
pub use self::entropy::{Entropy, EntropyError};
pub use self::grant_scope::GrantScope;
pub use self::hooks::{HookError, Hooks, ReceivedEvent};
pub use self::key_rotation::{KeyUsage, RotationProgress};
pub use self::link::{LinkError, StartLink};
pub use self::outcome::Outcome;
pub use self::password::hash_password;
pub use self::platform::{ClientForError, Platform, RealmHandle};
pub use self::realm::{Mode, Realm, RealmError, UnknownMode};
pub use self::seal::{KeyError, KeyId, SealingKeys};
pub use self::store::{Connection, DisconnectReason};
#[cfg(feature = "sqlite")]
pub use self::store_sqlite::SqliteStore;
pub use self::stripe::StripeError;
pub use self::web::{Route, RouteAccess};

/// The code in the platform's document compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/platform.md")]
struct Document;
