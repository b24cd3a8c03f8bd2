//! The errors of the OAuth endpoints: a flat JSON body, unlike the rest of the API.

use http::StatusCode;
use serde::Serialize;

use crate::error::ApiError;

/// Why an OAuth request was refused, by the name Stripe sends in `error`.
///
/// See <https://docs.stripe.com/connect/oauth-reference>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OAuthErrorCode {
    /// The seller denied the request; the only code that is sent with the redirect.
    AccessDenied,
    /// The client id is unknown or another platform's, or the key is not a secret key.
    InvalidClient,
    /// The code or refresh token is unknown, expired, used, foreign, or of the other mode.
    InvalidGrant,
    /// The redirect URI is malformed or not one of the platform's.
    InvalidRedirectUri,
    /// A required parameter is missing or malformed.
    InvalidRequest,
    /// The scope is unknown, or more than was granted.
    InvalidScope,
    /// The account is controlled by the platform and cannot be disconnected.
    NoDeauthOnControlledAccount,
    /// `grant_type` is neither `authorization_code` nor `refresh_token`.
    UnsupportedGrantType,
    /// `response_type` is not `code`.
    UnsupportedResponseType,
}

impl OAuthErrorCode {
    /// The value of `error`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::NoDeauthOnControlledAccount => "no_deauth_on_controlled_account",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

/// An OAuth error: a code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.as_str())]
pub(crate) struct OAuthError {
    /// The name sent in `error`.
    pub(crate) code: OAuthErrorCode,
    /// The sentence sent in `error_description`.
    pub(crate) description: String,
    /// The caller's `state`, echoed by the authorize endpoint.
    pub(crate) state: Option<String>,
}

#[derive(Serialize)]
struct OAuthErrorBody<'a> {
    error: &'a str,
    error_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
}

impl OAuthError {
    /// An error without `state`.
    pub(crate) fn new(code: OAuthErrorCode, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            state: None,
        }
    }

    /// The same error with the caller's `state`.
    #[must_use]
    pub(crate) fn with_state(mut self, state: Option<&str>) -> Self {
        self.state = state.map(str::to_owned);
        self
    }

    /// 401 for `invalid_client`, as RFC 6749 requires; 400 for the others.
    pub(crate) fn status(&self) -> StatusCode {
        match self.code {
            OAuthErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The JSON body: `error`, `error_description` and, when there is one, `state`.
    pub(crate) fn body(&self) -> Vec<u8> {
        let body = OAuthErrorBody {
            error: self.code.as_str(),
            error_description: &self.description,
            state: self.state.as_deref(),
        };
        serde_json::to_vec(&body).expect("strings always serialise")
    }
}

/// Why an OAuth operation did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OAuthFailure {
    /// The request is refused with an OAuth error. Changes are kept: a code that is used twice ends the connection.
    #[error(transparent)]
    Refused(#[from] OAuthError),
    /// The emulator failed, and changed nothing.
    #[error(transparent)]
    Failed(#[from] ApiError),
}

/// `invalid_request`: something is missing or malformed.
pub(crate) fn invalid_request(description: impl Into<String>) -> OAuthError {
    OAuthError::new(OAuthErrorCode::InvalidRequest, description)
}

/// `invalid_grant`: the caller cannot use the code or token.
pub(crate) fn invalid_grant(description: impl Into<String>) -> OAuthError {
    OAuthError::new(OAuthErrorCode::InvalidGrant, description)
}

/// `invalid_client`: the key or the client id is not valid.
pub(crate) fn invalid_client(description: impl Into<String>) -> OAuthError {
    OAuthError::new(OAuthErrorCode::InvalidClient, description)
}
