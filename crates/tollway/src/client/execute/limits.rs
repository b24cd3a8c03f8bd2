//! Stripe's limits on metadata, checked before a request is sent, so that the error names the key.
//! <https://docs.stripe.com/api/metadata>

use crate::error::Error;
use crate::params::{ParamValue, Params};

const METADATA_KEYS: usize = 50;
const METADATA_KEY_CHARACTERS: usize = 40;
const METADATA_VALUE_CHARACTERS: usize = 500;

/// Refuses metadata that Stripe would refuse, at any depth of the parameters.
pub(super) fn check(params: &Params) -> Result<(), Error> {
    params.iter().try_for_each(|(name, value)| match value {
        ParamValue::Map(map) if name == "metadata" => check_metadata(map),
        _ => check_value(value),
    })
}

fn check_value(value: &ParamValue) -> Result<(), Error> {
    match value {
        ParamValue::Map(map) => check(map),
        ParamValue::List(items) => items.iter().try_for_each(check_value),
        _ => Ok(()),
    }
}

fn check_metadata(map: &Params) -> Result<(), Error> {
    if map.len() > METADATA_KEYS {
        return Err(Error::invalid_input(format!(
            "metadata holds {} keys and Stripe keeps {METADATA_KEYS}: send fewer",
            map.len()
        )));
    }
    for (key, value) in map.iter() {
        let characters = key.chars().count();
        if characters > METADATA_KEY_CHARACTERS {
            return Err(Error::invalid_input(format!(
                "the metadata key `{key}` has {characters} characters and Stripe keeps {METADATA_KEY_CHARACTERS}: shorten it"
            )));
        }
        if let ParamValue::Str(text) = value {
            let characters = text.chars().count();
            if characters > METADATA_VALUE_CHARACTERS {
                return Err(Error::invalid_input(format!(
                    "the metadata value of `{key}` has {characters} characters and Stripe keeps {METADATA_VALUE_CHARACTERS}: \
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
        let item = ParamValue::Map(Params::new().with("metadata", metadata));
        Params::new().with("items", ParamValue::List(vec![item]))
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
