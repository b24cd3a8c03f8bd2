//! Disconnecting, from the platform's side. At Stripe a connection is between the platform and the account, whatever
//! tenants share it; so when others do, whoever disconnects has to say which of the two is meant.

use crate::platform::Platform;
use crate::realm::Realm;
use crate::store::{Connection, Disconnection, DisconnectReason, AuditStamp, StoreError};
use crate::stripe::DeauthorizeError;

/// How far a disconnection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisconnectScope {
    /// Revoke at Stripe if this tenant alone has the account; fail with [`DisconnectError::Shared`] if others have it, too.
    Sole,
    /// Unlink this tenant here. At Stripe the account stays connected if other tenants have it, and is revoked otherwise.
    UnlinkHere,
    /// Revoke at Stripe, which ends it for every tenant that shares the account.
    RevokeForAll,
}

/// A connection could not be ended. Nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum DisconnectError {
    /// There is nothing to end.
    #[error("tenant {0} is not connected")]
    NotConnected(String),
    /// Other tenants are connected to the same account.
    #[error("this account is shared with {}: unlink this tenant here, or revoke it for all", .others.join(", "))]
    Shared {
        /// Their names.
        others: Vec<String>,
    },
    /// Stripe could not be reached, or its answer was lost: try again, that does no harm.
    #[error("Stripe could not be reached ({0}): try again")]
    Unreachable(String),
    /// Stripe refused, or the platform is not configured.
    #[error("the account was not disconnected: {0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Platform {
    /// Ends a tenant's connection: at Stripe first, then here. Returns all connections that ended, the other half of a pair
    /// included.
    pub(crate) async fn end_connection(
        &self,
        realm: &Realm,
        tenant: &str,
        scope: DisconnectScope,
        stamp: AuditStamp,
    ) -> Result<Vec<Connection>, DisconnectError> {
        let connection = self
            .store()
            .connection(realm, tenant)
            .await?
            .filter(Connection::is_active);
        let Some(connection) = connection else {
            return Err(DisconnectError::NotConnected(tenant.to_owned()));
        };
        // A pair ends by its live half.
        let connection = self.live_half(connection).await?;
        let realm = &connection.realm.clone();
        let others = self.others_on(&connection).await?;
        if scope == DisconnectScope::Sole && !others.is_empty() {
            return Err(DisconnectError::Shared { others });
        }
        let unlink_only = scope == DisconnectScope::UnlinkHere && !others.is_empty();
        if !unlink_only {
            self.revoke(realm, &connection.account, stamp.clone())
                .await?;
        }
        let account = connection.account;
        self.record_end(Disconnection {
            realm: realm.clone(),
            account: account.clone(),
            tenant: unlink_only.then(|| tenant.to_owned()),
            connected_by: stamp.at,
            reason: if unlink_only {
                DisconnectReason::Unlinked
            } else {
                DisconnectReason::Revoked
            },
            detail: None,
            stamp,
        })
        .await?;
        let concerned = if unlink_only { Vec::new() } else { others };
        self.ended_of(
            realm,
            &account,
            [tenant.to_owned()].into_iter().chain(concerned),
        )
        .await
    }

    /// Ends the account's connections at Stripe. Who does so is written down first: Stripe's webhook may be faster than
    /// its answer, and whoever records the end then has to know whose it is.
    async fn revoke(
        &self,
        realm: &Realm,
        account: &str,
        stamp: AuditStamp,
    ) -> Result<(), DisconnectError> {
        self.store()
            .mark_revoking(realm, account, Some(stamp))
            .await?;
        match self.inner().stripe.deauthorize(realm, account).await {
            Ok(()) => Ok(()),
            // Stripe may have done it all the same, so the mark stays.
            Err(DeauthorizeError::Unreachable(reason)) => Err(DisconnectError::Unreachable(reason)),
            Err(DeauthorizeError::Refused(reason)) => {
                self.store().mark_revoking(realm, account, None).await?;
                Err(DisconnectError::Refused(reason))
            }
        }
    }

    /// Which of these tenants' connections to the account have ended. Stripe's webhook may have come first and recorded
    /// the end, so what counts is how they stand, not who recorded it.
    async fn ended_of(
        &self,
        realm: &Realm,
        account: &str,
        tenants: impl Iterator<Item = String>,
    ) -> Result<Vec<Connection>, DisconnectError> {
        let mut ended = Vec::new();
        for tenant in tenants {
            let connection = self.store().connection(realm, &tenant).await?;
            let Some(one) = connection.filter(|one| one.account == account && !one.is_active())
            else {
                continue;
            };
            let half = self.other_half(&one).await?;
            ended.push(one);
            ended.extend(half.filter(|half| !half.is_active()));
        }
        Ok(ended)
    }

    /// The other tenants that are connected to the same account.
    pub(crate) async fn others_on(
        &self,
        connection: &Connection,
    ) -> Result<Vec<String>, StoreError> {
        let active = self
            .store()
            .active_connections(&connection.realm, &connection.account)
            .await?;
        Ok(active
            .into_iter()
            .map(|other| other.tenant)
            .filter(|tenant| *tenant != connection.tenant)
            .collect())
    }

    /// Records the end of connections, counts it, and wakes the worker to tell the host application.
    pub(crate) async fn record_end(&self, end: Disconnection) -> Result<Vec<Connection>, StoreError> {
        let reason = end.reason;
        let ended = self.store().disconnect(end).await?;
        for connection in &ended {
            self.inner().metrics.disconnected(&connection.realm, reason);
            tracing::info!(
                stripe.account = connection.account,
                disconnect.reason = reason.as_str(),
                "account disconnected"
            );
        }
        if !ended.is_empty() {
            self.inner().work.notify_one();
        }
        Ok(ended)
    }
}
