//! Why a delivery was not accepted.

use std::fmt;

/// Why a delivery was not accepted. Respond with [`WebhookError::status`] and do not act on the delivery.
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
        /// The `object` of the body.
        object: String,
    },
    /// The body is not an event.
    Unrecognized,
    /// The event has a mode that the verifier does not accept, or that the endpoint of its secret cannot send.
    WrongMode {
        /// The event's mode.
        livemode: bool,
    },
    /// The event was rendered with an API version that does not fit this crate's types, and the verifier is strict.
    OtherVersion {
        /// The event's version.
        version: String,
    },
    /// Another task or process is handling the event.
    Running,
    /// The store of deliveries failed.
    Store(String),
}

impl WebhookError {
    /// A stable name for logs and metrics: `bad_header`, `no_signatures`, `no_match`, `too_old`, `bad_secret`,
    /// `not_json`, `wrong_kind`, `unrecognized`, `wrong_mode`, `other_version`, `running` or `store`.
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
            Self::WrongMode { .. } => "wrong_mode",
            Self::OtherVersion { .. } => "other_version",
            Self::Running => "running",
            Self::Store(_) => "store",
        }
    }

    /// The HTTP status of the response: 400, or 503 when Stripe should deliver again soon.
    pub fn status(&self) -> u16 {
        match self {
            Self::Running | Self::Store(_) => 503,
            _ => 400,
        }
    }

    /// Whether the signature is at fault, and not the body.
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
            Self::WrongMode { livemode: true } => f.write_str(
                "the event is live, and this verifier or the secret it was signed with is for test events: check which \
                 endpoint's secret is where",
            ),
            Self::WrongMode { livemode: false } => {
                f.write_str("the event is a test one, and this verifier takes live events only")
            }
            Self::OtherVersion { version } => write!(
                f,
                "the event was rendered with API version {version}, and this crate's types are of {}: make a webhook \
                 endpoint of that version",
                crate::STRIPE_VERSION
            ),
            Self::Running => f.write_str("this event is being handled already: answer 503 and it comes again"),
            Self::Store(cause) => write!(f, "whether this event was handled before is not known: {cause}"),
        }
    }
}

impl std::error::Error for WebhookError {}
