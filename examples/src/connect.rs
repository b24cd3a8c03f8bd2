//! The Connect button: out to Stripe, back, and the exchange; and the way to end it.

use std::fmt;

use tollway::oauth::{CallbackError, OAuthToken, Scope, StripeUser, parse_callback};
use tollway::{Client, Error, ErrorKind};

/// The link behind the Connect button. `state` is unguessable and kept in the seller's session.
pub fn connect_url(
    platform: &Client,
    state: &str,
    redirect_uri: &str,
    email: &str,
) -> Result<String, Error> {
    platform
        .oauth()
        .authorize_url()
        .scope(Scope::ReadWrite)
        .state(state)
        .redirect_uri(redirect_uri)
        .stripe_user(StripeUser::new().email(email))
        .build()
}

/// Why a seller is not connected.
#[derive(Debug)]
pub enum NotConnected {
    /// The redirect brought no code: denied, or not ours.
    Callback(CallbackError),
    /// The code is used, expired or somebody else's: start again.
    StartAgain,
    /// The code went out and no answer came back. Look whether the account is connected before starting again.
    Unknown,
    /// Anything else.
    Stripe(Error),
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Callback(error) => error.fmt(f),
            Self::StartAgain => f.write_str("the code is no longer good: connect again"),
            Self::Unknown => f.write_str("it is not known whether the account is connected"),
            Self::Stripe(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotConnected {}

/// The redirect back: checks the state and exchanges the code. Keep `stripe_user_id()` of what it gives.
pub async fn finish(
    platform: &Client,
    redirect: &str,
    state: &str,
) -> Result<OAuthToken, NotConnected> {
    let back = parse_callback(redirect, state).map_err(NotConnected::Callback)?;
    platform
        .oauth()
        .token()
        .authorization_code(back.code())
        .send()
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::OAuth(tollway::error::OAuthErrorCode::InvalidGrant) => {
                NotConnected::StartAgain
            }
            ErrorKind::OutcomeUnknown => NotConnected::Unknown,
            _ => NotConnected::Stripe(error),
        })
}

/// Ends a connection. The client id may be the client's, or be named here.
pub async fn disconnect(platform: &Client, client_id: &str, account: &str) -> Result<(), Error> {
    platform
        .oauth()
        .deauthorize(account)
        .client_id(client_id)
        .send()
        .await
        .map(drop)
}
