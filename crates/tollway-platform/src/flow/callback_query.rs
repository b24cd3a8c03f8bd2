//! The query of a callback: RFC 6749, section 4.1.2.

use secrecy::{ExposeSecret as _, SecretString};

use crate::id::hash;

/// A longer query is not read.
const MAX_QUERY_BYTES: usize = 8 * 1024;

/// A longer parameter makes the query unreadable.
const MAX_PARAMETER_BYTES: usize = 2048;

/// The parameters of a callback.
pub(crate) struct CallbackQuery {
    pub state: Option<String>,
    pub response: AuthorizationResponse,
}

/// The authorization response in a callback's query.
pub(crate) enum AuthorizationResponse {
    Code(SecretString),
    Error {
        error: String,
        description: String,
    },
    /// Neither a code nor an error, or both.
    Missing,
}

impl CallbackQuery {
    /// Reads the query of a callback. A repeated, empty or very long parameter makes the whole query unreadable.
    pub(crate) fn parse(query: &str) -> Self {
        let (mut code, mut state, mut error, mut description) = (None, None, None, None);
        let mut unreadable = query.len() > MAX_QUERY_BYTES;
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let parameter = match key.as_ref() {
                "code" => &mut code,
                "state" => &mut state,
                "error" => &mut error,
                "error_description" => &mut description,
                _ => continue,
            };
            unreadable |=
                parameter.is_some() || value.len() > MAX_PARAMETER_BYTES || value.is_empty();
            *parameter = Some(value.into_owned());
        }
        let response = match (code, error) {
            _ if unreadable => AuthorizationResponse::Missing,
            (Some(code), None) => AuthorizationResponse::Code(SecretString::from(code)),
            (None, Some(error)) => AuthorizationResponse::Error {
                error,
                description: description.unwrap_or_default(),
            },
            _ => AuthorizationResponse::Missing,
        };
        Self {
            state: if unreadable { None } else { state },
            response,
        }
    }
}

impl AuthorizationResponse {
    /// The label in metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Code(_) => "code",
            Self::Error { .. } => "error",
            Self::Missing => "nothing",
        }
    }

    /// Hash that identifies a callback, to recognise repeats.
    pub(crate) fn hash(&self) -> [u8; 32] {
        match self {
            Self::Code(code) => hash(code.expose_secret()),
            Self::Error { error, .. } => hash(&format!("error={error}")),
            Self::Missing => hash(""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label_and_state(query: &str) -> (&'static str, bool) {
        let query = CallbackQuery::parse(query);
        (query.response.label(), query.state.is_some())
    }

    #[test]
    fn the_parameters_that_stripe_sends_are_read() {
        assert_eq!(
            label_and_state("scope=read_write&code=ac_1&state=s"),
            ("code", true)
        );
        assert_eq!(
            label_and_state("error=access_denied&error_description=no&state=s"),
            ("error", true)
        );
        assert_eq!(label_and_state("error=access_denied"), ("error", false));
        assert_eq!(label_and_state(""), ("nothing", false));
    }

    #[test]
    fn an_ambiguous_query_has_no_response() {
        assert_eq!(label_and_state("code=a&code=b&state=s"), ("nothing", false));
        assert_eq!(
            label_and_state("code=a&state=s&state=t"),
            ("nothing", false)
        );
        assert_eq!(
            label_and_state("code=a&error=access_denied&state=s"),
            ("nothing", true)
        );
        assert_eq!(label_and_state("code=&state=s"), ("nothing", false));
    }

    #[test]
    fn a_parameter_has_at_most_2048_bytes_and_a_query_8192() {
        let with_code = |length| label_and_state(&format!("state=s&code={}", "x".repeat(length)));
        assert_eq!(with_code(2048), ("code", true));
        assert_eq!(with_code(2049), ("nothing", false));
        let padded = |length: usize| {
            let query = "state=s&code=a&padding=";
            label_and_state(&format!("{query}{}", "x".repeat(length - query.len())))
        };
        assert_eq!(padded(8192), ("code", true));
        assert_eq!(padded(8193), ("nothing", false));
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query: String) {
            let _ = CallbackQuery::parse(&query);
        }
    }
}
