//! Times as the store keeps them, read from the injected clock.

use std::time::UNIX_EPOCH;

use tollway::runtime::Clock;

/// Unix time in milliseconds.
pub type Millis = i64;

/// One hour.
pub(crate) const HOUR_MILLIS: Millis = 60 * 60 * 1000;

/// One day.
pub(crate) const DAY_MILLIS: Millis = 24 * HOUR_MILLIS;

/// The clock's time; 0 before 1970.
pub(crate) fn now_millis(clock: &dyn Clock) -> Millis {
    let since_epoch = clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since_epoch.as_millis()).unwrap_or(Millis::MAX)
}

/// A configured number of seconds.
pub(crate) fn seconds_to_millis(seconds: u32) -> Millis {
    Millis::from(seconds) * 1000
}
