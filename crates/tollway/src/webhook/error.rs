//! Why a delivery was not accepted.

use std::fmt;

/// Why a delivery was not accepted. Answer it with 400 and do not act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookError {
    /// The `Stripe-Signature` header is missing, empty or has no timestamp.
    BadHeader,
    /// The header has no signature of the current scheme (`v1`).
    NoSignatures,
    /// No signature was made with any of the secrets for this body.
    NoMatch,
    /// The signature is right but too old.
    TooOld {
        /// How old, in seconds.
        age: i64,
    },
    /// The signing secret is empty.
    BadSecret,
    /// The body is not JSON.
    NotJson(String),
    /// The body is another kind of event; the other parser reads it.
    WrongKind {
        /// What the body says it is.
        object: String,
    },
    /// The body is no event at all.
    Unrecognized,
}

impl WebhookError {
    /// A stable name for logs and metrics: `bad_header`, `no_signatures`, `no_match`, `too_old`, `bad_secret`,
    /// `not_json`, `wrong_kind` or `unrecognized`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadHeader => "bad_header",
            Self::NoSignatures => "no_signatures",
            Self::NoMatch => "no_match",
            Self::TooOld { .. } => "too_old",
            Self::BadSecret => "bad_secret",
            Self::NotJson(_) => "not_json",
            Self::WrongKind { .. } => "wrong_kind",
            Self::Unrecognized => "unrecognized",
        }
    }

    /// Whether the sender could not prove to be Stripe, as opposed to a body that cannot be read.
    pub fn is_signature(&self) -> bool {
        matches!(
            self,
            Self::BadHeader
                | Self::NoSignatures
                | Self::NoMatch
                | Self::TooOld { .. }
                | Self::BadSecret
        )
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadHeader => f.write_str(
                "the Stripe-Signature header is missing or has no timestamp: pass the header of the same request",
            ),
            Self::NoSignatures => f.write_str("the Stripe-Signature header holds no v1 signature"),
            Self::NoMatch => f.write_str(
                "no signature fits this body and secret: pass the body's bytes as they came, and the signing secret of \
                 this very endpoint (the Stripe CLI has its own)",
            ),
            Self::TooOld { age } => write!(
                f,
                "the signature is {age} seconds old: check the clock of this machine, or whether an old delivery was \
                 played again"
            ),
            Self::BadSecret => f.write_str("the signing secret is empty: set the endpoint's whsec_… secret"),
            Self::NotJson(cause) => write!(f, "the body is not JSON: {cause}"),
            Self::WrongKind { object } if object == "event" => f.write_str(
                "the body is a snapshot event: read it with construct_event",
            ),
            Self::WrongKind { object } if object == "v2.core.event" => f.write_str(
                "the body is a thin event: read it with parse_event_notification",
            ),
            Self::WrongKind { object } => write!(f, "the body is a `{object}`, not an event"),
            Self::Unrecognized => f.write_str("the body is no event, and no envelope with an event in it"),
        }
    }
}

impl std::error::Error for WebhookError {}
