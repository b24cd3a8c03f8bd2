//! The connect flow: start, callback, exchange, confirmation, and what a crash leaves behind. It knows no HTTP server and no
//! pages; the web layer calls it and shows the result.

pub(crate) mod browser_attempts;
pub(crate) mod callback;
pub(crate) mod callback_query;
pub(crate) mod exchange;
mod grant_sealing;
mod in_flight;
mod pair;
mod resolve;
pub(crate) mod start;

use std::sync::Arc;

use tokio::sync::Notify;
use tollway::runtime::Clock;

use self::grant_sealing::GrantSealer;
use self::in_flight::InFlight;
use crate::config::PlatformConfig;
use crate::connections::Connections;
use crate::entropy::Entropy;
use crate::metrics::Metrics;
use crate::seal::SealingKeys;
use crate::store::{
    Actor, Attempt, AttemptEnd, AttemptStatus, AuditStamp, HistoryAction, NewHistoryEntry, Store,
    StoreError,
};
use crate::stripe::Stripe;
use crate::time::{Millis, now_millis};

pub(crate) use self::pair::PairError;
pub(crate) use self::start::StartError;

/// Connects accounts of sellers. Clones share all state.
#[derive(Clone)]
pub(crate) struct ConnectFlow {
    config: Arc<PlatformConfig>,
    store: Arc<dyn Store>,
    stripe: Stripe,
    connections: Connections,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    sealer: GrantSealer,
    metrics: Arc<Metrics>,
    in_flight: InFlight,
    /// Wakes the worker, which notifies the host application.
    work_added: Arc<Notify>,
}

impl ConnectFlow {
    pub(crate) fn new(
        config: Arc<PlatformConfig>,
        connections: Connections,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
        keys: Arc<SealingKeys>,
    ) -> Self {
        Self {
            config,
            store: Arc::clone(&connections.store),
            stripe: connections.stripe.clone(),
            metrics: Arc::clone(&connections.metrics),
            work_added: Arc::clone(&connections.work_added),
            connections,
            clock,
            sealer: GrantSealer::new(keys, entropy.clone()),
            entropy,
            in_flight: InFlight::default(),
        }
    }

    fn now(&self) -> Millis {
        now_millis(&*self.clock)
    }

    fn audit_stamp(&self, actor: Actor, address: Option<String>) -> AuditStamp {
        AuditStamp::new(self.now(), actor, address)
    }

    /// Waits until the exchanges that this process runs now have ended.
    pub(crate) async fn wait_for_exchanges(&self) {
        self.in_flight.drained().await;
    }

    /// Whether an exchange has been running for so long that its process must have died.
    pub(crate) fn is_exchange_lost(&self, attempt: &Attempt) -> bool {
        let limit = self.config.connect.exchange_is_lost_after_millis();
        attempt
            .claimed_at
            .is_some_and(|claimed_at| self.now() - claimed_at >= limit)
    }

    /// Ends an attempt and counts its outcome. `None`: its status is no longer `from`.
    async fn finish(
        &self,
        attempt: &Attempt,
        from: AttemptStatus,
        end: AttemptEnd,
    ) -> Result<Option<Attempt>, StoreError> {
        let outcome = end.outcome;
        let finished = self.store.finish_attempt(&attempt.id, from, end).await?;
        if finished.is_some() {
            self.metrics.count_outcome(&attempt.realm.platform, outcome);
            tracing::info!(attempt.id = attempt.id, connect.outcome = %outcome, "connect attempt ended");
        }
        Ok(finished)
    }

    /// Ends an attempt without a connection and writes a history entry. Returns the attempt as it is then.
    async fn finish_without_connection(
        &self,
        attempt: Attempt,
        from: AttemptStatus,
        end: AttemptEnd,
    ) -> Result<Attempt, StoreError> {
        let stamp = AuditStamp::new(end.at, Actor::Seller, attempt.address.clone());
        let action = HistoryAction::AttemptEnded(end.outcome);
        let entry = NewHistoryEntry {
            tenant: Some(attempt.tenant.clone()),
            account: end.account.clone(),
            detail: end.detail.clone(),
            ..NewHistoryEntry::new(attempt.realm.clone(), action, stamp)
        };
        let Some(finished) = self.finish(&attempt, from, end).await? else {
            return self.reload(attempt).await;
        };
        self.store.add_history(entry).await?;
        Ok(finished)
    }

    /// The attempt as it is stored now.
    async fn reload(&self, attempt: Attempt) -> Result<Attempt, StoreError> {
        Ok(self.store.attempt(&attempt.id).await?.unwrap_or(attempt))
    }
}
