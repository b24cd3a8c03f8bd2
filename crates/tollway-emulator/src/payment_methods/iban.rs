//! International bank account numbers: told from others, and their check digits
//! (<https://www.iso.org/standard/81090.html>).

use crate::error::ApiError;

/// Without spaces, in capitals.
pub(crate) fn plain(number: &str) -> String {
    number
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// Whether a number means to be an IBAN: it begins with the letters of a country.
pub(crate) fn is_meant(number: &str) -> bool {
    let start = number.trim_start().as_bytes().get(..2);
    start.is_some_and(|letters| letters.iter().all(u8::is_ascii_alphabetic))
}

/// Whether an IBAN, written plainly, has the right form and check digits.
fn is_right(iban: &str) -> bool {
    let bytes = iban.as_bytes();
    let form = (15..=34).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit);
    form && remainder(bytes) == 1
}

/// The country and check digits moved to the end, letters as numbers from 10 on, modulo 97.
fn remainder(bytes: &[u8]) -> u32 {
    let turned = bytes[4..].iter().chain(&bytes[..4]);
    let digits = turned.filter_map(|byte| char::from(*byte).to_digit(36));
    digits.fold(0, |rest, digit| {
        let shift = if digit < 10 { 10 } else { 100 };
        (rest * shift + digit) % 97
    })
}

/// Refuses a wrong IBAN, with this code, for this parameter.
pub(crate) fn check(iban: &str, code: &str, param: &str) -> Result<(), ApiError> {
    if is_right(&plain(iban)) {
        return Ok(());
    }
    Err(ApiError::invalid_param(param, "The IBAN you provided is invalid.").code(code))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn check_digits_tell_right_from_wrong() {
        for right in [
            "DE89370400440532013000",
            "AT61 1904 3002 3457 3201",
            "fr1420041010050500013m02606",
            "NO9386011117947",
        ] {
            assert!(check(right, "c", "p").is_ok(), "{right}");
        }
        for wrong in [
            "DE88370400440532013000",
            "DE89",
            "",
            "D989370400440532013000",
            "DEé9370400440532013000",
        ] {
            let error = check(wrong, "c", "p").unwrap_err();
            assert_eq!(error.get("code"), Some("c"), "{wrong}");
        }
        assert!(is_meant("de89") && !is_meant("000123456789") && !is_meant("D") && !is_meant(""));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_noticed(at in 4usize..22, by in 1u8..10) {
            let mut iban = *b"DE89370400440532013000";
            iban[at] = b'0' + (iban[at] - b'0' + by) % 10;
            prop_assert!(!is_right(std::str::from_utf8(&iban).unwrap()));
        }

        #[test]
        fn any_text_is_answered(text in ".*") {
            let _ = (check(&text, "c", "p").is_ok(), is_meant(&text));
        }
    }
}
