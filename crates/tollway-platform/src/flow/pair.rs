//! Live and test connections as a pair: a live connection's refresh token, redeemed with the platform's test key, gives the
//! credentials of the same account in test mode.
//!
//! The worker redeems it before it notifies the host application of the live connection, and repeats that until Stripe has
//! answered. The test half ends with the live half.

use std::time::Duration;

use super::ConnectFlow;
use crate::id::new_id;
use crate::realm::{Mode, Realm};
use crate::store::{
    Actor, ConnectResult, Connection, ConnectionOrigin, HistoryAction, NewConnection,
    NewHistoryEntry, StoreError,
};
use crate::stripe::{ExchangeError, Grant, StripeError};

/// The test half was not made, and can be made later.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PairError {
    #[error("the test credentials could not be asked for: {0}")]
    NoResponse(#[source] StripeError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConnectFlow {
    /// Makes the test half of a live connection, if the platform has a test mode and there is no such half yet. If Stripe
    /// gives no credentials, writes a history entry.
    pub(crate) async fn add_test_half(&self, live: &Connection) -> Result<(), PairError> {
        let test = Realm::new(live.realm.platform.clone(), Mode::Test);
        let needs_test_half =
            live.realm.mode == Mode::Live && live.is_active() && self.config.realm(&test).is_some();
        if !needs_test_half || self.has_test_half(live, &test).await? {
            return Ok(());
        }
        let tokens = self.store.sealed_tokens(&live.id).await?;
        let Some(refresh_token) = self.sealer.open_refresh_token(live, &tokens) else {
            return self
                .record_not_paired(live, "there is no refresh token")
                .await;
        };
        let timeout = Duration::from_secs(self.config.connect.exchange_timeout_seconds.into());
        match self.stripe.refresh(&test, &refresh_token, timeout).await {
            Ok(grant) if grant.account == live.account && !grant.livemode => {
                self.record_test_half(live, test, &grant).await
            }
            Ok(_) => {
                self.record_not_paired(live, "Stripe answered for another account or mode")
                    .await
            }
            Err(ExchangeError::Unreachable(error) | ExchangeError::Interrupted(error)) => {
                Err(PairError::NoResponse(error))
            }
            Err(
                ExchangeError::InvalidGrant(error)
                | ExchangeError::ControlledByOtherPlatform(error)
                | ExchangeError::Refused(error),
            ) => self.record_not_paired(live, &error.to_string()).await,
        }
    }

    /// A reconnect gives new tokens, so a test half that is older than the reconnect does not count.
    async fn has_test_half(&self, live: &Connection, test: &Realm) -> Result<bool, StoreError> {
        let half = self.store.connection(test, &live.tenant).await?;
        Ok(half.is_some_and(|half| {
            half.is_active()
                && half.pair_of.as_deref() == Some(&live.id)
                && half.connected_at >= live.connected_at
        }))
    }

    async fn record_test_half(
        &self,
        live: &Connection,
        test: Realm,
        grant: &Grant,
    ) -> Result<(), PairError> {
        let origin = ConnectionOrigin::LiveConnection(live.id.clone());
        let stamp = self.audit_stamp(Actor::Worker, None);
        let id = new_id("con", stamp.at, &self.entropy);
        let tokens = self.sealer.seal_tokens(&test, &live.tenant, grant);
        let result = self
            .store
            .connect(NewConnection {
                scope: grant.scope.unwrap_or(live.scope),
                publishable_key: grant.publishable_key.clone(),
                tokens,
                shared: self.config.connect.allow_shared_accounts,
                ..NewConnection::new(
                    origin,
                    id,
                    test,
                    live.tenant.clone(),
                    grant.account.clone(),
                    stamp,
                )
            })
            .await?;
        match result {
            ConnectResult::OtherAccount { connected } => {
                let reason = format!("the tenant is connected to {connected} in test mode");
                self.record_not_paired(live, &reason).await
            }
            ConnectResult::OtherTenant => {
                self.record_not_paired(live, "another tenant has the account in test mode")
                    .await
            }
            ConnectResult::OriginNoLongerOpen
            | ConnectResult::Connected(_)
            | ConnectResult::Reconnected(_)
            | ConnectResult::Replaced { .. } => Ok(()),
        }
    }

    async fn record_not_paired(&self, live: &Connection, reason: &str) -> Result<(), PairError> {
        let stamp = self.audit_stamp(Actor::Worker, None);
        let entry = NewHistoryEntry {
            tenant: Some(live.tenant.clone()),
            account: Some(live.account.clone()),
            detail: Some(format!("no test credentials: {reason}")),
            ..NewHistoryEntry::new(live.realm.clone(), HistoryAction::NotPaired, stamp)
        };
        Ok(self.store.add_history(entry).await?)
    }
}
