//! Keeping the tokens of Stripe Apps, which live for an hour and whose refresh tokens work once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use futures_util::lock::Mutex as AsyncMutex;
use secrecy::{ExposeSecret as _, SecretString};

use super::{AppsOAuth, OAuthToken};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::runtime::BoxFuture;

/// A token with less time left than this, in seconds, is refreshed before it is used.
const MARGIN: i64 = 60;

/// How long tokens live when Stripe does not say, in seconds.
const LIFETIME: i64 = 3600;

/// Why a store of tokens failed.
pub type TokenStoreError = Box<dyn std::error::Error + Send + Sync>;

/// The tokens of one account.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredToken {
    /// Acts for the account.
    pub access_token: SecretString,
    /// Makes the next pair; works once.
    pub refresh_token: SecretString,
    /// When the access token ends, in unix seconds.
    pub expires_at: i64,
}

impl StoredToken {
    /// Tokens as they come out of a store.
    pub fn new(
        access_token: impl Into<SecretString>,
        refresh_token: impl Into<SecretString>,
        expires_at: i64,
    ) -> Self {
        Self {
            access_token: access_token.into(),
            refresh_token: refresh_token.into(),
            expires_at,
        }
    }

    fn of(token: &OAuthToken, now: i64) -> Option<Self> {
        let lifetime = token.expires_in().unwrap_or(LIFETIME);
        Some(Self {
            access_token: token.access_token()?,
            refresh_token: token.refresh_token()?,
            expires_at: now.saturating_add(lifetime),
        })
    }
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Where tokens are kept, by account: a table, with both tokens sealed. A save must be durable when it returns: the
/// refresh token before it no longer works.
pub trait TokenStore: Send + Sync + 'static {
    /// The tokens of an account; `None` if it never connected.
    fn load<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, TokenStoreError>>;

    /// Replaces the tokens of an account.
    fn save<'a>(
        &'a self,
        account: &'a str,
        token: StoredToken,
    ) -> BoxFuture<'a, Result<(), TokenStoreError>>;
}

/// Why there is no token.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The account never connected: send its owner to the authorize page.
    NotConnected,
    /// The store failed.
    Store(TokenStoreError),
    /// The refresh failed. [`TokenError::must_reconnect`] tells whether trying again can help.
    Refresh(Error),
    /// Stripe's answer holds no tokens.
    NoTokens,
}

impl TokenError {
    /// Whether only the account's owner can help, by connecting again: it never did, or the refresh token is used up.
    pub fn must_reconnect(&self) -> bool {
        match self {
            Self::NotConnected => true,
            Self::Refresh(error) => {
                matches!(error.kind(), ErrorKind::OAuth(_)) && error.code() == Some("invalid_grant")
            }
            Self::Store(_) | Self::NoTokens => false,
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected => f.write_str("the account has not connected to the app"),
            Self::Store(cause) => write!(f, "the store of tokens failed: {cause}"),
            Self::Refresh(error) => write!(f, "the token could not be refreshed: {error}"),
            Self::NoTokens => f.write_str(
                "Stripe's answer holds no tokens: is this the client id of a Stripe App with OAuth?",
            ),
        }
    }
}

impl std::error::Error for TokenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refresh(error) => Some(error),
            Self::Store(cause) => Some(cause.as_ref()),
            Self::NotConnected | Self::NoTokens => None,
        }
    }
}

/// Gives out access tokens of a Stripe App that are still good, and refreshes the others. Of many tasks that need the
/// same account's token at once, one refreshes and the rest wait for it: a second use of a refresh token would fail.
/// Cheap to clone; made by [`AppsOAuth::tokens`]. Several processes need a store whose `load` waits for whoever is
/// refreshing.
#[derive(Clone)]
pub struct AppTokens(Arc<Inner>);

struct Inner {
    oauth: AppsOAuth,
    client: Client,
    store: Arc<dyn TokenStore>,
    flights: Mutex<HashMap<String, Flight>>,
}

/// One account's turn to look and refresh; holds a fresh token that the store has not taken yet.
type Flight = Arc<AsyncMutex<Option<StoredToken>>>;

impl AppsOAuth {
    /// The keeper of this app's tokens.
    pub fn tokens(&self, store: Arc<dyn TokenStore>) -> AppTokens {
        AppTokens(Arc::new(Inner {
            oauth: self.clone(),
            client: self.client.clone(),
            store,
            flights: Mutex::default(),
        }))
    }
}

impl AppTokens {
    /// Keeps the tokens of the first exchange.
    ///
    /// # Errors
    /// When the answer has none, or the store fails.
    pub async fn connect(&self, token: &OAuthToken) -> Result<(), TokenError> {
        let stored = StoredToken::of(token, self.now()).ok_or(TokenError::NoTokens)?;
        let saved = self.0.store.save(token.stripe_user_id(), stored).await;
        saved.map_err(TokenError::Store)
    }

    /// A client that acts for an account with its token. Shares the connection pool; take a new one for each piece of
    /// work, since a token lives for an hour.
    ///
    /// # Errors
    /// When there is no token.
    pub async fn client_for(&self, account: &str) -> Result<Client, TokenError> {
        let token = self.access_token(account).await?;
        let client = self.0.client.with_api_key(token);
        client.map_err(TokenError::Refresh)
    }

    /// An access token with at least a minute left.
    ///
    /// # Errors
    /// When the account never connected, the store fails, or Stripe refuses.
    pub async fn access_token(&self, account: &str) -> Result<SecretString, TokenError> {
        let flight = Arc::clone(self.flights().entry(account.to_owned()).or_default());
        let mut unsaved = flight.lock().await;
        let token = self.current(account, &mut unsaved).await;
        let settled = unsaved.is_none();
        drop(unsaved);
        let mut flights = self.flights();
        // Ours and the map's: nobody waits.
        if settled && Arc::strong_count(&flight) == 2 {
            flights.remove(account);
        }
        token
    }

    async fn current(
        &self,
        account: &str,
        unsaved: &mut Option<StoredToken>,
    ) -> Result<SecretString, TokenError> {
        let store = &self.0.store;
        let stored = match unsaved.clone() {
            Some(fresh) => Some(fresh),
            None => store.load(account).await.map_err(TokenError::Store)?,
        };
        let stored = stored.ok_or(TokenError::NotConnected)?;
        let token = if stored.expires_at.saturating_sub(self.now()) > MARGIN {
            stored
        } else {
            let old = stored.refresh_token.expose_secret();
            let exchange = self.0.oauth.token().refresh_token(old);
            let answer = exchange.send().await.map_err(TokenError::Refresh)?;
            let fresh = StoredToken::of(&answer, self.now()).ok_or(TokenError::NoTokens)?;
            // From here on the old refresh token is of no use: this one must not get lost.
            *unsaved = Some(fresh.clone());
            fresh
        };
        if unsaved.is_some() {
            let saved = store.save(account, token.clone()).await;
            saved.map_err(TokenError::Store)?;
            *unsaved = None;
        }
        Ok(token.access_token)
    }

    fn flights(&self) -> std::sync::MutexGuard<'_, HashMap<String, Flight>> {
        let flights = self.0.flights.lock();
        flights.unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        let since = self.0.client.shared.clock.now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
    }
}

impl fmt::Debug for AppTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppTokens")
    }
}
