//! The HTTP client that `thirtyfour` speaks to ChromeDriver with: hyper, which we have anyway, in place of reqwest.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use thirtyfour::{
    error::{WebDriverError, WebDriverResult},
    session::http::{Body, HttpClient},
};

/// A plain HTTP/1.1 client for loopback.
pub(crate) struct HyperClient(Client<HttpConnector, Full<Bytes>>);

impl HyperClient {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

#[async_trait]
impl HttpClient for HyperClient {
    async fn send(&self, request: Request<Body<'_>>) -> WebDriverResult<Response<Bytes>> {
        let (head, body) = request.into_parts();
        let body = match body {
            Body::Empty => Bytes::new(),
            Body::Json(value) => value.to_string().into(),
        };
        let response = self
            .0
            .request(Request::from_parts(head, Full::new(body)))
            .await
            .map_err(failed)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(failed)?.to_bytes();
        Ok(Response::from_parts(head, body))
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(Self::new())
    }
}

fn failed(error: impl std::fmt::Display) -> WebDriverError {
    WebDriverError::HttpError(error.to_string())
}
