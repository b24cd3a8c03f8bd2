//! Strings: finding where one ends, eight bytes at a time, and decoding the few that have escapes.

use super::error::JsonError;

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
const SLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
const BLANKS: u64 = u64::from_le_bytes([b' '; 8]);

/// The first place at or after `at` that holds a quote, a backslash or a control character, or
/// the end of the text.
#[inline]
pub(super) fn end_of_run(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let stops =
            (zero_bytes(word ^ QUOTES) | zero_bytes(word ^ SLASHES) | below_blank(word)) & HIGHS;
        if stops != 0 {
            return at + stops.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < b' ' {
            break;
        }
        at += 1;
    }
    at
}

/// High bits at zero bytes; exact up to and including the lowest one, which is the one used.
#[inline]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word
}

/// High bits at bytes below a blank; exact up to and including the lowest one.
#[inline]
const fn below_blank(word: u64) -> u64 {
    word.wrapping_sub(BLANKS) & !word
}

/// Decodes the string that begins at `at` (after its quote) and appends it to `out`. Returns the offset after its
/// closing quote.
pub(super) fn decode(bytes: &[u8], mut at: usize, out: &mut String) -> Result<usize, JsonError> {
    loop {
        let stop = end_of_run(bytes, at);
        // The text was checked as UTF-8 and a run ends at ASCII bytes, so this cannot fail.
        out.push_str(
            std::str::from_utf8(&bytes[at..stop])
                .map_err(|_| JsonError::new("the text is not UTF-8", at))?,
        );
        match bytes.get(stop) {
            Some(b'"') => return Ok(stop + 1),
            Some(b'\\') => {
                let (character, after) = escape(bytes, stop + 1)?;
                out.push(character);
                at = after;
            }
            Some(_) => {
                return Err(JsonError::new(
                    "a control character stands in a string",
                    stop,
                ));
            }
            None => return Err(JsonError::new("the text ends inside a string", stop)),
        }
    }
}

fn escape(bytes: &[u8], at: usize) -> Result<(char, usize), JsonError> {
    let character = match bytes.get(at) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(bytes, at + 1),
        _ => return Err(JsonError::new("an unknown escape stands in a string", at)),
    };
    Ok((character, at + 1))
}

fn unicode(bytes: &[u8], at: usize) -> Result<(char, usize), JsonError> {
    let lone = || JsonError::new("half of a surrogate pair stands in a string", at);
    let first = hex4(bytes, at)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Ok((char::from_u32(first).ok_or_else(lone)?, at + 4));
    }
    if bytes.get(at + 4..at + 6) != Some(b"\\u") {
        return Err(lone());
    }
    let second = hex4(bytes, at + 6)?;
    if !(0xDC00..0xE000).contains(&second) {
        return Err(lone());
    }
    let scalar = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    Ok((char::from_u32(scalar).ok_or_else(lone)?, at + 10))
}

fn hex4(bytes: &[u8], at: usize) -> Result<u32, JsonError> {
    let bad = || JsonError::new("four hexadecimal digits were expected", at);
    let digits = bytes.get(at..at + 4).ok_or_else(bad)?;
    digits.iter().try_fold(0, |sum, digit| {
        (*digit as char)
            .to_digit(16)
            .map(|value| sum << 4 | value)
            .ok_or_else(bad)
    })
}
