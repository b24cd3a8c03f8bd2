//! The kinds of errors, and the rules that derive one from a response.

use serde_json::Value;

/// The kind of an error. New API versions add kinds, so match with a fallback. <https://docs.stripe.com/api/errors>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The SDK refused the call before anything was sent: a bad parameter, id, header or option. The message says what
    /// to change.
    InvalidInput,
    /// A client could not be built because of the program's surroundings: a root certificate could not be read, or the
    /// operating system could not start a thread. Nothing was sent. The message and
    /// [`source`](std::error::Error::source) name the cause.
    Setup,
    /// Stripe refused the request's parameters, or the object does not exist (400, 404).
    InvalidRequest,
    /// The idempotency key was used with other parameters, or its first request is still running.
    Idempotency,
    /// The key is missing, malformed, unknown or expired (401); also a missing client id.
    Authentication,
    /// The payment was declined (402). The message may be shown to the card holder.
    Card,
    /// The key may not do this, or not for this account (403).
    Permission,
    /// Too many requests (429).
    RateLimit,
    /// Something went wrong at Stripe, or two requests met on the same object (409, 5xx and all else).
    Api,
    /// No response: the connection could not be made, broke, or took too long.
    Connection,
    /// A response that is not what Stripe sends: no JSON, or an error status without an error.
    InvalidResponse,
    /// An OAuth code or refresh token was sent and no clear response came back. Do not send it again: a code that
    /// reaches Stripe twice revokes the connection. Check in the Dashboard whether the account is connected, or let the
    /// seller connect again.
    OutcomeUnknown,
    /// An OAuth endpoint refused.
    OAuth(OAuthErrorCode),
    /// A kind that only API v2 has, named by the error's type.
    V2(V2ErrorType),
}

/// Why an OAuth endpoint refused.
/// <https://docs.stripe.com/connect/oauth-reference>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OAuthErrorCode {
    /// The client id belongs to another platform, the account is not connected, or the key has the other mode.
    InvalidClient,
    /// The code or refresh token is unknown, expired, used, of another platform, or of the other mode.
    InvalidGrant,
    /// A parameter is missing.
    InvalidRequest,
    /// The scope does not exist or is wider than allowed.
    InvalidScope,
    /// Stripe does not support the grant type.
    UnsupportedGrantType,
    /// The response type is not `code`.
    UnsupportedResponseType,
    /// Any other code: read it with [`Error::code`](super::Error::code).
    Other,
}

impl OAuthErrorCode {
    pub(crate) fn from_code(code: &str) -> Self {
        match code {
            "invalid_client" => Self::InvalidClient,
            "invalid_grant" => Self::InvalidGrant,
            "invalid_request" => Self::InvalidRequest,
            "invalid_scope" => Self::InvalidScope,
            "unsupported_grant_type" => Self::UnsupportedGrantType,
            "unsupported_response_type" => Self::UnsupportedResponseType,
            _ => Self::Other,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::InvalidClient => "oauth.invalid_client",
            Self::InvalidGrant => "oauth.invalid_grant",
            Self::InvalidRequest => "oauth.invalid_request",
            Self::InvalidScope => "oauth.invalid_scope",
            Self::UnsupportedGrantType => "oauth.unsupported_grant_type",
            Self::UnsupportedResponseType => "oauth.unsupported_response_type",
            Self::Other => "oauth.other",
        }
    }
}

macro_rules! v2_error_types {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The kinds that only API v2 has, one for each error type.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum V2ErrorType {
            $($(#[$doc])* $variant,)*
        }

        impl V2ErrorType {
            fn from_type(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The type as Stripe writes it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

v2_error_types! {
    /// The session of the meter event stream has expired: create a new one.
    TemporarySessionExpired = "temporary_session_expired",
    /// The object is canceled already.
    AlreadyCanceled = "already_canceled",
    /// Stripe blocked the request.
    BlockedByStripe = "blocked_by_stripe",
    /// The request cannot proceed; `reason` in the body says why.
    CannotProceed = "cannot_proceed",
    /// The account lacks the capability.
    CapabilityNotEnabled = "capability_not_enabled",
    /// Another resource controls this one.
    ControlledByAlternateResource = "controlled_by_alternate_resource",
    /// The account does not have the feature.
    FeatureNotEnabled = "feature_not_enabled",
    /// The financial account is not open.
    FinancialAccountNotOpen = "financial_account_not_open",
    /// The exchange-rate quote is out of date.
    FxQuoteNeedsRefresh = "fx_quote_needs_refresh",
    /// The balance is too low.
    InsufficientFunds = "insufficient_funds",
    /// The payment method cannot be used; the body's `invalid_param` names the cause.
    InvalidPaymentMethod = "invalid_payment_method",
    /// The payout method cannot be used.
    InvalidPayoutMethod = "invalid_payout_method",
    /// The stored credential cannot be used; the body's `invalid_param` names the cause.
    InvalidVaultedCredential = "invalid_vaulted_credential",
    /// The object can no longer be canceled.
    NotCancelable = "not_cancelable",
    /// A quota is used up.
    QuotaExceeded = "quota_exceeded",
    /// The recipient cannot be notified.
    RecipientNotNotifiable = "recipient_not_notifiable",
    /// A verification attempt failed; see the body's `verification_status`.
    VerificationAttemptFailed = "verification_attempt_failed",
    /// The verification has run out; see the body's `verification_status`.
    VerificationExpired = "verification_expired",
    /// The verification was never started; see the body's `verification_status`.
    VerificationNotInitiated = "verification_not_initiated",
}

impl ErrorKind {
    /// A stable name for logs and metrics: `card`, `rate_limit`, `oauth.invalid_grant`, `quota_exceeded`, …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Setup => "setup",
            Self::InvalidRequest => "invalid_request",
            Self::Idempotency => "idempotency",
            Self::Authentication => "authentication",
            Self::Card => "card",
            Self::Permission => "permission",
            Self::RateLimit => "rate_limit",
            Self::Api => "api",
            Self::Connection => "connection",
            Self::InvalidResponse => "invalid_response",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::OAuth(code) => code.as_str(),
            Self::V2(error_type) => error_type.as_str(),
        }
    }

    /// The kind of an error response. `error` is the body's `error` member.
    pub(crate) fn of_response(status: u16, v2: bool, error: &Value) -> Self {
        if let Value::String(code) = error {
            return Self::OAuth(OAuthErrorCode::from_code(code));
        }
        let text = |name: &str| error.get(name).and_then(Value::as_str);
        let error_type = text("type");
        if v2 {
            match error_type {
                Some("idempotency_error") => return Self::Idempotency,
                Some("rate_limit") => return Self::RateLimit,
                Some(other) => {
                    if let Some(known) = V2ErrorType::from_type(other) {
                        return Self::V2(known);
                    }
                }
                None if text("code") == Some("invalid_fields") => return Self::InvalidRequest,
                None => {}
            }
        }
        match status {
            400 if text("code") == Some("rate_limit") => Self::RateLimit,
            400 | 404 if error_type == Some("idempotency_error") => Self::Idempotency,
            400 | 404 => Self::InvalidRequest,
            401 => Self::Authentication,
            402 => Self::Card,
            403 => Self::Permission,
            429 => Self::RateLimit,
            500.. => Self::Api,
            _ => match error_type {
                Some("idempotency_error") => Self::Idempotency,
                Some("invalid_request_error") => Self::InvalidRequest,
                Some("card_error") => Self::Card,
                _ => Self::Api,
            },
        }
    }
}

impl std::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
