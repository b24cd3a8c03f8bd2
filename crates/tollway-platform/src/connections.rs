//! Connections of tenants: disconnecting them, and recording that they ended.
//!
//! At Stripe a connection is between the platform and the account, however many tenants share the account. A caller that
//! disconnects one of several tenants therefore chooses a [`DisconnectScope`].

use std::sync::Arc;

use tokio::sync::Notify;

use crate::metrics::Metrics;
use crate::realm::{Mode, Realm, RealmError};
use crate::store::{AuditStamp, Connection, DisconnectReason, Disconnection, Store, StoreError};
use crate::stripe::{DeauthorizeError, Stripe, StripeError};

/// How far a disconnection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectScope {
    /// Revokes at Stripe if no other tenant has the account; fails with [`DisconnectError::Shared`] otherwise.
    Sole,
    /// Unlinks this tenant here. At Stripe the account stays connected if other tenants have it, and is revoked otherwise.
    UnlinkHere,
    /// Revokes at Stripe, which ends the connections of all tenants that share the account.
    RevokeForAll,
}

/// A connection was not ended, and nothing was recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DisconnectError {
    /// The tenant has no active connection.
    #[error("tenant {0} is not connected")]
    NotConnected(String),
    /// Other tenants are connected to the same account.
    #[error("this account is shared with {}: unlink this tenant here, or revoke it for all", .others.join(", "))]
    Shared {
        /// The other tenants.
        others: Vec<String>,
    },
    /// Stripe could not be reached, or its response was lost. You can try again: revoking twice does no harm.
    #[error("Stripe could not be reached ({0}): try again")]
    Unreachable(#[source] StripeError),
    /// Stripe refused.
    #[error("the account was not disconnected: {0}")]
    Refused(#[source] StripeError),
    /// The configuration has no such platform.
    #[error("the account was not disconnected: {0}")]
    Realm(#[from] RealmError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Disconnects tenants and records ends of connections.
#[derive(Clone)]
pub(crate) struct Connections {
    pub store: Arc<dyn Store>,
    pub stripe: Stripe,
    pub metrics: Arc<Metrics>,
    /// Wakes the worker, which notifies the host application.
    pub work_added: Arc<Notify>,
}

impl Connections {
    /// Ends a tenant's connection at Stripe, then here. Returns all connections that ended, both halves of a pair
    /// included.
    pub(crate) async fn disconnect(
        &self,
        realm: &Realm,
        tenant: &str,
        scope: DisconnectScope,
        stamp: AuditStamp,
    ) -> Result<Vec<Connection>, DisconnectError> {
        let connection = self
            .store
            .connection(realm, tenant)
            .await?
            .filter(Connection::is_active);
        let Some(connection) = connection else {
            return Err(DisconnectError::NotConnected(tenant.to_owned()));
        };
        // Revoking the live half of a pair ends both halves.
        let connection = self.live_half(connection).await?;
        let realm = &connection.realm.clone();
        let others = self.other_tenants(&connection).await?;
        if scope == DisconnectScope::Sole && !others.is_empty() {
            return Err(DisconnectError::Shared { others });
        }
        let unlink_only = scope == DisconnectScope::UnlinkHere && !others.is_empty();
        if !unlink_only {
            self.revoke(realm, &connection.account, stamp.clone())
                .await?;
        }
        let account = connection.account;
        let reason = if unlink_only {
            DisconnectReason::Unlinked
        } else {
            DisconnectReason::Revoked
        };
        self.record_disconnection(Disconnection {
            tenant: unlink_only.then(|| tenant.to_owned()),
            ..Disconnection::new(realm.clone(), account.clone(), stamp.at, reason, stamp)
        })
        .await?;
        let other_tenants = if unlink_only { Vec::new() } else { others };
        let tenants = [tenant.to_owned()].into_iter().chain(other_tenants);
        self.ended_connections(realm, &account, tenants).await
    }

    /// Revokes the account at Stripe. Records first who does so: Stripe's webhook can arrive before its response, and
    /// the worker that records the end then has to know who caused it.
    async fn revoke(
        &self,
        realm: &Realm,
        account: &str,
        stamp: AuditStamp,
    ) -> Result<(), DisconnectError> {
        self.store
            .mark_revoking(realm, account, Some(stamp))
            .await?;
        match self.stripe.deauthorize(realm, account).await {
            Ok(()) => Ok(()),
            // Stripe may have revoked it all the same, so the mark stays.
            Err(DeauthorizeError::Unreachable(error)) => Err(DisconnectError::Unreachable(error)),
            Err(DeauthorizeError::Refused(error)) => {
                self.store.mark_revoking(realm, account, None).await?;
                Err(DisconnectError::Refused(error))
            }
        }
    }

    /// The connections of these tenants to the account that have ended. Reads them from the store, because the worker may
    /// have recorded their end first, on Stripe's webhook.
    async fn ended_connections(
        &self,
        realm: &Realm,
        account: &str,
        tenants: impl Iterator<Item = String>,
    ) -> Result<Vec<Connection>, DisconnectError> {
        let mut ended = Vec::new();
        for tenant in tenants {
            let connection = self.store.connection(realm, &tenant).await?;
            let Some(connection) = connection
                .filter(|connection| connection.account == account && !connection.is_active())
            else {
                continue;
            };
            let half = self.other_half(&connection).await?;
            ended.push(connection);
            ended.extend(half.filter(|half| !half.is_active()));
        }
        Ok(ended)
    }

    /// The other tenants that are connected to the same account.
    pub(crate) async fn other_tenants(
        &self,
        connection: &Connection,
    ) -> Result<Vec<String>, StoreError> {
        let active = self
            .store
            .active_connections(&connection.realm, &connection.account)
            .await?;
        Ok(active
            .into_iter()
            .map(|other| other.tenant)
            .filter(|tenant| *tenant != connection.tenant)
            .collect())
    }

    /// The active live half of a test connection that belongs to a pair, or else the connection itself.
    async fn live_half(&self, connection: Connection) -> Result<Connection, StoreError> {
        let Some(id) = &connection.pair_of else {
            return Ok(connection);
        };
        let live = self.store.connection_by_id(id).await?;
        Ok(live.filter(Connection::is_active).unwrap_or(connection))
    }

    /// The other half of the pair that a connection belongs to, active or not.
    pub(crate) async fn other_half(
        &self,
        connection: &Connection,
    ) -> Result<Option<Connection>, StoreError> {
        if let Some(id) = &connection.pair_of {
            return self.store.connection_by_id(id).await;
        }
        let test = Realm::new(connection.realm.platform.clone(), Mode::Test);
        let test_connection = self.store.connection(&test, &connection.tenant).await?;
        Ok(test_connection.filter(|test| test.pair_of.as_deref() == Some(&connection.id)))
    }

    /// Records the end of connections, counts it, and wakes the worker. Returns the connections that ended.
    pub(crate) async fn record_disconnection(
        &self,
        end: Disconnection,
    ) -> Result<Vec<Connection>, StoreError> {
        let reason = end.reason;
        let ended = self.store.disconnect(end).await?;
        for connection in &ended {
            self.metrics.count_disconnected(&connection.realm, reason);
            tracing::info!(
                stripe.account = connection.account,
                disconnect.reason = reason.as_str(),
                "account disconnected"
            );
        }
        if !ended.is_empty() {
            self.work_added.notify_one();
        }
        Ok(ended)
    }
}
