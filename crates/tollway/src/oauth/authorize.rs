//! The authorize URL, built locally.

use crate::client::Client;
use crate::error::Error;
use crate::oauth::{Scope, StripeUser, client_id};
use crate::params::{ParamError, Params, Value};
use crate::wire::form;

/// Which page a person without a Stripe session sees first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Landing {
    /// The login page.
    Login,
    /// The registration page.
    Register,
}

/// Builds the URL that asks a seller to connect.
/// <https://docs.stripe.com/connect/oauth-reference#get-authorize>
#[derive(Debug, Clone)]
#[must_use = "call build() to get the URL"]
pub struct AuthorizeUrl {
    client: Client,
    client_id: Option<String>,
    express: bool,
    params: Params,
    mistake: Option<ParamError>,
}

impl AuthorizeUrl {
    pub(super) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            client_id: None,
            express: false,
            params: Params::new(),
            mistake: None,
        }
    }

    /// What the platform asks for. Stripe's default is `read_only`.
    pub fn scope(mut self, scope: impl Into<Scope>) -> Self {
        self.params.set("scope", scope.into().as_str());
        self
    }

    /// An opaque text that comes back with the redirect. Make it unguessable and bind it to the browser: it is what
    /// keeps a stranger from connecting their account to somebody else's login. See
    /// [`new_state`](crate::oauth::new_state).
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.params.set("state", state.into());
        self
    }

    /// Where the browser goes afterwards: one of the platform's configured URIs, character for character. Default:
    /// the first of them.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.params.set("redirect_uri", uri.into());
        self
    }

    /// Fills in Stripe's form for a new account.
    pub fn stripe_user(mut self, user: StripeUser) -> Self {
        self.params
            .set("stripe_user", Value::Map(user.into_params()));
        self
    }

    /// Which page is shown first. Default: register for `read_write`, login for `read_only`.
    pub fn stripe_landing(mut self, landing: Landing) -> Self {
        let text = match landing {
            Landing::Login => "login",
            Landing::Register => "register",
        };
        self.params.set("stripe_landing", text);
        self
    }

    /// Whether to ask again when the account is already connected. Default: no.
    pub fn always_prompt(mut self, always: bool) -> Self {
        self.params.set("always_prompt", always);
        self
    }

    /// The capabilities an Express account should ask for, for example `transfers`.
    pub fn suggested_capabilities<I>(mut self, capabilities: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        for capability in capabilities {
            self.params
                .push("suggested_capabilities", capability.into());
        }
        self
    }

    /// Uses the Express form of the endpoint (`/express/oauth/authorize`).
    pub fn express(mut self) -> Self {
        self.express = true;
        self
    }

    /// The platform's client id, `ca_…`, instead of the client's.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets any other parameter by its name on the wire.
    pub fn param(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Err(mistake) = self.params.set_path(name, value) {
            self.mistake.get_or_insert(mistake);
        }
        self
    }

    /// The URL.
    ///
    /// # Errors
    /// When there is no client id, or a parameter cannot be written.
    pub fn build(self) -> Result<String, Error> {
        if let Some(mistake) = self.mistake {
            return Err(mistake.into());
        }
        let mut params = self.params;
        params.set(
            "client_id",
            client_id(self.client_id.as_deref(), &self.client)?,
        );
        if params.get("response_type").is_none() {
            params.set("response_type", "code");
        }
        let path = if self.express {
            "/express/oauth/authorize"
        } else {
            "/oauth/authorize"
        };
        Ok(format!(
            "{}{path}?{}",
            self.client.shared.bases.connect,
            form::encode(&params)?
        ))
    }
}
