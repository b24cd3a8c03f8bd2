//! The emulator's only source of time: a clock that can be read, moved and frozen.
//!
//! Every part of the emulator reads a [`Clock`] handle; nothing else reads the system's time. A clock either follows the
//! system's time (plus an offset) or stands still until it is moved. Tasks that wait for a time [watch](Clock::watch) it
//! for moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// A shared handle on the emulator's time. A clone is another handle on the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<SharedClock>);

#[derive(Debug)]
struct SharedClock {
    /// A packed [`ClockState`]. Readers and writers always see time and mode together.
    state: AtomicI64,
    moves: watch::Sender<u64>,
}

/// What determines a clock's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ClockState {
    /// Frozen: the time itself. Running: the offset to the system's time. Milliseconds.
    millis: i64,
    frozen: bool,
}

impl ClockState {
    /// The largest time or offset: one bit of the packed state is the mode.
    const MAX_MILLIS: i64 = i64::MAX >> 1;

    fn pack(self) -> i64 {
        let millis = self.millis.clamp(-Self::MAX_MILLIS, Self::MAX_MILLIS);
        (millis << 1) | i64::from(self.frozen)
    }

    fn unpack(packed: i64) -> Self {
        Self {
            millis: packed >> 1,
            frozen: packed & 1 == 1,
        }
    }

    fn now_millis(self) -> i64 {
        if self.frozen {
            self.millis
        } else {
            system_millis().saturating_add(self.millis)
        }
    }

    /// The state of a clock that shows `now_millis` at this moment.
    fn showing(now_millis: i64, frozen: bool) -> Self {
        let millis = if frozen {
            now_millis
        } else {
            now_millis.saturating_sub(system_millis())
        };
        Self { millis, frozen }
    }
}

impl Clock {
    /// A clock that follows the system's time, and can still be advanced.
    #[must_use]
    pub fn system() -> Self {
        Self::new(ClockState {
            millis: 0,
            frozen: false,
        })
    }

    /// A clock that stands at `unix_seconds` until it is moved.
    #[must_use]
    pub fn manual(unix_seconds: i64) -> Self {
        Self::new(ClockState {
            millis: unix_seconds.saturating_mul(1000),
            frozen: true,
        })
    }

    fn new(state: ClockState) -> Self {
        Self(Arc::new(SharedClock {
            state: AtomicI64::new(state.pack()),
            moves: watch::Sender::new(0),
        }))
    }

    /// Now, in Unix seconds, as in Stripe's `created` fields.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now_millis().div_euclid(1000)
    }

    /// Now, in Unix milliseconds.
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        self.load().now_millis()
    }

    /// Whether the clock stands still between moves.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.load().frozen
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by_millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.change(|state| ClockState {
            millis: state.millis.saturating_add(by_millis),
            ..state
        });
    }

    /// Sets the time. A running clock runs on from there, a frozen one stays there.
    pub fn set(&self, unix_seconds: i64) {
        let millis = unix_seconds.saturating_mul(1000);
        self.change(|state| ClockState::showing(millis, state.frozen));
    }

    /// Stops the clock at its present time, or starts it from there.
    pub fn freeze(&self, frozen: bool) {
        self.change(|state| ClockState::showing(state.now_millis(), frozen));
    }

    /// The state to store for the next start: the milliseconds of a frozen clock's time or of a running clock's offset to
    /// the system's time, and whether the clock is frozen.
    pub fn state(&self) -> (i64, bool) {
        let ClockState { millis, frozen } = self.load();
        (millis, frozen)
    }

    /// Sets the clock to a stored [state](Clock::state).
    pub fn restore(&self, (millis, frozen): (i64, bool)) {
        self.change(|_| ClockState { millis, frozen });
    }

    /// Observes moves of the clock by hand, from this call on.
    #[must_use]
    pub fn watch(&self) -> ClockWatcher {
        ClockWatcher(self.0.moves.subscribe())
    }

    fn load(&self) -> ClockState {
        ClockState::unpack(self.0.state.load(Ordering::SeqCst))
    }

    /// Replaces the state in one step, then wakes the watchers.
    fn change(&self, next: impl Fn(ClockState) -> ClockState) {
        self.0
            .state
            .update(Ordering::SeqCst, Ordering::SeqCst, |packed| {
                next(ClockState::unpack(packed)).pack()
            });
        self.0.moves.send_modify(|n| *n = n.wrapping_add(1));
    }
}

/// Observes moves of a [`Clock`] by hand.
#[derive(Debug)]
pub struct ClockWatcher(watch::Receiver<u64>);

impl ClockWatcher {
    /// Whether the clock was moved since the watcher was made or last woke.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.0.has_changed().unwrap_or(false)
    }

    /// Waits for the next move. Pends forever once the clock is dropped. Cancel safe.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A unix time as v2 writes it.
pub fn rfc3339(unix_seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(unix_seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
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
    fn watchers_are_woken_by_moves() {
        let clock = Clock::manual(0);
        let watcher = clock.watch();
        assert!(!watcher.has_changed());
        clock.advance(Duration::from_secs(1));
        assert!(watcher.has_changed());
    }

    #[test]
    fn a_state_is_packed_and_unpacked_unchanged() {
        for millis in [0, 1, -1, 1_790_000_000_000, ClockState::MAX_MILLIS] {
            for frozen in [false, true] {
                let state = ClockState { millis, frozen };
                assert_eq!(ClockState::unpack(state.pack()), state);
            }
        }
    }

    /// A reader that saw the mode of one state with the milliseconds of another would read a time near 1970, or twice the
    /// time since then.
    #[test]
    fn a_reader_never_sees_half_of_a_change() {
        let clock = Clock::system();
        let start = clock.now_millis();
        let day_millis = 24 * 60 * 60 * 1000;
        std::thread::scope(|scope| {
            let writers = [true, false].map(|first| {
                let clock = clock.clone();
                scope.spawn(move || {
                    for round in 0..20_000 {
                        clock.freeze((round % 2 == 0) == first);
                    }
                })
            });
            while !writers
                .iter()
                .all(std::thread::ScopedJoinHandle::is_finished)
            {
                let now = clock.now_millis();
                assert!((start - 1000..start + day_millis).contains(&now), "{now}");
            }
        });
    }
}
