//! How numbers and instants are written: decimals without exponents, instants as RFC 3339.

/// A decimal text in plain digits, its scale kept: `10.50` stays, `1E+3` becomes `1000`. `None` when the text is not a
/// decimal number, or its exponent would need more than 400 digits.
pub(crate) fn plain_decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if exponent.unsigned_abs() > 400 {
        return None;
    }
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
    let mut all = format!("{whole}{fraction}");
    if exponent == 0 {
        return Some(format!("{sign}{digits}"));
    }
    if point <= 0 {
        let zeros = usize::try_from(1 - point).ok()?;
        all = format!("{}{all}", "0".repeat(zeros));
        return Some(format!("{sign}{}.{}", &all[..1], &all[1..]));
    }
    let point = usize::try_from(point).ok()?;
    if point >= all.len() {
        all.push_str(&"0".repeat(point - all.len()));
        return Some(format!("{sign}{all}"));
    }
    let whole = all[..point].trim_start_matches('0');
    Some(format!(
        "{sign}{}.{}",
        if whole.is_empty() { "0" } else { whole },
        &all[point..]
    ))
}

/// Unix seconds as RFC 3339 text in UTC: `2023-11-14T22:13:20Z`.
pub(crate) fn rfc3339(unix_seconds: i64) -> String {
    let days = unix_seconds.div_euclid(86_400);
    let second = unix_seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The date of a day number since 1970-01-01, by counting in eras of 400 years that begin on 1 March, so that the leap
/// day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_lose_their_exponent_and_keep_their_scale() {
        for (text, plain) in [
            ("10.50", "10.50"),
            ("1E+3", "1000"),
            ("0.105e2", "10.5"),
            ("1.5e-3", "0.0015"),
            ("-2", "-2"),
            ("+2.0", "2.0"),
            ("12e-1", "1.2"),
            ("5e-1", "0.5"),
        ] {
            assert_eq!(plain_decimal(text).as_deref(), Some(plain), "{text}");
        }
        for bad in [
            "", ".", "ten", "1.2.3", "1e", "1e999999", "0x10", "-", "NaN",
        ] {
            assert_eq!(plain_decimal(bad), None, "{bad}");
        }
    }

    #[test]
    fn instants_are_utc_text() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
        assert_eq!(rfc3339(4_107_542_400), "2100-03-01T00:00:00Z");
    }
}
