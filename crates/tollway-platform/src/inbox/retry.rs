//! When failed work is repeated.

use crate::config::WebhookConfig;
use crate::entropy::Entropy;
use crate::time::{Millis, seconds_to_millis};

/// Pauses that double with each failed attempt, up to the longest one.
#[derive(Clone)]
pub(crate) struct RetrySchedule {
    max_attempts: u32,
    first_millis: Millis,
    longest_millis: Millis,
    entropy: Entropy,
}

impl RetrySchedule {
    pub(crate) fn new(config: &WebhookConfig, entropy: Entropy) -> Self {
        let first_millis = seconds_to_millis(config.first_retry_seconds);
        Self {
            max_attempts: config.max_attempts,
            first_millis,
            longest_millis: seconds_to_millis(config.longest_retry_seconds).max(first_millis),
            entropy,
        }
    }

    /// When to try again after so many failed attempts. Up to a quarter of the pause is added at random, so that work that
    /// failed together is not repeated together. `None`: the work has failed too often.
    pub(crate) fn retry_at(&self, failed_attempts: u32, now: Millis) -> Option<Millis> {
        if failed_attempts >= self.max_attempts {
            return None;
        }
        let doublings = failed_attempts.saturating_sub(1).min(32);
        let pause = self
            .first_millis
            .saturating_mul(1 << doublings)
            .min(self.longest_millis);
        let jitter = self.entropy.below(pause.unsigned_abs() / 4 + 1);
        Some(now + pause + Millis::try_from(jitter).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_000_000;

    fn schedule(seed: u64) -> RetrySchedule {
        RetrySchedule {
            max_attempts: 10,
            first_millis: 5_000,
            longest_millis: 60_000,
            entropy: Entropy::seeded(seed),
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_a_quarter_is_random() {
        let pauses_seconds = [5, 10, 20, 40, 60, 60];
        for (failed_attempts, seconds) in (1..).zip(pauses_seconds) {
            let pauses: Vec<Millis> = (0..200)
                .map(|seed| {
                    let retry_at = schedule(seed).retry_at(failed_attempts, NOW);
                    retry_at.expect("it is tried again") - NOW
                })
                .collect();
            let (shortest, longest) = (pauses.iter().min(), pauses.iter().max());
            let (shortest, longest) = (*shortest.expect("200"), *longest.expect("200"));
            let pause = seconds * 1000;
            assert!(
                shortest >= pause && shortest < pause + pause / 20,
                "after {failed_attempts} attempts: at least {pause} ms, was {shortest}"
            );
            assert!(
                longest <= pause + pause / 4 && longest > pause + pause / 5,
                "after {failed_attempts} attempts: at most a quarter more than {pause} ms, was {longest}"
            );
        }
    }

    #[test]
    fn the_last_attempt_is_not_repeated() {
        assert!(schedule(1).retry_at(9, NOW).is_some());
        assert_eq!(schedule(1).retry_at(10, NOW), None);
    }
}
