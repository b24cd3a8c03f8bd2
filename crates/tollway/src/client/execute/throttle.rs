//! A limit on how fast a client sends, so that Stripe need not refuse. <https://docs.stripe.com/rate-limits>

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Prepared;

/// How many requests a second a client and its copies send at most. Each number allows as many at once, then spreads
/// them. Set by [`ClientBuilder::rate_limit`](crate::ClientBuilder::rate_limit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    live: u32,
    test: u32,
    narrow: u32,
}

impl RateLimit {
    /// What Stripe allows an account by default: 100 a second with live keys, 25 with others, and of those 20 for
    /// searches and 20 for files.
    pub fn stripe() -> Self {
        Self {
            live: 100,
            test: 25,
            narrow: 20,
        }
    }

    /// So many a second with keys of either mode, also searches and files. At least 1.
    pub fn per_second(requests: u32) -> Self {
        let requests = requests.max(1);
        Self {
            live: requests,
            test: requests,
            narrow: requests,
        }
    }

    /// So many a second of searches, and of requests about files. At least 1.
    #[must_use]
    pub fn searches_and_files(mut self, requests: u32) -> Self {
        self.narrow = requests.max(1);
        self
    }
}

/// When the next request of each kind may go.
#[derive(Debug)]
pub(crate) struct Throttle {
    limit: RateLimit,
    /// For live keys, then for others: all, searches, files. Since the clock's beginning.
    next: Mutex<[Duration; 6]>,
}

impl Throttle {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            next: Mutex::default(),
        }
    }

    /// Takes a place in the queue and tells how long the wait for it is.
    pub(super) fn reserve(&self, request: &Prepared, now: Duration) -> Duration {
        let key = request.headers.get(http::header::AUTHORIZATION);
        let live = key.is_some_and(|key| key.as_bytes().windows(6).any(|part| part == b"_live_"));
        let path = request.url.path();
        let narrow = if path.ends_with("/search") {
            Some(1)
        } else if path.contains("/files") {
            Some(2)
        } else {
            None
        };
        self.take(live, narrow, now)
    }

    fn take(&self, live: bool, narrow: Option<usize>, now: Duration) -> Duration {
        let (first, rate) = if live {
            (0, self.limit.live)
        } else {
            (3, self.limit.test)
        };
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = place(&mut next[first], rate, now);
        match narrow {
            Some(kind) => wait.max(place(&mut next[first + kind], self.limit.narrow, now)),
            None => wait,
        }
    }
}

/// The generic cell rate algorithm with a burst of one second: `next` is when the queue would be empty.
fn place(next: &mut Duration, rate: u32, now: Duration) -> Duration {
    let interval = Duration::from_secs(1) / rate;
    let burst = Duration::from_secs(1).saturating_sub(interval);
    let mine = (*next).max(now);
    *next = mine + interval;
    mine.saturating_sub(burst).saturating_sub(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn a_burst_goes_at_once_and_the_rest_is_spread() {
        let throttle = Throttle::new(RateLimit::per_second(10));
        let waits: Vec<_> = (0..13)
            .map(|_| throttle.take(true, None, Duration::ZERO))
            .collect();
        assert!(waits[..10].iter().all(Duration::is_zero), "{waits:?}");
        assert_eq!(waits[10..], [100 * MILLI, 200 * MILLI, 300 * MILLI]);
        // A quiet second later there is room for a burst again; the other mode has its own.
        assert_eq!(throttle.take(true, None, 1_300 * MILLI), Duration::ZERO);
        assert_eq!(throttle.take(false, None, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn searches_wait_longer_than_others() {
        let throttle = Throttle::new(RateLimit::stripe());
        for _ in 0..20 {
            assert_eq!(throttle.take(true, Some(1), Duration::ZERO), Duration::ZERO);
        }
        assert_eq!(throttle.take(true, Some(1), Duration::ZERO), 50 * MILLI);
        assert_eq!(throttle.take(true, Some(2), Duration::ZERO), Duration::ZERO);
        assert_eq!(throttle.take(true, None, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn zero_means_one() {
        let throttle = Throttle::new(RateLimit::per_second(0).searches_and_files(0));
        assert_eq!(throttle.take(true, Some(2), Duration::ZERO), Duration::ZERO);
        assert_eq!(throttle.take(true, Some(2), Duration::ZERO), 1_000 * MILLI);
    }
}
