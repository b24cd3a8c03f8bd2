//! The options of one call: account, key, version, time limits. They take precedence over the client's.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

use crate::error::Error;

/// A setting of one call: the client's, the call's own, or none.
#[derive(Debug, Clone, Default)]
pub(crate) enum Override<T> {
    #[default]
    Inherit,
    Set(T),
    Clear,
}

/// The options of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) account: Override<String>,
    pub(crate) context: Override<String>,
    pub(crate) api_key: Option<SecretString>,
    pub(crate) version: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) headers: HeaderMap,
}

impl CallOptions {
    pub(crate) fn add_header(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let name_bytes = name;
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::invalid_input(format!("`{name_bytes}` is not a header name")))?;
        let value = header_value(name.as_str(), value)?;
        self.headers.insert(name, value);
        Ok(())
    }
}

/// The account that a call acts for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum ActingFor {
    /// The owner of the key.
    #[default]
    KeyOwner,
    /// A connected account, by `Stripe-Account`.
    Account(std::sync::Arc<str>),
    /// A path relative to the owner of the key, by `Stripe-Context`.
    Context(std::sync::Arc<str>),
}

impl ActingFor {
    /// The acting_for of a call: whichever of account and context is set closer to the call wins and removes the other,
    /// because Stripe refuses both together.
    pub(crate) fn of_call(
        &self,
        account: &Override<String>,
        context: &Override<String>,
    ) -> Result<Self, Error> {
        match (account, context) {
            (Override::Set(_), Override::Set(_)) => Err(Error::invalid_input(
                "stripe_account and stripe_context are both set on this call: Stripe accepts one of them, so keep one",
            )),
            (Override::Set(account), _) => Self::account(account),
            (_, Override::Set(context)) => Ok(Self::context(context)),
            (Override::Clear, _) if matches!(self, Self::Account(_)) => Ok(Self::KeyOwner),
            (_, Override::Clear) if matches!(self, Self::Context(_)) => Ok(Self::KeyOwner),
            _ => Ok(self.clone()),
        }
    }

    pub(crate) fn account(account: &str) -> Result<Self, Error> {
        if account.trim().is_empty() {
            return Err(Error::invalid_input(
                "the connected account's id is empty: pass its acct_… id, or use no_stripe_account() to act for yourself",
            ));
        }
        Ok(Self::Account(account.into()))
    }

    /// An empty context is the key's owner: the header is left out.
    pub(crate) fn context(context: &str) -> Self {
        if context.is_empty() {
            Self::KeyOwner
        } else {
            Self::Context(context.into())
        }
    }
}

/// Checks a header value. Line breaks and other bytes that could add a second header are refused.
pub(crate) fn header_value(name: &str, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|_| {
        Error::invalid_input(format!(
            "the value for the header {name} holds bytes that no header can carry"
        ))
    })
}
