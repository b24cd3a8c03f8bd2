//! Counts requests per IP address, on the platform's clock.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use tollway::runtime::Clock;

/// The platform's clock, as the limiter reads it.
#[derive(Clone)]
struct MonotonicClock(Arc<dyn Clock>);

impl GovernorClock for MonotonicClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// `None`: the address is unknown.
type Address = Option<IpAddr>;
type KeyedLimiter =
    RateLimiter<Address, DefaultKeyedStateStore<Address>, MonotonicClock, NoOpMiddleware<Duration>>;

/// How often idle addresses are dropped.
const CLEANUP_INTERVAL: Duration = Duration::from_mins(1);

/// Limits the requests of each IP address.
pub(super) struct AddressLimiter {
    limiter: KeyedLimiter,
    clock: Arc<dyn Clock>,
    next_cleanup: Mutex<Duration>,
}

impl AddressLimiter {
    /// Allows a number of requests per minute, in bursts of up to a third of it.
    pub(super) fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(per_minute.get() / 3).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self {
            limiter: RateLimiter::new(
                quota,
                DefaultKeyedStateStore::default(),
                MonotonicClock(Arc::clone(&clock)),
            ),
            next_cleanup: Mutex::new(clock.monotonic() + CLEANUP_INTERVAL),
            clock,
        }
    }

    /// Counts a request. `false`: the address has made too many.
    pub(super) fn allows(&self, address: Address) -> bool {
        self.drop_idle_addresses();
        self.limiter.check_key(&address).is_ok()
    }

    fn drop_idle_addresses(&self) {
        let now = self.clock.monotonic();
        let mut next_cleanup = self
            .next_cleanup
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if now >= *next_cleanup {
            *next_cleanup = now + CLEANUP_INTERVAL;
            self.limiter.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tollway::testing::ManualClock;

    use super::*;

    #[test]
    fn a_third_of_the_minutes_requests_may_come_at_once() {
        let clock = ManualClock::at(1_790_000_000);
        let limiter = AddressLimiter::new(6, Arc::new(clock.clone()));
        let address = "203.0.113.1".parse().ok();
        assert!(limiter.allows(address) && limiter.allows(address));
        assert!(!limiter.allows(address), "the third at once");
        assert!(
            limiter.allows("203.0.113.2".parse().ok()),
            "another address"
        );
        clock.advance(Duration::from_millis(9_999));
        assert!(!limiter.allows(address));
        clock.advance(Duration::from_millis(1));
        assert!(
            limiter.allows(address),
            "six a minute are one in ten seconds"
        );
    }

    #[test]
    fn idle_addresses_are_dropped() {
        let clock = ManualClock::at(1_790_000_000);
        let limiter = AddressLimiter::new(60, Arc::new(clock.clone()));
        for last in 1..=100_u8 {
            limiter.allows(Some(IpAddr::from([203, 0, 113, last])));
        }
        assert_eq!(limiter.limiter.len(), 100);
        clock.advance(CLEANUP_INTERVAL);
        limiter.allows("198.51.100.7".parse().ok());
        assert_eq!(limiter.limiter.len(), 1);
    }
}
