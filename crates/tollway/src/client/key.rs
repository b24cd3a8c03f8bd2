//! API keys.

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::Error;

/// A checked API key, as the header that carries it.
#[derive(Clone)]
pub(crate) struct Key(HeaderValue);

impl Key {
    pub(crate) fn new(key: &SecretString) -> Result<Self, Error> {
        check_key(key)?;
        let mut header = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
            .map_err(|_| {
                Error::authentication("the API key holds bytes that no header can carry")
            })?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Refuses a text that cannot be an API key, before it is sent.
fn check_key(key: &SecretString) -> Result<(), Error> {
    let text = key.expose_secret();
    if text.trim().is_empty() {
        return Err(Error::authentication(
            "the API key is empty: pass your secret key, sk_test_… or sk_live_…, from the Dashboard",
        ));
    }
    if !text.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err(Error::authentication(
            "the API key holds spaces, line breaks or other bytes that no key has: check how it was read",
        ));
    }
    Ok(())
}
