//! The configuration: the embedded default file, the operator's file and the environment, merged into one table.
//!
//! The table is read strictly and checked as a whole. All problems are reported together, each with its key.

mod check;
mod error;
mod layers;
mod load;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

pub use self::error::{ConfigError, ConfigProblem};
use crate::grant_scope::GrantScope;
use crate::realm::{Mode, Realm};
use crate::time::{Millis, seconds_to_millis};

/// The default configuration file: the documentation of every key, and the bottom layer.
pub const DEFAULT_CONFIG: &str = include_str!("../../platform.default.toml");

/// What environment variables that set keys start with.
pub const ENV_PREFIX: &str = "TOLLWAY_PLATFORM__";

/// The whole configuration. See [`DEFAULT_CONFIG`] for what each key means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PlatformConfig {
    /// Where the service listens.
    pub listen: SocketAddr,
    /// The URL at which browsers reach the router, including a path prefix.
    pub public_url: Url,
    /// The SQLite database file.
    pub database: String,
    /// Keys that seal tokens and cookies, newest first.
    pub sealing_keys: Vec<SecretString>,
    /// Stripe's URLs.
    pub stripe: StripeConfig,
    /// The connect flow.
    pub connect: ConnectConfig,
    /// The webhook inbox.
    pub webhooks: WebhookConfig,
    /// The web server's limits.
    pub web: WebConfig,
    /// The operator pages.
    pub operator: OperatorConfig,
    /// The platforms (brands), by name.
    #[serde(default)]
    pub platforms: BTreeMap<String, BrandConfig>,
}

/// Stripe's URLs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StripeConfig {
    /// Base URL of the API.
    pub api_base: Url,
    /// Base URL of the OAuth pages and endpoints.
    pub connect_base: Url,
}

/// The connect flow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ConnectConfig {
    /// Seconds until an attempt expires.
    pub attempt_lifetime_seconds: u32,
    /// Seconds until a signed start link expires.
    pub link_lifetime_seconds: u32,
    /// Seconds that one exchange of a code may take.
    pub exchange_timeout_seconds: u32,
    /// Seconds that a repeated callback waits for the first.
    pub wait_seconds: u32,
    /// Whether several tenants may be connected to one Stripe account.
    pub allow_shared_accounts: bool,
}

impl ConnectConfig {
    /// How long after its claim an attempt is taken for one that a crash cut off.
    pub(crate) fn exchange_is_lost_after_millis(&self) -> Millis {
        2 * seconds_to_millis(self.exchange_timeout_seconds)
    }
}

/// The webhook inbox.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct WebhookConfig {
    /// Largest age of a signature in seconds; 0 switches the check off.
    pub tolerance_seconds: u32,
    /// Largest body in bytes.
    pub max_body_bytes: u32,
    /// Attempts until an event is a dead letter.
    pub max_attempts: u32,
    /// Seconds to wait after the first failure.
    pub first_retry_seconds: u32,
    /// Longest wait in seconds.
    pub longest_retry_seconds: u32,
    /// Seconds that one worker may hold an event.
    pub lease_seconds: u32,
    /// Days until finished events are removed; 0 keeps them.
    pub retention_days: u32,
}

/// The web server's limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct WebConfig {
    /// Requests a minute for one address on start, callback and login.
    pub requests_per_minute: u32,
    /// Whether the last address in `X-Forwarded-For` is the client's.
    pub behind_proxy: bool,
    /// Seconds until a request is answered with an error.
    pub request_timeout_seconds: u32,
}

/// The operator pages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OperatorConfig {
    /// Argon2 hash in PHC form; empty switches the pages off.
    pub password_hash: SecretString,
    /// Hours that a login lasts.
    pub session_hours: u32,
}

impl OperatorConfig {
    /// Whether the operator pages are switched on.
    pub fn enabled(&self) -> bool {
        !self.password_hash.expose_secret().is_empty()
    }
}

/// One platform (brand).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BrandConfig {
    /// The name that sellers see.
    pub name: String,
    /// The default mode.
    #[serde(default = "test_mode")]
    pub mode: Mode,
    /// The requested scope.
    #[serde(default)]
    pub scope: GrantScope,
    /// URLs that the outcome page may link to; the first is the default.
    #[serde(default)]
    pub return_urls: Vec<Url>,
    /// The URL of the seller's support page.
    #[serde(default)]
    pub support_url: Option<Url>,
    /// Test mode, if it is used.
    #[serde(default)]
    pub test: Option<ModeConfig>,
    /// Live mode, if it is used.
    #[serde(default)]
    pub live: Option<ModeConfig>,
}

impl BrandConfig {
    /// The credentials of a mode.
    pub fn mode(&self, mode: Mode) -> Option<&ModeConfig> {
        match mode {
            Mode::Test => self.test.as_ref(),
            Mode::Live => self.live.as_ref(),
        }
    }
}

const fn test_mode() -> Mode {
    Mode::Test
}

/// A platform's credentials in one mode.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ModeConfig {
    /// `ca_…`
    pub client_id: String,
    /// `sk_…` or `rk_…` of this mode.
    pub secret_key: SecretString,
    /// The redirect URI; empty for the router's own callback.
    #[serde(default)]
    pub redirect_uri: String,
    /// Secrets of the Connect webhook endpoint.
    #[serde(default)]
    pub connect_webhook_secrets: Vec<SecretString>,
    /// Secrets of the platform's own webhook endpoint.
    #[serde(default)]
    pub account_webhook_secrets: Vec<SecretString>,
}

impl PlatformConfig {
    /// The configuration of one platform in one mode, if there is one.
    pub fn realm(&self, realm: &Realm) -> Option<(&BrandConfig, &ModeConfig)> {
        let brand = self.platforms.get(&realm.platform)?;
        Some((brand, brand.mode(realm.mode)?))
    }

    /// Every configured platform in each of its modes.
    pub fn realms(&self) -> impl Iterator<Item = Realm> {
        self.platforms.iter().flat_map(|(name, brand)| {
            [Mode::Test, Mode::Live]
                .into_iter()
                .filter(|mode| brand.mode(*mode).is_some())
                .map(|mode| Realm::new(name.clone(), mode))
        })
    }

    /// The URL of a path of the router. `path` starts with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// The redirect URI of a realm: the configured one, else the router's own callback.
    pub fn redirect_uri(&self, realm: &Realm) -> String {
        match self.realm(realm) {
            Some((_, mode)) if !mode.redirect_uri.is_empty() => mode.redirect_uri.clone(),
            _ => self.url(&format!("/connect/{}/callback", realm.platform)),
        }
    }

    /// Whether browsers use TLS. If they do, cookies are `Secure` and HSTS is sent.
    pub(crate) fn secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

#[cfg(test)]
mod tests;
