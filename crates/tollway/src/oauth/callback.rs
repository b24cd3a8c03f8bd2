//! The redirect back from Stripe: parsed, with the state compared in constant time.

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::scope::Scope;
use crate::runtime::Random;
use crate::wire::form;

/// The parameters of a successful redirect.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    code: String,
    scope: Option<Scope>,
    state: Option<String>,
}

impl Callback {
    /// The authorization code, `ac_…`. It is valid for five minutes and one exchange.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The scope that the seller granted.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// The state of the redirect.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

// The code is a secret, so `Debug` leaves it out.
impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// Why a redirect has no code that may be exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackError {
    /// The seller declined, or Stripe refused.
    Denied {
        /// `access_denied`, or another OAuth error code.
        error: String,
        /// Stripe's explanation, for humans.
        description: Option<String>,
        /// Whether the state was present and right. Some denials have no state: show a neutral page then, and change
        /// nothing.
        state_checked: bool,
    },
    /// The state is missing or not the expected one: the link belongs to another browser, or is old. Do not exchange
    /// the code.
    StateMismatch,
    /// The redirect has neither a code nor an error.
    MissingCode,
    /// A parameter appears twice; Stripe never sends this.
    Repeated(&'static str),
}

impl CallbackError {
    /// A stable name: `access_denied`, `state_mismatch`, `missing_code`, `repeated`, or Stripe's own error code.
    pub fn code(&self) -> &str {
        match self {
            Self::Denied { error, .. } => error,
            Self::StateMismatch => "state_mismatch",
            Self::MissingCode => "missing_code",
            Self::Repeated(_) => "repeated",
        }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { error, description, .. } => {
                write!(f, "the connection was not granted: {}", description.as_deref().unwrap_or(error))
            }
            Self::StateMismatch => f.write_str(
                "the state is missing or not the one that was handed out: start the connection again from the same browser",
            ),
            Self::MissingCode => f.write_str("the redirect holds neither a code nor an error: it does not come from Stripe"),
            Self::Repeated(name) => write!(f, "the redirect holds `{name}` twice: it does not come from Stripe"),
        }
    }
}

impl std::error::Error for CallbackError {}

/// Parses the redirect back from Stripe: a whole URL, a path with a query, or the query alone.
///
/// `expected_state` is the value of [`AuthorizeUrl::state`](super::AuthorizeUrl::state). `None` skips the comparison,
/// which is only safe when no state was sent.
///
/// # Errors
/// A [`CallbackError`] when there is no code that may be exchanged.
pub fn parse_callback<'a>(
    url_or_query: &str,
    expected_state: impl Into<Option<&'a str>>,
) -> Result<Callback, CallbackError> {
    let fields = CallbackFields::read(url_or_query)?;
    let state_checked = match (expected_state.into(), fields.state.as_deref()) {
        (None, _) => false,
        (Some(expected), Some(got))
            if bool::from(expected.as_bytes().ct_eq(got.as_bytes())) && !expected.is_empty() =>
        {
            true
        }
        // A denial changes nothing, so it is reported as one even without a state.
        (Some(_), None) if fields.error.is_some() => false,
        (Some(_), _) => return Err(CallbackError::StateMismatch),
    };
    if let Some(error) = fields.error {
        return Err(CallbackError::Denied {
            error,
            description: fields.description,
            state_checked,
        });
    }
    match fields.code {
        Some(code) if !code.is_empty() => Ok(Callback {
            code,
            scope: fields.scope.as_deref().map(Scope::from),
            state: fields.state,
        }),
        _ => Err(CallbackError::MissingCode),
    }
}

/// Creates an unguessable state: 64 hex digits.
pub fn new_state(random: &dyn Random) -> String {
    use std::fmt::Write as _;
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

#[derive(Default)]
struct CallbackFields {
    code: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

impl CallbackFields {
    fn read(text: &str) -> Result<Self, CallbackError> {
        let text = text.split('#').next().unwrap_or_default();
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        let mut fields = Self::default();
        for (name, value) in form::decode(query) {
            let (slot, name) = match name.as_str() {
                "code" => (&mut fields.code, "code"),
                "scope" => (&mut fields.scope, "scope"),
                "state" => (&mut fields.state, "state"),
                "error" => (&mut fields.error, "error"),
                "error_description" => (&mut fields.description, "error_description"),
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(CallbackError::Repeated(name));
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_denial_without_state_is_told_but_not_trusted() {
        let denied = parse_callback("error=access_denied", "s1").unwrap_err();
        assert!(
            matches!(
                denied,
                CallbackError::Denied {
                    state_checked: false,
                    ..
                }
            ),
            "{denied:?}"
        );
        let forged = parse_callback("error=access_denied&state=s2", "s1").unwrap_err();
        assert_eq!(forged, CallbackError::StateMismatch);
    }

    #[test]
    fn an_empty_expected_state_matches_nothing() {
        assert_eq!(
            parse_callback("code=ac_1&state=", "").unwrap_err(),
            CallbackError::StateMismatch
        );
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        let twice = parse_callback("code=ac_1&code=ac_2&state=s1", "s1").unwrap_err();
        assert_eq!(twice, CallbackError::Repeated("code"));
    }

    #[test]
    fn the_code_is_not_printed() {
        let back = parse_callback("/cb?code=ac_secret&state=s1#top", "s1").unwrap();
        assert!(!format!("{back:?}").contains("ac_secret"));
        assert_eq!((back.code(), back.state()), ("ac_secret", Some("s1")));
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in ".*", state in ".{0,8}") {
            let _ = parse_callback(&text, state.as_str());
        }

        #[test]
        fn only_the_expected_state_passes(state in "[a-z]{1,8}", other in "[a-z]{1,8}") {
            let url = format!("https://example.com/cb?code=ac_1&state={other}");
            prop_assert_eq!(parse_callback(&url, state.as_str()).is_ok(), state == other);
        }
    }
}
