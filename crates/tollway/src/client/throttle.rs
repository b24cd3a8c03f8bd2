//! A client's own limit on how fast it sends, so that Stripe does not refuse its requests. <https://docs.stripe.com/rate-limits>

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use crate::operation::Operation;

/// How many requests a second a client and its copies send at most. Each limit allows a burst of one second's worth, then
/// spaces requests evenly. Set by [`ClientBuilder::rate_limit`](crate::ClientBuilder::rate_limit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    live: u32,
    test: u32,
    search_and_files: u32,
}

impl RateLimit {
    /// What Stripe allows an account by default: 100 requests a second with live keys and 25 with others, of which 20 may
    /// be searches and 20 may be about files.
    pub fn stripe() -> Self {
        Self {
            live: 100,
            test: 25,
            search_and_files: 20,
        }
    }

    /// The same limit for keys of either mode, for searches and for files. At least 1.
    pub fn per_second(requests: u32) -> Self {
        let requests = requests.max(1);
        Self {
            live: requests,
            test: requests,
            search_and_files: requests,
        }
    }

    /// The limit of searches, and that of requests about files, per second. At least 1.
    #[must_use]
    pub fn searches_and_files(mut self, requests: u32) -> Self {
        self.search_and_files = requests.max(1);
        self
    }
}

/// Which of Stripe's extra limits an operation falls under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RateClass {
    Plain,
    Search,
    Files,
}

impl RateClass {
    /// The class of an operation, by its path template; `path` is the request's own path, for requests without types.
    pub(super) fn of(operation: &Operation, path: &str) -> Self {
        let template = if operation.path.is_empty() {
            path
        } else {
            operation.path
        };
        let path = template.split('?').next().unwrap_or_default();
        if path.ends_with("/search") {
            Self::Search
        } else if path == "/v1/files" || path.starts_with("/v1/files/") {
            Self::Files
        } else {
            Self::Plain
        }
    }
}

/// When the next request may go, by the client's monotonic clock: of all requests of a mode, and of the narrower classes.
#[derive(Debug, Default)]
struct ModeBuckets {
    all: Duration,
    search: Duration,
    files: Duration,
}

#[derive(Debug, Default)]
struct Buckets {
    live: ModeBuckets,
    test: ModeBuckets,
}

/// A client's queue of requests.
#[derive(Debug)]
pub(crate) struct Throttle {
    limit: RateLimit,
    buckets: Mutex<Buckets>,
}

impl Throttle {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            buckets: Mutex::default(),
        }
    }

    /// Takes a place in the queue for a request with this `Authorization` header. Returns how long the wait for it is.
    pub(super) fn reserve(
        &self,
        key: Option<&HeaderValue>,
        class: RateClass,
        now: Duration,
    ) -> Duration {
        let live = key.is_some_and(|key| key.as_bytes().windows(6).any(|part| part == b"_live_"));
        self.take(live, class, now)
    }

    fn take(&self, live: bool, class: RateClass, now: Duration) -> Duration {
        let limit = &self.limit;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (bucket, rate) = if live {
            (&mut buckets.live, limit.live)
        } else {
            (&mut buckets.test, limit.test)
        };
        let wait = reserve_place(&mut bucket.all, rate, now);
        let narrow = match class {
            RateClass::Plain => return wait,
            RateClass::Search => &mut bucket.search,
            RateClass::Files => &mut bucket.files,
        };
        wait.max(reserve_place(narrow, limit.search_and_files, now))
    }
}

/// Takes the next place in a bucket and returns the wait for it, by the generic cell rate algorithm with a burst of one
/// second. `next` is when the bucket's queue would be empty.
fn reserve_place(next: &mut Duration, rate: u32, now: Duration) -> Duration {
    let interval = Duration::from_secs(1) / rate;
    let burst = Duration::from_secs(1).saturating_sub(interval);
    let start = (*next).max(now);
    *next = start + interval;
    start.saturating_sub(burst).saturating_sub(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{ApiMode, Encoding, Host, Verb};

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn a_burst_goes_at_once_and_the_rest_is_spread() {
        let throttle = Throttle::new(RateLimit::per_second(10));
        let waits: Vec<_> = (0..13)
            .map(|_| throttle.take(true, RateClass::Plain, Duration::ZERO))
            .collect();
        assert!(waits[..10].iter().all(Duration::is_zero), "{waits:?}");
        assert_eq!(waits[10..], [100 * MILLI, 200 * MILLI, 300 * MILLI]);
        // A quiet second later there is room for a burst again; the other mode has its own.
        assert_eq!(
            throttle.take(true, RateClass::Plain, 1_300 * MILLI),
            Duration::ZERO
        );
        assert_eq!(
            throttle.take(false, RateClass::Plain, Duration::ZERO),
            Duration::ZERO
        );
    }

    #[test]
    fn searches_wait_longer_than_others() {
        let throttle = Throttle::new(RateLimit::stripe());
        for _ in 0..20 {
            assert_eq!(
                throttle.take(true, RateClass::Search, Duration::ZERO),
                Duration::ZERO
            );
        }
        assert_eq!(
            throttle.take(true, RateClass::Search, Duration::ZERO),
            50 * MILLI
        );
        assert_eq!(
            throttle.take(true, RateClass::Files, Duration::ZERO),
            Duration::ZERO
        );
        assert_eq!(
            throttle.take(true, RateClass::Plain, Duration::ZERO),
            Duration::ZERO
        );
    }

    #[test]
    fn only_the_files_api_and_searches_have_limits_of_their_own() {
        let class = |template, path| {
            let operation = Operation::new(
                "x",
                Verb::Get,
                template,
                Host::Api,
                ApiMode::V1,
                Encoding::Form,
            );
            RateClass::of(&operation, path)
        };
        assert_eq!(class("/v1/files/{file}", "/v1/files/f"), RateClass::Files);
        assert_eq!(class("/v1/files", "/v1/files"), RateClass::Files);
        assert_eq!(class("", "/v1/files?limit=1"), RateClass::Files);
        assert_eq!(class("", "/v1/charges/search?query=x"), RateClass::Search);
        // An id or another product with such a name is not the files API.
        assert_eq!(class("/v1/x/{id}", "/v1/x/files"), RateClass::Plain);
        assert_eq!(class("", "/v2/data/files"), RateClass::Plain);
    }

    #[test]
    fn zero_means_one() {
        let throttle = Throttle::new(RateLimit::per_second(0).searches_and_files(0));
        assert_eq!(
            throttle.take(true, RateClass::Files, Duration::ZERO),
            Duration::ZERO
        );
        assert_eq!(
            throttle.take(true, RateClass::Files, Duration::ZERO),
            1_000 * MILLI
        );
    }
}
