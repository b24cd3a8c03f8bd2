//! Limits of Stripe's that are known here, so that a mistake costs no request and names its field.
//! <https://docs.stripe.com/api/metadata>

use crate::error::Error;
use crate::params::{Params, Value};

const METADATA_KEYS: usize = 50;
const METADATA_KEY: usize = 40;
const METADATA_VALUE: usize = 500;

/// Refuses metadata that Stripe would refuse, at any depth of the parameters.
pub(super) fn check(params: &Params) -> Result<(), Error> {
    params.iter().try_for_each(|(name, value)| match value {
        Value::Map(map) if name == "metadata" => metadata(map),
        _ => inside(value),
    })
}

fn inside(value: &Value) -> Result<(), Error> {
    match value {
        Value::Map(map) => check(map),
        Value::List(items) => items.iter().try_for_each(inside),
        _ => Ok(()),
    }
}

fn metadata(map: &Params) -> Result<(), Error> {
    if map.len() > METADATA_KEYS {
        return Err(Error::invalid_input(format!(
            "metadata holds {} keys and Stripe keeps {METADATA_KEYS}: send fewer",
            map.len()
        )));
    }
    for (key, value) in map.iter() {
        let characters = key.chars().count();
        if characters > METADATA_KEY {
            return Err(Error::invalid_input(format!(
                "the metadata key `{key}` has {characters} characters and Stripe keeps {METADATA_KEY}: shorten it"
            )));
        }
        if let Value::Str(text) = value {
            let characters = text.chars().count();
            if characters > METADATA_VALUE {
                return Err(Error::invalid_input(format!(
                    "the metadata value of `{key}` has {characters} characters and Stripe keeps {METADATA_VALUE}: \
                     shorten it"
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(key: &str, value: &str) -> Params {
        let metadata = Params::new().with(key.to_owned(), value);
        let item = Value::Map(Params::new().with("metadata", metadata));
        Params::new().with("items", Value::List(vec![item]))
    }

    #[test]
    fn what_stripe_keeps_passes_and_one_more_does_not() {
        assert!(check(&nested(&"ü".repeat(40), &"é".repeat(500))).is_ok());
        let long_key = check(&nested(&"k".repeat(41), "v")).unwrap_err();
        assert!(long_key.message().contains("41 characters"), "{long_key}");
        let long_value = check(&nested("k", &"v".repeat(501))).unwrap_err();
        assert!(long_value.message().contains("501"), "{long_value}");
    }

    #[test]
    fn fifty_keys_are_the_most() {
        let of = |keys: usize| {
            let metadata = (0..keys).fold(Params::new(), |map, at| map.with(format!("k{at}"), "v"));
            check(&Params::new().with("metadata", metadata))
        };
        assert!(of(50).is_ok());
        assert!(of(51).is_err());
    }

    #[test]
    fn other_long_texts_are_stripes_business() {
        let description = Params::new().with("description", "x".repeat(5_000));
        assert!(check(&description).is_ok());
    }
}
