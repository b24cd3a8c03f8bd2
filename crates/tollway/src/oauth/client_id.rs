//! The client id of a call.

use crate::client::Client;
use crate::error::Error;

/// The client id of a call: its own one, or the client's.
pub(super) fn client_id(own: Option<&str>, client: &Client) -> Result<String, Error> {
    match own.or(client.client_id()) {
        Some(id) if !id.trim().is_empty() => Ok(id.to_owned()),
        _ => Err(Error::authentication(
            "there is no client id: set the platform's ca_… id with Client::builder(…).client_id(…) or on this call; \
             it is on the Connect OAuth settings page of the Dashboard",
        )),
    }
}
