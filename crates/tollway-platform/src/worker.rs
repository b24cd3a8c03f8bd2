//! Background work: deliveries, notices for the host application, and maintenance.
//!
//! Work is stored as rows with a due time. A worker claims the row with the oldest due time until a lease ends. If the worker
//! dies, the lease ends and the row is due again. So each row is worked on at least once, and a hook can be called twice for
//! the same row.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tollway::runtime::Clock;

use crate::config::PlatformConfig;
use crate::flow::{ConnectFlow, PairError};
use crate::hooks::{HookError, Hooks};
use crate::inbox::Inbox;
use crate::inbox::retry::RetrySchedule;
use crate::store::{Notice, NoticeKind, Store, StoreError};
use crate::time::{DAY_MILLIS, Millis, now_millis, seconds_to_millis};

/// The longest pause between two reads of the store: another instance can have added work.
const MAX_IDLE: Duration = Duration::from_secs(5);

/// The pause if work is due that cannot be claimed, because another instance holds the row that comes before it.
const BLOCKED_PAUSE: Duration = Duration::from_millis(250);

/// How often stuck attempts are resolved and old deliveries removed.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(30);

/// Works in the background. Clones share all state.
#[derive(Clone)]
pub(crate) struct Worker {
    pub config: Arc<PlatformConfig>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub flow: ConnectFlow,
    pub inbox: Inbox,
    pub hooks: Arc<dyn Hooks>,
    pub retries: RetrySchedule,
    /// Notified when work was added to the store.
    pub work_added: Arc<Notify>,
}

/// The host application could not be notified.
#[derive(Debug, thiserror::Error)]
enum NoticeError {
    #[error(transparent)]
    Pair(#[from] PairError),
    #[error(transparent)]
    Hook(#[from] HookError),
}

impl Worker {
    /// Works until `shutdown` ends. Work that has begun is finished first.
    pub(crate) async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut next_maintenance = Duration::ZERO;
        loop {
            if shutdown.as_mut().now_or_never().is_some() {
                return;
            }
            match self.tick(&mut next_maintenance).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(error = %error, "background work stopped; it goes on in a moment");
                }
            }
            let idle = self.idle_time().await;
            tokio::select! {
                () = &mut shutdown => return,
                () = self.work_added.notified() => {}
                () = self.clock.limit(idle) => {}
            }
        }
    }

    /// Works on everything that is due now. Returns how many rows that were. Work that fails is due again later.
    pub(crate) async fn run_due(&self) -> Result<usize, StoreError> {
        let mut worked = self.run_maintenance().await?;
        while self.run_next().await? {
            worked += 1;
        }
        Ok(worked)
    }

    /// Works on one row, after maintenance if that is due. `false`: no row is due.
    async fn tick(&self, next_maintenance: &mut Duration) -> Result<bool, StoreError> {
        let now = self.clock.monotonic();
        if now >= *next_maintenance {
            self.run_maintenance().await?;
            *next_maintenance = now + MAINTENANCE_INTERVAL;
        }
        self.run_next().await
    }

    /// How long to wait for new work.
    async fn idle_time(&self) -> Duration {
        let next_due = self.store.next_due().await.ok().flatten();
        let until_due = next_due.map_or(MAX_IDLE, |due_at| {
            let left = due_at - self.now();
            if left > 0 {
                Duration::from_millis(left.unsigned_abs())
            } else {
                BLOCKED_PAUSE
            }
        });
        until_due.min(MAX_IDLE)
    }

    /// Works on the row with the oldest due time. `false`: no row is due.
    async fn run_next(&self) -> Result<bool, StoreError> {
        let now = self.now();
        let lease_until = now + seconds_to_millis(self.config.webhooks.lease_seconds);
        // Notices come first, because the host application waits for them.
        if let Some(notice) = self.store.claim_notice(now, lease_until).await? {
            self.notify_host(&notice).await?;
            return Ok(true);
        }
        if let Some(delivery) = self.store.claim_delivery(now, lease_until).await? {
            self.inbox.handle_and_record(&delivery).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Resolves stuck attempts and removes old deliveries. Returns how many attempts it ended.
    async fn run_maintenance(&self) -> Result<usize, StoreError> {
        let resolved = self.flow.resolve_stuck_attempts().await?;
        let days = self.config.webhooks.retention_days;
        if days > 0 {
            let finished_before = self.now() - Millis::from(days) * DAY_MILLIS;
            self.store.purge_deliveries(finished_before).await?;
        }
        Ok(resolved)
    }

    /// Calls the host application's hook for a claimed notice and records the result.
    async fn notify_host(&self, notice: &Notice) -> Result<(), StoreError> {
        match self.call_hook(notice).await {
            Ok(()) => {
                self.store
                    .finish_notice(&notice.id, notice.attempts)
                    .await?
            }
            Err(error) => {
                tracing::warn!(notice.id = notice.id, error = %error, "the host application could not be told; it will be again");
                let retry_at = self.retries.retry_at(notice.attempts, self.now());
                self.store
                    .fail_notice(&notice.id, notice.attempts, &error.to_string(), retry_at)
                    .await?
            }
        };
        Ok(())
    }

    async fn call_hook(&self, notice: &Notice) -> Result<(), NoticeError> {
        let connection = &notice.connection;
        match notice.kind {
            NoticeKind::Connected => {
                self.flow.add_test_half(connection).await?;
                self.hooks.on_connected(connection).await?;
            }
            NoticeKind::Disconnected(reason) => {
                self.hooks.on_disconnected(connection, reason).await?;
            }
        }
        Ok(())
    }

    fn now(&self) -> Millis {
        now_millis(&*self.clock)
    }
}
