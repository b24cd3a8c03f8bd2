//! A local Stripe: stateful, with Connect, OAuth pages and signed webhooks.
//!
//! ```text
//! HTTP front ──▶ key → World (lock) → Scope ──▶ operation of the description ──▶ checked Params
//!                                                     │
//!                 Behaviour (connect, money, events) ─┤  or transition table, or generic state
//!                                                     ▼
//!                       Ctx: Store (records), Clock, Random, emit ──▶ commit (journal) ──▶ answer, deliveries
//! ```
//!
//! - [`World`]: one platform, found by what follows `sk_test_` in its key, behind one mutex. Handlers are synchronous
//!   functions that run with it locked, in a transaction ([`Engine::transact`]): an error undoes everything.
//! - [`Store`]: objects as ready-made JSON by [`Scope`] (mode, account), type and id. **Everything durable is a record
//!   in it**, types with a leading `_` are the emulator's own.
//! - [`Registry`]: operation (`charges.create`) → [`Behaviour`]`(&mut Ctx, &Params) -> Result<Value, ApiError>`.
//! - [`ApiError`]: Stripe's errors. [`Clock`] and [`Random`]: the only time and chance.

mod account_summary;
mod accounts;
mod app_secrets;
mod billing;
mod checkout;
mod claims;
mod clock;
mod config;
mod console;
mod control;
mod coverage;
mod ctx;
mod currency;
mod customers;
mod description;
mod disputes;
mod documents;
mod durations;
mod emulator;
mod engine;
mod entitlements;
mod ephemeral_keys;
mod error;
mod events;
mod extensions;
mod faults;
mod fees;
mod files;
mod generic;
mod http;
mod identity;
mod ids;
mod invoice_page;
mod issuing;
mod journal;
mod json;
mod key;
mod ledger;
mod listener;
mod located_object;
mod log;
mod merchant_name;
mod money;
mod oauth;
mod pages;
mod params;
mod payment_method_configurations;
mod payment_methods;
mod payments;
mod payouts;
mod portal;
mod product_objects;
mod radar;
mod random;
mod registry;
mod reporting;
mod request_context;
mod scheduler;
mod scope;
mod seed;
mod server;
mod services;
mod store;
mod tax;
mod terminal;
mod test_clocks;
mod tls;
mod transitions;
mod transport;
mod treasury;
mod vault;
mod webhooks;
mod world;

pub use clock::Clock;
pub use config::{Config, MethodFee};
pub use coverage::{HandledBy, coverage};
pub use ctx::{Caller, Ctx, RequestInfo};
pub use description::Description;
pub use emulator::{BuildError, Emulator, EmulatorBuilder};
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
pub use seed::{Seed, SeedError};
pub use store::{Collection, CreatedRange, Page, Query, Record, Store, UnknownCursor};
pub use tls::{Identity, IdentityError};
pub use world::{
    Access, AfterRetries, Claim, Connection, ConnectionKind, GrantScope, ModeSettings, Platform,
    PrivateRecord, RestrictedKey, Token, TokenKind, World, WorldState, Worlds,
};
