//! `tollway listen`, `tollway trigger` and `tollway events`: webhooks at hand, for those used to Stripe's own command line.
//!
//! All talk to a running emulator over HTTP, as any client would: `listen` makes webhook endpoints of its own and passes on what
//! they are sent, `trigger` plays requests that lead to an event.

pub(crate) mod events;
pub(crate) mod forward;
pub(crate) mod listen;
pub(crate) mod recipes;
pub(crate) mod trigger;

use tollway::{Client, Error};

use crate::failure::{Failure, Outcome};

/// Which emulator, and whose world in it.
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
    /// Where the emulator is.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:12111",
        env = "TOLLWAY_EMULATOR_URL"
    )]
    api_base: String,
}

impl Target {
    /// A client for the emulator that asks once and says at once what went wrong.
    pub(crate) fn client(&self) -> Outcome<Client> {
        Client::builder(self.api_key.as_str())
            .base_url(&self.api_base)
            .max_retries(0)
            .build()
            .map_err(|error| Failure::new(format!("{error}: give --api-key and --api-base")))
    }

    /// One sentence for a call that failed.
    pub(crate) fn failed(&self, error: &Error) -> Failure {
        if error.transport().is_some() {
            return Failure::new(format!(
                "nobody answers at {}: start `tollway emulator`, or say where it is by --api-base",
                self.api_base
            ));
        }
        Failure::new(error.to_string())
    }
}
