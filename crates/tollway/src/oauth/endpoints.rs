//! `client.oauth()`: the OAuth endpoints of Connect.

use super::authorize::AuthorizeUrl;
use super::token::{DeauthorizeRequest, TokenRequest};
use crate::client::{ActingFor, Client};

/// The OAuth endpoints of the platform that owns the client's key: `client.oauth()`.
///
/// These calls never send `Stripe-Account` or `Stripe-Context`, whatever the client acts for.
#[derive(Debug, Clone)]
pub struct OAuth {
    pub(super) client: Client,
}

impl Client {
    /// Connect OAuth: authorize URL, token exchange, disconnect.
    pub fn oauth(&self) -> OAuth {
        OAuth {
            client: Self::from_parts(self.shared.clone(), self.key.clone(), ActingFor::KeyOwner),
        }
    }
}

impl OAuth {
    /// Begins the URL of the page where a seller connects. Nothing is sent.
    pub fn authorize_url(&self) -> AuthorizeUrl {
        AuthorizeUrl::new(&self.client)
    }

    /// Begins the exchange of an authorization code or a refresh token.
    pub fn token(&self) -> TokenRequest {
        TokenRequest::new(&self.client)
    }

    /// Begins the disconnect of an account (`acct_…`) from the platform. Only accounts with their own Dashboard can be
    /// disconnected.
    pub fn deauthorize(&self, stripe_user_id: impl Into<String>) -> DeauthorizeRequest {
        DeauthorizeRequest::new(&self.client, stripe_user_id.into())
    }
}
