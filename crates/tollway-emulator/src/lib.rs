//! A local Stripe: stateful, with Connect, OAuth pages and signed webhooks.
//!
//! The machine (worlds, store, HTTP, events, generic state) is the crate `tollway-engine`. Here are Stripe's products, which
//! register their handlers, scheduled tasks, listeners and pages with it, and [`Emulator`], which assembles both.

mod account_summary;
mod accounts;
mod app_secrets;
mod billing;
mod checkout;
mod console;
mod customers;
mod disputes;
mod documents;
mod durations;
mod emulator;
mod entitlements;
mod ephemeral_keys;
#[cfg(test)]
mod every_operation;
mod fees;
mod files;
mod identity;
mod invoice_page;
mod issuing;
mod ledger;
mod located_object;
mod merchant_name;
mod money;
mod oauth;
mod objects;
mod payment_method_configurations;
mod payment_methods;
mod payments;
mod payouts;
mod portal;
mod product_objects;
mod radar;
mod reporting;
mod seed;
mod tax;
mod terminal;
mod test_clocks;
mod treasury;
mod vault;

pub use emulator::{BuildError, Emulator, EmulatorBuilder};
pub use seed::{Seed, SeedError};
pub use tollway_engine::{
    Access, AfterRetries, ApiError, ApiKey, Caller, Claim, Clock, Collection, Config, Connection,
    ConnectionKind, CreatedRange, Ctx, DataError, Description, Engine, Entry, ErrorBody, EventCtx,
    Fault, FaultEffect, Faults, GenericCtx, GrantScope, HandledBy, Handler, Identity,
    IdentityError, KeyKind, Listener, LoggedParams, MethodFee, Mode, ModeSettings, Page, Params,
    Platform, PrivateRecord, Query, Random, Record, Registry, RequestInfo, RequestLog,
    RestrictedKey, Scope, Store, Token, TokenKind, UnknownCursor, Upload, World, WorldState,
    Worlds, coverage,
};
use tollway_engine::{
    clock, config, control, ctx, currency, engine, error, events, faults, generic, http, journal,
    json, key, listener, pages, params, random, registry, request_context, scheduler, scope,
    server, store, transport, webhooks, world,
};
