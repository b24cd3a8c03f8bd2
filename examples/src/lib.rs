//! The everyday code of a Connect platform, in small functions to copy. Each is run against the emulator in `tests/`, and
//! `cargo run --example tour -- quick-start` runs one by hand.
//!
//! | to do | see |
//! | --- | --- |
//! | the first customer and the first charge | [`quick_start`] |
//! | charge for a connected account | [`accounts`] |
//! | let sellers connect and disconnect | [`connect`], in a web server [`oauth_axum`] |
//! | one client for each tenant, in a pool of tasks | [`tenants`] |
//! | go through long lists | [`pagination`] |
//! | hear what happened | [`webhooks`], in a web server [`webhooks_axum`] |
//! | tell a declined card from an unknown outcome | [`errors`] |
//! | do a thing once, whatever fails | [`idempotency`] |
//! | upload and download | [`files`] |
//! | accounts of API v2 | [`v2_accounts`] |
//! | find objects | [`search`] |
//! | call what the SDK does not know | [`raw`] |
//! | do without async | [`blocking`] |
//! | test your own code | [`testing`] |

pub mod accounts;
pub mod blocking;
pub mod connect;
pub mod errors;
pub mod files;
pub mod idempotency;
pub mod oauth_axum;
pub mod pagination;
pub mod quick_start;
pub mod raw;
pub mod search;
pub mod tenants;
pub mod testing;
pub mod v2_accounts;
pub mod webhooks;
pub mod webhooks_axum;

/// The code in the repository's documents: it compiles, and what can run by itself does.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    struct Readme;

    #[doc = include_str!("../../docs/sdk.md")]
    struct Sdk;

    #[doc = include_str!("../../docs/emulator.md")]
    struct Emulator;
}
