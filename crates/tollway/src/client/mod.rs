//! [`Client`]: a plain value that is cheap to copy, plus cheap copies that act for somebody else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{Bases, ClientBuilder, check_key};
use crate::error::Error;
use crate::execute::Throttle;
use crate::headers::Identity;
use crate::observe::Observer;
use crate::options::Scope;
use crate::request::{ApiMode, RequestBuilder, Verb};
use crate::retry::RetryPolicy;
use crate::runtime::{Clock, Random};
use crate::telemetry::Telemetry;
use crate::transport::Transport;

/// The way to Stripe: a key, whom the calls act for, and a shared connection pool.
///
/// Copies are cheap (three pointers) and share the pool, so a program with a million tenants makes one client and
/// derives the others: `client.for_account("acct_1")`. Nothing is global.
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
    pub(crate) scope: Scope,
}

/// What all copies of a client have in common.
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

/// A checked API key, as the header that carries it.
#[derive(Clone)]
pub(crate) struct Key(HeaderValue);

impl Key {
    pub(crate) fn new(key: &SecretString) -> Result<Self, Error> {
        check_key(key)?;
        let mut header = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
            .map_err(|_| {
                Error::authentication("the API key holds bytes that no header can carry")
            })?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl Client {
    /// A client with the default settings: Stripe's own hosts, 2 retries, 80 seconds for an attempt.
    ///
    /// # Errors
    /// When the key is empty or holds bytes that no key has. Whether it is valid only Stripe can tell.
    pub fn new(api_key: impl Into<SecretString>) -> Result<Self, Error> {
        Self::builder(api_key).build()
    }

    /// A client with settings of your own.
    pub fn builder(api_key: impl Into<SecretString>) -> ClientBuilder {
        ClientBuilder::new(api_key.into())
    }

    pub(crate) fn from_parts(shared: Arc<Shared>, key: Key, scope: Scope) -> Self {
        Self { shared, key, scope }
    }

    /// A copy whose calls act for a connected account (`Stripe-Account`). Shares the connection pool. An empty id is
    /// refused when the first call is sent.
    /// <https://docs.stripe.com/connect/authentication>
    #[must_use]
    pub fn for_account(&self, account: impl AsRef<str>) -> Self {
        self.with_scope(Scope::Account(account.as_ref().into()))
    }

    /// A copy whose calls act in a context (`Stripe-Context`), for example `org_1/acct_2`, instead of for an account.
    #[must_use]
    pub fn with_context(&self, context: impl AsRef<str>) -> Self {
        self.with_scope(Scope::context(context.as_ref()))
    }

    /// A copy whose calls act for the key's owner: no account, no context.
    #[must_use]
    pub fn without_account(&self) -> Self {
        self.with_scope(Scope::Own)
    }

    /// A copy that sends another key, for example a connected account's access token. Shares the connection pool.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_api_key(&self, api_key: impl Into<SecretString>) -> Result<Self, Error> {
        let key = Key::new(&api_key.into())?;
        Ok(Self {
            shared: Arc::clone(&self.shared),
            key,
            scope: self.scope.clone(),
        })
    }

    fn with_scope(&self, scope: Scope) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            key: self.key.clone(),
            scope,
        }
    }

    /// The connected account the calls act for.
    pub fn stripe_account(&self) -> Option<&str> {
        match &self.scope {
            Scope::Account(account) => Some(account),
            _ => None,
        }
    }

    /// The context the calls act in.
    pub fn stripe_context(&self) -> Option<&str> {
        match &self.scope {
            Scope::Context(context) => Some(context),
            _ => None,
        }
    }

    /// The platform's OAuth client id.
    pub fn client_id(&self) -> Option<&str> {
        self.shared.client_id.as_deref()
    }

    /// The API version the calls ask for.
    pub fn stripe_version(&self) -> &str {
        &self.shared.version
    }

    /// A request to any path, with all that other requests have: key, account, version, retries, idempotency key,
    /// errors. For operations this crate has no types for.
    ///
    /// ```no_run
    /// # async fn run(client: tollway::Client) -> Result<(), tollway::Error> {
    /// use tollway::request::Verb;
    ///
    /// let made: serde_json::Value =
    ///     client.request(Verb::Post, "/v1/new_things").param("amount", 1000).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, verb: Verb, path: impl Into<String>) -> RequestBuilder {
        RequestBuilder::raw(self, verb, path.into())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("api_base", &self.shared.bases.api)
            .field("scope", &self.scope)
            .field("stripe_version", &self.shared.version)
            .finish_non_exhaustive()
    }
}

impl ApiMode {
    /// The mode of a path: `/v2` and below is v2, everything else is v1.
    pub(crate) fn of_path(path: &str) -> Self {
        if path.starts_with("/v2") {
            Self::V2
        } else {
            Self::V1
        }
    }
}
