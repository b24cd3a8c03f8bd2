//! The `Stripe-Signature` header: `t=<unix seconds>,v1=<hex>[,v1=<hex>…]`. What is signed is `<t>.<body>`, by
//! HMAC-SHA256 with the whole secret as text, `whsec_` included.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::error::WebhookError;

/// The greatest age of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tolerance {
    /// The signature may be this old. Signatures with a time in the future pass.
    AtMost(Duration),
    /// Any age passes. For stored payloads that are verified again.
    Disabled,
}

impl Default for Tolerance {
    /// Five minutes.
    fn default() -> Self {
        Self::AtMost(Duration::from_secs(300))
    }
}

/// The header of a delivery, parsed.
#[derive(Debug, PartialEq, Eq)]
struct Header<'a> {
    /// The timestamp as text, because the text is what Stripe signed.
    timestamp_text: &'a str,
    timestamp: i64,
    signatures: Vec<&'a str>,
}

impl<'a> Header<'a> {
    /// Other schemes (`v0`) and unknown members are skipped.
    fn parse(text: &'a str) -> Result<Self, WebhookError> {
        let mut timestamp = None;
        let mut signatures = Vec::new();
        for item in text.split(',') {
            match item.trim().split_once('=') {
                Some(("t", value)) if timestamp.is_none() => {
                    timestamp = value.parse().ok().map(|seconds| (value, seconds));
                }
                Some(("v1", value)) => signatures.push(value),
                _ => {}
            }
        }
        let (timestamp_text, timestamp) = timestamp.ok_or(WebhookError::BadHeader)?;
        if signatures.is_empty() {
            return Err(WebhookError::NoSignatures);
        }
        Ok(Self {
            timestamp_text,
            timestamp,
            signatures,
        })
    }
}

/// Returns the index of the secret that matched, and when the delivery was signed.
pub(super) fn verify<'a>(
    payload: &[u8],
    header: &str,
    mut secrets: impl Iterator<Item = &'a SecretString>,
    tolerance: Tolerance,
    now: i64,
) -> Result<(usize, i64), WebhookError> {
    let header = Header::parse(header)?;
    let secret = secrets
        .position(|secret| {
            let expected = sign(payload, secret.expose_secret(), header.timestamp_text);
            // Every signature is compared, so that the duration does not reveal which one matches.
            header.signatures.iter().fold(false, |found, given| {
                found | bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
            })
        })
        .ok_or(WebhookError::NoMatch)?;
    if let Tolerance::AtMost(limit) = tolerance {
        let age = now.saturating_sub(header.timestamp);
        if age > i64::try_from(limit.as_secs()).unwrap_or(i64::MAX) {
            return Err(WebhookError::TooOld { age });
        }
    }
    Ok((secret, header.timestamp))
}

/// The signature in lower-case hex.
fn sign(payload: &[u8], secret: &str, timestamp: &str) -> String {
    use std::fmt::Write as _;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(payload);
    mac.finalize()
        .into_bytes()
        .iter()
        .fold(String::with_capacity(64), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// Creates the `Stripe-Signature` header that Stripe would send for this body at this time (unix seconds). For tests
/// and for emulators of Stripe.
pub fn test_header(payload: impl AsRef<[u8]>, secret: &str, timestamp: i64) -> String {
    let signature = sign(payload.as_ref(), secret, &timestamp.to_string());
    format!("t={timestamp},v1={signature}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(payload: &[u8], header: &str, secrets: &[&str]) -> Result<(usize, i64), WebhookError> {
        let secrets: Vec<SecretString> = secrets
            .iter()
            .map(|secret| SecretString::from(*secret))
            .collect();
        verify(payload, header, secrets.iter(), Tolerance::default(), 1_000)
    }

    #[test]
    fn the_matching_secret_is_named() {
        let header = test_header("{}", "whsec_new", 1_000);
        let verified = check(b"{}", &header, &["whsec_old", "whsec_new"]).unwrap();
        assert_eq!(verified, (1, 1_000));
    }

    #[test]
    fn bytes_that_are_not_text_verify() {
        let payload = [0xff, 0x00, 0xfe];
        assert!(
            check(
                &payload,
                &test_header(payload, "whsec_1", 999),
                &["whsec_1"]
            )
            .is_ok()
        );
    }

    #[test]
    fn extreme_timestamps_are_old_not_a_panic() {
        let header = test_header("{}", "whsec_1", i64::MIN);
        assert!(matches!(
            check(b"{}", &header, &["whsec_1"]),
            Err(WebhookError::TooOld { .. })
        ));
    }

    proptest! {
        #[test]
        fn any_header_gives_an_answer(header in ".*", payload in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(check(&payload, &header, &["whsec_1"]).is_err());
        }

        #[test]
        fn headers_of_the_right_shape_give_an_answer(t in "[0-9-]{0,22}", v in "[0-9a-f=, tv]{0,80}") {
            let header = format!("t={t},v1={v}");
            let result = check(b"no body", &header, &["whsec_1"]);
            prop_assert!(result.is_err());
        }

        #[test]
        fn one_changed_byte_is_noticed(payload in proptest::collection::vec(any::<u8>(), 1..64), at in any::<prop::sample::Index>()) {
            let header = test_header(&payload, "whsec_1", 1_000);
            let mut changed = payload.clone();
            let at = at.index(changed.len());
            changed[at] ^= 1;
            prop_assert!(check(&payload, &header, &["whsec_1"]).is_ok());
            prop_assert_eq!(check(&changed, &header, &["whsec_1"]), Err(WebhookError::NoMatch));
        }
    }
}
