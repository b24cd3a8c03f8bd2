//! Every call to Stripe that the platform makes for itself, in the platform's own words. Each goes out once: which answer
//! means what is decided here, and nowhere else.

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

use crate::config::{ConfigError, GrantScope, PlatformConfig};
use crate::link::LinkError;
use crate::realm::Realm;
use crate::entropy::Entropy;

/// One SDK client for each realm.
pub(crate) struct Stripe {
    clients: HashMap<Realm, Client>,
}

/// What Stripe granted for a code.
pub(crate) struct Grant {
    pub account: String,
    /// None: what was asked for.
    pub scope: Option<String>,
    pub livemode: bool,
    pub access_token: Option<SecretString>,
    pub refresh_token: Option<SecretString>,
    pub publishable_key: Option<String>,
}

/// Why there is no grant. The texts are for the operator and hold no secret.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// Nothing was sent.
    Unreachable(String),
    /// Something was sent and no answer came.
    Interrupted(String),
    /// The code was not accepted.
    InvalidGrant(String),
    /// The account is another platform's.
    Controlled(String),
    /// Anything else that Stripe said.
    Refused(String),
}

/// Does the platform still have access to an account?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Granted,
    Lost,
}

/// Stripe could not be asked, or said something that decides nothing. The text holds no secret.
#[derive(Debug)]
pub(crate) struct AccessUnknown(pub String);

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
        Ok(Self { clients })
    }

    /// The platform's own client of a realm.
    pub(crate) fn client(&self, realm: &Realm) -> Option<&Client> {
        self.clients.get(realm)
    }

    fn known(&self, realm: &Realm) -> Result<&Client, AccessUnknown> {
        self.client(realm)
            .ok_or_else(|| AccessUnknown(format!("platform {realm} is no longer configured")))
    }

    /// The address of Stripe's page.
    pub(crate) fn authorize_url(
        &self,
        realm: &Realm,
        scope: GrantScope,
        state: &str,
        redirect_uri: &str,
        prefill: &Prefill,
    ) -> Result<String, AccessUnknown> {
        let request = self
            .known(realm)?
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
        request.build().map_err(|error| AccessUnknown(describe(&error)))
    }

    /// Redeems a code. Called once for a code, ever: a second time makes Stripe revoke the connection.
    pub(crate) async fn exchange(
        &self,
        realm: &Realm,
        code: &SecretString,
        timeout: Duration,
    ) -> Result<Grant, ExchangeError> {
        let request = self
            .token(realm, timeout)?
            .authorization_code(code.expose_secret())
            .max_retries(0);
        let token = request
            .send()
            .await
            .map_err(|error| exchange_error(&error))?;
        if token.stripe_user_id().is_empty() {
            return Err(ExchangeError::Interrupted(
                "Stripe's answer does not name the account".to_owned(),
            ));
        }
        Ok(granted(&token))
    }

    /// What a live connection's refresh token gives with the platform's test key: the test credentials of the account. May be
    /// asked again.
    pub(crate) async fn refresh(
        &self,
        realm: &Realm,
        refresh_token: &SecretString,
        timeout: Duration,
    ) -> Result<Grant, ExchangeError> {
        let request = self
            .token(realm, timeout)?
            .refresh_token(refresh_token.expose_secret());
        let token = request
            .send()
            .await
            .map_err(|error| exchange_error(&error))?;
        Ok(granted(&token))
    }

    /// A request for tokens, which says nothing yet of what they are asked for.
    fn token(&self, realm: &Realm, timeout: Duration) -> Result<TokenRequest, ExchangeError> {
        let client = self
            .known(realm)
            .map_err(|error| ExchangeError::Refused(error.0))?;
        Ok(client.oauth().token().timeout(timeout))
    }

    /// Revokes the platform's access to an account, for all of its tenants. Access that is gone already is fine.
    pub(crate) async fn deauthorize(
        &self,
        realm: &Realm,
        account: &str,
    ) -> Result<(), DeauthorizeError> {
        let client = self
            .known(realm)
            .map_err(|error| DeauthorizeError::Refused(error.0))?;
        let Err(error) = client.oauth().deauthorize(account).send().await else {
            return Ok(());
        };
        match error.kind() {
            ErrorKind::Connection | ErrorKind::OutcomeUnknown => {
                Err(DeauthorizeError::Unreachable(describe(&error)))
            }
            // «Not connected» and «not your client id» are one code, so access itself decides.
            ErrorKind::OAuth(OAuthErrorCode::InvalidClient) => {
                match self.access(realm, account).await {
                    Ok(Access::Lost) => Ok(()),
                    _ => Err(DeauthorizeError::Refused(describe(&error))),
                }
            }
            _ => Err(DeauthorizeError::Refused(describe(&error))),
        }
    }

    /// Does the platform still have access to the account?
    pub(crate) async fn access(&self, realm: &Realm, account: &str) -> Result<Access, AccessUnknown> {
        let found = self.account(realm, account).await?;
        Ok(found.map_or(Access::Lost, |_| Access::Granted))
    }

    /// Asks Stripe for the account itself, acting for it. None: access is lost.
    pub(crate) async fn account(
        &self,
        realm: &Realm,
        account: &str,
    ) -> Result<Option<serde_json::Value>, AccessUnknown> {
        let client = self.known(realm)?.for_account(account);
        let answer: Result<serde_json::Value, Error> = client
            .request(tollway::request::Verb::Get, "/v1/account")
            .send()
            .await;
        match answer {
            Ok(account) => Ok(Some(account)),
            Err(error) if is_access_lost(&error) => Ok(None),
            Err(error) => Err(AccessUnknown(describe(&error))),
        }
    }
}

fn granted(token: &OAuthToken) -> Grant {
    Grant {
        account: token.stripe_user_id().to_owned(),
        scope: token.scope().map(|scope| scope.to_string()),
        livemode: token.livemode(),
        access_token: token.access_token(),
        refresh_token: token.refresh_token(),
        publishable_key: token.stripe_publishable_key().map(str::to_owned),
    }
}

/// Why an account could not be disconnected at Stripe.
#[derive(Debug)]
pub(crate) enum DeauthorizeError {
    Unreachable(String),
    Refused(String),
}

/// Stripe's answer to a call for an account that is not, or no longer, connected to the platform.
pub(crate) fn is_access_lost(error: &Error) -> bool {
    error.code() == Some("account_invalid")
        || (error.kind() == ErrorKind::Permission && error.status() == Some(403))
}

fn exchange_error(error: &Error) -> ExchangeError {
    let text = describe(error);
    match error.kind() {
        ErrorKind::Connection if !error.may_have_taken_effect() => ExchangeError::Unreachable(text),
        ErrorKind::Connection | ErrorKind::OutcomeUnknown | ErrorKind::InvalidResponse => {
            ExchangeError::Interrupted(text)
        }
        _ if is_controlled(error.message()) => ExchangeError::Controlled(text),
        ErrorKind::OAuth(OAuthErrorCode::InvalidGrant) => ExchangeError::InvalidGrant(text),
        // A failure inside Stripe after the code came in decides nothing about the code.
        _ if error.may_have_taken_effect() => ExchangeError::Interrupted(text),
        _ => ExchangeError::Refused(text),
    }
}

/// Stripe has no code of its own for this, only words.
pub(crate) fn is_controlled(description: &str) -> bool {
    description.to_ascii_lowercase().contains("controlled by")
}

/// Kind, code and request id: what the operator needs to ask Stripe. Never the body, which may hold what was sent.
fn describe(error: &Error) -> String {
    let parts = [
        Some(format!("{:?}", error.kind())),
        error.code().map(|code| format!("code {code}")),
        error.status().map(|status| format!("status {status}")),
        error.request_id().map(|id| format!("request {id}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Did any of these secrets sign this body? The error says why not, without the secret.
pub(crate) fn verify_signature(
    body: &[u8],
    header: &str,
    secrets: &[SecretString],
    tolerance: Tolerance,
    clock: Arc<dyn Clock>,
) -> Result<(), String> {
    let (first, rest) = secrets
        .split_first()
        .ok_or("there is no secret to check it with")?;
    rest.iter()
        .try_fold(
            Verifier::new(first.clone()).map_err(|error| told(&error))?,
            |verifier, secret| {
                verifier
                    .secret(secret.clone())
                    .map_err(|error| told(&error))
            },
        )?
        .tolerance(tolerance)
        .clock(clock)
        .verify(body, header)
        .map(drop)
        .map_err(|error| told(&error))
}

fn told(error: &WebhookError) -> String {
    error.to_string()
}

/// Fields of Stripe's form that are filled in for the seller.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Prefill(Vec<(String, String)>);

/// What may be prefilled for a Standard account:
/// <https://docs.stripe.com/connect/oauth-reference#get-authorize>.
const MEMBERS: [&str; 30] = [
    "email",
    "url",
    "country",
    "phone_number",
    "business_name",
    "business_type",
    "first_name",
    "last_name",
    "dob_day",
    "dob_month",
    "dob_year",
    "street_address",
    "city",
    "state",
    "zip",
    "physical_product",
    "product_description",
    "currency",
    "first_name_kana",
    "first_name_kanji",
    "last_name_kana",
    "last_name_kanji",
    "gender",
    "block_kana",
    "block_kanji",
    "building_kana",
    "building_kanji",
    "average_payment",
    "past_year_volume",
    "shipping_days",
];

impl Prefill {
    pub(crate) fn push(&mut self, member: String, value: String) {
        self.0.push((member, value));
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(member, value)| (member.as_str(), value.as_str()))
    }

    pub(crate) fn check(&self) -> Result<(), LinkError> {
        match self
            .members()
            .find(|(member, value)| !MEMBERS.contains(member) || value.len() > 500)
        {
            Some((member, _)) => Err(LinkError::Prefill(member.to_owned())),
            None => Ok(()),
        }
    }
}

// Names and addresses of people.
impl fmt::Debug for Prefill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(member, _)| member))
            .finish()
    }
}
