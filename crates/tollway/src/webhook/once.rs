//! Which events were handled: Stripe delivers an event again when it does not know that the first delivery arrived.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::runtime::{BoxFuture, Clock, SystemClock};
use crate::store_error::StoreError;

/// What [`DeliveryStore::begin`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BeginResult {
    /// The handling begins now: handle the event.
    First,
    /// Another task or process is handling the event.
    Running,
    /// The event was handled before.
    Done,
}

/// How the handling of an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndState {
    /// The event was handled: later deliveries of it are skipped.
    Done,
    /// The handling failed: the next delivery of the event begins it again.
    Failed,
}

/// A store of the events that were handled, for [`EventRouterBuilder::once`](super::EventRouterBuilder::once).
/// [`MemoryDeliveries`] is for one process. Several processes need one store, usually a table: `begin` inserts the id
/// as running (or takes over a row that has been running for longer than any handler takes, because its process ended),
/// `end` sets the row to done or deletes it. Stripe delivers again for up to three days. When the future of a handler
/// is dropped, `end` is not called.
pub trait DeliveryStore: Send + Sync + 'static {
    /// Records that the handling of this event begins, unless it has begun. Must be atomic.
    fn begin<'a>(&'a self, event_id: &'a str) -> BoxFuture<'a, Result<BeginResult, StoreError>>;

    /// Records how the handling ended.
    fn end<'a>(
        &'a self,
        event_id: &'a str,
        state: EndState,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// A [`DeliveryStore`] in memory, for one process. It remembers the latest events that were handled, up to its
/// capacity.
pub struct MemoryDeliveries {
    clock: Arc<dyn Clock>,
    lease: Duration,
    capacity: usize,
    state: Mutex<Deliveries>,
}

#[derive(Default)]
struct Deliveries {
    /// When the handling began; `None` when it is done.
    known: HashMap<String, Option<Duration>>,
    done: VecDeque<String>,
}

impl MemoryDeliveries {
    /// Creates a store of up to `capacity` events. The handling of an event may take five minutes; after that the event
    /// can be handled again.
    pub fn new(capacity: usize) -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            lease: Duration::from_secs(300),
            capacity,
            state: Mutex::default(),
        }
    }

    /// How long the handling of an event may take. After that its task counts as dropped, and the event can be handled
    /// again.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Replaces the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn try_begin(&self, event_id: &str) -> BeginResult {
        let now = self.clock.monotonic();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.known.get(event_id) {
            Some(None) => return BeginResult::Done,
            Some(Some(begun)) if now.saturating_sub(*begun) < self.lease => {
                return BeginResult::Running;
            }
            _ => {}
        }
        state.known.insert(event_id.to_owned(), Some(now));
        BeginResult::First
    }

    fn record_end(&self, event_id: &str, end_state: EndState) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if end_state == EndState::Failed {
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
    fn begin<'a>(&'a self, event_id: &'a str) -> BoxFuture<'a, Result<BeginResult, StoreError>> {
        let begun = self.try_begin(event_id);
        Box::pin(async move { Ok(begun) })
    }

    fn end<'a>(
        &'a self,
        event_id: &'a str,
        state: EndState,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.record_end(event_id, state);
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
        assert_eq!(store.try_begin("evt_1"), BeginResult::First);
        assert_eq!(store.try_begin("evt_1"), BeginResult::Running);
        store.record_end("evt_1", EndState::Failed);
        assert_eq!(store.try_begin("evt_1"), BeginResult::First);
        store.record_end("evt_1", EndState::Done);
        assert_eq!(store.try_begin("evt_1"), BeginResult::Done);

        // Whoever began and vanished is given up after the lease.
        assert_eq!(store.try_begin("evt_2"), BeginResult::First);
        clock.advance(Duration::from_secs(299));
        assert_eq!(store.try_begin("evt_2"), BeginResult::Running);
        clock.advance(Duration::from_secs(1));
        assert_eq!(store.try_begin("evt_2"), BeginResult::First);
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let store = MemoryDeliveries::new(2);
        for id in ["evt_1", "evt_2", "evt_3", "evt_3"] {
            store.try_begin(id);
            store.record_end(id, EndState::Done);
        }
        assert_eq!(store.try_begin("evt_1"), BeginResult::First);
        assert_eq!(store.try_begin("evt_2"), BeginResult::Done);
        assert_eq!(store.try_begin("evt_3"), BeginResult::Done);
    }
}
