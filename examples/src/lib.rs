//! The everyday code of a Connect platform, in small functions to copy. Each is run against the emulator in `tests/`.
//!
//! | to do | see |
//! | --- | --- |
//! | charge for a connected account | [`accounts`] |
//! | let sellers connect and disconnect | [`connect`] |
//! | one client for each tenant | [`tenants`] |
//! | hear when a seller leaves | [`webhooks`] |

pub mod accounts;
pub mod connect;
pub mod tenants;
pub mod webhooks;

/// The code in the repository's documents: it compiles, and what can run by itself does.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    struct Readme;

    #[doc = include_str!("../../docs/sdk.md")]
    struct Sdk;

    #[doc = include_str!("../../docs/emulator.md")]
    struct Emulator;

    #[doc = include_str!("../../docs/testing.md")]
    struct Testing;
}
