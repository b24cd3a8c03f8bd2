//! `tollway listen`, `tollway trigger` and `tollway events`, with the options of Stripe's own command line.
//!
//! All call a running emulator over HTTP: `listen` creates webhook endpoints of its own and forwards their deliveries, `trigger`
//! sends the requests that cause an event.

pub(crate) mod events;
pub(crate) mod forward;
pub(crate) mod listen;
pub(crate) mod recipes;
pub(crate) mod trigger;

use tollway::{Client, Error};

use crate::failure::{Failure, Outcome};

/// The emulator, and the key of a world in it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Target {
    /// Secret key of the platform.
    #[arg(
        long,
        value_name = "KEY",
        default_value = "sk_test_123",
        env = "STRIPE_API_KEY",
        hide_env_values = true
    )]
    api_key: String,
    /// The emulator's URL.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:12111",
        env = "TOLLWAY_EMULATOR_URL"
    )]
    api_base: String,
}

impl Target {
    /// A client for the emulator without retries.
    pub(crate) fn client(&self) -> Outcome<Client> {
        Client::builder(self.api_key.as_str())
            .base_url(&self.api_base)
            .max_retries(0)
            .build()
            .map_err(|error| Failure::new(format!("{error}: give --api-key and --api-base")))
    }

    /// The failure of a call, as a sentence.
    pub(crate) fn failed(&self, error: &Error) -> Failure {
        if error.transport().is_some() {
            return Failure::new(format!(
                "no emulator answers at {}: start `tollway emulator`, or give its URL by --api-base",
                self.api_base
            ));
        }
        Failure::new(error.to_string())
    }
}
