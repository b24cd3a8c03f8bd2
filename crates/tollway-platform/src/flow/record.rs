//! Exchange, then record: the half of a callback that only the winner of the claim runs.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::config::GrantScope;
use crate::id::new_id;
use crate::outcome::Outcome;
use crate::platform::Platform;
use crate::realm::{Mode, Realm};
use crate::seal::SealContext;
use crate::store::{
    Actor, Attempt, AttemptStatus, Connection, AttemptEnd, HistoryEntry, NewConnection, Origin, ConnectResult,
    SealedTokens, StoreError,
};
use crate::stripe::{ExchangeError, Grant};

/// A grant that waits for the seller's word, as it is sealed into the attempt.
#[derive(Serialize, Deserialize)]
struct ParkedGrant {
    scope: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
    publishable_key: Option<String>,
}

impl Platform {
    /// Redeems the code and records what came of it. Returns the attempt as it stands then.
    pub(crate) async fn exchange_and_record(
        &self,
        attempt: Attempt,
        code: SecretString,
    ) -> Result<Attempt, StoreError> {
        let inner = self.inner();
        let timeout = Duration::from_secs(inner.config.connect.exchange_timeout_seconds.into());
        let started = inner.clock.monotonic();
        let answer = inner.stripe.exchange(&attempt.realm, &code, timeout).await;
        inner.metrics.exchanged(
            &attempt.realm,
            inner
                .clock
                .monotonic()
                .saturating_sub(started)
                .as_secs_f64(),
        );
        match answer {
            Ok(grant) => match refusal(&attempt, &grant) {
                None => self.record(attempt, grant, AttemptStatus::Exchanging).await,
                Some((outcome, detail)) => {
                    self.end_exchange(attempt, outcome, Some(grant.account), Some(detail))
                        .await
                }
            },
            Err(error) => {
                let (outcome, detail) = match error {
                    ExchangeError::Unreachable(detail) => (Outcome::StripeUnreachable, detail),
                    ExchangeError::Interrupted(detail) => (Outcome::Interrupted, detail),
                    ExchangeError::InvalidGrant(detail) => (Outcome::InvalidGrant, detail),
                    ExchangeError::Controlled(detail) => (Outcome::AccountControlled, detail),
                    ExchangeError::Refused(detail) => (Outcome::StripeRefused, detail),
                };
                self.end_exchange(attempt, outcome, None, Some(detail))
                    .await
            }
        }
    }

    /// The seller said yes, or no, to another account than before.
    pub(crate) async fn confirm(
        &self,
        attempt: Attempt,
        take_new: bool,
    ) -> Result<Attempt, StoreError> {
        let parked = match self.store().parked_grant(&attempt.id).await? {
            Some(sealed) => self.open_parked(&attempt, &sealed),
            None => None,
        };
        match (parked, take_new) {
            (Some(grant), true) => self.record(attempt, grant, AttemptStatus::Confirming).await,
            (None, true) => {
                let detail = Some("the parked grant could not be opened".to_owned());
                self.end(
                    attempt,
                    AttemptStatus::Confirming,
                    Outcome::Interrupted,
                    None,
                    detail,
                )
                .await
            }
            (_, false) => {
                self.end(
                    attempt,
                    AttemptStatus::Confirming,
                    Outcome::KeptPrevious,
                    None,
                    None,
                )
                .await
            }
        }
    }

    async fn record(
        &self,
        attempt: Attempt,
        grant: Grant,
        from: AttemptStatus,
    ) -> Result<Attempt, StoreError> {
        let inner = self.inner();
        let realm = attempt.realm.clone();
        let recorded = inner
            .store
            .connect(NewConnection {
                origin: Origin::Attempt {
                    id: attempt.id.clone(),
                    from,
                },
                id: new_id("con", self.now(), &inner.entropy),
                realm: realm.clone(),
                tenant: attempt.tenant.clone(),
                account: grant.account.clone(),
                scope: grant.scope.clone().unwrap_or_else(|| attempt.scope.clone()),
                publishable_key: grant.publishable_key.clone(),
                tokens: self.seal_tokens(&realm, &attempt.tenant, &grant),
                shared: inner.config.connect.allow_shared_accounts,
                replace: from == AttemptStatus::Confirming,
                stamp: self.audit_stamp(Actor::Seller, attempt.address.clone()),
            })
            .await?;
        let account = Some(grant.account.clone());
        match recorded {
            ConnectResult::Connected(connection)
            | ConnectResult::Reconnected(connection)
            | ConnectResult::Replaced { connection, .. } => {
                inner.metrics.outcome(&realm.platform, Outcome::Connected);
                inner.work.notify_one();
                tracing::info!(
                    attempt.id = attempt.id,
                    stripe.account = connection.account,
                    "account connected"
                );
                self.again(attempt).await
            }
            ConnectResult::OtherTenant => {
                self.end(attempt, from, Outcome::AccountOnOtherTenant, account, None)
                    .await
            }
            ConnectResult::OtherAccount { connected } => {
                tracing::info!(
                    attempt.id = attempt.id,
                    stripe.account = connected,
                    "another account: asking the seller"
                );
                let sealed = self.seal_parked(&attempt, &grant);
                let parked = inner
                    .store
                    .park_grant(&attempt.id, &grant.account, sealed)
                    .await?;
                match parked {
                    Some(parked) => Ok(parked),
                    None => self.again(attempt).await,
                }
            }
            ConnectResult::OriginNoLongerOpen => {
                tracing::warn!(
                    attempt.id = attempt.id,
                    "the attempt had ended before its grant could be recorded"
                );
                self.again(attempt).await
            }
        }
    }

    async fn end_exchange(
        &self,
        attempt: Attempt,
        outcome: Outcome,
        account: Option<String>,
        detail: Option<String>,
    ) -> Result<Attempt, StoreError> {
        self.end(attempt, AttemptStatus::Exchanging, outcome, account, detail)
            .await
    }

    /// Ends an attempt without a connection, and leaves a line in the history.
    pub(crate) async fn end(
        &self,
        attempt: Attempt,
        from: AttemptStatus,
        outcome: Outcome,
        account: Option<String>,
        detail: Option<String>,
    ) -> Result<Attempt, StoreError> {
        let stamp = self.audit_stamp(Actor::Seller, attempt.address.clone());
        let end = AttemptEnd {
            outcome,
            account: account.clone(),
            detail: detail.clone(),
            answer_hash: None,
            at: stamp.at,
        };
        let Some(ended) = self.finish(&attempt, from, end).await? else {
            return self.again(attempt).await;
        };
        let entry = HistoryEntry {
            id: String::new(),
            realm: ended.realm.clone(),
            tenant: Some(ended.tenant.clone()),
            account,
            action: outcome.as_str().to_owned(),
            stamp,
            detail,
        };
        self.store().add_history(entry).await?;
        Ok(ended)
    }

    /// The attempt as it stands now.
    async fn again(&self, attempt: Attempt) -> Result<Attempt, StoreError> {
        Ok(self.store().attempt(&attempt.id).await?.unwrap_or(attempt))
    }

    pub(super) fn seal_tokens(&self, realm: &Realm, tenant: &str, grant: &Grant) -> SealedTokens {
        let row = Connection::seal_row(realm, tenant, &grant.account);
        let seal = |column, token: &Option<SecretString>| {
            let place = SealContext {
                table: "connections",
                row: &row,
                column,
            };
            token.as_ref().map(|token| {
                self.keys().seal(
                    &self.inner().entropy,
                    place,
                    token.expose_secret().as_bytes(),
                )
            })
        };
        SealedTokens {
            access_token: seal("access_token", &grant.access_token),
            refresh_token: seal("refresh_token", &grant.refresh_token),
        }
    }

    fn seal_parked(&self, attempt: &Attempt, grant: &Grant) -> Vec<u8> {
        let expose = |token: &Option<SecretString>| {
            token.as_ref().map(|token| token.expose_secret().to_owned())
        };
        let parked = ParkedGrant {
            scope: grant.scope.clone(),
            access_token: expose(&grant.access_token),
            refresh_token: expose(&grant.refresh_token),
            publishable_key: grant.publishable_key.clone(),
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&parked).expect("strings are JSON"));
        self.keys()
            .seal(&self.inner().entropy, parked_place(attempt), &plain)
    }

    fn open_parked(&self, attempt: &Attempt, sealed: &[u8]) -> Option<Grant> {
        let plain = self.keys().open(parked_place(attempt), sealed).ok()?;
        let parked: ParkedGrant = serde_json::from_slice(&plain).ok()?;
        Some(Grant {
            account: attempt.account.clone()?,
            scope: parked.scope,
            livemode: attempt.realm.mode.livemode(),
            access_token: parked.access_token.map(SecretString::from),
            refresh_token: parked.refresh_token.map(SecretString::from),
            publishable_key: parked.publishable_key,
        })
    }
}

fn parked_place(attempt: &Attempt) -> SealContext<'_> {
    SealContext {
        table: "attempts",
        row: &attempt.id,
        column: "grant_sealed",
    }
}

/// Why a grant is not recorded, if it is not.
fn refusal(attempt: &Attempt, grant: &Grant) -> Option<(Outcome, String)> {
    if Mode::from_livemode(grant.livemode) != attempt.realm.mode {
        return Some((
            Outcome::WrongMode,
            format!("Stripe answered with livemode {}", grant.livemode),
        ));
    }
    let asked = if attempt.scope == GrantScope::ReadOnly.as_str() {
        GrantScope::ReadOnly
    } else {
        GrantScope::ReadWrite
    };
    let granted = grant.scope.as_deref().unwrap_or(asked.as_str());
    let covered = asked.is_covered_by(granted);
    (!covered).then(|| {
        (
            Outcome::ScopeTooSmall,
            format!("asked for {}, got {granted}", asked.as_str()),
        )
    })
}
