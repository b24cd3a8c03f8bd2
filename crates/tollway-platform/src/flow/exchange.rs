//! Exchange, then record: the part of a callback that runs once per attempt, and the confirmation of a changed account.

use std::time::Duration;

use secrecy::SecretString;

use super::ConnectFlow;
use crate::id::new_id;
use crate::outcome::Outcome;
use crate::realm::Mode;
use crate::store::{
    Actor, Attempt, AttemptEnd, AttemptStatus, ConnectResult, ConnectionOrigin, NewConnection,
    StoreError,
};
use crate::stripe::{ExchangeError, Grant};

impl ConnectFlow {
    /// Redeems the code and records the result. Returns the attempt as it is then.
    pub(super) async fn exchange_and_record(
        &self,
        attempt: Attempt,
        code: SecretString,
    ) -> Result<Attempt, StoreError> {
        let timeout = Duration::from_secs(self.config.connect.exchange_timeout_seconds.into());
        let started_at = self.clock.monotonic();
        let exchanged = self.stripe.exchange(&attempt.realm, &code, timeout).await;
        let duration = self.clock.monotonic().saturating_sub(started_at);
        self.metrics
            .observe_exchange(&attempt.realm, duration.as_secs_f64());
        let end = match exchanged {
            Ok(grant) => match refusal_of(&attempt, &grant) {
                None => {
                    return self
                        .record_grant(attempt, grant, AttemptStatus::Exchanging)
                        .await;
                }
                Some((outcome, detail)) => AttemptEnd {
                    account: Some(grant.account),
                    detail: Some(detail),
                    ..AttemptEnd::new(outcome, self.now())
                },
            },
            Err(error) => {
                let (outcome, error) = match error {
                    ExchangeError::Unreachable(error) => (Outcome::StripeUnreachable, error),
                    ExchangeError::Interrupted(error) => (Outcome::Interrupted, error),
                    ExchangeError::InvalidGrant(error) => (Outcome::InvalidGrant, error),
                    ExchangeError::ControlledByOtherPlatform(error) => {
                        (Outcome::AccountControlled, error)
                    }
                    ExchangeError::Refused(error) => (Outcome::StripeRefused, error),
                };
                AttemptEnd {
                    detail: Some(error.to_string()),
                    ..AttemptEnd::new(outcome, self.now())
                }
            }
        };
        self.finish_without_connection(attempt, AttemptStatus::Exchanging, end)
            .await
    }

    /// Records the seller's choice between the former account and the new one.
    pub(crate) async fn confirm(
        &self,
        attempt: Attempt,
        choice: AccountChoice,
    ) -> Result<Attempt, StoreError> {
        let grant = match self.store.parked_grant(&attempt.id).await? {
            Some(sealed) => self.sealer.open_parked_grant(&attempt, &sealed),
            None => None,
        };
        let end = match (choice, grant) {
            (AccountChoice::New, Some(grant)) => {
                return self
                    .record_grant(attempt, grant, AttemptStatus::Confirming)
                    .await;
            }
            (AccountChoice::New, None) => AttemptEnd {
                detail: Some("the parked grant could not be opened".to_owned()),
                ..AttemptEnd::new(Outcome::Interrupted, self.now())
            },
            (AccountChoice::Previous, _) => AttemptEnd::new(Outcome::KeptPrevious, self.now()),
        };
        self.finish_without_connection(attempt, AttemptStatus::Confirming, end)
            .await
    }

    /// Records a connection, or parks the grant until the seller has confirmed the change of account.
    async fn record_grant(
        &self,
        attempt: Attempt,
        grant: Grant,
        from: AttemptStatus,
    ) -> Result<Attempt, StoreError> {
        let result = self
            .store
            .connect(self.new_connection(&attempt, &grant, from))
            .await?;
        match result {
            ConnectResult::Connected(connection)
            | ConnectResult::Reconnected(connection)
            | ConnectResult::Replaced { connection, .. } => {
                self.metrics
                    .count_outcome(&attempt.realm.platform, Outcome::Connected);
                self.work_added.notify_one();
                tracing::info!(
                    attempt.id = attempt.id,
                    stripe.account = connection.account,
                    "account connected"
                );
                self.reload(attempt).await
            }
            ConnectResult::OtherTenant => {
                let end = AttemptEnd {
                    account: Some(grant.account),
                    ..AttemptEnd::new(Outcome::AccountOnOtherTenant, self.now())
                };
                self.finish_without_connection(attempt, from, end).await
            }
            ConnectResult::OtherAccount { connected } => {
                tracing::info!(
                    attempt.id = attempt.id,
                    stripe.account = connected,
                    "another account: the seller has to confirm"
                );
                let sealed = self.sealer.seal_parked_grant(&attempt, &grant);
                let parked = self
                    .store
                    .park_grant(&attempt.id, &grant.account, sealed)
                    .await?;
                match parked {
                    Some(parked) => Ok(parked),
                    None => self.reload(attempt).await,
                }
            }
            ConnectResult::OriginNoLongerOpen => {
                tracing::warn!(
                    attempt.id = attempt.id,
                    "the attempt had ended before its grant could be recorded"
                );
                self.reload(attempt).await
            }
        }
    }

    fn new_connection(
        &self,
        attempt: &Attempt,
        grant: &Grant,
        from: AttemptStatus,
    ) -> NewConnection {
        let (realm, tenant) = (attempt.realm.clone(), attempt.tenant.clone());
        let origin = ConnectionOrigin::Attempt {
            id: attempt.id.clone(),
            from,
        };
        let stamp = self.audit_stamp(Actor::Seller, attempt.address.clone());
        NewConnection {
            origin,
            id: new_id("con", stamp.at, &self.entropy),
            account: grant.account.clone(),
            scope: grant.scope.unwrap_or(attempt.scope),
            publishable_key: grant.publishable_key.clone(),
            tokens: self.sealer.seal_tokens(&realm, &tenant, grant),
            shared: self.config.connect.allow_shared_accounts,
            replace: from == AttemptStatus::Confirming,
            realm,
            tenant,
            stamp,
        }
    }
}

/// The account that a seller keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountChoice {
    /// The account that was just connected.
    New,
    /// The account that was connected before.
    Previous,
}

/// The outcome and detail of a grant that must not be recorded.
fn refusal_of(attempt: &Attempt, grant: &Grant) -> Option<(Outcome, String)> {
    if Mode::from_livemode(grant.livemode) != attempt.realm.mode {
        return Some((
            Outcome::WrongMode,
            format!("Stripe answered with livemode {}", grant.livemode),
        ));
    }
    let requested = attempt.scope;
    let granted = grant.scope.unwrap_or(requested);
    (!granted.covers(requested)).then(|| {
        (
            Outcome::ScopeTooSmall,
            format!("asked for {requested}, got {granted}"),
        )
    })
}
