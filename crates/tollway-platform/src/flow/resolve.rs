//! What a crash left behind: exchanges that nobody will finish, confirmations that nobody will give.

use crate::outcome::Outcome;
use crate::platform::Platform;
use crate::store::{
    Actor, Attempt, AttemptStatus, Disconnection, DisconnectReason, Millis, AuditStamp, StoreError,
};
use crate::stripe::{Access, AccessUnknown};

const BATCH: u32 = 50;

impl Platform {
    /// Ends an exchange whose process died. Its code may have been redeemed or not, and is never sent again: the seller is
    /// asked to connect once more, which does no harm if it had worked.
    pub(crate) async fn resolve_lost(&self, attempt: Attempt) -> Result<Attempt, StoreError> {
        let tenant = (attempt.realm.clone(), attempt.tenant.clone());
        let detail =
            Some("the process ended between sending the code and recording the answer".to_owned());
        let resolved = self
            .end(
                attempt,
                AttemptStatus::Exchanging,
                Outcome::Interrupted,
                None,
                detail,
            )
            .await?;
        self.check_access(&tenant.0, &tenant.1).await?;
        Ok(resolved)
    }

    /// Resolves what is stuck. Returns how many attempts it ended.
    pub(crate) async fn resolve_stuck(&self) -> Result<usize, StoreError> {
        let connect = &self.config().connect;
        let lost_before = self.now() - millis(connect.exchange_is_lost_after().as_secs());
        let lost = self
            .store()
            .stuck_attempts(AttemptStatus::Exchanging, lost_before, BATCH)
            .await?;
        let mut ended = lost.len();
        for attempt in lost {
            self.resolve_lost(attempt).await?;
        }
        let unconfirmed_before = self.now() - millis(connect.attempt_lifetime_seconds.into());
        let unconfirmed = self
            .store()
            .stuck_attempts(AttemptStatus::Confirming, unconfirmed_before, BATCH)
            .await?;
        ended += unconfirmed.len();
        for attempt in unconfirmed {
            self.confirm(attempt, false).await?;
        }
        Ok(ended)
    }

    /// Asks Stripe whether a tenant's connection still stands, and records it if not: a code that was sent twice, by
    /// whomever, makes Stripe revoke the connection that was there before.
    async fn check_access(
        &self,
        realm: &crate::realm::Realm,
        tenant: &str,
    ) -> Result<(), StoreError> {
        let Some(connection) = self.store().connection(realm, tenant).await? else {
            return Ok(());
        };
        if !connection.is_active() {
            return Ok(());
        }
        match self.inner().stripe.access(realm, &connection.account).await {
            Ok(Access::Granted) => Ok(()),
            Ok(Access::Lost) => {
                let stamp = self.audit_stamp(Actor::Worker, None);
                let connected_by = connection.connected_at;
                self.access_lost(realm, &connection.account, connected_by, stamp)
                    .await
            }
            Err(AccessUnknown(reason)) => {
                tracing::warn!(
                    stripe.account = connection.account,
                    reason,
                    "could not see whether access still stands"
                );
                Ok(())
            }
        }
    }

    async fn access_lost(
        &self,
        realm: &crate::realm::Realm,
        account: &str,
        connected_by: Millis,
        stamp: AuditStamp,
    ) -> Result<(), StoreError> {
        let end = Disconnection {
            realm: realm.clone(),
            account: account.to_owned(),
            tenant: None,
            connected_by,
            reason: DisconnectReason::AccessLost,
            detail: None,
            stamp,
        };
        self.record_end(end).await.map(drop)
    }
}

fn millis(seconds: u64) -> Millis {
    Millis::try_from(seconds.saturating_mul(1000)).unwrap_or(Millis::MAX)
}
