//! When a webhook delivery is tried again.

/// The waits between attempts, in seconds, over about three days: short at first, so that a restarted server soon hears
/// what it missed.
pub(super) const RETRY_AFTER: [i64; 12] = [
    5,
    30,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    12 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// The instant of the next attempt after `attempts` failed ones, the last at `now`; `None` once it is time to give up.
pub(super) fn next_attempt(attempts: usize, now: i64) -> Option<i64> {
    let wait = RETRY_AFTER.get(attempts.checked_sub(1)?)?;
    Some(now + wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_after_about_three_days() {
        assert!(RETRY_AFTER.is_sorted());
        let total: i64 = RETRY_AFTER.iter().sum();
        assert!((70 * HOUR..76 * HOUR).contains(&total), "{total}");
        assert_eq!(next_attempt(1, 100), Some(105));
        assert_eq!(next_attempt(RETRY_AFTER.len(), 0), Some(24 * HOUR));
        assert_eq!(next_attempt(RETRY_AFTER.len() + 1, 0), None);
        assert_eq!(next_attempt(0, 100), None);
    }
}
