//! What is to be delivered, and when: an in-memory index over the delivery records that wait.
//!
//! An entry may outlive its record (a transaction that was undone, a world that was reset); whoever takes it looks.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tollway::transport::{HyperTransport, Transport, TransportError};

use crate::scope::Mode;

/// How many deliveries to one endpoint are under way at once.
const MAX_PER_ENDPOINT: usize = 8;

/// A delivery that waits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueDelivery {
    /// Unix seconds.
    pub at: i64,
    /// What became due at the same instant leaves in the order it was made.
    pub sequence: u64,
    /// The world's name.
    pub world: Arc<str>,
    /// Live or test.
    pub live: bool,
    /// The delivery's id.
    pub delivery: String,
    /// `we_…`: where it goes.
    pub endpoint: String,
}

impl DueDelivery {
    /// The mode of the delivery.
    pub fn mode(&self) -> Mode {
        Mode::from_livemode(self.live)
    }
}

/// The deliveries that wait, and the way out.
pub struct Outbox {
    transport: OnceLock<Arc<dyn Transport>>,
    state: Mutex<State>,
    sequence: AtomicU64,
    changed: Notify,
    finished: Notify,
    filled: AtomicBool,
}

#[derive(Default)]
struct State {
    waiting: BTreeSet<DueDelivery>,
    /// How many are under way, by endpoint.
    under_way: HashMap<String, usize>,
}

impl Outbox {
    /// An empty outbox that sends through `transport`, or over HTTP.
    pub fn new(transport: Option<Arc<dyn Transport>>) -> Self {
        Self {
            transport: transport.map_or_else(OnceLock::new, OnceLock::from),
            state: Mutex::default(),
            sequence: AtomicU64::new(0),
            changed: Notify::new(),
            finished: Notify::new(),
            filled: AtomicBool::new(false),
        }
    }

    /// The way out. HTTP is set up by the first delivery: most runs have none, and its trusted roots take time and memory.
    pub fn transport(&self) -> Result<&Arc<dyn Transport>, TransportError> {
        if let Some(transport) = self.transport.get() {
            return Ok(transport);
        }
        let made = HyperTransport::builder().build()?;
        Ok(self.transport.get_or_init(|| Arc::new(made)))
    }

    /// True once: whoever gets it looks for deliveries that an earlier process left behind.
    pub fn must_be_filled(&self) -> bool {
        !self.filled.swap(true, Ordering::SeqCst)
    }

    /// Adds a delivery of the world, and the endpoint it goes to, to what waits.
    pub fn push(&self, world: &Arc<str>, mode: Mode, delivery: &str, endpoint: &str, at: i64) {
        let due = DueDelivery {
            at,
            sequence: self.sequence.fetch_add(1, Ordering::SeqCst),
            world: Arc::clone(world),
            live: mode.is_live(),
            delivery: delivery.to_owned(),
            endpoint: endpoint.to_owned(),
        };
        self.state().waiting.insert(due);
        self.changed.notify_waiters();
    }

    /// Does this delivery wait?
    pub fn holds(&self, delivery: &str) -> bool {
        let state = self.state();
        state.waiting.iter().any(|due| due.delivery == delivery)
    }

    /// Takes the first that is due by `now` and whose endpoint has room; it counts as under way until [`Outbox::finish`].
    pub fn take_due(&self, now: i64) -> Option<DueDelivery> {
        let mut state = self.state();
        let has_room = |due: &&DueDelivery| {
            let busy = state.under_way.get(&due.endpoint);
            busy.is_none_or(|busy| *busy < MAX_PER_ENDPOINT)
        };
        let mut due = state.waiting.iter().take_while(|due| due.at <= now);
        let first = due.find(has_room)?.clone();
        state.waiting.remove(&first);
        *state.under_way.entry(first.endpoint.clone()).or_default() += 1;
        Some(first)
    }

    /// Marks a taken delivery as finished and frees its endpoint's slot.
    pub fn finish(&self, due: &DueDelivery) {
        let mut state = self.state();
        if let Some(busy) = state.under_way.get_mut(&due.endpoint) {
            *busy -= 1;
            if *busy == 0 {
                state.under_way.remove(&due.endpoint);
            }
        }
        drop(state);
        self.finished.notify_waiters();
    }

    /// Completes when a delivery finishes after this call.
    pub fn next_finish(&self) -> Notified<'_> {
        self.finished.notified()
    }

    /// Is nothing due by `now`, and nothing under way?
    pub fn is_quiet(&self, now: i64) -> bool {
        let state = self.state();
        let due = state.waiting.first().is_some_and(|first| first.at <= now);
        !due && state.under_way.is_empty()
    }

    /// When the next delivery becomes due after `now`, in Unix seconds. What is due already waits for room, not for time.
    pub fn next_after(&self, now: i64) -> Option<i64> {
        let state = self.state();
        let next = state.waiting.iter().find(|due| due.at > now);
        next.map(|due| due.at)
    }

    /// Notified when a delivery is added.
    pub fn changed(&self) -> &Notify {
        &self.changed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("waiting", &self.state().waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_deliveries_to_one_endpoint_are_under_way_and_others_are_not_held_up() {
        let outbox = Outbox::new(None);
        let world: Arc<str> = "a".into();
        for number in 0..9 {
            let delivery = format!("dlv_{number}");
            outbox.push(&world, Mode::Test, &delivery, "we_slow", 0);
        }
        let taken: Vec<_> = std::iter::from_fn(|| outbox.take_due(0)).collect();
        assert_eq!(taken.len(), 8);
        outbox.push(&world, Mode::Test, "dlv_other", "we_fast", 0);
        let other = outbox.take_due(0).unwrap();
        assert_eq!(other.endpoint, "we_fast");
        assert_eq!(outbox.take_due(0), None);
        assert!(!outbox.is_quiet(0));
        outbox.finish(&taken[0]);
        assert_eq!(outbox.take_due(0).unwrap().delivery, "dlv_8");
    }

    #[test]
    fn a_delivery_is_taken_at_its_time_and_not_before() {
        let outbox = Outbox::new(None);
        outbox.push(&"a".into(), Mode::Live, "dlv_1", "we_1", 100);
        assert_eq!(outbox.take_due(99), None);
        assert!(outbox.is_quiet(99) && outbox.holds("dlv_1"));
        assert_eq!(outbox.next_after(99), Some(100));
        assert_eq!(outbox.take_due(100).unwrap().mode(), Mode::Live);
    }
}
