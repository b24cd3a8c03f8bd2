//! Billing periods: months are calendar months from an anchor, shortened where a month has no such day.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use serde_json::Value;

use crate::json::number;

pub(super) const DAY_SECONDS: i64 = 86_400;

/// The billing interval of a price.
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

    /// The first period end after `moment`, for periods counted from `anchor`.
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

    /// The latest period end before `anchor` that is on `day`. An anchor on the last day of a short month can stand
    /// for a later day of longer months.
    fn whole_anchor(&self, anchor: i64, day: i64) -> Option<i64> {
        let (at, day) = (zoned(anchor)?, i8::try_from(day).ok()?);
        let step = match self.unit.as_str() {
            "year" => self.count.checked_mul(12)?,
            _ => self.count,
        };
        let first = at.date().first_of_month();
        let month = (0..48)
            .filter_map(|times| Span::new().try_months(times * step).ok())
            .filter_map(|back| first.checked_sub(back).ok())
            .find(|month| month.days_in_month() >= day)?;
        let date = month.with().day(day).build().ok()?;
        let whole = date.to_datetime(at.time()).to_zoned(TimeZone::UTC).ok()?;
        Some(whole.timestamp().as_second())
    }

    /// The length in seconds of the full period that ends at `end`, counted from `anchor`.
    fn length_until(&self, anchor: i64, end: i64) -> i64 {
        let longest = 366 * 86_400 * self.count.max(1);
        let from = (end - anchor).div_euclid(longest);
        let start = (from..)
            .map_while(|times| Some((times, self.after(anchor, times)?)))
            .take_while(|(_, at)| *at <= end)
            .find(|(_, at)| *at == end)
            .and_then(|(times, _)| self.after(anchor, times - 1))
            .or_else(|| self.after(end, -1));
        start.map_or(1, |start| (end - start).max(1))
    }
}

/// The periods of a subscription: their length and their anchor.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    interval: Interval,
    anchor: i64,
}

impl Cycle {
    /// The cycle of a subscription's first item.
    pub(super) fn of(subscription: &Value) -> Option<Self> {
        let interval = Interval::of_price(&subscription["items"]["data"][0]["price"])?;
        let anchor = subscription["billing_cycle_anchor"].as_i64()?;
        let day = subscription["billing_cycle_anchor_config"]["day_of_month"].as_i64();
        Some(Self {
            anchor: day
                .and_then(|day| interval.whole_anchor(anchor, day))
                .unwrap_or(anchor),
            interval,
        })
    }

    /// The first period end after `moment`.
    pub(super) fn end_after(&self, moment: i64) -> i64 {
        self.interval.end_after(self.anchor, moment)
    }

    /// The share of `full`, the price of a whole period, for the time from `from` to `to` within the period that ends
    /// at `end`: by the second, rounded half away from zero.
    pub(super) fn share(&self, full: i64, (from, to): (i64, i64), end: i64) -> i64 {
        share(
            full,
            to - from,
            self.interval.length_until(self.anchor, end),
        )
    }
}

fn share(full: i64, time: i64, length: i64) -> i64 {
    let time = i128::from(time.clamp(0, length));
    let (full, length) = (i128::from(full), i128::from(length.max(1)));
    let magnitude = (full.abs() * time * 2 + length) / (length * 2);
    i64::try_from(magnitude * full.signum()).unwrap_or(i64::MAX)
}

fn zoned(at: i64) -> Option<Zoned> {
    let at = Timestamp::from_second(at).ok()?;
    Some(at.to_zoned(TimeZone::UTC))
}

/// The first time after `now` that matches `billing_cycle_anchor_config`: a day of the month (the last day of shorter
/// months), optionally a month and a time. The default time is that of `now`.
pub(super) fn next_anchor(config: &Value, now: i64) -> Option<i64> {
    let now = zoned(now)?;
    let part = |name: &str, otherwise: i8| {
        let configured = config[name].as_i64();
        configured.map_or(Some(otherwise), |configured| i8::try_from(configured).ok())
    };
    let day = i8::try_from(number(config, "day_of_month")).ok()?;
    let (hour, minute, second) = (
        part("hour", now.hour())?,
        part("minute", now.minute())?,
        part("second", now.second())?,
    );
    let month = config["month"].as_i64();
    let first = now.date().first_of_month();
    (0..=12)
        .filter_map(|months| first.checked_add(Span::new().months(months)).ok())
        .filter(|date| month.is_none_or(|month| month == i64::from(date.month())))
        .filter_map(|date| {
            let day = day.clamp(1, date.days_in_month());
            let date = DateTime::new(date.year(), date.month(), day, hour, minute, second, 0);
            date.ok()?.to_zoned(TimeZone::UTC).ok()
        })
        .find(|at| *at > now)
        .map(|at| at.timestamp().as_second())
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
        let lengths = [
            (at("2026-02-28"), 28),
            (at("2026-03-31"), 31),
            (at("2026-01-31"), 31),
        ];
        for (end, days) in lengths {
            assert_eq!(monthly.length_until(anchor, end), days * 86_400);
        }
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

    #[test]
    fn a_share_is_by_time_and_never_more_than_the_whole() {
        let day = 86_400;
        assert_eq!(share(3000, 15 * day, 30 * day), 1500);
        assert_eq!(share(-3000, 10 * day, 30 * day), -1000);
        assert_eq!(share(1000, 60 * day, 30 * day), 1000);
        assert_eq!(share(1000, -day, 30 * day), 0);
        assert_eq!(share(1, 15 * day, 30 * day), 1);
    }

    #[test]
    fn an_anchor_is_the_next_such_day_and_stays_it_in_longer_months() {
        let next = |config: Value, now: &str| next_anchor(&config, at(now)).unwrap();
        let last = json!({"day_of_month": 31});
        assert_eq!(next(last.clone(), "2026-02-10"), at("2026-02-28"));
        assert_eq!(next(last.clone(), "2028-02-10"), at("2028-02-29"));
        assert_eq!(next(last.clone(), "2026-01-31"), at("2026-02-28"));
        let first = json!({"day_of_month": 1, "month": 4, "hour": 12, "minute": 0, "second": 0});
        assert_eq!(next(first, "2026-05-02"), at("2027-04-01"));
        let subscription = json!({
            "billing_cycle_anchor": at("2026-02-28"), "billing_cycle_anchor_config": last,
            "items": {"data": [{"price": {"recurring": {"interval": "month", "interval_count": 1}}}]},
        });
        let cycle = Cycle::of(&subscription).unwrap();
        assert_eq!(cycle.end_after(at("2026-02-28")), at("2026-03-31"));
        assert_eq!(cycle.end_after(at("2026-02-10")), at("2026-02-28"));
    }
}
