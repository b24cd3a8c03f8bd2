//! Which events were handled before: Stripe delivers an event again when it is not sure that the first time arrived.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::runtime::{BoxFuture, Clock, SystemClock};

/// Why a store of deliveries failed.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// How far the handling of an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It had not begun, and has now: handle it.
    First,
    /// Somebody is handling it.
    Running,
    /// It was handled.
    Done,
}

/// Remembers which events were handled, for
/// [`EventRouterBuilder::once`](super::EventRouterBuilder::once). [`MemoryDeliveries`] serves one process; several need
/// one store, usually a table: `begin` inserts the id as running (or takes over a row that has been running for longer
/// than any handler takes, whose process must have died), `end` sets it to done or deletes it. Stripe delivers again for
/// up to three days.
pub trait DeliveryStore: Send + Sync + 'static {
    /// Notes that the handling of this event begins, unless it has. Must be atomic.
    fn begin<'a>(&'a self, event_id: &'a str) -> BoxFuture<'a, Result<Begun, StoreError>>;

    /// Notes that the handling has ended: it is done, or it failed and may begin again.
    fn end<'a>(&'a self, event_id: &'a str, done: bool) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// A [`DeliveryStore`] in memory, for one process: remembers the last so many events that were handled.
pub struct MemoryDeliveries {
    clock: Arc<dyn Clock>,
    lease: Duration,
    capacity: usize,
    state: Mutex<Deliveries>,
}

#[derive(Default)]
struct Deliveries {
    /// When the handling began; `None` once it is done.
    known: HashMap<String, Option<Duration>>,
    done: VecDeque<String>,
}

impl MemoryDeliveries {
    /// Remembers up to `capacity` events. The handling of one may take five minutes; after that it counts as given up.
    pub fn new(capacity: usize) -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            lease: Duration::from_mins(5),
            capacity,
            state: Mutex::default(),
        }
    }

    /// How long the handling of an event may take before it counts as given up, because its task was dropped.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Takes the time from another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn try_begin(&self, event_id: &str) -> Begun {
        let now = self.clock.monotonic();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.known.get(event_id) {
            Some(None) => return Begun::Done,
            Some(Some(begun)) if now.saturating_sub(*begun) < self.lease => return Begun::Running,
            _ => {}
        }
        state.known.insert(event_id.to_owned(), Some(now));
        Begun::First
    }

    fn note_end(&self, event_id: &str, done: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !done {
            state.known.remove(event_id);
            return;
        }
        if state.known.insert(event_id.to_owned(), None) != Some(None) {
            state.done.push_back(event_id.to_owned());
        }
        while state.done.len() > self.capacity {
            if let Some(oldest) = state.done.pop_front() {
                state.known.remove(&oldest);
            }
        }
    }
}

impl DeliveryStore for MemoryDeliveries {
    fn begin<'a>(&'a self, event_id: &'a str) -> BoxFuture<'a, Result<Begun, StoreError>> {
        let begun = self.try_begin(event_id);
        Box::pin(async move { Ok(begun) })
    }

    fn end<'a>(&'a self, event_id: &'a str, done: bool) -> BoxFuture<'a, Result<(), StoreError>> {
        self.note_end(event_id, done);
        Box::pin(async { Ok(()) })
    }
}

impl fmt::Debug for MemoryDeliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDeliveries")
            .field("capacity", &self.capacity)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ManualClock;

    #[test]
    fn an_event_is_handled_once_and_a_failed_one_again() {
        let clock = ManualClock::default();
        let store = MemoryDeliveries::new(2).clock(Arc::new(clock.clone()));
        assert_eq!(store.try_begin("evt_1"), Begun::First);
        assert_eq!(store.try_begin("evt_1"), Begun::Running);
        store.note_end("evt_1", false);
        assert_eq!(store.try_begin("evt_1"), Begun::First);
        store.note_end("evt_1", true);
        assert_eq!(store.try_begin("evt_1"), Begun::Done);

        // Whoever began and vanished is given up after the lease.
        assert_eq!(store.try_begin("evt_2"), Begun::First);
        clock.advance(Duration::from_secs(299));
        assert_eq!(store.try_begin("evt_2"), Begun::Running);
        clock.advance(Duration::from_secs(1));
        assert_eq!(store.try_begin("evt_2"), Begun::First);
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let store = MemoryDeliveries::new(2);
        for id in ["evt_1", "evt_2", "evt_3", "evt_3"] {
            store.try_begin(id);
            store.note_end(id, true);
        }
        assert_eq!(store.try_begin("evt_1"), Begun::First);
        assert_eq!(store.try_begin("evt_2"), Begun::Done);
        assert_eq!(store.try_begin("evt_3"), Begun::Done);
    }
}
