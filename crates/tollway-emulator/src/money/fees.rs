//! What Stripe charges for a card payment, and when money arrives.

use crate::config::Config;

/// Days from a payment until its money is available, as in the United States.
const SETTLEMENT: i64 = 2;
/// In seconds.
pub(crate) const DAY: i64 = 86_400;

/// A processing fee: a share in basis points and a fixed part in the currency's smallest unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FeeSchedule {
    /// Hundredths of a percent: 290 is 2.9 %.
    pub(crate) basis_points: i64,
    /// Added to each payment.
    pub(crate) fixed: i64,
}

impl FeeSchedule {
    /// What is charged for a payment in this currency: where it has three decimals, so has the fixed part.
    pub(crate) fn of(config: &Config, currency: &str) -> Self {
        let scale = match super::currency::decimals(currency) {
            3 => 10,
            _ => 1,
        };
        Self {
            basis_points: config.fee_basis_points.into(),
            fixed: i64::from(config.fee_fixed) * scale,
        }
    }

    /// The fee on `amount`, rounded half up.
    pub(crate) fn on(self, amount: i64) -> i64 {
        let share = (i128::from(amount) * i128::from(self.basis_points) + 5_000) / 10_000;
        i64::try_from(share)
            .unwrap_or(i64::MAX)
            .saturating_add(self.fixed)
    }
}

/// When a payment made at `now` becomes available: at the midnight (UTC) after two days.
pub(crate) fn available_on(now: i64) -> i64 {
    available_after(now, SETTLEMENT)
}

/// The midnight (UTC) after so many days.
pub(crate) fn available_after(now: i64, days: i64) -> i64 {
    midnight(now + days * DAY)
}

/// The first midnight (UTC) from `at` on.
pub(crate) fn midnight(at: i64) -> i64 {
    (at + DAY - 1).div_euclid(DAY) * DAY
}

/// `part` of `fee` for `amount` of `whole`, rounded half up; what is refunded of a fee along with a partial refund.
pub(crate) fn proportional(fee: i64, amount: i64, whole: i64) -> i64 {
    if whole == 0 {
        return 0;
    }
    let share = (i128::from(fee) * i128::from(amount) * 2 + i128::from(whole))
        .div_euclid(i128::from(whole) * 2);
    i64::try_from(share).unwrap_or(fee)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_fee() {
        let fees = FeeSchedule::of(&Config::default(), "usd");
        assert_eq!(
            [0, 100, 1000, 1099, 99_999_999].map(|amount| fees.on(amount)),
            [30, 33, 59, 62, 2_900_030]
        );
    }

    #[test]
    fn money_arrives_at_a_midnight_at_least_two_days_later() {
        assert_eq!(available_on(0), 2 * DAY);
        assert_eq!(available_on(1), 3 * DAY);
        assert_eq!(available_on(DAY - 1), 3 * DAY);
    }

    #[test]
    fn a_share_of_a_fee_rounds_half_up_and_never_exceeds_it() {
        assert_eq!(proportional(100, 500, 1000), 50);
        assert_eq!(proportional(101, 500, 1000), 51);
        assert_eq!(proportional(100, 1000, 1000), 100);
        assert_eq!(proportional(100, 1, 0), 0);
    }
}
