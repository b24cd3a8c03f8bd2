//! A clock that never waits and randomness that repeats, for tests.

use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::lock::lock;
use crate::runtime::{BoxFuture, Clock, Random};

/// A [`Clock`] that only [`ManualClock::advance`] and sleeps move. Sleeps end at once and are recorded.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<Mutex<ClockState>>);

#[derive(Debug, Default)]
struct ClockState {
    /// Since the unix epoch.
    now: Duration,
    /// Since the clock was created.
    passed: Duration,
    sleeps: Vec<Duration>,
    waiting: Vec<Waker>,
}

impl ClockState {
    fn advance(&mut self, by: Duration) {
        self.now += by;
        self.passed += by;
        for waker in self.waiting.drain(..) {
            waker.wake();
        }
    }
}

impl ManualClock {
    /// Creates a clock that stands at this unix time, in seconds.
    pub fn at(unix_seconds: u64) -> Self {
        let state = ClockState {
            now: Duration::from_secs(unix_seconds),
            ..ClockState::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Advances the time. Time limits that are reached end.
    pub fn advance(&self, by: Duration) {
        lock(&self.0).advance(by);
    }

    /// All sleeps so far, in order.
    pub fn sleeps(&self) -> Vec<Duration> {
        lock(&self.0).sleeps.clone()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + lock(&self.0).now
    }

    fn monotonic(&self) -> Duration {
        lock(&self.0).passed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            let mut state = lock(&state);
            state.sleeps.push(duration);
            state.advance(duration);
        })
    }

    fn limit(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let state = Arc::clone(&self.0);
        let end = lock(&state).passed.saturating_add(duration);
        Box::pin(std::future::poll_fn(move |cx| {
            let mut state = lock(&state);
            if state.passed >= end {
                return Poll::Ready(());
            }
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        }))
    }
}

/// A [`Random`] that gives the same bytes for the same seed. Not for secrets.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// Creates a source from a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = lock(&self.0);
        for byte in bytes {
            // SplitMix64, one step for each byte.
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
    }
}
