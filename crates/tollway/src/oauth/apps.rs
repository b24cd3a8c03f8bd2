//! OAuth of Stripe Apps: as that of Connect, with another authorize page and token endpoint.
//! <https://docs.stripe.com/stripe-apps/api-authentication/oauth>

use super::client_id::client_id;
use super::endpoints::OAuth;
use super::token::{TOKEN, TokenRequest};
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
    /// Builds the URL of the page where a merchant installs the app. `state` comes back with the redirect: make it
    /// unguessable ([`new_state`](super::new_state)) and check it ([`parse_callback`](super::parse_callback)). Nothing
    /// is sent.
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

    /// Begins the exchange of a code, which is valid for 5 minutes, or of a refresh token. The access token in the
    /// response is valid for an hour ([`OAuthToken::expires_in`](super::OAuthToken::expires_in)). Each refresh token
    /// works once; the response holds the next one, which you must store before you use the access token.
    /// [`AppsOAuth::tokens`] does all of this.
    pub fn token(&self) -> TokenRequest {
        TokenRequest::of(&self.client, &APPS_TOKEN)
    }
}
