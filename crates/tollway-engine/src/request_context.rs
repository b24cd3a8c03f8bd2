//! What a request carries through all layers: its id, the address it came to, and marks on it and on its response.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use http::request::Parts;
use http::{Extensions, HeaderMap, Uri};

/// Id and address of a request; a request extension, set by the layer around all routes.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// `req_…`.
    pub request_id: String,
    /// Scheme and authority the request came to.
    pub base_url: String,
}

impl RequestContext {
    /// The context of a request that gets this id.
    pub fn new(request_id: String, request: &Request) -> Self {
        let address = Address::of(request.headers(), request.uri(), request.extensions());
        Self {
            request_id,
            base_url: address.into_base(),
        }
    }

    /// Where the request can be looked up.
    pub fn log_url(&self) -> String {
        format!("{}/_tollway/requests/{}", self.base_url, self.request_id)
    }
}

/// Mark on a request that came over TLS.
#[derive(Debug, Clone, Copy)]
pub struct Https;

/// Mark on a request of the emulator's own, as a seed's: no fault hits it and the log does not show it.
#[derive(Debug, Clone, Copy)]
pub struct Unlogged;

/// Mark on a response that must not be sent: the server closes the connection instead.
#[derive(Debug, Clone, Copy)]
pub struct DropConnection;

/// Scheme and authority that a request came to.
#[derive(Debug, Clone)]
pub struct Address(String);

impl Address {
    /// Reads it from the parts of a request.
    #[must_use]
    pub fn of(headers: &HeaderMap, uri: &Uri, extensions: &Extensions) -> Self {
        let host = headers.get("host").and_then(|host| host.to_str().ok());
        let host = host.or(uri.authority().map(http::uri::Authority::as_str));
        let scheme = match extensions.get::<Https>() {
            Some(Https) => "https",
            None => uri.scheme_str().unwrap_or("http"),
        };
        Self(format!("{scheme}://{}", host.unwrap_or("localhost")))
    }

    /// `http://127.0.0.1:12111`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.0
    }

    /// [`Address::base`], owned.
    #[must_use]
    pub fn into_base(self) -> String {
        self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.uri, &parts.extensions))
    }
}
