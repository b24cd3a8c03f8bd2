//! Integration tests of the SDK: Stripe's behaviour as vectors, and the faults of its peers turned round.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

mod apps;
mod blocking;
mod connections;
mod downloads;
mod frameworks;
mod hooks;
mod pace;
mod pages;
mod peer_faults;
mod queries;
mod reqwest_transport;
mod router;
mod server;
mod support;
mod testing;
mod thin_events;
mod transport;
mod vectors;
mod views;
mod walks;
