//! The emulator's only source of time: a clock that can be read, moved and frozen.
//!
//! Everything in the emulator asks a [`Clock`] handle; nothing reads the system's time by itself.
//! A clock either follows the system (plus whatever it was advanced by) or stands still until it is moved.
//! Whoever waits for a moment (webhook retries, for instance) subscribes to changes with [`Clock::subscribe`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// A shared handle on the emulator's time. Cloning gives another handle on the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Frozen: the time itself. Running: what is added to the system's time. Milliseconds.
    millis: AtomicI64,
    frozen: AtomicBool,
    changed: watch::Sender<u64>,
}

impl Clock {
    /// A clock that follows the system's time, and can still be advanced.
    #[must_use]
    pub fn system() -> Self {
        Self::new(0, false)
    }

    /// A clock that stands at `unix_seconds` until it is moved.
    #[must_use]
    pub fn manual(unix_seconds: i64) -> Self {
        Self::new(unix_seconds.saturating_mul(1000), true)
    }

    fn new(millis: i64, frozen: bool) -> Self {
        Self(Arc::new(Inner {
            millis: AtomicI64::new(millis),
            frozen: AtomicBool::new(frozen),
            changed: watch::Sender::new(0),
        }))
    }

    /// Now, in unix seconds, as Stripe's `created` fields have it.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now_millis().div_euclid(1000)
    }

    /// Now, in unix milliseconds.
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        let millis = self.0.millis.load(Ordering::SeqCst);
        if self.is_frozen() {
            millis
        } else {
            system_millis().saturating_add(millis)
        }
    }

    /// Whether the clock stands still between moves.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.0.frozen.load(Ordering::SeqCst)
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let add = |now: i64| Some(now.saturating_add(millis));
        let _ = self
            .0
            .millis
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
        self.announce();
    }

    /// Sets the time; a running clock runs on from there, a frozen one stays there.
    pub fn set(&self, unix_seconds: i64) {
        let target = unix_seconds.saturating_mul(1000);
        let value = if self.is_frozen() {
            target
        } else {
            target.saturating_sub(system_millis())
        };
        self.0.millis.store(value, Ordering::SeqCst);
        self.announce();
    }

    /// Stops the clock at the present moment, or lets it run on from where it stands.
    pub fn freeze(&self, frozen: bool) {
        let now = self.now_millis();
        let value = if frozen {
            now
        } else {
            now.saturating_sub(system_millis())
        };
        self.0.millis.store(value, Ordering::SeqCst);
        self.0.frozen.store(frozen, Ordering::SeqCst);
        self.announce();
    }

    /// What has to be kept to have this clock again: the milliseconds of its time if it is frozen, of its lead over the
    /// system's time if it runs; and whether it is frozen.
    pub(crate) fn state(&self) -> (i64, bool) {
        (self.0.millis.load(Ordering::SeqCst), self.is_frozen())
    }

    /// Has the clock stand where a [state](Clock::state) says.
    pub(crate) fn restore(&self, (millis, frozen): (i64, bool)) {
        self.0.millis.store(millis, Ordering::SeqCst);
        self.0.frozen.store(frozen, Ordering::SeqCst);
        self.announce();
    }

    /// A receiver that wakes whenever the clock was moved by hand.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    fn announce(&self) {
        self.0.changed.send_modify(|n| *n = n.wrapping_add(1));
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the emulator that reads the system's clock"
)]
fn system_millis() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(1_700_000_000);
        assert_eq!(clock.now(), 1_700_000_000);
        clock.advance(Duration::from_millis(1500));
        assert_eq!(
            (clock.now(), clock.now_millis()),
            (1_700_000_001, 1_700_000_001_500)
        );
        clock.set(5);
        assert_eq!(clock.now(), 5);
    }

    #[test]
    fn a_system_clock_can_be_advanced_and_frozen() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(Duration::from_hours(1));
        assert!(clock.now() >= before + 3600);
        clock.freeze(true);
        assert_eq!(clock.now_millis(), clock.now_millis());
        clock.set(1000);
        assert_eq!(clock.now(), 1000);
        clock.freeze(false);
        assert!((1000..1010).contains(&clock.now()));
    }

    #[test]
    fn subscribers_hear_of_moves() {
        let clock = Clock::manual(0);
        let receiver = clock.subscribe();
        assert!(!receiver.has_changed().unwrap());
        clock.advance(Duration::from_secs(1));
        assert!(receiver.has_changed().unwrap());
    }
}
