//! Start: an attempt is made, bound to the browser, and the browser goes to Stripe.

use crate::web::browser_cookie::Browser;
use crate::id::{hash, new_id};
use crate::link::VerifiedLink;
use crate::platform::Platform;
use crate::store::{Attempt, AttemptStatus, Millis, StoreError};
use crate::stripe::{Prefill, AccessUnknown};

/// Why an attempt could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeginError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the address of Stripe's page cannot be built: {0}")]
    Stripe(String),
}

impl Platform {
    /// Makes an attempt for the ticket's tenant in this browser and returns the address of Stripe's page. The state is in
    /// that address alone: here only its hash is kept.
    pub(crate) async fn begin(
        &self,
        ticket: &VerifiedLink,
        browser: &mut Browser,
        address: Option<String>,
    ) -> Result<String, BeginError> {
        let VerifiedLink {
            realm,
            tenant,
            return_to,
            prefill,
        } = ticket;
        let inner = self.inner();
        let Some((brand, _)) = inner.config.realm(realm) else {
            return Err(BeginError::Stripe(format!(
                "platform {realm} is not configured"
            )));
        };
        let now = self.now();
        let expires_at = now + 1000 * Millis::from(inner.config.connect.attempt_lifetime_seconds);
        let state = inner.entropy.token();
        let redirect_uri = inner.config.redirect_uri(realm);
        let url = inner
            .stripe
            .authorize_url(realm, brand.scope, &state, &redirect_uri, prefill)
            .map_err(|AccessUnknown(reason)| BeginError::Stripe(reason))?;
        let id = new_id("att", now, &inner.entropy);
        let browser_hash = browser.bind(&inner.entropy, &id, expires_at);
        inner
            .store
            .add_attempt(Attempt {
                id: id.clone(),
                realm: realm.clone(),
                tenant: tenant.clone(),
                state_hash: hash(&state),
                browser_hash,
                redirect_uri,
                scope: brand.scope.as_str().to_owned(),
                return_to: return_to.clone(),
                address,
                status: AttemptStatus::Pending,
                outcome: None,
                account: None,
                detail: None,
                answer_hash: None,
                created_at: now,
                expires_at,
                claimed_at: None,
                finished_at: None,
            })
            .await?;
        inner.metrics.started(realm);
        tracing::info!(attempt.id = id, platform.realm = %realm, "connect attempt started");
        Ok(url)
    }

    /// A new attempt for the tenant of an earlier one, in the browser that made that one.
    pub(crate) async fn begin_again(
        &self,
        earlier: &Attempt,
        browser: &mut Browser,
        address: Option<String>,
    ) -> Result<String, BeginError> {
        let ticket = VerifiedLink {
            realm: earlier.realm.clone(),
            tenant: earlier.tenant.clone(),
            return_to: earlier.return_to.clone(),
            prefill: Prefill::default(),
        };
        self.begin(&ticket, browser, address).await
    }
}
