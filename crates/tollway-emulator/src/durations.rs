//! Durations in seconds.

/// One hour.
pub(crate) const HOUR_SECONDS: i64 = 60 * 60;
/// One day.
pub(crate) const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;
