//! [`Pending`]: a call that is sent when it is awaited.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Error;
use crate::response::{FromResponse, Response};
use crate::runtime::BoxFuture;

/// A request that is sent when it is awaited: a boxed future, so that a program's own futures stay small. Dropping it
/// before it is ready abandons the call; the request may have reached Stripe.
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
