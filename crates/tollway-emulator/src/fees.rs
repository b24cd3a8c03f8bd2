//! Stripe's processing fees, and when the money of a payment is available.

use crate::config::{Config, MethodFee};
use crate::durations::DAY_SECONDS;

/// Days from a payment until its money is available, as in the United States.
const SETTLEMENT_DAYS: i64 = 2;

/// A processing fee: a share in basis points and a fixed part in the currency's smallest unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FeeSchedule {
    /// Hundredths of a percent: 290 is 2.9 %.
    basis_points: i64,
    /// Added to each payment.
    fixed: i64,
    /// The most that is charged.
    cap: Option<i64>,
}

/// The fees of payment methods that differ from the card fee, near Stripe's list prices in the country of the method.
const METHOD_FEES: &[(&str, MethodFee)] = &[
    ("acss_debit", MethodFee::new(100, 40, Some(500))),
    ("au_becs_debit", MethodFee::new(100, 30, Some(350))),
    ("bacs_debit", MethodFee::new(100, 20, Some(200))),
    ("boleto", MethodFee::new(0, 345, None)),
    ("card_present", MethodFee::new(270, 5, None)),
    ("customer_balance", MethodFee::new(50, 0, Some(500))),
    ("instant_payout", MethodFee::new(100, 0, None)),
    ("konbini", MethodFee::new(360, 0, None)),
    ("multibanco", MethodFee::new(150, 25, None)),
    ("nz_bank_account", MethodFee::new(100, 30, Some(350))),
    ("oxxo", MethodFee::new(360, 300, None)),
    ("sepa_debit", MethodFee::new(0, 35, None)),
    ("stripe_account", MethodFee::new(0, 0, None)),
    ("us_bank_account", MethodFee::new(80, 0, Some(500))),
];

impl FeeSchedule {
    /// The fee for a payment by this method. In a currency with three decimals the fixed part is ten times as large.
    pub(crate) fn of(config: &Config, method: &str, currency: &str) -> Self {
        let scale = match crate::currency::decimals(currency) {
            3 => 10,
            _ => 1,
        };
        let default_of_method = || {
            let at = METHOD_FEES
                .binary_search_by_key(&method, |(kind, _)| *kind)
                .ok()?;
            Some(METHOD_FEES[at].1)
        };
        let card = MethodFee::new(config.fee_basis_points, config.fee_fixed, None);
        let configured = config.method_fees.get(method).copied();
        let fee = configured.or_else(default_of_method).unwrap_or(card);
        Self {
            basis_points: fee.basis_points.into(),
            fixed: i64::from(fee.fixed) * scale,
            cap: fee.cap.map(|cap| i64::from(cap) * scale),
        }
    }

    /// The fee on `amount`, rounded half up.
    pub(crate) fn on(self, amount: i64) -> i64 {
        let share = (i128::from(amount) * i128::from(self.basis_points) + 5_000) / 10_000;
        let fee = i64::try_from(share)
            .unwrap_or(i64::MAX)
            .saturating_add(self.fixed);
        self.cap.map_or(fee, |cap| fee.min(cap))
    }
}

/// When the money of a payment at `now` is available: at the first midnight (UTC) after two days.
pub(crate) fn available_on(now: i64) -> i64 {
    available_after(now, SETTLEMENT_DAYS)
}

/// The first midnight (UTC) at least `days` after `now`.
pub(crate) fn available_after(now: i64, days: i64) -> i64 {
    midnight(now + days * DAY_SECONDS)
}

/// The first midnight (UTC) from `at` on.
pub(crate) fn midnight(at: i64) -> i64 {
    (at + DAY_SECONDS - 1).div_euclid(DAY_SECONDS) * DAY_SECONDS
}

/// The share of `fee` that `amount` is of `whole`, rounded half up.
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
    fn the_default_card_fee_is_a_share_and_a_fixed_part() {
        let fees = FeeSchedule::of(&Config::default(), "card", "usd");
        assert_eq!(
            [0, 100, 1000, 1099, 99_999_999].map(|amount| fees.on(amount)),
            [30, 33, 59, 62, 2_900_030]
        );
    }

    #[test]
    fn debit_fees_have_a_cap_and_can_be_configured() {
        assert!(METHOD_FEES.is_sorted_by_key(|(kind, _)| *kind));
        let mut config = Config::default();
        let on = |config: &Config, kind, amount| FeeSchedule::of(config, kind, "usd").on(amount);
        let amounts = [1000, 62_500, 99_999_999];
        assert_eq!(
            amounts.map(|amount| on(&config, "us_bank_account", amount)),
            [8, 500, 500]
        );
        assert_eq!(on(&config, "klarna", 1000), on(&config, "card", 1000));
        let own = MethodFee::new(100, 5, None);
        config.method_fees.insert("us_bank_account".into(), own);
        assert_eq!(on(&config, "us_bank_account", 1000), 15);
    }

    #[test]
    fn money_is_available_at_a_midnight_at_least_two_days_later() {
        assert_eq!(available_on(0), 2 * DAY_SECONDS);
        assert_eq!(available_on(1), 3 * DAY_SECONDS);
        assert_eq!(available_on(DAY_SECONDS - 1), 3 * DAY_SECONDS);
    }

    #[test]
    fn a_share_of_a_fee_rounds_half_up_and_never_exceeds_it() {
        assert_eq!(proportional(100, 500, 1000), 50);
        assert_eq!(proportional(101, 500, 1000), 51);
        assert_eq!(proportional(100, 1000, 1000), 100);
        assert_eq!(proportional(100, 1, 0), 0);
    }
}
