//! [`Client`]: a plain value that is cheap to clone, with clones that act for other accounts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::bases::Bases;
use super::identity::Identity;
use super::key::Key;
use super::options::ActingFor;
use super::telemetry::Telemetry;
use super::throttle::Throttle;
use crate::error::Error;
use crate::observe::Observer;
use crate::retry::RetryPolicy;
use crate::runtime::{Clock, Random};
use crate::transport::Transport;

/// A Stripe API client: an API key, the account it acts for, and a shared connection pool.
///
/// Clones are cheap (three pointers) and share the pool: a program with a million tenants builds one client and derives
/// the others by `client.for_account("acct_1")`. Nothing is global.
///
/// ```
/// # fn main() -> Result<(), tollway::Error> {
/// let platform = tollway::Client::new("sk_test_123")?;
/// let seller = platform.for_account("acct_1");
/// # let _ = seller;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: Key,
    pub(crate) acting_for: ActingFor,
}

/// What all clones of a client share.
pub(crate) struct Shared {
    pub(crate) bases: Bases,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) retry: RetryPolicy,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) timeout: Duration,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) version: String,
    pub(crate) identity: Identity,
    pub(crate) client_id: Option<String>,
    pub(crate) telemetry: Option<Telemetry>,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

impl Client {
    pub(crate) fn from_parts(shared: Arc<Shared>, key: Key, acting_for: ActingFor) -> Self {
        Self {
            shared,
            key,
            acting_for,
        }
    }

    /// Returns a clone whose calls act for a connected account (`Stripe-Account`). It shares the connection pool. An
    /// empty id is refused when the first call is sent. <https://docs.stripe.com/connect/authentication>
    #[must_use]
    pub fn for_account(&self, account: impl AsRef<str>) -> Self {
        self.acting_for(ActingFor::Account(account.as_ref().into()))
    }

    /// Returns a clone whose calls act in a context (`Stripe-Context`), for example `org_1/acct_2`, instead of for an
    /// account.
    #[must_use]
    pub fn with_context(&self, context: impl AsRef<str>) -> Self {
        self.acting_for(ActingFor::context(context.as_ref()))
    }

    /// Returns a clone whose calls act for the owner of the key: no account, no context.
    #[must_use]
    pub fn without_account(&self) -> Self {
        self.acting_for(ActingFor::KeyOwner)
    }

    /// Returns a clone that sends another key, for example a connected account's access token. It shares the connection
    /// pool.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_api_key(&self, api_key: impl Into<SecretString>) -> Result<Self, Error> {
        let key = Key::new(&api_key.into())?;
        Ok(Self {
            shared: Arc::clone(&self.shared),
            key,
            acting_for: self.acting_for.clone(),
        })
    }

    fn acting_for(&self, acting_for: ActingFor) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            key: self.key.clone(),
            acting_for,
        }
    }

    /// The connected account that the calls act for; `None` when they act for the owner of the key or in a context.
    pub fn stripe_account(&self) -> Option<&str> {
        match &self.acting_for {
            ActingFor::Account(account) => Some(account),
            _ => None,
        }
    }

    /// The context that the calls act in.
    pub fn stripe_context(&self) -> Option<&str> {
        match &self.acting_for {
            ActingFor::Context(context) => Some(context),
            _ => None,
        }
    }

    /// The platform's OAuth client id.
    pub fn client_id(&self) -> Option<&str> {
        self.shared.client_id.as_deref()
    }

    /// The API version that the calls request.
    pub fn stripe_version(&self) -> &str {
        &self.shared.version
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("api_base", &self.shared.bases.api)
            .field("acting_for", &self.acting_for)
            .field("stripe_version", &self.shared.version)
            .finish_non_exhaustive()
    }
}
