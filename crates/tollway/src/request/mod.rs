//! A request before it is sent: which operation, with which parameters and options.
//!
//! Every [`Request`] to a generated endpoint holds one [`RequestBuilder`]; so does `client.request(…)`. Sending goes through
//! the private module `execute`, one path for all.

mod builder;
mod typed;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

pub use self::builder::RequestBuilder;
pub(crate) use self::builder::{Draft, Mistake, PathArgs};
pub use self::typed::{Endpoint, Request};
use crate::error::Error;
use crate::response::{FromResponse, Response};
use crate::runtime::BoxFuture;

/// The three verbs of the Stripe API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Reads. Parameters go into the query.
    Get,
    /// Creates, changes, acts. Parameters go into the body.
    Post,
    /// Deletes, cancels. Parameters go into the query.
    Delete,
}

impl Verb {
    pub(crate) fn method(self) -> http::Method {
        match self {
            Self::Get => http::Method::GET,
            Self::Post => http::Method::POST,
            Self::Delete => http::Method::DELETE,
        }
    }
}

/// Which of the four base URLs an operation uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host {
    /// `https://api.stripe.com`
    Api,
    /// `https://connect.stripe.com`
    Connect,
    /// `https://files.stripe.com`
    Files,
    /// `https://meter-events.stripe.com`
    MeterEvents,
}

/// The two dialects of the API. <https://docs.stripe.com/api-v2-overview>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiMode {
    /// `/v1/…` and OAuth.
    V1,
    /// `/v2/…`
    V2,
}

/// How the body of a POST is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
    /// `multipart/form-data`, for uploads.
    Multipart,
}

/// One operation of the API: what does not change from call to call.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Its name in logs, for example `charges.create`.
    pub name: &'static str,
    /// Its verb.
    pub verb: Verb,
    /// Its path with places for ids: `/v1/charges/{charge}`.
    pub path: &'static str,
    /// Its host.
    pub host: Host,
    /// Its dialect.
    pub mode: ApiMode,
    /// How its body is written.
    pub encoding: Encoding,
}

/// A request on its way: a boxed future, so that a program's own code stays small.
#[must_use = "a request is sent when it is awaited"]
pub struct Pending<T> {
    inner: BoxFuture<'static, Result<Response, Error>>,
    answer: PhantomData<fn() -> T>,
}

impl<T> Pending<T> {
    pub(crate) fn new(inner: BoxFuture<'static, Result<Response, Error>>) -> Self {
        Self {
            inner,
            answer: PhantomData,
        }
    }

    /// A call that failed before it could be sent.
    pub(crate) fn refused(error: Error) -> Self {
        Self {
            inner: Box::pin(std::future::ready(Err(error))),
            answer: PhantomData,
        }
    }
}

impl<T: FromResponse> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner
            .as_mut()
            .poll(cx)
            .map(|answer| answer.and_then(T::from_response))
    }
}

impl<T> std::fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pending")
    }
}
