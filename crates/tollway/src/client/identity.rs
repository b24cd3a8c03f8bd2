//! The program that sends the requests, as headers name it.

use http::HeaderValue;
use serde_json::json;

use super::options::header_value;
use crate::error::Error;

/// The name of your program, for the `User-Agent` and Stripe's logs.
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

/// The headers that name the program; the same on every request of a client.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(super) user_agent_v1: HeaderValue,
    pub(super) user_agent_v2: HeaderValue,
    pub(super) client_user_agent: HeaderValue,
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
