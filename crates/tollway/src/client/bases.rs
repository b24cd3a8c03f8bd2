//! The base URLs of Stripe's hosts.

use http::Uri;

use crate::error::Error;
use crate::operation::Host;

/// The base URLs of the four hosts of the Stripe API, without a trailing slash. They may hold a path prefix.
#[derive(Debug, Clone)]
pub(crate) struct Bases {
    pub(crate) api: String,
    pub(crate) connect: String,
    pub(crate) files: String,
    pub(crate) meter_events: String,
}

impl Bases {
    pub(crate) fn of(&self, host: Host) -> &str {
        match host {
            Host::Api => &self.api,
            Host::Connect => &self.connect,
            Host::Files => &self.files,
            Host::MeterEvents => &self.meter_events,
        }
    }
}

/// Checks a base URL: absolute, http or https, with a host, without user, query or fragment. Returns it without
/// trailing slashes.
pub(super) fn check_base(url: &str) -> Result<String, Error> {
    let refuse = |why: &str| {
        Error::invalid_input(format!(
            "the base URL `{url}` {why}: write it like http://localhost:12111"
        ))
    };
    let parsed: Uri = url.parse().map_err(|_| refuse("is not a URL"))?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return Err(refuse("does not start with http:// or https://"));
    }
    let authority = parsed.authority().ok_or_else(|| refuse("has no host"))?;
    if authority.as_str().contains('@') || parsed.query().is_some() || url.contains('#') {
        return Err(refuse("has a user, a query or a fragment"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}
