//! Storage and refresh of the tokens of Stripe Apps. Access tokens are valid for an hour; each refresh token works
//! once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use futures_util::lock::Mutex as AsyncMutex;
use secrecy::{ExposeSecret as _, SecretString};

use super::apps::AppsOAuth;
use super::token::OAuthToken;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::request::Pending;
use crate::runtime::BoxFuture;
use crate::store_error::StoreError;

/// A token with no more time left than this is refreshed before it is used.
const MARGIN_SECONDS: i64 = 60;

/// How long a token lives when Stripe's response has no `expires_in`.
const DEFAULT_LIFETIME_SECONDS: i64 = 3600;

/// The tokens of one account.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredToken {
    /// The access token, which acts for the account.
    pub access_token: SecretString,
    /// The refresh token, which works once and gives the next pair of tokens.
    pub refresh_token: SecretString,
    /// When the access token expires, in unix seconds.
    pub expires_at: i64,
}

impl StoredToken {
    /// Creates a record from the columns of a store.
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

    fn of(token: &OAuthToken, issued_at: i64) -> Option<Self> {
        let lifetime = token.expires_in().unwrap_or(DEFAULT_LIFETIME_SECONDS);
        Some(Self {
            access_token: token.access_token()?,
            refresh_token: token.refresh_token()?,
            expires_at: issued_at.saturating_add(lifetime),
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

/// A store of tokens by account, usually a table with both tokens encrypted. A save must be durable when it returns,
/// because the refresh token before it no longer works. A caller may drop the future of either method; the call is then
/// repeated.
pub trait TokenStore: Send + Sync + 'static {
    /// Loads the tokens of an account; `None` if it never connected.
    fn load<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>>;

    /// Replaces the tokens of an account.
    fn save<'a>(
        &'a self,
        account: &'a str,
        token: StoredToken,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// Why there is no token.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The account never connected: send the seller to the authorize page.
    NotConnected,
    /// The store failed.
    Store(StoreError),
    /// The refresh failed. When [`TokenError::must_reconnect`] is false, a retry may help.
    Refresh(Error),
    /// Stripe's response has no tokens.
    NoTokens,
}

impl TokenError {
    /// Whether the seller must connect again: the account never connected, or its refresh token is used up.
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

/// Returns valid access tokens of a Stripe App, and refreshes those that are about to expire. When many tasks need the
/// token of one account, one of them refreshes it and the others wait, because a refresh token works once. Cheap to
/// clone; created by [`AppsOAuth::tokens`]. Several processes need a store whose `load` waits while another process
/// refreshes.
#[derive(Clone)]
pub struct AppTokens(Arc<AppTokensData>);

struct AppTokensData {
    oauth: AppsOAuth,
    client: Client,
    store: Arc<dyn TokenStore>,
    slots: Mutex<HashMap<String, Slot>>,
}

/// An account whose token is in use by callers, or whose refresh is not finished.
#[derive(Default)]
struct Slot {
    /// How many calls for this account are running.
    callers: usize,
    refresh: Arc<AsyncMutex<Refresh>>,
}

/// The state of the refresh of one account's token. It outlives a caller that is dropped, because a refresh token works
/// once; the next caller continues from here.
#[derive(Default)]
enum Refresh {
    #[default]
    Idle,
    /// The request was sent, or is about to be.
    Exchanging {
        request: Pending<OAuthToken>,
        /// Unix seconds; the new token's life is counted from here.
        sent_at: i64,
    },
    /// Stripe has sent the new token; the store has not saved it yet.
    Unsaved(StoredToken),
}

/// One caller of one account. Removes the account's slot when it is the last one and nothing is unfinished.
struct SlotGuard<'a> {
    slots: &'a Mutex<HashMap<String, Slot>>,
    account: &'a str,
    refresh: Arc<AsyncMutex<Refresh>>,
}

impl<'a> SlotGuard<'a> {
    fn enter(slots: &'a Mutex<HashMap<String, Slot>>, account: &'a str) -> Self {
        let mut map = slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = map.entry(account.to_owned()).or_default();
        slot.callers += 1;
        let refresh = Arc::clone(&slot.refresh);
        drop(map);
        Self {
            slots,
            account,
            refresh,
        }
    }
}

impl Drop for SlotGuard<'_> {
    fn drop(&mut self) {
        let mut map = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = map.get_mut(self.account) else {
            return;
        };
        slot.callers -= 1;
        let is_idle = matches!(self.refresh.try_lock().as_deref(), Some(Refresh::Idle));
        if slot.callers == 0 && is_idle {
            map.remove(self.account);
        }
    }
}

impl AppsOAuth {
    /// Manages the tokens of this app in `store`.
    pub fn tokens(&self, store: Arc<dyn TokenStore>) -> AppTokens {
        AppTokens(Arc::new(AppTokensData {
            oauth: self.clone(),
            client: self.client.clone(),
            store,
            slots: Mutex::default(),
        }))
    }
}

impl AppTokens {
    /// Saves the tokens of the first exchange.
    ///
    /// # Errors
    /// When the response has no tokens, or the store fails.
    pub async fn connect(&self, token: &OAuthToken) -> Result<(), TokenError> {
        let stored = StoredToken::of(token, self.now()).ok_or(TokenError::NoTokens)?;
        let saved = self.0.store.save(token.stripe_user_id(), stored).await;
        saved.map_err(TokenError::Store)
    }

    /// Returns a client that acts for an account with its token. It shares the connection pool. Get a new one for each
    /// piece of work, because a token is valid for an hour.
    ///
    /// # Errors
    /// When there is no token.
    pub async fn client_for(&self, account: &str) -> Result<Client, TokenError> {
        let token = self.access_token(account).await?;
        let client = self.0.client.with_api_key(token);
        client.map_err(TokenError::Refresh)
    }

    /// Returns an access token that is valid for at least another minute.
    ///
    /// Dropping the future loses nothing: the next call for the account continues the refresh.
    ///
    /// # Errors
    /// When the account never connected, the store fails, or Stripe refuses.
    pub async fn access_token(&self, account: &str) -> Result<SecretString, TokenError> {
        let caller = SlotGuard::enter(&self.0.slots, account);
        let mut refresh = caller.refresh.lock().await;
        self.current(account, &mut refresh).await
    }

    /// Continues one account's refresh until there is a valid token that is saved.
    async fn current(
        &self,
        account: &str,
        refresh: &mut Refresh,
    ) -> Result<SecretString, TokenError> {
        let store = &self.0.store;
        // A token of this call's own refresh is returned however short its life is.
        let mut is_own = false;
        loop {
            match refresh {
                Refresh::Idle => {
                    let stored = store.load(account).await.map_err(TokenError::Store)?;
                    let stored = stored.ok_or(TokenError::NotConnected)?;
                    if self.is_good(&stored) {
                        return Ok(stored.access_token);
                    }
                    is_own = true;
                    *refresh = self.begin_refresh(&stored);
                }
                Refresh::Exchanging { request, sent_at } => {
                    let sent_at = *sent_at;
                    let answer = request.await;
                    *refresh = Refresh::Idle;
                    let answer = answer.map_err(TokenError::Refresh)?;
                    let fresh = StoredToken::of(&answer, sent_at).ok_or(TokenError::NoTokens)?;
                    *refresh = Refresh::Unsaved(fresh);
                }
                Refresh::Unsaved(fresh) => {
                    let fresh = fresh.clone();
                    let saved = store.save(account, fresh.clone()).await;
                    saved.map_err(TokenError::Store)?;
                    *refresh = Refresh::Idle;
                    if is_own || self.is_good(&fresh) {
                        return Ok(fresh.access_token);
                    }
                }
            }
        }
    }

    fn is_good(&self, token: &StoredToken) -> bool {
        token.expires_at.saturating_sub(self.now()) > MARGIN_SECONDS
    }

    fn begin_refresh(&self, stored: &StoredToken) -> Refresh {
        let request = self.0.oauth.token();
        let request = request.refresh_token(stored.refresh_token.expose_secret());
        Refresh::Exchanging {
            request: request.send(),
            sent_at: self.now(),
        }
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
