//! Timestamps and decimals.

use std::fmt;

/// A time as whole seconds since 1970-01-01 00:00 UTC, as API v1 sends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Seconds since the Unix epoch.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// Converts the time to a [`SystemTime`](std::time::SystemTime). `None` when it is out of the platform's range.
    pub fn to_system_time(self) -> Option<std::time::SystemTime> {
        let seconds = std::time::Duration::from_secs(self.0.unsigned_abs());
        if self.0 < 0 {
            std::time::SystemTime::UNIX_EPOCH.checked_sub(seconds)
        } else {
            std::time::SystemTime::UNIX_EPOCH.checked_add(seconds)
        }
    }
}

impl From<i64> for Timestamp {
    fn from(seconds: i64) -> Self {
        Self(seconds)
    }
}

impl From<std::time::SystemTime> for Timestamp {
    /// Rounds down to whole seconds.
    fn from(time: std::time::SystemTime) -> Self {
        let whole = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        Self(
            match time.duration_since(std::time::SystemTime::UNIX_EPOCH) {
                Ok(after) => whole(after.as_secs()),
                Err(before) => {
                    let before = before.duration();
                    -whole(before.as_secs() + u64::from(before.subsec_nanos() > 0))
                }
            },
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A decimal number with exactly the digits that Stripe sent: `10.50` stays `10.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal<'a>(&'a str);

impl<'a> Decimal<'a> {
    pub(crate) const fn new(digits: &'a str) -> Self {
        Self(digits)
    }

    /// The digits.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Converts the number to the nearest float. `None` when the text is not a number.
    pub fn to_f64(self) -> Option<f64> {
        self.0.parse().ok()
    }
}

impl fmt::Display for Decimal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A time as RFC 3339 text, as API v2 sends it: `2026-10-28T12:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rfc3339<'a>(&'a str);

impl<'a> Rfc3339<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Converts the time to whole seconds since the Unix epoch, rounded down. `None` when the text is not an RFC 3339
    /// time.
    pub fn timestamp(self) -> Option<Timestamp> {
        let (date, rest) = self.0.split_once(['T', 't', ' '])?;
        let number = |text: &str, from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                digits.parse().ok()
            } else {
                None
            }
        };
        let (clock, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-'])?);
        let (year, month, day) = (
            number(date, 0, 4)?,
            number(date, 5, 7)?,
            number(date, 8, 10)?,
        );
        let (hour, minute, second) = (
            number(clock, 0, 2)?,
            number(clock, 3, 5)?,
            number(clock, 6, 8)?,
        );
        let shaped = date.len() == 10
            && &date[4..5] == "-"
            && &date[7..8] == "-"
            && &clock[2..3] == ":"
            && &clock[5..6] == ":";
        let fraction = clock.get(8..)?;
        let fine = fraction.is_empty()
            || fraction.len() > 1
                && fraction.starts_with('.')
                && fraction[1..].bytes().all(|byte| byte.is_ascii_digit());
        let ranges = (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        let offset = match zone {
            "Z" | "z" => 0,
            _ if zone.len() == 6 && zone.get(3..4) == Some(":") => {
                let minutes = number(zone, 1, 3)? * 60 + number(zone, 4, 6)?;
                if zone.starts_with('-') {
                    -minutes
                } else {
                    minutes
                }
            }
            _ => return None,
        };
        (shaped && fine && ranges).then(|| {
            Timestamp(
                days(year, month, day) * 86_400 + hour * 3_600 + (minute - offset) * 60 + second,
            )
        })
    }
}

impl fmt::Display for Rfc3339<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, years counted from March so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}
