//! Calls to Stripe that the platform makes for itself. Each is sent once; this module alone decides what a response means.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tollway::error::{ErrorKind, OAuthErrorCode};
use tollway::oauth::{OAuthToken, TokenRequest};
use tollway::runtime::Clock;
use tollway::transport::Transport;
use tollway::webhook::{Tolerance, Verifier, WebhookError};
use tollway::{Client, Error};

use crate::config::{ConfigError, PlatformConfig};
use crate::entropy::Entropy;
use crate::grant_scope::GrantScope;
use crate::prefill::Prefill;
use crate::realm::Realm;

/// One SDK client for each realm.
#[derive(Clone)]
pub(crate) struct Stripe {
    clients: Arc<HashMap<Realm, Client>>,
}

/// What Stripe granted for a code or a refresh token.
pub(crate) struct Grant {
    pub account: String,
    /// `None`: the requested scope.
    pub scope: Option<GrantScope>,
    pub livemode: bool,
    pub access_token: Option<SecretString>,
    pub refresh_token: Option<SecretString>,
    pub publishable_key: Option<String>,
}

/// A call to Stripe that gave no result. It displays kind, code, status and request id, never what was sent or received.
#[derive(Debug)]
pub struct StripeError {
    summary: String,
    source: Option<Error>,
}

impl StripeError {
    fn new(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            source: None,
        }
    }

    fn not_configured(realm: &Realm) -> Self {
        Self::new(format!("platform {realm} is no longer configured"))
    }
}

impl From<Error> for StripeError {
    fn from(error: Error) -> Self {
        let parts = [
            Some(format!("{:?}", error.kind())),
            error.code().map(|code| format!("code {code}")),
            error.status().map(|status| format!("status {status}")),
            error.request_id().map(|id| format!("request {id}")),
        ];
        Self {
            summary: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
            source: Some(error),
        }
    }
}

impl fmt::Display for StripeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)
    }
}

impl std::error::Error for StripeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_ref()
            .map(|error| error as &(dyn std::error::Error + 'static))
    }
}

/// Why there is no grant.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// Nothing was sent.
    Unreachable(StripeError),
    /// The request was sent, and no usable response arrived.
    Interrupted(StripeError),
    /// Stripe did not accept the code.
    InvalidGrant(StripeError),
    /// Another platform controls the account.
    ControlledByOtherPlatform(StripeError),
    /// Stripe refused for another reason.
    Refused(StripeError),
}

/// Whether the platform has access to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountAccess {
    Granted,
    Lost,
}

/// Why an account could not be disconnected at Stripe.
#[derive(Debug)]
pub(crate) enum DeauthorizeError {
    Unreachable(StripeError),
    Refused(StripeError),
}

impl Stripe {
    pub(crate) fn new(
        config: &PlatformConfig,
        transport: Option<&Arc<dyn Transport>>,
        clock: &Arc<dyn Clock>,
        entropy: &Entropy,
    ) -> Result<Self, ConfigError> {
        let mut clients = HashMap::new();
        for realm in config.realms() {
            let Some((_, mode)) = config.realm(&realm) else {
                continue;
            };
            let mut builder = Client::builder(mode.secret_key.clone())
                .client_id(mode.client_id.clone())
                .api_base(config.stripe.api_base.as_str())
                .connect_base(config.stripe.connect_base.as_str())
                .clock(Arc::clone(clock))
                .random(Arc::new(entropy.clone()));
            if let Some(transport) = transport {
                builder = builder.transport(Arc::clone(transport));
            }
            let client = builder.build().map_err(|error| {
                ConfigError::one(
                    format!("platforms.{}.{}", realm.platform, realm.mode),
                    error.to_string(),
                )
            })?;
            clients.insert(realm, client);
        }
        Ok(Self {
            clients: Arc::new(clients),
        })
    }

    /// The platform's own client of a realm.
    pub(crate) fn client(&self, realm: &Realm) -> Option<&Client> {
        self.clients.get(realm)
    }

    fn configured_client(&self, realm: &Realm) -> Result<&Client, StripeError> {
        self.client(realm)
            .ok_or_else(|| StripeError::not_configured(realm))
    }

    /// The address of Stripe's OAuth page.
    pub(crate) fn authorize_url(
        &self,
        realm: &Realm,
        scope: GrantScope,
        state: &str,
        redirect_uri: &str,
        prefill: &Prefill,
    ) -> Result<String, StripeError> {
        let request = self
            .configured_client(realm)?
            .oauth()
            .authorize_url()
            .scope(match scope {
                GrantScope::ReadWrite => tollway::oauth::Scope::ReadWrite,
                GrantScope::ReadOnly => tollway::oauth::Scope::ReadOnly,
            })
            .state(state)
            .redirect_uri(redirect_uri);
        let request = prefill.members().fold(request, |request, (member, value)| {
            request.param(&format!("stripe_user[{member}]"), value)
        });
        Ok(request.build()?)
    }

    /// Redeems a code. Call it once per code: Stripe revokes the connection if a code is redeemed twice.
    pub(crate) async fn exchange(
        &self,
        realm: &Realm,
        code: &SecretString,
        timeout: Duration,
    ) -> Result<Grant, ExchangeError> {
        let request = self
            .token_request(realm, timeout)?
            .authorization_code(code.expose_secret())
            .max_retries(0);
        let token = request.send().await.map_err(exchange_error)?;
        if token.stripe_user_id().is_empty() {
            return Err(ExchangeError::Interrupted(StripeError::new(
                "Stripe's answer does not name the account",
            )));
        }
        Ok(grant_from(&token))
    }

    /// Redeems a live connection's refresh token with the platform's test key, which gives the account's test credentials.
    /// May be repeated.
    pub(crate) async fn refresh(
        &self,
        realm: &Realm,
        refresh_token: &SecretString,
        timeout: Duration,
    ) -> Result<Grant, ExchangeError> {
        let request = self
            .token_request(realm, timeout)?
            .refresh_token(refresh_token.expose_secret());
        let token = request.send().await.map_err(exchange_error)?;
        Ok(grant_from(&token))
    }

    fn token_request(
        &self,
        realm: &Realm,
        timeout: Duration,
    ) -> Result<TokenRequest, ExchangeError> {
        let client = self
            .configured_client(realm)
            .map_err(ExchangeError::Refused)?;
        Ok(client.oauth().token().timeout(timeout))
    }

    /// Revokes the platform's access to an account, for all of its tenants. Succeeds if access is lost already.
    pub(crate) async fn deauthorize(
        &self,
        realm: &Realm,
        account: &str,
    ) -> Result<(), DeauthorizeError> {
        let client = self
            .configured_client(realm)
            .map_err(DeauthorizeError::Refused)?;
        let Err(error) = client.oauth().deauthorize(account).send().await else {
            return Ok(());
        };
        match error.kind() {
            ErrorKind::Connection | ErrorKind::OutcomeUnknown => {
                Err(DeauthorizeError::Unreachable(error.into()))
            }
            // Stripe has one code for «not connected» and «not your client id», so access itself decides.
            ErrorKind::OAuth(OAuthErrorCode::InvalidClient) => {
                match self.access(realm, account).await {
                    Ok(AccountAccess::Lost) => Ok(()),
                    _ => Err(DeauthorizeError::Refused(error.into())),
                }
            }
            _ => Err(DeauthorizeError::Refused(error.into())),
        }
    }

    /// Checks at Stripe whether the platform has access to the account.
    pub(crate) async fn access(
        &self,
        realm: &Realm,
        account: &str,
    ) -> Result<AccountAccess, StripeError> {
        let account = self.account(realm, account).await?;
        Ok(account.map_or(AccountAccess::Lost, |_| AccountAccess::Granted))
    }

    /// Retrieves the account, acting for it. `None`: access is lost.
    pub(crate) async fn account(
        &self,
        realm: &Realm,
        account: &str,
    ) -> Result<Option<serde_json::Value>, StripeError> {
        let client = self.configured_client(realm)?.for_account(account);
        let response: Result<serde_json::Value, Error> = client
            .request(tollway::request::Verb::Get, "/v1/account")
            .send()
            .await;
        match response {
            Ok(account) => Ok(Some(account)),
            Err(error) if is_access_lost(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn grant_from(token: &OAuthToken) -> Grant {
    Grant {
        account: token.stripe_user_id().to_owned(),
        scope: token
            .scope()
            .map(|scope| GrantScope::from_stripe(&scope.to_string())),
        livemode: token.livemode(),
        access_token: token.access_token(),
        refresh_token: token.refresh_token(),
        publishable_key: token.stripe_publishable_key().map(str::to_owned),
    }
}

/// Whether Stripe answered that the account is not, or no longer, connected to the platform.
fn is_access_lost(error: &Error) -> bool {
    error.code() == Some("account_invalid")
        || (error.kind() == ErrorKind::Permission && error.status() == Some(403))
}

fn exchange_error(error: Error) -> ExchangeError {
    let may_have_taken_effect = error.may_have_taken_effect();
    match error.kind() {
        ErrorKind::Connection if !may_have_taken_effect => ExchangeError::Unreachable(error.into()),
        ErrorKind::Connection | ErrorKind::OutcomeUnknown | ErrorKind::InvalidResponse => {
            ExchangeError::Interrupted(error.into())
        }
        _ if is_controlled_by_other_platform(error.message()) => {
            ExchangeError::ControlledByOtherPlatform(error.into())
        }
        ErrorKind::OAuth(OAuthErrorCode::InvalidGrant) => ExchangeError::InvalidGrant(error.into()),
        // If Stripe fails after it received the code, the code may or may not have been redeemed.
        _ if may_have_taken_effect => ExchangeError::Interrupted(error.into()),
        _ => ExchangeError::Refused(error.into()),
    }
}

/// Stripe has no error code for this, only a description.
pub(crate) fn is_controlled_by_other_platform(description: &str) -> bool {
    description.to_ascii_lowercase().contains("controlled by")
}

/// Checks that one of an endpoint's secrets signed this body.
pub(crate) fn verify_signature(
    body: &[u8],
    header: &str,
    (first, others): (&SecretString, &[SecretString]),
    tolerance: Tolerance,
    clock: Arc<dyn Clock>,
) -> Result<(), WebhookError> {
    others
        .iter()
        .try_fold(Verifier::new(first.clone())?, |verifier, secret| {
            verifier.secret(secret.clone())
        })?
        .tolerance(tolerance)
        .clock(clock)
        .verify(body, header)
        .map(drop)
}
