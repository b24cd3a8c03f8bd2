//! Resolves what a crash left behind: exchanges without a process, and confirmations that the seller never gave.

use super::ConnectFlow;
use super::exchange::AccountChoice;
use crate::outcome::Outcome;
use crate::realm::Realm;
use crate::store::{
    Actor, Attempt, AttemptEnd, AttemptStatus, Connection, DisconnectReason, Disconnection,
    StoreError,
};
use crate::stripe::AccountAccess;
use crate::time::seconds_to_millis;

/// How many stuck attempts are read at once.
const STUCK_BATCH_ROWS: u32 = 50;

impl ConnectFlow {
    /// Ends an exchange whose process died. The code may have been redeemed or not, and is never sent again: the seller is
    /// asked to connect once more, which does no harm if it was redeemed.
    pub(crate) async fn resolve_lost_exchange(
        &self,
        attempt: Attempt,
    ) -> Result<Attempt, StoreError> {
        let (realm, tenant) = (attempt.realm.clone(), attempt.tenant.clone());
        let detail = "the process ended between sending the code and recording the answer";
        let end = AttemptEnd {
            detail: Some(detail.to_owned()),
            ..AttemptEnd::new(Outcome::Interrupted, self.now())
        };
        let resolved = self
            .finish_without_connection(attempt, AttemptStatus::Exchanging, end)
            .await?;
        self.check_access(&realm, &tenant).await?;
        Ok(resolved)
    }

    /// Resolves stuck attempts. Returns how many it ended.
    pub(crate) async fn resolve_stuck_attempts(&self) -> Result<usize, StoreError> {
        let connect = &self.config.connect;
        let lost_before = self.now() - connect.exchange_is_lost_after_millis();
        let lost = self
            .store
            .stuck_attempts(AttemptStatus::Exchanging, lost_before, STUCK_BATCH_ROWS)
            .await?;
        let mut ended = lost.len();
        for attempt in lost {
            self.resolve_lost_exchange(attempt).await?;
        }
        let unconfirmed_before = self.now() - seconds_to_millis(connect.attempt_lifetime_seconds);
        let unconfirmed = self
            .store
            .stuck_attempts(
                AttemptStatus::Confirming,
                unconfirmed_before,
                STUCK_BATCH_ROWS,
            )
            .await?;
        ended += unconfirmed.len();
        for attempt in unconfirmed {
            self.confirm(attempt, AccountChoice::Previous).await?;
        }
        Ok(ended)
    }

    /// Checks at Stripe whether the tenant's connection still has access, and records its end if not: redeeming a code twice
    /// makes Stripe revoke the existing connection.
    async fn check_access(&self, realm: &Realm, tenant: &str) -> Result<(), StoreError> {
        let connection = self
            .store
            .connection(realm, tenant)
            .await?
            .filter(Connection::is_active);
        let Some(connection) = connection else {
            return Ok(());
        };
        match self.stripe.access(realm, &connection.account).await {
            Ok(AccountAccess::Granted) => Ok(()),
            Ok(AccountAccess::Lost) => {
                let end = Disconnection::new(
                    realm.clone(),
                    connection.account,
                    connection.connected_at,
                    DisconnectReason::AccessLost,
                    self.audit_stamp(Actor::Worker, None),
                );
                self.connections.record_disconnection(end).await.map(drop)
            }
            Err(error) => {
                tracing::warn!(
                    stripe.account = connection.account,
                    error = %error,
                    "could not check at Stripe whether access to the account still exists"
                );
                Ok(())
            }
        }
    }
}
