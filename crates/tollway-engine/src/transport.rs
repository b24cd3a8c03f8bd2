//! The emulator as the transport of a client in the same process.

use std::convert::Infallible;
use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http_body_util::BodyExt;
use tollway::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use tower::ServiceExt;

use crate::request_context::DropConnection;

/// Sends requests straight into the router.
#[derive(Debug)]
pub struct InProcess {
    router: Router,
}

impl InProcess {
    /// A transport into this router.
    pub fn new(router: Router) -> Self {
        Self { router }
    }
}

type Sending = Pin<Box<dyn Future<Output = Result<TransportResponse, TransportError>> + Send>>;

impl Transport for InProcess {
    fn send(&self, request: TransportRequest) -> Sending {
        let router = self.router.clone();
        Box::pin(async move {
            let mut inner = Request::new(Body::from(request.body));
            *inner.method_mut() = request.method;
            *inner.uri_mut() = request.url;
            *inner.headers_mut() = request.headers;
            let response = router
                .oneshot(inner)
                .await
                .unwrap_or_else(|never: Infallible| match never {});
            if response.extensions().get::<DropConnection>().is_some() {
                return Err(TransportError::new(
                    TransportErrorKind::Reset,
                    "a fault broke the connection",
                ));
            }
            let (parts, body) = response.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| TransportError::new(TransportErrorKind::Reset, error))?;
            Ok(TransportResponse::new(
                parts.status,
                parts.headers,
                body.to_bytes(),
            ))
        })
    }
}
