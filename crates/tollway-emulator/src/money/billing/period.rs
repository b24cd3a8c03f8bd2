//! Billing periods: months are calendar months from an anchor, shortened where a month has no such day.

use jiff::{Span, Timestamp, tz::TimeZone};
use serde_json::Value;

/// How often a price is billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interval {
    /// `day`, `week`, `month` or `year`.
    unit: String,
    count: i64,
}

impl Interval {
    /// The interval of a recurring price.
    pub(super) fn of_price(price: &Value) -> Option<Self> {
        Some(Self {
            unit: price["recurring"]["interval"].as_str()?.to_owned(),
            count: price["recurring"]["interval_count"].as_i64().unwrap_or(1),
        })
    }

    /// `times` intervals after `anchor`, in Unix seconds.
    fn after(&self, anchor: i64, times: i64) -> Option<i64> {
        let count = self.count.checked_mul(times)?;
        let span = match self.unit.as_str() {
            "day" => Span::new().try_days(count),
            "week" => Span::new().try_weeks(count),
            "year" => Span::new().try_years(count),
            _ => Span::new().try_months(count),
        };
        let start = Timestamp::from_second(anchor).ok()?.to_zoned(TimeZone::UTC);
        let end = start.checked_add(span.ok()?).ok()?;
        Some(end.timestamp().as_second())
    }

    /// The first end of a period after `moment`, for periods counted from `anchor`.
    pub(super) fn end_after(&self, anchor: i64, moment: i64) -> i64 {
        if anchor > moment {
            return anchor;
        }
        let longest = match self.unit.as_str() {
            "day" => 86_400,
            "week" => 7 * 86_400,
            "year" => 366 * 86_400,
            _ => 31 * 86_400,
        };
        let passed = (moment - anchor) / (longest * self.count.max(1));
        (passed..)
            .map_while(|times| self.after(anchor, times))
            .find(|end| *end > moment)
            .unwrap_or(i64::MAX / 2)
    }

    /// How long a full period that ends at `end` is, in seconds.
    pub(super) fn length_until(&self, end: i64) -> i64 {
        self.after(end, -1).map_or(1, |start| (end - start).max(1))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn interval(unit: &str, count: i64) -> Interval {
        Interval::of_price(&json!({"recurring": {"interval": unit, "interval_count": count}}))
            .unwrap()
    }

    fn at(date: &str) -> i64 {
        format!("{date}T12:00:00Z")
            .parse::<Timestamp>()
            .unwrap()
            .as_second()
    }

    #[test]
    fn months_end_where_the_anchor_says() {
        let monthly = interval("month", 1);
        let anchor = at("2026-01-31");
        let mut seen = Vec::new();
        let mut moment = anchor;
        for _ in 0..4 {
            moment = monthly.end_after(anchor, moment);
            seen.push(moment);
        }
        assert_eq!(
            seen,
            ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"].map(at)
        );
        assert_eq!(monthly.length_until(at("2026-03-31")), 31 * 86_400);
        assert_eq!(
            interval("year", 1).end_after(at("2024-02-29"), at("2027-01-01")),
            at("2027-02-28")
        );
        assert_eq!(
            interval("week", 2).end_after(at("2026-01-01"), at("2026-01-15")),
            at("2026-01-29")
        );
        assert_eq!(
            monthly.end_after(at("2026-05-01"), at("2026-04-02")),
            at("2026-05-01")
        );
    }
}
