//! Currencies: which there are, how many decimals they have, and the smallest payment in each.
//!
//! Amounts are in the smallest unit: cents, or yen where there are none. See <https://docs.stripe.com/currencies>.

use crate::error::ApiError;

/// Every currency that can be charged, in the order of the alphabet.
#[rustfmt::skip]
const ALL: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bhd", "bif", "bmd", "bnd",
    "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "clp", "cny", "cop", "crc", "cve", "czk", "djf", "dkk", "dop",
    "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd", "gnf", "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr",
    "ils", "inr", "isk", "jmd", "jod", "jpy", "kes", "kgs", "khr", "kmf", "krw", "kwd", "kyd", "kzt", "lak", "lbp", "lkr", "lrd",
    "lsl", "mad", "mdl", "mga", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok",
    "npr", "nzd", "omr", "pab", "pen", "pgk", "php", "pkr", "pln", "pyg", "qar", "ron", "rsd", "rub", "rwf", "sar", "sbd", "scr",
    "sek", "sgd", "shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "tnd", "top", "try", "ttd", "twd", "tzs", "uah", "ugx",
    "usd", "uyu", "uzs", "vnd", "vuv", "wst", "xaf", "xcd", "xcg", "xof", "xpf", "yer", "zar", "zmw",
];

const WITHOUT_DECIMALS: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv",
    "xaf", "xof", "xpf",
];

const THREE_DECIMALS: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];

/// The smallest payment, where it is more than one unit.
const SMALLEST: &[(&str, i64)] = &[
    ("aed", 200),
    ("aud", 50),
    ("bgn", 100),
    ("brl", 50),
    ("cad", 50),
    ("chf", 50),
    ("czk", 1500),
    ("dkk", 250),
    ("eur", 50),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17500),
    ("inr", 50),
    ("jpy", 50),
    ("mxn", 1000),
    ("myr", 200),
    ("nok", 300),
    ("nzd", 50),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("sgd", 50),
    ("thb", 1000),
    ("usd", 50),
];

/// How many there are.
#[must_use]
pub fn count() -> usize {
    ALL.len()
}

/// How many digits follow the point.
pub fn decimals(currency: &str) -> u32 {
    if WITHOUT_DECIMALS.contains(&currency) {
        0
    } else if THREE_DECIMALS.contains(&currency) {
        3
    } else {
        2
    }
}

/// An amount as people write it: `10.00 usd`, `1000 jpy`.
pub fn format(amount: i64, currency: &str) -> String {
    let places = decimals(currency);
    let unit = 10_i64.pow(places);
    let (sign, amount) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
    let unit = unit.unsigned_abs();
    if places == 0 {
        return format!("{sign}{amount} {currency}");
    }
    let width = places as usize;
    format!(
        "{sign}{}.{:0width$} {currency}",
        amount / unit,
        amount % unit
    )
}

/// The sign that Stripe's messages put before an amount.
fn sign(currency: &str) -> &'static str {
    match currency {
        "aud" | "cad" | "hkd" | "mxn" | "nzd" | "sgd" | "usd" => "$",
        "eur" => "€",
        "gbp" => "£",
        "jpy" => "¥",
        _ => "",
    }
}

/// An amount without its currency: `10.00`.
pub fn plain(amount: i64, currency: &str) -> String {
    let text = format(amount, currency);
    let number = text.split(' ').next();
    number.unwrap_or_default().to_owned()
}

/// An amount as people type it, `10`, `10.5` or `10.00`, in the smallest unit; none if it is none in this currency.
pub fn parse(text: &str, currency: &str) -> Option<i64> {
    let places = decimals(currency) as usize;
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > places || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok()
}

/// Is this a currency, in lower case?
pub fn check(currency: &str, param: &str) -> Result<(), ApiError> {
    if ALL.contains(&currency) {
        return Ok(());
    }
    let message = format!(
        "Invalid currency: {currency}. Stripe currently supports these currencies: {}",
        ALL.join(", ")
    );
    Err(ApiError::invalid_param(param, message))
}

/// Is this an amount that a card can be charged with in this currency?
pub fn check_amount(amount: i64, currency: &str, param: &str) -> Result<(), ApiError> {
    let smallest = SMALLEST
        .iter()
        .find(|(name, _)| *name == currency)
        .map_or(1, |(_, smallest)| *smallest);
    if amount < smallest {
        let message = format!(
            "Amount must be at least {}{}",
            sign(currency),
            format(smallest, currency)
        );
        return Err(ApiError::invalid_param(param, message).code("amount_too_small"));
    }
    if decimals(currency) == 3 && amount % 10 != 0 {
        let message = format!(
            "Invalid amount: the last digit of an amount in {currency} must be 0, as card networks know only two decimals of it."
        );
        return Err(ApiError::invalid_param(param, message).code("parameter_invalid_integer"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order_and_name_known_currencies() {
        assert!(ALL.is_sorted() && SMALLEST.is_sorted());
        let named = WITHOUT_DECIMALS
            .iter()
            .chain(THREE_DECIMALS)
            .chain(SMALLEST.iter().map(|(name, _)| name));
        for name in named {
            assert!(ALL.contains(name), "{name}");
        }
    }

    #[test]
    fn amounts_are_written_with_the_currencys_decimals() {
        let written = [(1099, "usd"), (1099, "jpy"), (1090, "kwd"), (-5, "eur")];
        assert_eq!(
            written.map(|(amount, currency)| format(amount, currency)),
            ["10.99 usd", "1099 jpy", "1.090 kwd", "-0.05 eur"]
        );
    }

    #[test]
    fn small_amounts_and_odd_dinars_are_refused() {
        let code = |amount, currency| {
            let error = check_amount(amount, currency, "amount").err()?;
            error.get("code").map(str::to_owned)
        };
        assert_eq!(code(49, "usd").as_deref(), Some("amount_too_small"));
        assert_eq!(code(50, "usd"), None);
        assert_eq!(code(50, "jpy"), None);
        assert_eq!(
            code(1001, "kwd").as_deref(),
            Some("parameter_invalid_integer")
        );
        assert_eq!(code(1000, "kwd"), None);
        assert!(check("usd", "currency").is_ok() && check("zzz", "currency").is_err());
    }
}
