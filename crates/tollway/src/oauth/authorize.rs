//! The authorize URL.

use super::client_id::client_id;
use super::prefill::StripeUser;
use super::scope::Scope;
use crate::client::Client;
use crate::error::Error;
use crate::params::{ParamError, ParamValue, Params};
use crate::wire::form;

/// The page that a seller without a Stripe session sees first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Landing {
    /// The login page.
    Login,
    /// The registration page.
    Register,
}

/// Builds the URL of the page where a seller connects. <https://docs.stripe.com/connect/oauth-reference#get-authorize>
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

    /// The scope that the platform requests. Stripe's default is `read_only`.
    pub fn scope(mut self, scope: impl Into<Scope>) -> Self {
        self.params.set("scope", scope.into().as_str());
        self
    }

    /// An opaque text that comes back with the redirect. Make it unguessable and bind it to the browser: it prevents an
    /// attacker from connecting an account to another user's login. See [`new_state`](crate::oauth::new_state).
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.params.set("state", state.into());
        self
    }

    /// The URI that the browser is redirected to: exactly one of the platform's configured URIs. Default: the first of
    /// them.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.params.set("redirect_uri", uri.into());
        self
    }

    /// Prefills Stripe's form for a new account.
    pub fn stripe_user(mut self, user: StripeUser) -> Self {
        self.params
            .set("stripe_user", ParamValue::Map(user.into_params()));
        self
    }

    /// The page that is shown first. Default: register for `read_write`, login for `read_only`.
    pub fn stripe_landing(mut self, landing: Landing) -> Self {
        let text = match landing {
            Landing::Login => "login",
            Landing::Register => "register",
        };
        self.params.set("stripe_landing", text);
        self
    }

    /// Whether Stripe shows its page again when the account is connected already. Default: no.
    pub fn always_prompt(mut self, always: bool) -> Self {
        self.params.set("always_prompt", always);
        self
    }

    /// The capabilities that an Express account should request, for example `transfers`.
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
    pub fn param(mut self, name: &str, value: impl Into<ParamValue>) -> Self {
        if let Err(mistake) = self.params.set_path(name, value) {
            self.mistake.get_or_insert(mistake);
        }
        self
    }

    /// Builds the URL.
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
