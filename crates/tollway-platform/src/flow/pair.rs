//! Live and test as a pair: a live connection's refresh token, sent with the platform's test key, gives the credentials of
//! the same account in test mode. The background worker does it before it tells the host application of the live connection,
//! and again until Stripe has answered. The test half ends with the live one.

use std::time::Duration;

use secrecy::SecretString;

use crate::id::new_id;
use crate::platform::Platform;
use crate::realm::{Mode, Realm};
use crate::seal::SealContext;
use crate::store::{
    Actor, Connection, HistoryEntry, NewConnection, Origin, ConnectResult, SealedTokens, StoreError,
};
use crate::stripe::{ExchangeError, Grant};

/// There is no pair now; asked again, there may be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PairError {
    /// Stripe gave no answer. The text is for the operator and holds no secret.
    #[error("the test credentials could not be asked for: {0}")]
    NoAnswer(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Platform {
    /// Makes the test half of a live connection, if the platform has a test mode and there is no such half yet. What cannot
    /// be is left as a line in the history.
    pub(crate) async fn pair(&self, live: &Connection) -> Result<(), PairError> {
        let test = Realm::new(live.realm.platform.clone(), Mode::Test);
        let wanted = live.realm.mode == Mode::Live
            && live.is_active()
            && self.config().realm(&test).is_some();
        if !wanted || self.is_paired(live, &test).await? {
            return Ok(());
        }
        let tokens = self.store().sealed_tokens(&live.id).await?;
        let Some(refresh_token) = self.open_refresh_token(live, &tokens) else {
            return self.not_paired(live, "there is no refresh token").await;
        };
        let timeout = Duration::from_secs(self.config().connect.exchange_timeout_seconds.into());
        match self
            .inner()
            .stripe
            .refresh(&test, &refresh_token, timeout)
            .await
        {
            Ok(grant) if grant.account == live.account && !grant.livemode => {
                self.record_pair(live, test, grant).await
            }
            Ok(_) => {
                self.not_paired(live, "Stripe answered for another account or mode")
                    .await
            }
            Err(ExchangeError::Unreachable(reason) | ExchangeError::Interrupted(reason)) => {
                Err(PairError::NoAnswer(reason))
            }
            Err(
                ExchangeError::InvalidGrant(reason)
                | ExchangeError::Controlled(reason)
                | ExchangeError::Refused(reason),
            ) => self.not_paired(live, &reason).await,
        }
    }

    /// The live half of a test connection that is one half of a pair; the connection itself if it is not.
    pub(crate) async fn live_half(&self, connection: Connection) -> Result<Connection, StoreError> {
        let Some(id) = &connection.pair_of else {
            return Ok(connection);
        };
        let live = self.store().connection_by_id(id).await?;
        Ok(live.filter(Connection::is_active).unwrap_or(connection))
    }

    /// The other half of the pair that a connection belongs to, active or not.
    pub(crate) async fn other_half(
        &self,
        connection: &Connection,
    ) -> Result<Option<Connection>, StoreError> {
        if let Some(id) = &connection.pair_of {
            return self.store().connection_by_id(id).await;
        }
        let test = Realm::new(connection.realm.platform.clone(), Mode::Test);
        let found = self.store().connection(&test, &connection.tenant).await?;
        Ok(found.filter(|test| test.pair_of.as_deref() == Some(&connection.id)))
    }

    /// A reconnect gives new tokens, so a half from before it is made anew.
    async fn is_paired(&self, live: &Connection, test: &Realm) -> Result<bool, StoreError> {
        let half = self.store().connection(test, &live.tenant).await?;
        Ok(half.is_some_and(|half| {
            half.is_active()
                && half.pair_of.as_deref() == Some(&live.id)
                && half.connected_at >= live.connected_at
        }))
    }

    fn open_refresh_token(&self, live: &Connection, tokens: &SealedTokens) -> Option<SecretString> {
        let row = Connection::seal_row(&live.realm, &live.tenant, &live.account);
        let place = SealContext {
            table: "connections",
            row: &row,
            column: "refresh_token",
        };
        let plain = self
            .keys()
            .open(place, tokens.refresh_token.as_deref()?)
            .ok()?;
        let text = std::str::from_utf8(&plain).ok()?;
        Some(SecretString::from(text))
    }

    async fn record_pair(
        &self,
        live: &Connection,
        test: Realm,
        grant: Grant,
    ) -> Result<(), PairError> {
        let recorded = self
            .store()
            .connect(NewConnection {
                origin: Origin::PairOf(live.id.clone()),
                id: new_id("con", self.now(), &self.inner().entropy),
                tenant: live.tenant.clone(),
                account: grant.account.clone(),
                scope: grant.scope.clone().unwrap_or_else(|| live.scope.clone()),
                publishable_key: grant.publishable_key.clone(),
                tokens: self.seal_tokens(&test, &live.tenant, &grant),
                realm: test,
                shared: self.config().connect.allow_shared_accounts,
                replace: false,
                stamp: self.audit_stamp(Actor::Worker, None),
            })
            .await?;
        match recorded {
            ConnectResult::OtherAccount { connected } => {
                let reason = format!("the tenant is connected to {connected} in test mode");
                self.not_paired(live, &reason).await
            }
            ConnectResult::OtherTenant => {
                self.not_paired(live, "another tenant has the account in test mode")
                    .await
            }
            ConnectResult::OriginNoLongerOpen
            | ConnectResult::Connected(_)
            | ConnectResult::Reconnected(_)
            | ConnectResult::Replaced { .. } => Ok(()),
        }
    }

    async fn not_paired(&self, live: &Connection, reason: &str) -> Result<(), PairError> {
        let entry = HistoryEntry {
            id: String::new(),
            realm: live.realm.clone(),
            tenant: Some(live.tenant.clone()),
            account: Some(live.account.clone()),
            action: "not_paired".to_owned(),
            stamp: self.audit_stamp(Actor::Worker, None),
            detail: Some(format!("no test credentials: {reason}")),
        };
        Ok(self.store().add_history(entry).await?)
    }
}
