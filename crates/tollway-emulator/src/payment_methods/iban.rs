//! International bank account numbers (IBANs) and their check digits (<https://www.iso.org/standard/81090.html>).

use crate::error::ApiError;

/// The number without spaces, in capital letters.
pub(crate) fn normalize(number: &str) -> String {
    number
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// Whether a number has the form of an IBAN: it starts with the letters of a country.
pub(crate) fn looks_like_iban(number: &str) -> bool {
    let start = number.trim_start().as_bytes().get(..2);
    start.is_some_and(|letters| letters.iter().all(u8::is_ascii_alphabetic))
}

/// Whether a normalized IBAN has a valid form and valid check digits.
fn is_valid(iban: &str) -> bool {
    let bytes = iban.as_bytes();
    let form = (15..=34).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit);
    form && remainder(bytes) == 1
}

/// The number modulo 97, with country and check digits moved to the end and letters as numbers from 10 on.
fn remainder(bytes: &[u8]) -> u32 {
    let reordered = bytes[4..].iter().chain(&bytes[..4]);
    let digits = reordered.filter_map(|byte| char::from(*byte).to_digit(36));
    digits.fold(0, |rest, digit| {
        let shift = if digit < 10 { 10 } else { 100 };
        (rest * shift + digit) % 97
    })
}

/// Rejects an invalid IBAN with this error `code` and `param`.
pub(crate) fn check(iban: &str, code: &str, param: &str) -> Result<(), ApiError> {
    if is_valid(&normalize(iban)) {
        return Ok(());
    }
    Err(ApiError::invalid_param(param, "The IBAN you provided is invalid.").code(code))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn check_rejects_wrong_check_digits_and_forms() {
        for valid in [
            "DE89370400440532013000",
            "AT61 1904 3002 3457 3201",
            "fr1420041010050500013m02606",
            "NO9386011117947",
        ] {
            assert!(check(valid, "c", "p").is_ok(), "{valid}");
        }
        for invalid in [
            "DE88370400440532013000",
            "DE89",
            "",
            "D989370400440532013000",
            "DEé9370400440532013000",
        ] {
            let error = check(invalid, "c", "p").unwrap_err();
            assert_eq!(error.get("code"), Some("c"), "{invalid}");
        }
        assert!(
            looks_like_iban("de89")
                && !looks_like_iban("000123456789")
                && !looks_like_iban("D")
                && !looks_like_iban("")
        );
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_rejected(at in 4usize..22, by in 1u8..10) {
            let mut iban = *b"DE89370400440532013000";
            iban[at] = b'0' + (iban[at] - b'0' + by) % 10;
            prop_assert!(!is_valid(std::str::from_utf8(&iban).unwrap()));
        }

        #[test]
        fn any_text_is_checked_without_panic(text in ".*") {
            let _ = (check(&text, "c", "p").is_ok(), looks_like_iban(&text));
        }
    }
}
