//! Exchange rates: a fixed table, so that every run converts the same way. A world may have its own rates.

use std::collections::BTreeMap;

/// Billionths: rates are whole numbers of them.
const ONE: i128 = 1_000_000_000;

/// Millionths of each currency for one US dollar, in alphabetical order. Round figures near the real ones.
#[rustfmt::skip]
const PER_DOLLAR: &[(&str, i64)] = &[
    ("aed", 3_670_000), ("afn", 70_000_000), ("all", 90_000_000), ("amd", 390_000_000), ("ang", 1_800_000),
    ("aoa", 900_000_000), ("ars", 1_000_000_000), ("aud", 1_500_000), ("awg", 1_800_000), ("azn", 1_700_000),
    ("bam", 1_760_000), ("bbd", 2_000_000), ("bdt", 120_000_000), ("bgn", 1_760_000), ("bhd", 376_000),
    ("bif", 2_900_000_000), ("bmd", 1_000_000), ("bnd", 1_300_000), ("bob", 6_900_000), ("brl", 5_500_000),
    ("bsd", 1_000_000), ("bwp", 13_500_000), ("byn", 3_250_000), ("bzd", 2_000_000), ("cad", 1_400_000),
    ("cdf", 2_800_000_000), ("chf", 800_000), ("clp", 950_000_000), ("cny", 7_200_000), ("cop", 4_000_000_000),
    ("crc", 510_000_000), ("cve", 99_000_000), ("czk", 22_500_000), ("djf", 178_000_000), ("dkk", 6_700_000),
    ("dop", 60_000_000), ("dzd", 134_000_000), ("egp", 50_000_000), ("etb", 130_000_000), ("eur", 900_000),
    ("fjd", 2_250_000), ("fkp", 800_000), ("gbp", 800_000), ("gel", 2_750_000), ("gip", 800_000),
    ("gmd", 70_000_000), ("gnf", 8_600_000_000), ("gtq", 7_700_000), ("gyd", 209_000_000), ("hkd", 7_800_000),
    ("hnl", 25_000_000), ("htg", 131_000_000), ("huf", 360_000_000), ("idr", 16_000_000_000), ("ils", 3_700_000),
    ("inr", 85_000_000), ("isk", 138_000_000), ("jmd", 158_000_000), ("jod", 709_000), ("jpy", 150_000_000),
    ("kes", 129_000_000), ("kgs", 87_000_000), ("khr", 4_000_000_000), ("kmf", 443_000_000), ("krw", 1_400_000_000),
    ("kwd", 310_000), ("kyd", 830_000), ("kzt", 520_000_000), ("lak", 21_800_000_000), ("lbp", 89_500_000_000),
    ("lkr", 295_000_000), ("lrd", 195_000_000), ("lsl", 18_000_000), ("mad", 10_000_000), ("mdl", 18_000_000),
    ("mga", 4_600_000_000), ("mkd", 55_000_000), ("mmk", 2_100_000_000), ("mnt", 3_400_000_000), ("mop", 8_000_000),
    ("mur", 46_000_000), ("mvr", 15_400_000), ("mwk", 1_735_000_000), ("mxn", 20_000_000), ("myr", 4_400_000),
    ("mzn", 64_000_000), ("nad", 18_000_000), ("ngn", 1_600_000_000), ("nio", 36_800_000), ("nok", 11_000_000),
    ("npr", 136_000_000), ("nzd", 1_700_000), ("omr", 385_000), ("pab", 1_000_000), ("pen", 3_700_000),
    ("pgk", 4_000_000), ("php", 57_000_000), ("pkr", 280_000_000), ("pln", 4_000_000), ("pyg", 7_800_000_000),
    ("qar", 3_640_000), ("ron", 4_500_000), ("rsd", 105_000_000), ("rub", 90_000_000), ("rwf", 1_400_000_000),
    ("sar", 3_750_000), ("sbd", 8_400_000), ("scr", 14_500_000), ("sek", 10_500_000), ("sgd", 1_300_000),
    ("shp", 800_000), ("sle", 22_700_000), ("sos", 571_000_000), ("srd", 36_000_000), ("std", 22_000_000_000),
    ("szl", 18_000_000), ("thb", 34_000_000), ("tjs", 10_900_000), ("tnd", 3_100_000), ("top", 2_400_000),
    ("try", 35_000_000), ("ttd", 6_800_000), ("twd", 32_000_000), ("tzs", 2_600_000_000), ("uah", 41_500_000),
    ("ugx", 3_700_000_000), ("usd", 1_000_000), ("uyu", 43_000_000), ("uzs", 12_900_000_000), ("vnd", 25_000_000_000),
    ("vuv", 119_000_000), ("wst", 2_800_000), ("xaf", 600_000_000), ("xcd", 2_700_000), ("xcg", 1_800_000),
    ("xof", 600_000_000), ("xpf", 109_000_000), ("yer", 250_000_000), ("zar", 18_000_000), ("zmw", 27_000_000),
];

/// The rate between two currencies, in billionths: `from * rate = to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate(i128);

impl Rate {
    /// The rate between two currencies. `own` has the world's own rates, in units for one US dollar.
    pub(crate) fn between(own: &BTreeMap<String, f64>, from: &str, to: &str) -> Self {
        let (from, to) = (per_dollar(own, from), per_dollar(own, to));
        Self(rounded(to * ONE, from))
    }

    /// `exchange_rate` of the API.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate is far below what a float counts exactly"
    )]
    pub(crate) fn as_float(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    /// Converts an amount between smallest units; half a unit rounds away from zero.
    pub(crate) fn convert(self, amount: i64, from: &str, to: &str) -> i64 {
        let unit = |currency| 10_i128.pow(crate::currency::decimals(currency));
        let converted = rounded(i128::from(amount) * self.0 * unit(to), ONE * unit(from));
        i64::try_from(converted).unwrap_or(i64::MAX)
    }
}

fn rounded(dividend: i128, divisor: i128) -> i128 {
    let half = divisor / 2 * dividend.signum();
    (dividend + half) / divisor.max(1)
}

/// Millionths of a currency for one US dollar.
fn per_dollar(own: &BTreeMap<String, f64>, currency: &str) -> i128 {
    let own = own.get(currency).map(|rate| millionths(*rate));
    let table = || {
        let at = PER_DOLLAR.binary_search_by_key(&currency, |(name, _)| *name);
        at.map_or(1_000_000, |at| i128::from(PER_DOLLAR[at].1))
    };
    own.unwrap_or_else(table).max(1)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rates are checked when they are set, and the cast saturates"
)]
fn millionths(rate: f64) -> i128 {
    (rate * 1e6).round() as i128
}

/// Every currency with a rate.
pub(crate) fn currencies() -> impl Iterator<Item = &'static str> {
    PER_DOLLAR.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(from: &str, to: &str) -> Rate {
        Rate::between(&BTreeMap::new(), from, to)
    }

    #[test]
    fn every_currency_has_a_rate() {
        assert!(PER_DOLLAR.is_sorted());
        for currency in currencies() {
            assert!(crate::currency::check(currency, "currency").is_ok());
        }
        assert_eq!(currencies().count(), crate::currency::count());
    }

    #[test]
    fn decimals_are_minded() {
        assert_eq!(rate("usd", "eur").convert(1000, "usd", "eur"), 900);
        assert_eq!(rate("usd", "jpy").convert(1000, "usd", "jpy"), 1500);
        assert_eq!(rate("jpy", "usd").convert(1500, "jpy", "usd"), 1000);
        assert_eq!(rate("usd", "kwd").convert(1000, "usd", "kwd"), 3100);
        assert_eq!(rate("kwd", "jpy").convert(3100, "kwd", "jpy"), 1500);
        assert_eq!(rate("usd", "eur").convert(-5, "usd", "eur"), -5);
        assert!((rate("usd", "eur").as_float() - 0.9).abs() < 1e-9);
    }

    #[test]
    fn a_world_may_have_its_own_rates() {
        let own = BTreeMap::from([("eur".to_owned(), 0.5)]);
        assert_eq!(
            Rate::between(&own, "usd", "eur").convert(1000, "usd", "eur"),
            500
        );
        assert_eq!(
            Rate::between(&own, "eur", "usd").convert(500, "eur", "usd"),
            1000
        );
    }

    proptest! {
        #[test]
        fn a_conversion_is_odd_and_never_shrinks_with_the_amount(amount in 0i64..100_000_000, more in 0i64..1000) {
            for (from, to) in [("usd", "eur"), ("jpy", "kwd"), ("vnd", "bhd"), ("usd", "usd")] {
                let rate = rate(from, to);
                let worth = rate.convert(amount, from, to);
                prop_assert_eq!(rate.convert(-amount, from, to), -worth);
                prop_assert!(rate.convert(amount + more, from, to) >= worth);
                if from == to {
                    prop_assert_eq!(worth, amount);
                }
            }
        }
    }
}
