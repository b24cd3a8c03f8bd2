//! Stripe's form encoding: `a[b][0]=c`, used by v1 bodies, by the query of GET and DELETE, and by the authorize URL.
//!
//! Lists are always indexed; keys keep their brackets literal; everything but `A-Z a-z 0-9 - . _ ~` is escaped and a
//! space becomes `+`. Empty lists and maps contribute nothing, [`Value::Clear`] contributes `key=`.

use crate::params::{ParamError, Params, Value};
use crate::wire::number;

/// The encoded form of a parameter tree; empty when there is nothing to send.
///
/// # Errors
/// When a key contains a bracket, or a number has no decimal form.
pub fn encode(params: &Params) -> Result<String, ParamError> {
    let mut out = String::new();
    for (name, value) in pairs(params)? {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&name);
        out.push('=');
        escape_into(&mut out, &value);
    }
    Ok(out)
}

/// The flattened pairs in order: keys already escaped (their brackets literal), values as they are.
fn pairs(params: &Params) -> Result<Vec<(String, String)>, ParamError> {
    let mut out = Vec::new();
    flatten(params, "", &mut out)?;
    Ok(out)
}

fn flatten(
    params: &Params,
    prefix: &str,
    out: &mut Vec<(String, String)>,
) -> Result<(), ParamError> {
    for (name, value) in params.iter() {
        if name.contains(['[', ']']) {
            return Err(ParamError::BracketInKey(name.to_owned()));
        }
        let mut key = String::with_capacity(prefix.len() + name.len() + 2);
        key.push_str(prefix);
        if prefix.is_empty() {
            escape_into(&mut key, name);
        } else {
            key.push('[');
            escape_into(&mut key, name);
            key.push(']');
        }
        flatten_value(value, key, out)?;
    }
    Ok(())
}

fn flatten_value(
    value: &Value,
    key: String,
    out: &mut Vec<(String, String)>,
) -> Result<(), ParamError> {
    match value {
        Value::Map(map) => flatten(map, &key, out)?,
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten_value(item, format!("{key}[{at}]"), out)?;
            }
        }
        plain => {
            let text = scalar(plain, &key)?;
            out.push((key, text));
        }
    }
    Ok(())
}

fn scalar(value: &Value, key: &str) -> Result<String, ParamError> {
    Ok(match value {
        Value::Str(text) => text.clone(),
        Value::Int(number) | Value::IntText(number) | Value::Time(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) if number.is_finite() => number.to_string(),
        Value::Float(_) => return Err(ParamError::NotFinite(key.to_owned())),
        Value::Bool(flag) => flag.to_string(),
        Value::Decimal(text) => {
            number::plain_decimal(text).ok_or_else(|| ParamError::NotDecimal(key.to_owned()))?
        }
        Value::Clear | Value::Map(_) | Value::List(_) => String::new(),
    })
}

/// Escapes one name or value.
pub(crate) fn escape_into(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
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
pub fn decode(text: &str) -> Vec<(String, String)> {
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
        assert!(encode(&Params::new().with("rate", Value::Decimal("ten".into()))).is_err());
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
