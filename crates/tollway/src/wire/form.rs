//! Stripe's form encoding: `a[b][0]=c`, used by v1 bodies, by the query of GET and DELETE, and by the authorize URL.
//!
//! Lists are always indexed; keys keep their brackets literal; everything but `A-Z a-z 0-9 - . _ ~` is escaped and a
//! space becomes `+`. Empty lists and maps contribute nothing, [`ParamValue::Clear`] contributes `key=`.

use crate::params::{ParamError, ParamValue, Params};
use crate::wire::number;

/// The encoded form of a parameter tree; empty when there is nothing to send.
///
/// # Errors
/// When a key contains a bracket, a number has no decimal form, or a file is where only text can be.
pub fn encode(params: &Params) -> Result<String, ParamError> {
    encode_with(params, scalar_text)
}

/// The query of a v2 request: the same, but instants are RFC 3339 texts, as in v2 bodies.
///
/// # Errors
/// As [`encode`].
pub(crate) fn encode_v2(params: &Params) -> Result<String, ParamError> {
    encode_with(params, |value, key| match value {
        ParamValue::Time(seconds) => Ok(number::rfc3339(*seconds)),
        other => scalar_text(other, key),
    })
}

fn encode_with(
    params: &Params,
    text: fn(&ParamValue, &str) -> Result<String, ParamError>,
) -> Result<String, ParamError> {
    let mut out = String::new();
    flatten(params, &mut |key, value| {
        if !out.is_empty() {
            out.push('&');
        }
        escape_into(&mut out, key, true);
        out.push('=');
        escape_into(&mut out, &text(value, key)?, false);
        Ok(())
    })?;
    Ok(out)
}

/// Visits every plain value with its name on the wire, in order.
pub(crate) fn flatten(
    params: &Params,
    visit: &mut dyn FnMut(&str, &ParamValue) -> Result<(), ParamError>,
) -> Result<(), ParamError> {
    visit_members(params, "", visit)
}

fn visit_members(
    params: &Params,
    prefix: &str,
    visit: &mut dyn FnMut(&str, &ParamValue) -> Result<(), ParamError>,
) -> Result<(), ParamError> {
    for (name, value) in params.iter() {
        if name.contains(['[', ']']) {
            return Err(ParamError::BracketInKey(name.to_owned()));
        }
        if prefix.is_empty() {
            visit_value(value, name, visit)?;
        } else {
            visit_value(value, &format!("{prefix}[{name}]"), visit)?;
        }
    }
    Ok(())
}

fn visit_value(
    value: &ParamValue,
    key: &str,
    visit: &mut dyn FnMut(&str, &ParamValue) -> Result<(), ParamError>,
) -> Result<(), ParamError> {
    match value {
        ParamValue::Map(map) => visit_members(map, key, visit),
        ParamValue::List(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, item)| visit_value(item, &format!("{key}[{at}]"), visit)),
        plain => visit(key, plain),
    }
}

/// The text of a plain value.
pub(crate) fn scalar_text(value: &ParamValue, key: &str) -> Result<String, ParamError> {
    Ok(match value {
        ParamValue::Str(text) => text.clone(),
        ParamValue::Int(number) | ParamValue::IntText(number) | ParamValue::Time(number) => {
            number.to_string()
        }
        ParamValue::UInt(number) => number.to_string(),
        ParamValue::Float(number) if number.is_finite() => number.to_string(),
        ParamValue::Float(_) => return Err(ParamError::NotFinite(key.to_owned())),
        ParamValue::Bool(flag) => flag.to_string(),
        ParamValue::Decimal(text) => {
            number::plain_decimal(text).ok_or_else(|| ParamError::NotDecimal(key.to_owned()))?
        }
        ParamValue::File(_) => return Err(ParamError::FileOutsideUpload(key.to_owned())),
        ParamValue::Clear | ParamValue::Map(_) | ParamValue::List(_) => String::new(),
    })
}

/// Escapes visit_value name or value. Brackets in a name are syntax and stay.
fn escape_into(out: &mut String, text: &str, is_name: bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b'[' | b']' if is_name => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

/// Reads an encoded query or form body into decoded pairs, in order. Never fails: a broken escape stays as it is, and
/// bytes that are not UTF-8 become replacement characters, as browsers and servers do it.
pub(crate) fn decode(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn brackets_in_keys_are_refused() {
        let params = Params::new().with("metadata", Params::new().with("a[b]", "1"));
        assert_eq!(
            encode(&params),
            Err(ParamError::BracketInKey("a[b]".into()))
        );
    }

    #[test]
    fn numbers_without_digits_are_refused() {
        assert!(encode(&Params::new().with("rate", f64::NAN)).is_err());
        assert!(encode(&Params::new().with("rate", ParamValue::Decimal("ten".into()))).is_err());
        assert_eq!(
            encode(&Params::new().with("n", u64::MAX)).unwrap(),
            "n=18446744073709551615"
        );
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(pairs in proptest::collection::btree_map("[a-z é&=+%]{1,8}", ".*", 0..6)) {
            let params: Params = pairs.clone().into_iter().collect();
            let mut read = decode(&encode(&params).unwrap());
            read.sort();
            prop_assert_eq!(read, pairs.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = decode(&text);
        }
    }
}
