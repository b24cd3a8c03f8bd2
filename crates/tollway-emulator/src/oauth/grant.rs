//! The rules of `POST /oauth/token`, as plain decisions over the records: no store, no clock, no randomness.

use crate::oauth::codes::{CODE_LIFETIME, Code};
use crate::oauth::error::{OAuthError, OAuthErrorCode, invalid_grant, invalid_request};
use crate::scope::Mode;
use crate::world::{GrantScope, Token, TokenKind};

/// The parameters of a token request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TokenRequest {
    pub(crate) grant_type: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: Option<String>,
    /// The account must have these.
    pub(crate) assert_capabilities: Vec<String>,
}

/// A token request whose parameters make sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Redeem a code.
    AuthorizationCode(String),
    /// Refresh, keeping or narrowing the scope.
    RefreshToken(String, Option<GrantScope>),
}

impl TokenRequest {
    /// Reads a form body; a repeated parameter counts by its last value.
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

    /// Which grant is asked for.
    pub(crate) fn grant(&self) -> Result<Grant, OAuthError> {
        match given(self.grant_type.as_ref()).as_deref() {
            None => Err(invalid_request(
                "No grant_type was given: it must be 'authorization_code' or 'refresh_token'",
            )),
            Some("authorization_code") => given(self.code.as_ref())
                .map(Grant::AuthorizationCode)
                .ok_or_else(|| {
                    invalid_request(
                        "No code was given: pass the authorization code of the redirect",
                    )
                }),
            Some("refresh_token") => {
                let token = given(self.refresh_token.as_ref()).ok_or_else(|| {
                    invalid_request(
                        "No refresh_token was given: pass the one of the first exchange",
                    )
                })?;
                let scope = given(self.scope.as_ref()).map(|word| {
                    GrantScope::parse(&word).ok_or_else(|| {
                        OAuthError::new(
                            OAuthErrorCode::InvalidScope,
                            format!("The scope '{word}' is unknown"),
                        )
                    })
                });
                Ok(Grant::RefreshToken(token, scope.transpose()?))
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

/// A parameter that says something.
pub(crate) fn given(value: Option<&String>) -> Option<String> {
    value.filter(|text| !text.is_empty()).cloned()
}

/// What a presented code leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Redemption {
    /// Its first use: connect the account.
    Connect,
    /// A second use: end the connection, then refuse with this.
    Revoke(OAuthError),
    /// Refuse and change nothing.
    Refuse(OAuthError),
}

/// Judges a code of the caller's platform, given out in mode `issued`, presented with a key of mode `presented` at `now`.
pub(crate) fn redeem(code: &Code, issued: Mode, presented: Mode, now: i64) -> Redemption {
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
    // At exactly five minutes the code is still good.
    if now - code.created > CODE_LIFETIME {
        return Redemption::Refuse(invalid_grant(format!("Authorization code expired: {id}")));
    }
    Redemption::Connect
}

/// The refusal of a code nobody gave out to this platform.
pub(crate) fn unknown_code(code: &str) -> OAuthError {
    invalid_grant(format!(
        "Authorization code does not exist, or belongs to another platform: {code}"
    ))
}

/// Judges a refresh token that was issued in mode `issued`, presented with a key of mode `presented`; the answer is the
/// scope of the new access token.
pub(crate) fn refresh(
    token: &Token,
    issued: Mode,
    presented: Mode,
    wanted: Option<GrantScope>,
) -> Result<GrantScope, OAuthError> {
    if token.kind != TokenKind::Refresh {
        return Err(unknown_refresh_token());
    }
    if token.revoked {
        return Err(invalid_grant(
            "Refresh token has been revoked: the account is no longer connected",
        ));
    }
    // A live grant has a test pair; a test grant has no live one.
    if presented.is_live() && !issued.is_live() {
        return Err(invalid_grant(
            "Refresh token was issued in test mode, but the secret key is a live mode key",
        ));
    }
    let scope = wanted.unwrap_or(token.scope);
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

/// The refusal of a refresh token nobody gave out to this platform.
pub(crate) fn unknown_refresh_token() -> OAuthError {
    invalid_grant("Refresh token does not exist, or belongs to another platform")
}

/// Does a grant of `granted` also cover `wanted`?
fn covers(granted: GrantScope, wanted: GrantScope) -> bool {
    granted == wanted || (granted == GrantScope::ReadWrite && wanted == GrantScope::ReadOnly)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mode::{Live, Test};

    fn code(redeemed: bool) -> Code {
        Code {
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
    fn a_code_lives_five_minutes() {
        assert_eq!(redeem(&code(false), Test, Test, 1300), Redemption::Connect);
        assert!(refused(redeem(&code(false), Test, Test, 1301)).contains("expired"));
    }

    #[test]
    fn a_second_use_revokes_even_when_late_but_not_from_the_other_mode() {
        for now in [1001, 9999] {
            assert!(matches!(
                redeem(&code(true), Live, Live, now),
                Redemption::Revoke(_)
            ));
        }
        assert!(refused(redeem(&code(true), Live, Test, 1001)).contains("live mode"));
        assert!(refused(redeem(&code(false), Test, Live, 1001)).contains("test mode"));
    }

    #[test]
    fn the_parameters_are_judged_before_the_code() {
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
            Ok(Grant::AuthorizationCode("ac_1".to_owned()))
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
        assert_eq!(refresh(&whole, Live, Live, None), Ok(GrantScope::ReadWrite));
        assert_eq!(
            refresh(&whole, Live, Test, Some(GrantScope::ReadOnly)),
            Ok(GrantScope::ReadOnly)
        );
        let small = token(GrantScope::ReadOnly, TokenKind::Refresh, false);
        let error = refresh(&small, Live, Live, Some(GrantScope::ReadWrite)).unwrap_err();
        assert_eq!(error.code, OAuthErrorCode::InvalidScope);
        for bad in [
            refresh(&whole, Test, Live, None),
            refresh(
                &token(GrantScope::ReadWrite, TokenKind::Refresh, true),
                Live,
                Live,
                None,
            ),
            refresh(
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
