//! Checks values that the types do not restrict: keys fit their mode, URLs are safe, numbers are in range.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{BrandConfig, ConfigError, ConfigProblem, ModeConfig, PlatformConfig};
use crate::password::is_password_hash;
use crate::realm::Mode;
use crate::seal::SealingKeys;

/// Fails with all problems of the configuration.
pub(super) fn check(config: &PlatformConfig) -> Result<(), ConfigError> {
    let mut problems = Problems(Vec::new());
    if let Err(error) = SealingKeys::from_texts(&config.sealing_keys) {
        problems.add("sealing_keys", error.to_string());
    }
    if config.database.trim().is_empty() {
        problems.add(
            "database",
            "is empty: name a file, such as \"tollway-platform.db\"",
        );
    }
    problems.base("public_url", &config.public_url);
    problems.base("stripe.api_base", &config.stripe.api_base);
    problems.base("stripe.connect_base", &config.stripe.connect_base);
    numbers(config, &mut problems);
    if config.operator.enabled() && !is_password_hash(config.operator.password_hash.expose_secret())
    {
        problems.add(
            "operator.password_hash",
            "is not an Argon2 hash in PHC form: it starts with \"$argon2id$\"; leave it empty to switch the operator pages off",
        );
    }
    if config.platforms.is_empty() {
        problems.add("platforms", "no platform is configured: add a table [platforms.NAME] with at least a `test` or a `live` part");
    }
    for (name, brand) in &config.platforms {
        platform(name, brand, &mut problems);
    }
    if problems.0.is_empty() {
        Ok(())
    } else {
        Err(ConfigError(problems.0))
    }
}

fn numbers(config: &PlatformConfig, problems: &mut Problems) {
    let (connect, webhooks) = (&config.connect, &config.webhooks);
    for (key, value, most) in [
        (
            "connect.attempt_lifetime_seconds",
            connect.attempt_lifetime_seconds,
            86_400,
        ),
        (
            "connect.link_lifetime_seconds",
            connect.link_lifetime_seconds,
            30 * 86_400,
        ),
        (
            "connect.exchange_timeout_seconds",
            connect.exchange_timeout_seconds,
            300,
        ),
        ("connect.wait_seconds", connect.wait_seconds, 300),
        ("webhooks.max_body_bytes", webhooks.max_body_bytes, 64 << 20),
        ("webhooks.max_attempts", webhooks.max_attempts, 1_000),
        (
            "webhooks.first_retry_seconds",
            webhooks.first_retry_seconds,
            86_400,
        ),
        (
            "webhooks.longest_retry_seconds",
            webhooks.longest_retry_seconds,
            7 * 86_400,
        ),
        ("webhooks.lease_seconds", webhooks.lease_seconds, 86_400),
        (
            "web.requests_per_minute",
            config.web.requests_per_minute,
            1_000_000,
        ),
        (
            "web.request_timeout_seconds",
            config.web.request_timeout_seconds,
            3_600,
        ),
        (
            "operator.session_hours",
            config.operator.session_hours,
            24 * 31,
        ),
    ] {
        if value == 0 || value > most {
            problems.add(key, format!("is {value}: give a number from 1 to {most}"));
        }
    }
}

fn platform(name: &str, brand: &BrandConfig, problems: &mut Problems) {
    let at = |rest: &str| format!("platforms.{name}.{rest}");
    let well_named = name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !well_named {
        problems.add(
            format!("platforms.{name}"),
            "this name becomes part of URLs: use up to 40 of a-z, 0-9 and -, not starting with a dash",
        );
    }
    if brand.name.trim().is_empty() {
        problems.add(
            at("name"),
            "is empty: give the name that sellers know the platform by",
        );
    }
    if brand.mode(brand.mode).is_none() {
        let mode = brand.mode;
        problems.add(at("mode"), format!("is {mode}, but there is no [platforms.{name}.{mode}]: add that table or name the other mode"));
    }
    for (index, url) in brand.return_urls.iter().enumerate() {
        problems.link(&at(&format!("return_urls[{index}]")), url);
    }
    if let Some(url) = &brand.support_url {
        problems.link(&at("support_url"), url);
    }
    for mode in [Mode::Test, Mode::Live] {
        if let Some(config) = brand.mode(mode) {
            credentials(&at(mode.as_str()), mode, config, problems);
        }
    }
}

fn credentials(at: &str, mode: Mode, config: &ModeConfig, problems: &mut Problems) {
    let id = &config.client_id;
    if !id.starts_with("ca_")
        || id.len() < 4
        || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        problems.add(format!("{at}.client_id"), "is not a client id: it starts with ca_ and stands in the Connect settings of the Dashboard");
    }
    let key = config.secret_key.expose_secret();
    let fits = [format!("sk_{mode}_"), format!("rk_{mode}_")]
        .iter()
        .any(|prefix| key.len() > prefix.len() && key.starts_with(prefix.as_str()));
    if !fits || !key.chars().all(|c| c.is_ascii_graphic()) {
        problems.add(
            format!("{at}.secret_key"),
            format!(
                "is not a secret key of {mode} mode: it starts with sk_{mode}_ (or rk_{mode}_)"
            ),
        );
    }
    if !config.redirect_uri.is_empty() {
        match Url::parse(&config.redirect_uri) {
            Ok(url) => problems.base(&format!("{at}.redirect_uri"), &url),
            Err(error) => problems.add(
                format!("{at}.redirect_uri"),
                format!("is not a URL ({error}): leave it empty for the router's own callback"),
            ),
        }
    }
    for (name, secrets) in [
        ("connect_webhook_secrets", &config.connect_webhook_secrets),
        ("account_webhook_secrets", &config.account_webhook_secrets),
    ] {
        for (index, secret) in secrets.iter().enumerate() {
            if !is_webhook_secret(secret) {
                problems.add(
                    format!("{at}.{name}[{index}]"),
                    "is empty or has blanks in it: copy the endpoint's signing secret whole, whsec_ included",
                );
            }
        }
    }
}

/// Whether a webhook secret is usable. A blank secret is refused, because any sender could sign with it.
fn is_webhook_secret(secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

struct Problems(Vec<ConfigProblem>);

impl Problems {
    fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(ConfigProblem {
            key: key.into(),
            message: message.into(),
        });
    }

    /// Requires TLS for a URL that receives secrets or browsers, except on this machine.
    fn base(&mut self, key: &str, url: &Url) {
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
        if !safe {
            self.add(
                key,
                format!(
                    "is {url}: it must be https, or http on this machine (127.0.0.1, localhost)"
                ),
            );
        } else if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            self.add(key, "must have no query, fragment or user name");
        }
    }

    /// Requires http or https for a URL that a page links to.
    fn link(&mut self, key: &str, url: &Url) {
        if !matches!(url.scheme(), "https" | "http") {
            self.add(
                key,
                format!("is {url}: it must be an https or http address"),
            );
        }
    }
}

/// Whether the URL's host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
