//! A request to one endpoint, with the options that every call has.
//!
//! One generic type serves all endpoints, so that what they share is compiled once; each has its own setters.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use secrecy::SecretString;

use super::builder::RequestBuilder;
use super::pending::Pending;
use crate::client::Client;
use crate::error::Error;
use crate::operation::Operation;
use crate::params::ParamValue;
use crate::response::FromResponse;

/// One endpoint of the API: a type without values that names the operation of a [`Request`] and the type of its
/// response.
pub trait Endpoint: 'static {
    /// The type of a successful response.
    type Response: FromResponse;

    /// What is the same in every call of the endpoint.
    const OPERATION: &'static Operation;
}

/// A request to the endpoint `E`: `client.charges().create()` begins a `Request<ChargeCreateEndpoint>`, also called
/// [`ChargeCreate`](crate::api::ChargeCreate).
///
/// Each endpoint adds setters for its own parameters. A setter's mistake is reported when the request is sent.
///
/// ```
/// # async fn example(client: tollway::Client) -> Result<(), tollway::Error> {
/// let charge = client
///     .charges()
///     .create()
///     .amount(1000)
///     .currency("usd")
///     .source("tok_visa")
///     .stripe_account("acct_1")
///     .idempotency_key("order-6735")
///     .send()
///     .await?;
/// # let _ = charge; Ok(())
/// # }
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct Request<E> {
    builder: RequestBuilder,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Request<E> {
    pub(crate) fn new(client: &Client) -> Self {
        Self::of(RequestBuilder::new(client, E::OPERATION))
    }

    /// Sends the request.
    pub fn send(self) -> Pending<E::Response> {
        self.builder.send()
    }
}

impl<E> Request<E> {
    fn of(builder: RequestBuilder) -> Self {
        Self {
            builder,
            endpoint: PhantomData,
        }
    }

    #[inline(never)]
    pub(crate) fn path_arg(self, id: &str) -> Self {
        Self::of(self.builder.path_arg(id))
    }

    #[inline(never)]
    pub(crate) fn set(self, name: &'static str, value: impl Into<ParamValue>) -> Self {
        Self::of(self.builder.set_value(name, value.into()))
    }

    #[inline(never)]
    pub(crate) fn set_str(self, name: &'static str, text: &str) -> Self {
        Self::of(
            self.builder
                .set_value(name, ParamValue::Str(text.to_owned())),
        )
    }

    #[inline(never)]
    pub(crate) fn set_int(self, name: &'static str, number: i64) -> Self {
        Self::of(self.builder.set_value(name, ParamValue::Int(number)))
    }

    #[inline(never)]
    pub(crate) fn set_bool(self, name: &'static str, flag: bool) -> Self {
        Self::of(self.builder.set_value(name, ParamValue::Bool(flag)))
    }

    /// Sets a parameter that has no setter, by its name on the wire: `new[field]`, `items[0][price]`.
    pub fn param(self, name: &str, value: impl Into<ParamValue>) -> Self {
        Self::of(self.builder.param(name, value))
    }

    /// Requests related objects in place of their ids: `customer`, in lists `data.customer`.
    /// <https://docs.stripe.com/api/expanding_objects>
    pub fn expand(self, fields: impl IntoIterator<Item: Into<String>>) -> Self {
        Self::of(self.builder.expand(fields))
    }

    /// Acts for a connected account in this call. <https://docs.stripe.com/connect/authentication>
    pub fn stripe_account(self, account: impl Into<String>) -> Self {
        Self::of(self.builder.stripe_account(account))
    }

    /// Acts for the owner of the key in this call, whatever account the client has.
    pub fn no_stripe_account(self) -> Self {
        Self::of(self.builder.no_stripe_account())
    }

    /// Acts in a context in this call, for example `org_1/acct_2`. <https://docs.stripe.com/context>
    pub fn stripe_context(self, context: impl Into<String>) -> Self {
        Self::of(self.builder.stripe_context(context))
    }

    /// Acts in no context in this call, whatever context the client has.
    pub fn no_stripe_context(self) -> Self {
        Self::of(self.builder.no_stripe_context())
    }

    /// The idempotency key, at most 255 characters. Default for POST: a random one, the same on every attempt.
    /// <https://docs.stripe.com/api/idempotent_requests>
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        Self::of(self.builder.idempotency_key(key))
    }

    /// The API version of this call. Default: the version this crate was made for.
    /// <https://docs.stripe.com/api/versioning>
    pub fn stripe_version(self, version: impl Into<String>) -> Self {
        Self::of(self.builder.stripe_version(version))
    }

    /// The key of this call. Default: the client's.
    pub fn api_key(self, api_key: impl Into<SecretString>) -> Self {
        Self::of(self.builder.api_key(api_key))
    }

    /// How long one attempt of this call may take. Default: the client's.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self::of(self.builder.timeout(timeout))
    }

    /// How many times this call may be sent again. Default: the client's.
    pub fn max_retries(self, retries: u32) -> Self {
        Self::of(self.builder.max_retries(retries))
    }

    /// Sets a header; it replaces a header of the same name.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self::of(self.builder.header(name, value))
    }
}

impl<E> Request<E> {
    pub(crate) fn into_builder(self) -> RequestBuilder {
        self.builder
    }
}

impl<E: Endpoint> IntoFuture for Request<E> {
    type Output = Result<E::Response, Error>;
    type IntoFuture = Pending<E::Response>;

    fn into_future(self) -> Self::IntoFuture {
        self.send()
    }
}

impl<E> fmt::Debug for Request<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.builder.fmt(f)
    }
}

impl<E> Clone for Request<E> {
    fn clone(&self) -> Self {
        Self::of(self.builder.clone())
    }
}
