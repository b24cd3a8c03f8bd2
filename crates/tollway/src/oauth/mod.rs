//! Stripe Connect OAuth: the link a seller follows, the way back, the exchange of the code, and the disconnect.
//! <https://docs.stripe.com/connect/oauth-reference>
//!
//! ```
//! use tollway::oauth::{Scope, parse_callback};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = tollway::Client::builder("sk_test_123").client_id("ca_123").build()?;
//!
//! // 1. Send the seller's browser there. Keep the state where you find it again.
//! let url = client.oauth().authorize_url().scope(Scope::ReadWrite).state("s3cret").build()?;
//! assert!(url.starts_with("https://connect.stripe.com/oauth/authorize?"));
//!
//! // 2. The browser comes back to your redirect URI.
//! let back = parse_callback("https://example.com/cb?code=ac_1&scope=read_write&state=s3cret", "s3cret")?;
//! assert_eq!(back.code(), "ac_1");
//!
//! // 3. Exchange the code, once:
//! //    client.oauth().token().authorization_code(back.code()).send().await?
//! # Ok(())
//! # }
//! ```

mod apps;
mod authorize;
mod callback;
mod keeper;
mod prefill;
mod token;

use std::fmt;

pub use self::apps::AppsOAuth;
pub use self::authorize::{AuthorizeUrl, Landing};
pub use self::callback::{Callback, CallbackError, new_state, parse_callback};
pub use self::keeper::{AppTokens, StoredToken, TokenError, TokenStore, TokenStoreError};
pub use self::prefill::{BusinessType, PrefillProblem, StripeUser};
pub use self::token::{Deauthorization, DeauthorizeRequest, OAuthToken, TokenRequest};
use crate::client::Client;
use crate::error::Error;
use crate::options::Scope as CallScope;

/// What a connection allows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// The platform may read and act for the account.
    ReadWrite,
    /// The platform may only read. For extensions.
    ReadOnly,
    /// What an Express account's connection says.
    Express,
    /// What the tokens of a Stripe App say.
    StripeApps,
    /// A scope this version does not know.
    Other(String),
}

impl Scope {
    /// As Stripe writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ReadWrite => "read_write",
            Self::ReadOnly => "read_only",
            Self::Express => "express",
            Self::StripeApps => "stripe_apps",
            Self::Other(text) => text,
        }
    }
}

impl From<&str> for Scope {
    fn from(text: &str) -> Self {
        match text {
            "read_write" => Self::ReadWrite,
            "read_only" => Self::ReadOnly,
            "express" => Self::Express,
            "stripe_apps" => Self::StripeApps,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The OAuth endpoints of the platform that owns the client's key: `client.oauth()`.
///
/// These calls never carry `Stripe-Account` or `Stripe-Context`, whatever the client acts for: they are about the
/// platform.
#[derive(Debug, Clone)]
pub struct OAuth {
    client: Client,
}

impl Client {
    /// Connect OAuth: authorize URL, token exchange, disconnect.
    pub fn oauth(&self) -> OAuth {
        OAuth {
            client: Self::from_parts(self.shared.clone(), self.key.clone(), CallScope::Own),
        }
    }
}

impl OAuth {
    /// The URL that asks a seller to connect. Built here; nothing is sent.
    pub fn authorize_url(&self) -> AuthorizeUrl {
        AuthorizeUrl::new(&self.client)
    }

    /// Exchanges an authorization code or a refresh token.
    pub fn token(&self) -> TokenRequest {
        TokenRequest::new(&self.client)
    }

    /// Disconnects an account (`acct_…`) from the platform. Only accounts with their own Dashboard can be
    /// disconnected.
    pub fn deauthorize(&self, stripe_user_id: impl Into<String>) -> DeauthorizeRequest {
        DeauthorizeRequest::new(&self.client, stripe_user_id.into())
    }
}

/// The client id of a call: its own, or else the client's.
fn client_id(own: Option<&str>, client: &Client) -> Result<String, Error> {
    match own.or(client.client_id()) {
        Some(id) if !id.trim().is_empty() => Ok(id.to_owned()),
        _ => Err(Error::authentication(
            "there is no client id: set the platform's ca_… id with Client::builder(…).client_id(…) or on this call; \
             it is on the Connect OAuth settings page of the Dashboard",
        )),
    }
}
