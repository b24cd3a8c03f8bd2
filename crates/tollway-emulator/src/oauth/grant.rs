//! The rules of `POST /oauth/token`, as functions of the records: no store, no clock, no randomness.

use crate::oauth::codes::{AuthorizationCode, CODE_LIFETIME_SECONDS};
use crate::oauth::error::{OAuthError, OAuthErrorCode, invalid_grant, invalid_request};
use crate::oauth::responses::nonempty;
use crate::scope::Mode;
use crate::world::{GrantScope, Token, TokenKind};

/// The parameters of a token request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TokenRequest {
    pub(crate) grant_type: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: Option<String>,
    /// Capabilities that the account must have.
    pub(crate) assert_capabilities: Vec<String>,
}

/// A valid token request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenGrant {
    /// Redeem a code.
    AuthorizationCode(String),
    /// Refresh with this token, and with this scope if one is named.
    RefreshToken(String, Option<GrantScope>),
}

impl TokenRequest {
    /// Reads a form body; a repeated parameter has its last value.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let mut request = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let value = value.into_owned();
            match &*name {
                "grant_type" => request.grant_type = Some(value),
                "code" => request.code = Some(value),
                "refresh_token" => request.refresh_token = Some(value),
                "scope" => request.scope = Some(value),
                name if name.starts_with("assert_capabilities[") => {
                    request.assert_capabilities.push(value);
                }
                _ => {}
            }
        }
        request
    }

    /// Validates the parameters.
    pub(crate) fn grant(&self) -> Result<TokenGrant, OAuthError> {
        match nonempty(self.grant_type.as_ref()).as_deref() {
            None => Err(invalid_request(
                "No grant_type was given: it must be 'authorization_code' or 'refresh_token'",
            )),
            Some("authorization_code") => nonempty(self.code.as_ref())
                .map(TokenGrant::AuthorizationCode)
                .ok_or_else(|| {
                    invalid_request(
                        "No code was given: pass the authorization code of the redirect",
                    )
                }),
            Some("refresh_token") => {
                let token = nonempty(self.refresh_token.as_ref()).ok_or_else(|| {
                    invalid_request(
                        "No refresh_token was given: pass the one of the first exchange",
                    )
                })?;
                let scope = nonempty(self.scope.as_ref()).map(|word| {
                    GrantScope::parse(&word).ok_or_else(|| {
                        OAuthError::new(
                            OAuthErrorCode::InvalidScope,
                            format!("The scope '{word}' is unknown"),
                        )
                    })
                });
                Ok(TokenGrant::RefreshToken(token, scope.transpose()?))
            }
            Some(other) => Err(OAuthError::new(
                OAuthErrorCode::UnsupportedGrantType,
                format!(
                    "The grant_type '{other}' is not supported: it must be 'authorization_code' or 'refresh_token'"
                ),
            )),
        }
    }
}

/// What redeeming a code does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Redemption {
    /// The first use connects the account.
    Connect,
    /// A second use ends the connection and is refused with this error.
    Revoke(OAuthError),
    /// The code is refused, and nothing changes.
    Refuse(OAuthError),
}

/// Decides on a code of the caller's platform that was issued in mode `issued` and is redeemed with a key of mode `presented` at
/// `now`, in Unix seconds.
pub(crate) fn check_code(
    code: &AuthorizationCode,
    issued: Mode,
    presented: Mode,
    now: i64,
) -> Redemption {
    let id = &code.id;
    if issued != presented {
        return Redemption::Refuse(invalid_grant(format!(
            "Authorization code was issued in {issued} mode, but the secret key is a {presented} mode key: {id}"
        )));
    }
    if code.redeemed {
        return Redemption::Revoke(invalid_grant(format!(
            "Authorization code has already been used: {id}. All tokens issued with it are revoked"
        )));
    }
    // At exactly five minutes the code is still valid.
    if now - code.created > CODE_LIFETIME_SECONDS {
        return Redemption::Refuse(invalid_grant(format!("Authorization code expired: {id}")));
    }
    Redemption::Connect
}

/// The error for a code that was not issued to this platform.
pub(crate) fn unknown_code(code: &str) -> OAuthError {
    invalid_grant(format!(
        "Authorization code does not exist, or belongs to another platform: {code}"
    ))
}

/// Decides on a refresh token that was issued in mode `issued` and is used with a key of mode `presented`. Returns the scope of
/// the new access token.
///
/// # Errors
/// `invalid_grant` or `invalid_scope`.
pub(crate) fn check_refresh_token(
    token: &Token,
    issued: Mode,
    presented: Mode,
    requested: Option<GrantScope>,
) -> Result<GrantScope, OAuthError> {
    if token.kind != TokenKind::Refresh {
        return Err(unknown_refresh_token());
    }
    if token.revoked {
        return Err(invalid_grant(
            "Refresh token has been revoked: the account is no longer connected",
        ));
    }
    // A live grant can be refreshed in test mode, and not the other way round.
    if presented.is_live() && !issued.is_live() {
        return Err(invalid_grant(
            "Refresh token was issued in test mode, but the secret key is a live mode key",
        ));
    }
    let scope = requested.unwrap_or(token.scope);
    if covers(token.scope, scope) {
        return Ok(scope);
    }
    Err(OAuthError::new(
        OAuthErrorCode::InvalidScope,
        format!(
            "The scope '{}' is more than the refresh token's '{}'",
            scope.as_str(),
            token.scope.as_str()
        ),
    ))
}

/// The error for a refresh token that was not issued to this platform.
pub(crate) fn unknown_refresh_token() -> OAuthError {
    invalid_grant("Refresh token does not exist, or belongs to another platform")
}

/// Whether a grant of `granted` includes `requested`.
fn covers(granted: GrantScope, requested: GrantScope) -> bool {
    granted == requested || (granted == GrantScope::ReadWrite && requested == GrantScope::ReadOnly)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mode::{Live, Test};

    fn code(redeemed: bool) -> AuthorizationCode {
        AuthorizationCode {
            id: "ac_1".to_owned(),
            client_id: "ca_1".to_owned(),
            account: "acct_1".to_owned(),
            scope: GrantScope::ReadWrite,
            created: 1000,
            redeemed,
        }
    }

    fn refused(redemption: Redemption) -> String {
        match redemption {
            Redemption::Refuse(error) if error.code == OAuthErrorCode::InvalidGrant => {
                error.description
            }
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    #[test]
    fn code_can_be_redeemed_for_five_minutes() {
        assert_eq!(
            check_code(&code(false), Test, Test, 1300),
            Redemption::Connect
        );
        assert!(refused(check_code(&code(false), Test, Test, 1301)).contains("expired"));
    }

    #[test]
    fn second_use_revokes_even_after_expiry_but_not_in_the_other_mode() {
        for now in [1001, 9999] {
            assert!(matches!(
                check_code(&code(true), Live, Live, now),
                Redemption::Revoke(_)
            ));
        }
        assert!(refused(check_code(&code(true), Live, Test, 1001)).contains("live mode"));
        assert!(refused(check_code(&code(false), Test, Live, 1001)).contains("test mode"));
    }

    #[test]
    fn parameters_are_validated_before_the_code() {
        use OAuthErrorCode::{InvalidRequest, InvalidScope, UnsupportedGrantType};
        for (body, code) in [
            ("", InvalidRequest),
            ("code=ac_1", InvalidRequest),
            ("grant_type=authorization_code", InvalidRequest),
            ("grant_type=authorization_code&code=", InvalidRequest),
            ("grant_type=refresh_token", InvalidRequest),
            ("grant_type=password&code=ac_1", UnsupportedGrantType),
            (
                "grant_type=refresh_token&refresh_token=rt_1&scope=all",
                InvalidScope,
            ),
        ] {
            assert_eq!(
                TokenRequest::parse(body.as_bytes())
                    .grant()
                    .unwrap_err()
                    .code,
                code,
                "{body}"
            );
        }
        let good = TokenRequest::parse(b"grant_type=authorization_code&code=ac_1&scope=ignored");
        assert_eq!(
            good.grant(),
            Ok(TokenGrant::AuthorizationCode("ac_1".to_owned()))
        );
    }

    #[test]
    fn refreshing_keeps_or_narrows_the_scope() {
        let token = |scope, kind, revoked| Token {
            kind,
            account: "acct_1".into(),
            scope,
            client_id: "ca_1".to_owned(),
            revoked,
        };
        let whole = token(GrantScope::ReadWrite, TokenKind::Refresh, false);
        assert_eq!(
            check_refresh_token(&whole, Live, Live, None),
            Ok(GrantScope::ReadWrite)
        );
        assert_eq!(
            check_refresh_token(&whole, Live, Test, Some(GrantScope::ReadOnly)),
            Ok(GrantScope::ReadOnly)
        );
        let small = token(GrantScope::ReadOnly, TokenKind::Refresh, false);
        let error =
            check_refresh_token(&small, Live, Live, Some(GrantScope::ReadWrite)).unwrap_err();
        assert_eq!(error.code, OAuthErrorCode::InvalidScope);
        for bad in [
            check_refresh_token(&whole, Test, Live, None),
            check_refresh_token(
                &token(GrantScope::ReadWrite, TokenKind::Refresh, true),
                Live,
                Live,
                None,
            ),
            check_refresh_token(
                &token(GrantScope::ReadWrite, TokenKind::Access, false),
                Live,
                Live,
                None,
            ),
        ] {
            assert_eq!(bad.unwrap_err().code, OAuthErrorCode::InvalidGrant);
        }
    }
}
