//! Start: adds an attempt that is bound to the browser, and gives the address of Stripe's page.

use super::ConnectFlow;
use super::browser_attempts::BrowserAttempts;
use crate::id::{hash, new_id};
use crate::prefill::Prefill;
use crate::realm::{Realm, RealmError};
use crate::store::{Attempt, NewAttempt, StoreError};
use crate::stripe::StripeError;
use crate::time::seconds_to_millis;

/// Why an attempt could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Realm(#[from] RealmError),
    #[error("the address of Stripe's page cannot be built: {0}")]
    AuthorizeUrl(#[from] StripeError),
}

/// What the seller's attempt is for.
#[derive(Clone, Debug)]
pub(crate) struct StartRequest {
    pub realm: Realm,
    pub tenant: String,
    /// The URL that the outcome page links to.
    pub return_to: Option<String>,
    pub prefill: Prefill,
}

impl ConnectFlow {
    /// Adds an attempt for a tenant in this browser and returns the address of Stripe's page. The state is in that address
    /// alone; the store has its hash.
    pub(crate) async fn start(
        &self,
        request: &StartRequest,
        browser: &mut BrowserAttempts,
        address: Option<String>,
    ) -> Result<String, StartError> {
        let realm = &request.realm;
        let Some((brand, _)) = self.config.realm(realm) else {
            return Err(RealmError::NotConfigured(realm.clone()).into());
        };
        let now = self.now();
        let expires_at = now + seconds_to_millis(self.config.connect.attempt_lifetime_seconds);
        let state = self.entropy.token();
        let redirect_uri = self.config.redirect_uri(realm);
        let url = self.stripe.authorize_url(
            realm,
            brand.scope,
            &state,
            &redirect_uri,
            &request.prefill,
        )?;
        let id = new_id("att", now, &self.entropy);
        let browser_hash = browser.bind(&self.entropy, &id, expires_at);
        self.store
            .add_attempt(NewAttempt {
                state_hash: hash(&state),
                browser_hash,
                redirect_uri,
                scope: brand.scope,
                return_to: request.return_to.clone(),
                address,
                created_at: now,
                expires_at,
                ..NewAttempt::new(id.clone(), realm.clone(), request.tenant.clone())
            })
            .await?;
        self.metrics.count_started(realm);
        tracing::info!(attempt.id = id, platform.realm = %realm, "connect attempt started");
        Ok(url)
    }

    /// Starts a new attempt for the tenant of an earlier one.
    pub(crate) async fn start_again(
        &self,
        earlier: &Attempt,
        browser: &mut BrowserAttempts,
        address: Option<String>,
    ) -> Result<String, StartError> {
        let request = StartRequest {
            realm: earlier.realm.clone(),
            tenant: earlier.tenant.clone(),
            return_to: earlier.return_to.clone(),
            prefill: Prefill::default(),
        };
        self.start(&request, browser, address).await
    }
}
