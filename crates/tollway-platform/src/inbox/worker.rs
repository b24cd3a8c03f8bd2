//! Background work: deliveries, notices for the host application, and what a crash left behind.
//!
//! Work is rows with a time at which they are due. A worker claims the row that is due the longest, for as long as a
//! lease; if it dies, the lease runs out and the row is due again. So everything is worked on at least once, and a hook
//! may see the same thing twice.

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::event_order::EventOrder;
use crate::hooks::{HookError, ReceivedEvent};
use crate::platform::Platform;
use crate::store::{Delivery, DeliveryStatus, DeliveryFailure, Millis, Notice, NoticeKind, StoreError};

/// The longest time without a look at the store: another instance may have put something there.
const MAX_IDLE: Duration = Duration::from_secs(5);

/// How long to wait when something is due and cannot be taken: another instance holds what must come before it.
const BLOCKED_PAUSE: Duration = Duration::from_millis(250);

/// How often stuck attempts and old deliveries are looked for.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(30);

/// A delivery was worked through.
pub(super) enum WorkResult {
    Worked,
    /// There was nothing to do; why.
    Ignored(String),
}

/// A delivery could not be worked through now. The text is for the operator and holds no secret.
#[derive(Debug)]
pub(super) struct WorkError(pub String);

impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl Platform {
    /// Works in the background until `shutdown` ends; what is being worked on then is finished first. Run it once in each
    /// process, beside the router.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut maintenance_at = Duration::ZERO;
        loop {
            if shutdown.as_mut().now_or_never().is_some() {
                return;
            }
            match self.tick(&mut maintenance_at).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(error = %error, "background work stopped; it goes on in a moment");
                }
            }
            let idle = self.idle().await;
            tokio::select! {
                () = &mut shutdown => return,
                () = self.inner().work.notified() => {}
                () = self.inner().clock.limit(idle) => {}
            }
        }
    }

    /// One row of work, and tidying when it is time. False: nothing is due.
    async fn tick(&self, maintenance_at: &mut Duration) -> Result<bool, StoreError> {
        let now = self.inner().clock.monotonic();
        if now >= *maintenance_at {
            self.run_maintenance().await?;
            *maintenance_at = now + MAINTENANCE_INTERVAL;
        }
        self.run_next().await
    }

    /// How long nothing will be due.
    async fn idle(&self) -> Duration {
        let due = self.store().next_due().await.ok().flatten();
        let until = due.map_or(MAX_IDLE, |due| {
            let left = due - self.now();
            if left > 0 {
                Duration::from_millis(left.unsigned_abs())
            } else {
                BLOCKED_PAUSE
            }
        });
        until.min(MAX_IDLE)
    }

    /// Works on everything that is due now, then returns how many rows that were. What fails is due again later.
    pub async fn run_due(&self) -> Result<usize, StoreError> {
        let mut worked = self.run_maintenance().await?;
        while self.run_next().await? {
            worked += 1;
        }
        Ok(worked)
    }

    /// Works on the one row that is due the longest. False: nothing is due.
    async fn run_next(&self) -> Result<bool, StoreError> {
        let now = self.now();
        let lease_until = now + 1000 * Millis::from(self.config().webhooks.lease_seconds);
        // Notices first: they are what the host application waits for.
        if let Some(notice) = self.store().claim_notice(now, lease_until).await? {
            self.notify_host(notice).await?;
            return Ok(true);
        }
        if let Some(delivery) = self.store().claim_delivery(now, lease_until).await? {
            self.work_on(delivery).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Resolves stuck attempts and removes old deliveries.
    async fn run_maintenance(&self) -> Result<usize, StoreError> {
        let resolved = self.resolve_stuck().await?;
        let days = self.config().webhooks.retention_days;
        if days > 0 {
            self.store()
                .purge_deliveries(self.now() - Millis::from(days) * 86_400_000)
                .await?;
        }
        self.inner().limiter.forget_idle();
        Ok(resolved)
    }

    async fn work_on(&self, delivery: Delivery) -> Result<(), StoreError> {
        let now = |platform: &Self| platform.now();
        let result = self.handle(&delivery).await;
        let attempt = delivery.attempts;
        let (kept, label) = match result {
            Ok(WorkResult::Worked) => {
                let status = DeliveryStatus::Done;
                (
                    self.store()
                        .finish_delivery(&delivery.id, attempt, status, None, now(self))
                        .await?,
                    "done",
                )
            }
            Ok(WorkResult::Ignored(reason)) => {
                let status = DeliveryStatus::Ignored;
                (
                    self.store()
                        .finish_delivery(&delivery.id, attempt, status, Some(&reason), now(self))
                        .await?,
                    "ignored",
                )
            }
            Err(WorkError(error)) => {
                let retry_at = self.retry_at(attempt);
                let label = if retry_at.is_some() {
                    "retried"
                } else {
                    "dead"
                };
                tracing::warn!(
                    delivery.id = delivery.id,
                    delivery.attempt = attempt,
                    error,
                    "work on a webhook failed"
                );
                let failure = DeliveryFailure {
                    attempt,
                    at: now(self),
                    error,
                };
                (
                    self.store()
                        .fail_delivery(&delivery.id, failure, retry_at)
                        .await?,
                    label,
                )
            }
        };
        if kept {
            self.inner().metrics.worked(&delivery.realm, label);
        } else {
            tracing::warn!(
                delivery.id = delivery.id,
                "another worker took this delivery over; webhooks.lease_seconds may be too short"
            );
        }
        Ok(())
    }

    /// The platform's own reaction, then the host application's.
    async fn handle(&self, delivery: &Delivery) -> Result<WorkResult, WorkError> {
        let done = match delivery.event_type.as_str() {
            "account.application.deauthorized" | "v1.account.application.deauthorized" => {
                self.deauthorized(delivery).await?
            }
            _ => WorkResult::Worked,
        };
        let current = match self.order_of(delivery).await? {
            EventOrder::Newest => None,
            EventOrder::Superseded(reason) => return Ok(WorkResult::Ignored(reason)),
            EventOrder::SameSecond(account) => Some(account),
        };
        let mut tenants = Vec::new();
        if let Some(account) = &delivery.account {
            let active = self
                .store()
                .active_connections(&delivery.realm, account)
                .await?;
            tenants.extend(active.into_iter().map(|connection| connection.tenant));
        }
        let event = ReceivedEvent {
            realm: delivery.realm.clone(),
            endpoint: delivery.endpoint,
            id: delivery.event_id.clone(),
            event_type: delivery.event_type.clone(),
            account: delivery.account.clone(),
            tenants,
            created_at: delivery.created_at,
            body: delivery.body.clone(),
            current,
            attempt: delivery.attempts,
        };
        self.inner()
            .hooks
            .on_event(&event)
            .await
            .map_err(|error| WorkError(format!("the on_event hook failed: {error}")))?;
        Ok(done)
    }

    async fn notify_host(&self, notice: Notice) -> Result<(), StoreError> {
        let hooks = &self.inner().hooks;
        let told = match notice.kind {
            NoticeKind::Connected => match self.pair(&notice.connection).await {
                Ok(()) => hooks.on_connected(&notice.connection).await,
                Err(error) => Err(HookError::new(error)),
            },
            NoticeKind::Disconnected(reason) => hooks.on_disconnected(&notice.connection, reason).await,
        };
        match told {
            Ok(()) => {
                self.store()
                    .finish_notice(&notice.id, notice.attempts)
                    .await?
            }
            Err(error) => {
                tracing::warn!(notice.id = notice.id, error = %error, "the host application could not be told; it will be again");
                let retry_at = self.retry_at(notice.attempts);
                self.store()
                    .fail_notice(&notice.id, notice.attempts, &error.to_string(), retry_at)
                    .await?
            }
        };
        Ok(())
    }

    /// When to try again after so many failed attempts: doubling pauses, and a little chance, so that many that failed
    /// together do not come back together. None: never.
    fn retry_at(&self, attempts: u32) -> Option<Millis> {
        let webhooks = &self.config().webhooks;
        if attempts >= webhooks.max_attempts {
            return None;
        }
        let first = u64::from(webhooks.first_retry_seconds) * 1000;
        let longest = u64::from(webhooks.longest_retry_seconds) * 1000;
        let doublings = attempts.saturating_sub(1).min(32);
        let pause = first.saturating_mul(1 << doublings).min(longest.max(first));
        let pause = pause + self.inner().entropy.below(pause / 4 + 1);
        Some(self.now() + Millis::try_from(pause).unwrap_or(Millis::MAX / 2))
    }
}
