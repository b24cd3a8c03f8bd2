//! The request of `GET /oauth/authorize`: the application, the scope and the redirect URI.
//!
//! [`AuthorizeRequest::parse`] reads the query; [`AuthorizeRequest::check`] validates it against the settings of the application.
//! An error is never redirected: the redirect URI may not be the platform's.
//!
//! `always_prompt` has no effect: the page is always shown.

use std::collections::BTreeMap;

use url::{Host, Url};

use crate::oauth::error::{OAuthError, OAuthErrorCode, invalid_client, invalid_request};
use crate::scope::Mode;
use crate::world::GrantScope;

/// The authorize endpoints: one for Standard accounts and one for Express accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthorizeEndpoint {
    /// `/oauth/authorize`.
    Standard,
    /// `/express/oauth/authorize`.
    Express,
}

/// The query of an authorize URL, not validated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AuthorizeRequest {
    /// `client_id`: the application.
    pub(crate) client_id: Option<String>,
    /// `response_type`: must be `code`.
    pub(crate) response_type: Option<String>,
    /// `redirect_uri`: where the browser goes afterwards.
    pub(crate) redirect_uri: Option<String>,
    /// `scope`: `read_write` or `read_only`.
    pub(crate) scope: Option<String>,
    /// `state`: returned unchanged.
    pub(crate) state: Option<String>,
    /// `stripe_landing`: `login` or `register`.
    pub(crate) stripe_landing: Option<String>,
    /// `suggested_capabilities[]`: the capabilities of a new Express account.
    pub(crate) suggested_capabilities: Vec<String>,
    /// `stripe_user[…]`: the prefills of the form.
    pub(crate) stripe_user: BTreeMap<String, String>,
}

/// The settings of an application that an authorize request is validated against.
#[derive(Debug, Clone)]
pub(crate) struct ClientPolicy<'a> {
    /// The mode of the client id; strict live mode requires `https`.
    pub(crate) mode: Mode,
    /// The configured redirect URIs; the first is the default.
    pub(crate) redirect_uris: &'a [String],
    /// Whether redirect URIs that are not configured are refused, as Stripe does.
    pub(crate) strict: bool,
}

/// The result of validating an authorize request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValidAuthorization {
    /// The redirect URI, from the request or the configuration.
    pub(crate) redirect_uri: Url,
    /// The requested scope.
    pub(crate) scope: GrantScope,
}

impl AuthorizeRequest {
    /// Reads the query of an authorize URL; a repeated parameter has its last value.
    pub(crate) fn parse(query: &str) -> Self {
        let mut request = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "client_id" => request.client_id = Some(value),
                "response_type" => request.response_type = Some(value),
                "redirect_uri" => request.redirect_uri = Some(value),
                "scope" => request.scope = Some(value),
                "state" => request.state = Some(value),
                "stripe_landing" => request.stripe_landing = Some(value),
                name if name.starts_with("suggested_capabilities[") => {
                    request.suggested_capabilities.push(value);
                }
                _ => {
                    if let Some(member) = name
                        .strip_prefix("stripe_user[")
                        .and_then(|rest| rest.strip_suffix(']'))
                    {
                        request.stripe_user.insert(member.to_owned(), value);
                    }
                }
            }
        }
        request
    }

    /// The client id, if it has the shape of one.
    pub(crate) fn client_id(&self) -> Result<&str, OAuthError> {
        match self.client_id.as_deref() {
            None | Some("") => Err(invalid_request(
                "No client_id was given: pass your platform's ca_… id",
            )
            .with_state(self.state.as_deref())),
            Some(id) if is_client_id(id) => Ok(id),
            Some(id) => Err(
                invalid_client(format!("No application matches the client_id '{id}'"))
                    .with_state(self.state.as_deref()),
            ),
        }
    }

    /// Validates the request. Every error has the `state` of the request, and is never redirected.
    pub(crate) fn check(
        &self,
        endpoint: AuthorizeEndpoint,
        policy: &ClientPolicy<'_>,
    ) -> Result<ValidAuthorization, OAuthError> {
        self.validate(endpoint, policy)
            .map_err(|error| error.with_state(self.state.as_deref()))
    }

    fn validate(
        &self,
        endpoint: AuthorizeEndpoint,
        policy: &ClientPolicy<'_>,
    ) -> Result<ValidAuthorization, OAuthError> {
        match self.response_type.as_deref() {
            None | Some("") => {
                return Err(invalid_request(
                    "No response_type was given: it must be 'code'",
                ));
            }
            Some("code") => {}
            Some(other) => {
                return Err(OAuthError::new(
                    OAuthErrorCode::UnsupportedResponseType,
                    format!("The response_type '{other}' is not supported: it must be 'code'"),
                ));
            }
        }
        let scope = match (endpoint, self.scope.as_deref()) {
            (AuthorizeEndpoint::Express, None | Some("" | "express" | "read_write")) => {
                GrantScope::Express
            }
            (AuthorizeEndpoint::Standard, Some("read_write")) => GrantScope::ReadWrite,
            (AuthorizeEndpoint::Standard, None | Some("" | "read_only")) => GrantScope::ReadOnly,
            (_, Some(other)) => {
                return Err(OAuthError::new(
                    OAuthErrorCode::InvalidScope,
                    format!(
                        "The scope '{other}' is unknown: it must be 'read_write' or 'read_only'"
                    ),
                ));
            }
        };
        Ok(ValidAuthorization {
            redirect_uri: self.redirect_uri(policy)?,
            scope,
        })
    }

    fn redirect_uri(&self, policy: &ClientPolicy<'_>) -> Result<Url, OAuthError> {
        let invalid = |text: String| OAuthError::new(OAuthErrorCode::InvalidRedirectUri, text);
        let configured = policy.redirect_uris;
        let text = match (self.redirect_uri.as_deref(), configured.first()) {
            (Some(requested), _) if !requested.is_empty() => requested,
            (_, Some(first)) => first,
            (_, None) => {
                return Err(invalid(
                    "No redirect_uri was given and the platform has none configured: pass one"
                        .to_owned(),
                ));
            }
        };
        let url = Url::parse(text).map_err(|_| {
            invalid(format!(
                "The redirect URI '{text}' is not a valid absolute URL"
            ))
        })?;
        if !matches!(url.scheme(), "http" | "https")
            || url.host().is_none()
            || url.fragment().is_some()
        {
            return Err(invalid(format!(
                "The redirect URI '{text}' must be an http or https URL without a fragment"
            )));
        }
        if configured.iter().any(|uri| uri == text) {
            // The other rules were checked when the URI was configured.
            if policy.mode.is_live() && policy.strict && url.scheme() != "https" {
                return Err(invalid(format!(
                    "The redirect URI '{text}' must use https in live mode"
                )));
            }
            return Ok(url);
        }
        if configured.is_empty() && !policy.strict && is_loopback(&url) {
            return Ok(url);
        }
        Err(invalid(if configured.is_empty() {
            format!(
                "The redirect URI '{text}' is not configured for this platform: add it, or use a loopback address"
            )
        } else {
            format!(
                "The redirect URI '{text}' does not match one that this platform has configured"
            )
        }))
    }
}

/// Whether the text has the form of a client id: `ca_` and letters, digits or underscores.
pub(crate) fn is_client_id(text: &str) -> bool {
    text.strip_prefix("ca_").is_some_and(|tail| {
        (1..=255).contains(&tail.len())
            && tail
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Whether the host of the URL is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The redirect after **Connect**: the URI with `code`, `scope` and `state` added to its query.
pub(crate) fn success_redirect(
    redirect_uri: &Url,
    code: &str,
    scope: GrantScope,
    state: Option<&str>,
) -> Url {
    let mut url = redirect_uri.clone();
    let mut query = url.query_pairs_mut();
    query
        .append_pair("scope", scope.as_str())
        .append_pair("code", code);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    drop(query);
    url
}

/// The redirect after **Deny**: the URI with `error`, `error_description` and `state` added to its query.
pub(crate) fn denied_redirect(redirect_uri: &Url, state: Option<&str>) -> Url {
    let mut url = redirect_uri.clone();
    let mut query = url.query_pairs_mut();
    query
        .append_pair("error", OAuthErrorCode::AccessDenied.as_str())
        .append_pair("error_description", "The seller denied the request");
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    drop(query);
    url
}

#[cfg(test)]
mod tests;
