//! What is to be delivered, and when: an in-memory index over the delivery records that wait.
//!
//! An entry may outlive its record (a transaction that was undone, a world that was reset); whoever takes it looks.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tollway::transport::Transport;

use crate::scope::Mode;

/// A delivery that waits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    /// Unix seconds.
    pub(crate) at: i64,
    /// What became due at the same instant leaves in the order it was made.
    pub(super) sequence: u64,
    /// The world's name.
    pub(crate) world: Arc<str>,
    /// Live or test.
    pub(crate) live: bool,
    /// The delivery's id.
    pub(crate) delivery: String,
}

impl Due {
    pub(crate) fn mode(&self) -> Mode {
        Mode::from_livemode(self.live)
    }
}

/// The deliveries that wait, and the way out.
pub(crate) struct Outbox {
    transport: Arc<dyn Transport>,
    waiting: Mutex<BTreeSet<Due>>,
    sequence: AtomicU64,
    changed: Notify,
    in_flight: AtomicUsize,
    landed: Notify,
    filled: AtomicBool,
}

impl Outbox {
    /// An empty outbox that sends through `transport`.
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self {
            transport,
            waiting: Mutex::default(),
            sequence: AtomicU64::new(0),
            changed: Notify::new(),
            in_flight: AtomicUsize::new(0),
            landed: Notify::new(),
            filled: AtomicBool::new(false),
        }
    }

    pub(super) fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// True once: whoever gets it looks for deliveries that an earlier process left behind.
    pub(super) fn must_be_filled(&self) -> bool {
        !self.filled.swap(true, Ordering::SeqCst)
    }

    /// Adds a delivery of the world to what waits.
    pub(super) fn push(&self, world: &Arc<str>, mode: Mode, delivery: &str, at: i64) {
        let due = Due {
            at,
            sequence: self.sequence.fetch_add(1, Ordering::SeqCst),
            world: Arc::clone(world),
            live: mode.is_live(),
            delivery: delivery.to_owned(),
        };
        self.waiting().insert(due);
        self.changed.notify_waiters();
    }

    /// Does this delivery wait?
    pub(super) fn holds(&self, delivery: &str) -> bool {
        self.waiting().iter().any(|due| due.delivery == delivery)
    }

    /// Takes everything due by `now`; each entry counts as in flight until [`Outbox::land`].
    pub(super) fn take_due(&self, now: i64) -> Vec<Due> {
        let mut waiting = self.waiting();
        let mut due = Vec::new();
        while waiting.first().is_some_and(|first| first.at <= now) {
            due.extend(waiting.pop_first());
        }
        self.in_flight.fetch_add(due.len(), Ordering::SeqCst);
        due
    }

    pub(super) fn land(&self) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.landed.notify_waiters();
    }

    /// Waits until nothing is in flight.
    pub(super) async fn landed(&self) {
        loop {
            let landed = self.landed.notified();
            if self.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            landed.await;
        }
    }

    /// When the next delivery is due, in Unix seconds.
    pub(super) fn next(&self) -> Option<i64> {
        self.waiting().first().map(|due| due.at)
    }

    pub(super) fn changed(&self) -> &Notify {
        &self.changed
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<Due>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("waiting", &self.waiting().len())
            .finish_non_exhaustive()
    }
}
