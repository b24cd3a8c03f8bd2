//! The SDK's sources of time, waiting and randomness. A test can replace all of them, so that it sets the time and
//! never waits.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use crate::transport::BoxFuture;

/// A source of time that can wait.
pub trait Clock: Send + Sync + 'static {
    /// The system's time. Used for the age of webhook signatures and tokens.
    fn now(&self) -> SystemTime;

    /// The time since an arbitrary moment. It never decreases. Used for deadlines and durations.
    fn monotonic(&self) -> Duration;

    /// Waits before a retry.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Waits for a time limit of something that is running. The same as [`Clock::sleep`] on a real clock. On a manual
    /// clock, sleeps end at once, but limits end only when the test advances the clock.
    fn limit(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep(duration)
    }
}

/// A source of random bytes, for idempotency keys, backoff and multipart boundaries.
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        (**self).sleep(duration)
    }

    fn limit(&self, duration: Duration) -> BoxFuture<'static, ()> {
        (**self).limit(duration)
    }
}

/// The system's clock. Waiting needs a Tokio runtime with its timer enabled. On WebAssembly (feature `fetch`) it is
/// JavaScript's clock, and needs no runtime.
#[derive(Debug, Clone)]
pub struct SystemClock {
    stopwatch: system::Stopwatch,
}

impl SystemClock {
    /// Creates a clock that reads the system's time.
    pub fn new() -> Self {
        Self {
            stopwatch: system::Stopwatch::start(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        system::now()
    }

    fn monotonic(&self) -> Duration {
        self.stopwatch.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        system::sleep(duration)
    }
}

/// Time by the operating system and Tokio.
#[cfg(not(all(feature = "fetch", target_family = "wasm")))]
mod system {
    use std::time::{Duration, Instant, SystemTime};

    use super::BoxFuture;

    #[derive(Debug, Clone)]
    pub(super) struct Stopwatch(Instant);

    impl Stopwatch {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that starts the SDK's stopwatch"
        )]
        pub(super) fn start() -> Self {
            Self(Instant::now())
        }

        pub(super) fn elapsed(&self) -> Duration {
            self.0.elapsed()
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    pub(super) fn now() -> SystemTime {
        SystemTime::now()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else waits by"
    )]
    pub(super) fn sleep(duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Time by JavaScript.
#[cfg(all(feature = "fetch", target_family = "wasm"))]
mod system {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    pub(super) use crate::transport::fetch::sleep;
    use crate::transport::fetch::{monotonic_millis, unix_millis};

    /// Since the time origin of JavaScript.
    #[derive(Debug, Clone)]
    pub(super) struct Stopwatch(Duration);

    impl Stopwatch {
        pub(super) fn start() -> Self {
            Self(millis(monotonic_millis()))
        }

        pub(super) fn elapsed(&self) -> Duration {
            millis(monotonic_millis()).saturating_sub(self.0)
        }
    }

    pub(super) fn now() -> SystemTime {
        UNIX_EPOCH + millis(unix_millis())
    }

    fn millis(millis: f64) -> Duration {
        Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default()
    }
}

/// The operating system's source of randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A number in `[0, 1)`.
pub(crate) fn unit_interval(random: &dyn Random) -> f64 {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

/// A random UUID (version 4), the shape of idempotency keys.
pub(crate) fn uuid(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}
