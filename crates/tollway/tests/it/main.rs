//! Integration tests of the SDK: Stripe's behaviour as vectors, and whole calls against stubs and small servers.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

mod apps;
mod blocking;
mod calls;
mod cancellation;
mod connections;
mod downloads;
mod frameworks;
mod hooks;
mod pace;
mod pages;
mod queries;
mod reqwest_transport;
mod router;
mod server;
mod support;
mod testing;
mod thin_events;
mod transport;
mod unclear_attempts;
mod vectors;
mod views;
mod walks;
