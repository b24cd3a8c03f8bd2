//! Reading `GET /oauth/authorize`: which application asks for what, and where the answer goes.
//!
//! [`AuthorizeRequest::parse`] reads the query; [`AuthorizeRequest::check`] judges it against the application as Stripe
//! does. Nothing here redirects: until the redirect URI is known to be the platform's, an error is a page.
//!
//! `always_prompt` makes no difference: nobody is signed in beforehand, so the page is always shown.

use std::collections::BTreeMap;

use url::{Host, Url};

use crate::oauth::error::{OAuthError, OAuthErrorCode, invalid_client, invalid_request};
use crate::scope::Mode;
use crate::world::GrantScope;

/// The two doors: Standard accounts and Express accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// `/oauth/authorize`.
    Standard,
    /// `/express/oauth/authorize`.
    Express,
}

/// What the query of an authorize URL says, before it is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AuthorizeRequest {
    /// `client_id`: the application that asks.
    pub(crate) client_id: Option<String>,
    /// `response_type`: must be `code`.
    pub(crate) response_type: Option<String>,
    /// `redirect_uri`: where the answer goes.
    pub(crate) redirect_uri: Option<String>,
    /// `scope`: `read_write` or `read_only`.
    pub(crate) scope: Option<String>,
    /// `state`: given back untouched.
    pub(crate) state: Option<String>,
    /// `stripe_landing`: `login` or `register`.
    pub(crate) stripe_landing: Option<String>,
    /// `suggested_capabilities[]`: what a new Express account is to be able to do.
    pub(crate) suggested_capabilities: Vec<String>,
    /// `stripe_user[...]`: what the platform already knows about the seller.
    pub(crate) stripe_user: BTreeMap<String, String>,
}

/// What an authorize request is judged against: the application's own settings.
#[derive(Debug, Clone)]
pub(crate) struct ClientPolicy<'a> {
    /// The mode of the client id; in strict live mode only `https` will do.
    pub(crate) mode: Mode,
    /// The redirect URIs the platform has configured, the first being the default.
    pub(crate) redirect_uris: &'a [String],
    /// Refuse what was never configured, as Stripe itself does.
    pub(crate) strict: bool,
}

/// A judged request: what the page shows and where its answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorize {
    /// Where the answer goes, as it was given or configured.
    pub(crate) redirect_uri: Url,
    /// What is asked for.
    pub(crate) scope: GrantScope,
}

impl AuthorizeRequest {
    /// Reads the query of an authorize URL; a repeated parameter counts by its last value.
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

    /// Judges the request; every error echoes `state` and is shown as a page, never redirected.
    pub(crate) fn check(
        &self,
        door: Door,
        policy: &ClientPolicy<'_>,
    ) -> Result<Authorize, OAuthError> {
        self.judge(door, policy)
            .map_err(|error| error.with_state(self.state.as_deref()))
    }

    fn judge(&self, door: Door, policy: &ClientPolicy<'_>) -> Result<Authorize, OAuthError> {
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
        let scope = match (door, self.scope.as_deref()) {
            (Door::Express, None | Some("" | "express" | "read_write")) => GrantScope::Express,
            (Door::Standard, Some("read_write")) => GrantScope::ReadWrite,
            (Door::Standard, None | Some("" | "read_only")) => GrantScope::ReadOnly,
            (_, Some(other)) => {
                return Err(OAuthError::new(
                    OAuthErrorCode::InvalidScope,
                    format!(
                        "The scope '{other}' is unknown: it must be 'read_write' or 'read_only'"
                    ),
                ));
            }
        };
        Ok(Authorize {
            redirect_uri: self.redirect_uri(policy)?,
            scope,
        })
    }

    fn redirect_uri(&self, policy: &ClientPolicy<'_>) -> Result<Url, OAuthError> {
        let bad = |text: String| OAuthError::new(OAuthErrorCode::InvalidRedirectUri, text);
        let configured = policy.redirect_uris;
        let text = match (self.redirect_uri.as_deref(), configured.first()) {
            (Some(given), _) if !given.is_empty() => given,
            (_, Some(first)) => first,
            (_, None) => {
                return Err(bad(
                    "No redirect_uri was given and the platform has none configured: pass one"
                        .to_owned(),
                ));
            }
        };
        let url = Url::parse(text).map_err(|_| {
            bad(format!(
                "The redirect URI '{text}' is not a valid absolute URL"
            ))
        })?;
        if !matches!(url.scheme(), "http" | "https")
            || url.host().is_none()
            || url.fragment().is_some()
        {
            return Err(bad(format!(
                "The redirect URI '{text}' must be an http or https URL without a fragment"
            )));
        }
        if configured.iter().any(|known| known == text) {
            // Configured ones were judged when they were configured, except for this rule of live mode.
            if policy.mode.is_live() && policy.strict && url.scheme() != "https" {
                return Err(bad(format!(
                    "The redirect URI '{text}' must use https in live mode"
                )));
            }
            return Ok(url);
        }
        if configured.is_empty() && !policy.strict && is_loopback(&url) {
            return Ok(url);
        }
        Err(bad(if configured.is_empty() {
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

/// `ca_` and at least one letter, digit or underscore, as every client id looks.
pub(crate) fn is_client_id(text: &str) -> bool {
    text.strip_prefix("ca_").is_some_and(|tail| {
        (1..=255).contains(&tail.len())
            && tail
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Does the URL point at this very machine?
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The redirect after **Connect**: `code`, `scope` and `state` added to what the URI already carries.
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

/// The redirect after **Deny**: `error`, `error_description` and `state`.
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
