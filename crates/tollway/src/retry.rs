//! The rules of retries: when a request is sent again, and after which wait. `client::execute` applies them.

use std::time::Duration;

use crate::runtime::{Random, unit_interval};
use crate::transport::TransportErrorKind;

/// The longest `Retry-After` that is honoured.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The number of retries and the waits before them.
#[derive(Debug, Clone)]
pub(crate) struct RetryPolicy {
    pub(crate) max_retries: u32,
    pub(crate) initial_delay: Duration,
    pub(crate) max_delay: Duration,
    /// Whether a plain rate limit is retried.
    pub(crate) rate_limits: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 2,
            initial_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(5),
            rate_limits: false,
        }
    }
}

/// The outcome of one attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AttemptOutcome<'a> {
    /// There was no response.
    Failed(TransportErrorKind),
    /// There was a response with this status.
    Response {
        status: u16,
        /// The `Stripe-Should-Retry` header.
        should_retry: Option<&'a str>,
        /// The `code` of the error in the body.
        code: Option<&'a str>,
    },
}

/// The retry rules of one request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RetryRules {
    pub(crate) max_retries: u32,
    /// The request must not reach the server twice, because no idempotency key protects it. It is retried only when it
    /// certainly did not arrive, or when the server requests it.
    pub(crate) once_only: bool,
    /// Whether a plain rate limit is retried.
    pub(crate) rate_limits: bool,
}

/// Whether the request is sent again.
pub(crate) fn should_retry(
    attempt: AttemptOutcome<'_>,
    retries_so_far: u32,
    rules: RetryRules,
) -> bool {
    if retries_so_far >= rules.max_retries {
        return false;
    }
    match attempt {
        AttemptOutcome::Failed(kind) if rules.once_only => kind == TransportErrorKind::Connect,
        AttemptOutcome::Failed(kind) => kind.is_transient(),
        AttemptOutcome::Response {
            should_retry: Some("true"),
            ..
        } => true,
        AttemptOutcome::Response {
            should_retry: Some("false"),
            ..
        } => false,
        // Stripe refuses with a rate limit before it processes the request.
        AttemptOutcome::Response { status: 429, .. } if rules.rate_limits => true,
        AttemptOutcome::Response { .. } if rules.once_only => false,
        AttemptOutcome::Response {
            status: 409 | 500..,
            ..
        } => true,
        AttemptOutcome::Response {
            status: 429, code, ..
        } => code == Some("lock_timeout"),
        AttemptOutcome::Response { .. } => false,
    }
}

/// The wait before the n-th retry (n counts from 1). It doubles from the initial delay up to the longest, times a
/// random factor between a half and one, but is never shorter than the initial delay. A longer `Retry-After` replaces
/// it, up to one minute.
pub(crate) fn delay(
    policy: &RetryPolicy,
    retry: u32,
    retry_after: Option<Duration>,
    random: &dyn Random,
) -> Duration {
    let doubled = policy
        .initial_delay
        .saturating_mul(1 << retry.saturating_sub(1).min(20));
    let base = doubled.min(policy.max_delay);
    let factor = 0.5 + unit_interval(random) / 2.0;
    let backoff = base.mul_f64(factor).max(policy.initial_delay);
    match retry_after {
        Some(requested) if requested <= LONGEST_RETRY_AFTER => backoff.max(requested),
        _ => backoff,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    #[test]
    fn a_wait_asked_for_is_kept_up_to_a_minute() {
        let (policy, random) = (RetryPolicy::default(), SeededRandom::new(1));
        let wait = |seconds| delay(&policy, 1, Some(Duration::from_secs(seconds)), &random);
        assert_eq!(wait(7), Duration::from_secs(7));
        assert_eq!(wait(60), LONGEST_RETRY_AFTER);
        assert_eq!(wait(61), Duration::from_millis(500));
    }

    #[test]
    fn an_exchange_is_repeated_only_when_it_surely_never_arrived() {
        let rules = RetryRules {
            max_retries: 2,
            once_only: true,
            rate_limits: false,
        };
        let failed = |kind| should_retry(AttemptOutcome::Failed(kind), 0, rules);
        assert!(failed(TransportErrorKind::Connect));
        assert!(!failed(TransportErrorKind::Timeout));
        assert!(!failed(TransportErrorKind::Reset));
        let responded = |status, header| {
            should_retry(
                AttemptOutcome::Response {
                    status,
                    should_retry: header,
                    code: None,
                },
                0,
                rules,
            )
        };
        assert!(!responded(500, None));
        assert!(!responded(409, None));
        assert!(responded(500, Some("true")));
    }

    #[test]
    fn plain_rate_limits_are_waited_for_on_demand_only() {
        let limited = |header, rate_limits| {
            let attempt = AttemptOutcome::Response {
                status: 429,
                should_retry: header,
                code: Some("rate_limit"),
            };
            let rules = RetryRules {
                max_retries: 1,
                once_only: false,
                rate_limits,
            };
            should_retry(attempt, 0, rules) && !should_retry(attempt, 1, rules)
        };
        assert!(!limited(None, false));
        assert!(limited(None, true));
        assert!(!limited(Some("false"), true));
    }

    #[test]
    fn huge_retry_numbers_do_not_overflow() {
        let wait = delay(
            &RetryPolicy::default(),
            u32::MAX,
            None,
            &SeededRandom::new(2),
        );
        assert!(wait <= Duration::from_secs(5));
    }
}
