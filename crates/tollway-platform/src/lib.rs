//! The platform's own side of Stripe Connect: the half that every marketplace writes by hand.
//!
//! A [`Platform`] is a router to mount (or to [serve](Platform::serve)), a background worker to [run](Platform::run), and a
//! [client](Platform::client_for) for each connected tenant. Data flows through it like this:
//!
//! ```text
//! start link ─► start ─► Stripe's page ─► callback ─► claim ─► exchange ─► record ─► hooks
//!  (link)      (flow::start)             (flow::callback)     (flow::record)        (hooks)
//! webhook ─► verify ─► keep ─► 200 … later: work ─► deauthorized? ─► hooks
//!            (inbox::receive)         (inbox::worker)
//! ```
//!
//! Each dangerous thing happens exactly once: a callback claims its attempt in the store before Stripe is asked, whoever
//! races it; everything secret is sealed before it is stored; what a crash leaves behind is visible and is resolved
//! without sending a code a second time.
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
mod flow;
mod hooks;
mod id;
mod inbox;
mod key_rotation;
mod link;
mod metrics;
mod outcome;
mod platform;
mod realm;
mod entropy;
mod seal;
pub mod store;
mod stripe;
mod web;

/// Lets a trait with async methods be implemented: [`Hooks`], and the traits of [`store`].
pub use async_trait::async_trait;

pub use self::builder::{PlatformBuilder, BuildError};
pub use self::config::{
    BrandConfig, ConfigError, ConnectConfig, DEFAULT_CONFIG, ENV_PREFIX, GrantScope, ModeConfig,
    OperatorConfig, PlatformConfig, ConfigProblem, StripeConfig, WebConfig, WebhookConfig,
};
pub use self::flow::disconnect::{DisconnectError, DisconnectScope};
pub use self::hooks::{HookError, Hooks, ReceivedEvent};
pub use self::key_rotation::{KeyUsage, RotationProgress};
pub use self::link::{LinkError, StartLink};
pub use self::outcome::Outcome;
pub use self::platform::{ClientForError, RealmHandle, Platform};
pub use self::realm::{Mode, Realm, UnknownMode};
pub use self::entropy::{Entropy, EntropyError};
pub use self::seal::{KeyError, KeyId, OpenError, SealingKeys};
pub use self::store::{Connection, DisconnectReason};
pub use self::web::operator::hash_password;

/// The code in the platform's document compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/platform.md")]
struct Document;
