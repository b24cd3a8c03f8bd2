//! The emulator through its router and its socket: the front, generic state, Connect, pages, events.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod accounts;
mod anything;
mod auth;
mod authorization;
mod client;
mod connected;
mod console;
mod control;
mod coverage;
mod errors;
mod files;
mod idempotency;
mod lists;
mod market;
mod mock;
mod money;
mod oauth;
mod objects;
mod onboarding;
mod owners;
mod pages;
mod persistence;
mod products;
mod raw;
mod seeds;
mod server;
mod support;
mod thin_events;
mod treasury;
mod v2_accounts;
mod webhooks;
