//! The machine of the emulator: everything that a local Stripe needs and that is no product of Stripe's.
//!
//! ```text
//! HTTP front ──▶ key → World (lock) → Scope ──▶ operation of the description ──▶ checked Params
//!                                                     │
//!                          handler of a product ──────┤  or transition table, or generic state
//!                                                     ▼
//!                       Ctx: Store (records), Clock, Random, emit ──▶ commit (journal) ──▶ response, deliveries
//! ```
//!
//! - [`World`]: one platform, found by what follows `sk_test_` in its key, behind one mutex. Handlers are synchronous
//!   functions that run with it locked, in a transaction ([`Engine::transact`]): an error undoes everything.
//! - [`Store`]: objects as ready-made JSON by [`Scope`] (mode, account), type and id. **Everything durable is a record
//!   in it**; types with a leading `_` are [private records](PrivateRecord).
//! - [`Registry`]: the one way in which products add to the engine: handlers by operation
//!   (`fn(&mut Ctx, &Params) -> Result<Value, ApiError>`), scheduled tasks, listeners, routes.
//! - [`ApiError`]: Stripe's errors. [`Clock`] and [`Random`]: the only sources of time and chance.
//!
//! The engine names Stripe's products only in data: the description, and tables of ids and transitions. It is the inside of
//! `tollway-emulator` and promises no stable API.

pub mod claims;
pub mod clock;
pub mod config;
pub mod control;
pub mod coverage;
pub mod ctx;
pub mod currency;
pub mod description;
pub mod engine;
pub mod error;
pub mod events;
pub mod extensions;
pub mod faults;
pub mod generic;
pub mod http;
pub mod ids;
pub mod journal;
pub mod json;
pub mod key;
pub mod listener;
pub mod log;
pub mod pages;
pub mod params;
pub mod random;
pub mod registry;
pub mod request_context;
pub mod scheduler;
pub mod scope;
pub mod server;
pub mod services;
pub mod store;
pub mod tls;
pub mod transitions;
pub mod transport;
pub mod webhooks;
pub mod world;

pub use clock::Clock;
pub use config::{Config, MethodFee};
pub use coverage::{HandledBy, coverage};
pub use ctx::{Caller, Ctx, RequestInfo};
pub use description::Description;
pub use engine::Engine;
pub use error::{ApiError, ErrorBody};
pub use events::EventCtx;
pub use faults::{Fault, FaultEffect, Faults};
pub use generic::{GenericCtx, Handler};
pub use journal::DataError;
pub use key::{ApiKey, KeyKind};
pub use listener::Listener;
pub use log::{Entry, LoggedParams, RequestLog};
pub use params::{Params, Upload};
pub use random::Random;
pub use registry::Registry;
pub use scope::{Mode, Scope};
pub use store::{Collection, CreatedRange, Page, Query, Record, Store, UnknownCursor};
pub use tls::{Identity, IdentityError};
pub use world::{
    Access, AfterRetries, Claim, Connection, ConnectionKind, GrantScope, ModeSettings, Platform,
    PrivateRecord, RestrictedKey, Token, TokenKind, World, WorldState, Worlds,
};
