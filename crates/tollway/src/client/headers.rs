//! The headers of a request: key, version, account, idempotency key, and who is calling.

use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use crate::client::Key;
use crate::error::Error;
use crate::options::{Scope, header_value};
use crate::request::{ApiMode, Draft};

const STRIPE_ACCOUNT: HeaderName = HeaderName::from_static("stripe-account");
const STRIPE_CONTEXT: HeaderName = HeaderName::from_static("stripe-context");
const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CLIENT_USER_AGENT: HeaderName = HeaderName::from_static("x-stripe-client-user-agent");
const CLIENT_TELEMETRY: HeaderName = HeaderName::from_static("x-stripe-client-telemetry");

/// The name of a program that uses this crate, for Stripe's logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppInfo {
    name: String,
    version: Option<String>,
    url: Option<String>,
    partner_id: Option<String>,
}

impl AppInfo {
    /// A program's name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Its version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Its home page.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The Stripe partner id, `pp_partner_…`.
    #[must_use]
    pub fn partner_id(mut self, id: impl Into<String>) -> Self {
        self.partner_id = Some(id.into());
        self
    }

    /// `MyApp/1.2.34 (https://myapp.example)`
    fn user_agent(&self) -> String {
        let mut out = self.name.clone();
        if let Some(version) = &self.version {
            out.push('/');
            out.push_str(version);
        }
        if let Some(url) = &self.url {
            out.push_str(" (");
            out.push_str(url);
            out.push(')');
        }
        out
    }
}

/// The headers that say who is calling; the same on every request of a client.
#[derive(Debug)]
pub(crate) struct Identity {
    user_agent_v1: HeaderValue,
    user_agent_v2: HeaderValue,
    client_user_agent: HeaderValue,
}

impl Identity {
    pub(crate) fn new(app: Option<&AppInfo>) -> Result<Self, Error> {
        if app.is_some_and(|app| app.name.trim().is_empty()) {
            return Err(Error::invalid_input(
                "app_info needs a name: pass the name of your program",
            ));
        }
        let version = env!("CARGO_PKG_VERSION");
        let suffix = app
            .map(|app| format!(" {}", app.user_agent()))
            .unwrap_or_default();
        let user_agent = |mode: &str| {
            header_value(
                "user-agent",
                &format!("Stripe/{mode} RustBindings/{version}{suffix}"),
            )
        };
        let mut about =
            json!({ "bindings_version": version, "lang": "rust", "publisher": "tollway" });
        if let Some(app) = app {
            about["application"] = json!({
                "name": app.name, "version": app.version, "url": app.url, "partner_id": app.partner_id,
            });
        }
        Ok(Self {
            user_agent_v1: user_agent("v1")?,
            user_agent_v2: user_agent("v2")?,
            client_user_agent: header_value("x-stripe-client-user-agent", &ascii_json(&about))?,
        })
    }
}

/// JSON text in ASCII, so that any app name fits into a header.
fn ascii_json(value: &serde_json::Value) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for unit in value.to_string().encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// Refuses client settings that no header can carry.
pub(crate) fn check(scope: &Scope, version: &str) -> Result<(), Error> {
    let mut scratch = HeaderMap::new();
    put_scope(&mut scratch, scope)?;
    header_value("stripe-version", version).map(drop)
}

fn put_scope(headers: &mut HeaderMap, scope: &Scope) -> Result<(), Error> {
    match scope {
        Scope::Own => {}
        Scope::Account(account) => {
            if account.trim().is_empty() {
                return Err(Error::invalid_input(
                    "the connected account's id is empty: pass its acct_… id, or use without_account()",
                ));
            }
            headers.insert(STRIPE_ACCOUNT, header_value("stripe-account", account)?);
        }
        Scope::Context(context) => {
            headers.insert(STRIPE_CONTEXT, header_value("stripe-context", context)?);
        }
    }
    Ok(())
}

/// All headers of a request. The caller's own headers are put last and win.
pub(crate) fn build(
    request: &Draft,
    content_type: Option<&str>,
    idempotency_key: Option<&str>,
) -> Result<HeaderMap, Error> {
    let shared = &request.client.shared;
    let options = &request.options;
    let mut headers = HeaderMap::with_capacity(10);

    let key = match &options.api_key {
        Some(own) => Key::new(own)?,
        None => request.client.key.clone(),
    };
    headers.insert(AUTHORIZATION, key.header());
    let version = options.version.as_deref().unwrap_or(&shared.version);
    headers.insert(STRIPE_VERSION, header_value("stripe-version", version)?);
    put_scope(
        &mut headers,
        &request
            .client
            .scope
            .of_call(&options.account, &options.context)?,
    )?;
    if let Some(key) = idempotency_key {
        headers.insert(IDEMPOTENCY_KEY, header_value("idempotency-key", key)?);
    }
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, header_value("content-type", content_type)?);
    }

    let identity = &shared.identity;
    let user_agent = match request.operation.mode {
        ApiMode::V1 => &identity.user_agent_v1,
        ApiMode::V2 => &identity.user_agent_v2,
    };
    headers.insert(USER_AGENT, user_agent.clone());
    headers.insert(CLIENT_USER_AGENT, identity.client_user_agent.clone());
    if let Some(metrics) = shared
        .telemetry
        .as_ref()
        .and_then(crate::telemetry::Telemetry::next)
    {
        headers.insert(
            CLIENT_TELEMETRY,
            header_value("x-stripe-client-telemetry", &metrics)?,
        );
    }

    for (name, value) in &options.headers {
        headers.insert(name.clone(), value.clone());
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_fits_into_the_json_header() {
        let identity = Identity::new(Some(
            &AppInfo::new("Shop").url("https://x").partner_id("pp_1"),
        ))
        .unwrap();
        let about: serde_json::Value =
            serde_json::from_slice(identity.client_user_agent.as_bytes()).unwrap();
        assert_eq!(about["application"]["partner_id"], "pp_1");
        assert_eq!(ascii_json(&json!("é😀")), "\"\\u00e9\\ud83d\\ude00\"");
    }

    #[test]
    fn a_nameless_program_is_refused() {
        assert!(Identity::new(Some(&AppInfo::new(" "))).is_err());
    }
}
