//! OAuth of Stripe Apps: another authorize page and token endpoint, the same shapes.
//! <https://docs.stripe.com/stripe-apps/api-authentication/oauth>

use super::token::TOKEN;
use super::{OAuth, TokenRequest, client_id};
use crate::client::Client;
use crate::error::Error;
use crate::params::Params;
use crate::request::{Host, Operation};
use crate::wire::form;

static APPS_TOKEN: Operation = Operation {
    name: "oauth.apps.token",
    path: "/v1/oauth/token",
    host: Host::Api,
    ..TOKEN
};

/// The OAuth endpoints of a Stripe App: `client.oauth().apps()`. The client's key is the developer's, its client id the
/// app's.
///
/// ```
/// let client = tollway::Client::builder("sk_test_123").client_id("ca_app").build()?;
/// let url = client.oauth().apps().authorize_url("https://example.com/cb", "s3cret")?;
/// assert!(url.starts_with("https://marketplace.stripe.com/oauth/v2/authorize?client_id=ca_app&"));
/// # Ok::<(), tollway::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AppsOAuth {
    pub(super) client: Client,
}

impl OAuth {
    /// OAuth of Stripe Apps, for the app whose client id the client has.
    pub fn apps(&self) -> AppsOAuth {
        AppsOAuth {
            client: self.client.clone(),
        }
    }
}

impl AppsOAuth {
    /// The URL that asks a merchant to install the app. `state` comes back with the redirect: make it unguessable
    /// ([`new_state`](super::new_state)) and check it ([`parse_callback`](super::parse_callback)). Built here; nothing is
    /// sent.
    ///
    /// # Errors
    /// When there is no client id.
    pub fn authorize_url(&self, redirect_uri: &str, state: &str) -> Result<String, Error> {
        let params = Params::new()
            .with("client_id", client_id(None, &self.client)?)
            .with("redirect_uri", redirect_uri)
            .with("state", state);
        let query = form::encode(&params)?;
        Ok(format!(
            "https://marketplace.stripe.com/oauth/v2/authorize?{query}"
        ))
    }

    /// Exchanges a code, which lives 5 minutes, or a refresh token. The access token of the answer lives for an hour
    /// ([`OAuthToken::expires_in`](super::OAuthToken::expires_in)); each refresh token works once and is replaced by the
    /// one that comes with the answer: store that before using anything else. [`AppsOAuth::tokens`] does all of this.
    pub fn token(&self) -> TokenRequest {
        TokenRequest::of(&self.client, &APPS_TOKEN)
    }
}
