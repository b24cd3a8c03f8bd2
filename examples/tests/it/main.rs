//! Runs every example against the emulator, over HTTP, and says the same by curl.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

mod curl;
mod examples;
mod guide;
mod http;
mod stripe;
