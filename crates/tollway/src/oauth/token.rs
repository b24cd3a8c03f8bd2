//! `POST /oauth/token` and `POST /oauth/deauthorize`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;

use super::client_id::client_id;
use super::scope::Scope;
use crate::client::{Client, Mistake};
use crate::error::Error;
use crate::params::ParamValue;
use crate::request::{ApiMode, Encoding, Host, Operation, Pending, RequestBuilder, Verb};
use crate::response::{FromResponse, Response, ResponseMeta};

pub(super) const TOKEN: Operation = Operation {
    name: "oauth.token",
    verb: Verb::Post,
    path: "/oauth/token",
    host: Host::Connect,
    mode: ApiMode::V1,
    encoding: Encoding::Form,
};

static DEAUTHORIZE: Operation = Operation {
    name: "oauth.deauthorize",
    path: "/oauth/deauthorize",
    ..TOKEN
};

/// The exchange of a code or a refresh token.
///
/// Stripe revokes the connection when it receives a code twice. So this request is retried only when it certainly did
/// not reach Stripe. When that is unknown, the error's kind is [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown).
/// <https://docs.stripe.com/connect/oauth-reference#post-token>
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct TokenRequest {
    request: RequestBuilder,
}

impl TokenRequest {
    pub(super) fn new(client: &Client) -> Self {
        Self::of(client, &TOKEN)
    }

    pub(super) fn of(client: &Client, operation: &'static Operation) -> Self {
        Self {
            request: RequestBuilder::new(client, operation).once_only(),
        }
    }

    /// The code from the redirect, `ac_…`.
    pub fn authorization_code(mut self, code: impl Into<String>) -> Self {
        self.grant("authorization_code");
        self.request = self.request.set("code", code.into());
        self
    }

    /// A refresh token from an earlier exchange, `rt_…`. The new token has the mode of the key.
    pub fn refresh_token(mut self, token: impl Into<String>) -> Self {
        self.grant("refresh_token");
        self.request = self.request.set("refresh_token", token.into());
        self
    }

    fn grant(&mut self, grant_type: &'static str) {
        if self.request.draft.params.get("grant_type").is_some() {
            self.request.draft.mistake(Mistake::Text(
                "a token request takes one authorization code or one refresh token, not both"
                    .into(),
            ));
        }
        self.request.draft.params.set("grant_type", grant_type);
    }

    /// Requests a narrower scope than the refresh token has.
    pub fn scope(mut self, scope: impl Into<Scope>) -> Self {
        self.request = self.request.set("scope", scope.into().as_str());
        self
    }

    /// Fails the exchange unless the Express account has these capabilities.
    pub fn assert_capabilities<I>(mut self, capabilities: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        for capability in capabilities {
            self.request
                .draft
                .params
                .push("assert_capabilities", capability.into());
        }
        self
    }

    /// The platform's secret key, in the body and as the key of this call.
    pub fn client_secret(mut self, secret: impl Into<SecretString>) -> Self {
        let secret = secret.into();
        self.request = self
            .request
            .set("client_secret", secret.expose_secret())
            .api_key(secret);
        self
    }

    /// The key of this call.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.request = self.request.api_key(key);
        self
    }

    /// How long one attempt may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request = self.request.timeout(timeout);
        self
    }

    /// How many times to retry when no connection can be made.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.request = self.request.max_retries(retries);
        self
    }

    /// Sets any other parameter by its name on the wire.
    pub fn param(mut self, name: &str, value: impl Into<ParamValue>) -> Self {
        self.request = self.request.param(name, value);
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends the exchange.
    pub fn send(mut self) -> Pending<OAuthToken> {
        if self.request.draft.params.get("grant_type").is_none() {
            self.request.draft.mistake(Mistake::Text(
                "a token request needs authorization_code(…) or refresh_token(…)".into(),
            ));
        }
        self.request.send()
    }
}

/// The response to an exchange. Store [`OAuthToken::stripe_user_id`] and act for the account with the platform's key
/// and [`Client::for_account`](crate::Client::for_account). Stripe does not always send tokens; they are deprecated for
/// Connect.
#[derive(Clone)]
pub struct OAuthToken {
    json: Arc<Json>,
    meta: Arc<ResponseMeta>,
}

impl OAuthToken {
    fn text(&self, name: &str) -> Option<&str> {
        self.json.get(name).and_then(Json::as_str)
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// The connected account, `acct_…`. Empty if Stripe left it out; [`OAuthToken::check`] reports this.
    pub fn stripe_user_id(&self) -> &str {
        self.text("stripe_user_id").unwrap_or_default()
    }

    /// The granted scope.
    pub fn scope(&self) -> Option<Scope> {
        self.text("scope").map(Scope::from)
    }

    /// Whether the connection is in live mode.
    pub fn livemode(&self) -> bool {
        self.json
            .get("livemode")
            .and_then(Json::as_bool)
            .unwrap_or_default()
    }

    /// `bearer`
    pub fn token_type(&self) -> Option<&str> {
        self.text("token_type")
    }

    /// A key that acts as the connected account. Deprecated by Stripe.
    pub fn access_token(&self) -> Option<SecretString> {
        self.secret("access_token")
    }

    /// The refresh token, for new access tokens of either mode. Only the first exchange has one.
    pub fn refresh_token(&self) -> Option<SecretString> {
        self.secret("refresh_token")
    }

    /// The lifetime of the access token in seconds. Only the tokens of Stripe Apps have one; those of Connect do not
    /// expire.
    pub fn expires_in(&self) -> Option<i64> {
        self.json.get("expires_in").and_then(Json::as_i64)
    }

    /// The connected account's publishable key. Deprecated by Stripe.
    pub fn stripe_publishable_key(&self) -> Option<&str> {
        self.text("stripe_publishable_key")
    }

    /// The whole response, secrets included.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// Status, headers and request id of the answer.
    pub fn last_response(&self) -> &ResponseMeta {
        &self.meta
    }

    /// Checks that the response has all members that a connection needs.
    ///
    /// # Errors
    /// Names the first member that is missing.
    pub fn check(&self) -> Result<(), TokenCheckError> {
        if self.stripe_user_id().is_empty() {
            return Err(TokenCheckError::MissingAccount);
        }
        if self.scope().is_none() {
            return Err(TokenCheckError::MissingScope);
        }
        Ok(())
    }
}

/// A member that the response to a token request lacks. The account is connected all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenCheckError {
    /// `stripe_user_id` is missing or empty.
    MissingAccount,
    /// `scope` is missing.
    MissingScope,
}

impl fmt::Display for TokenCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingAccount => {
                "stripe_user_id is missing: an account is connected, but Stripe did not say which; look for it in the \
                 Dashboard"
            }
            Self::MissingScope => {
                "scope is missing: the account is connected; read its rights in the Dashboard"
            }
        })
    }
}

impl std::error::Error for TokenCheckError {}

impl FromResponse for OAuthToken {
    fn from_response(response: Response) -> Result<Self, Error> {
        match serde_json::from_slice(&response.body) {
            Ok(json) => Ok(Self {
                json: Arc::new(json),
                meta: response.meta,
            }),
            Err(cause) => Err(
                Error::invalid_response(&response.meta, response.body, cause)
                    .into_outcome_unknown(),
            ),
        }
    }
}

impl fmt::Debug for OAuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthToken")
            .field("stripe_user_id", &self.stripe_user_id())
            .field("scope", &self.scope())
            .field("livemode", &self.livemode())
            .finish_non_exhaustive()
    }
}

/// A disconnect. <https://docs.stripe.com/connect/oauth-reference#post-deauthorize>
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct DeauthorizeRequest {
    request: RequestBuilder,
    client_id: Option<String>,
    stripe_user_id: String,
}

impl DeauthorizeRequest {
    pub(super) fn new(client: &Client, stripe_user_id: String) -> Self {
        Self {
            request: RequestBuilder::new(client, &DEAUTHORIZE),
            client_id: None,
            stripe_user_id,
        }
    }

    /// The platform's client id, `ca_…`, instead of the client's.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The key of this call.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.request = self.request.api_key(key);
        self
    }

    /// How long one attempt may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request = self.request.timeout(timeout);
        self
    }

    /// How many times this call may be sent again.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.request = self.request.max_retries(retries);
        self
    }

    /// Sets any other parameter by its name on the wire.
    pub fn param(mut self, name: &str, value: impl Into<ParamValue>) -> Self {
        self.request = self.request.param(name, value);
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends the disconnect.
    pub fn send(mut self) -> Pending<Deauthorization> {
        if self.stripe_user_id.trim().is_empty() {
            self.request.draft.mistake(Mistake::Text(
                "the account to disconnect is empty: pass its acct_… id".into(),
            ));
        }
        match client_id(self.client_id.as_deref(), &self.request.draft.client) {
            Ok(id) => self.request.draft.params.set("client_id", id),
            Err(error) => return Pending::refused(error),
        }
        self.request
            .draft
            .params
            .set("stripe_user_id", self.stripe_user_id);
        self.request.send()
    }
}

/// The response to a disconnect: the account is no longer connected.
#[derive(Clone)]
pub struct Deauthorization {
    json: Arc<Json>,
    meta: Arc<ResponseMeta>,
}

impl Deauthorization {
    /// The account that was disconnected, `acct_…`.
    pub fn stripe_user_id(&self) -> &str {
        self.json
            .get("stripe_user_id")
            .and_then(Json::as_str)
            .unwrap_or_default()
    }

    /// Status, headers and request id of the answer.
    pub fn last_response(&self) -> &ResponseMeta {
        &self.meta
    }
}

impl FromResponse for Deauthorization {
    fn from_response(response: Response) -> Result<Self, Error> {
        // A success status means that the account is disconnected, whatever the body.
        let json = serde_json::from_slice(&response.body).unwrap_or_default();
        Ok(Self {
            json: Arc::new(json),
            meta: response.meta,
        })
    }
}

impl fmt::Debug for Deauthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deauthorization")
            .field("stripe_user_id", &self.stripe_user_id())
            .finish_non_exhaustive()
    }
}
