//! Extractors and a layer for axum and tower. They read the raw body, verify it, and respond with 400 to deliveries
//! that are not accepted. Feature `axum`.
//!
//! ```
//! use axum_core::extract::FromRef;
//! use tollway::webhook::Verifier;
//! use tollway::webhook::axum::VerifiedEvent;
//!
//! // In an axum application: Router::new().route("/webhook", post(webhook)).with_state(state)
//! #[derive(Clone)]
//! struct App {
//!     verifier: Verifier,
//! }
//!
//! impl FromRef<App> for Verifier {
//!     fn from_ref(app: &App) -> Self {
//!         app.verifier.clone()
//!     }
//! }
//!
//! async fn webhook(VerifiedEvent(event): VerifiedEvent) -> &'static str {
//!     println!("{} for {:?}", event.type_().as_str(), event.account());
//!     "thank you"
//! }
//! # let _ = webhook;
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::delivery::Delivery;
use super::error::WebhookError;
use super::verifier::Verifier;
use crate::api::Event;
use crate::event::EventNotification;

/// The longest body that is read, in bytes. Events are far smaller.
pub const LONGEST_BODY: usize = 4 << 20;

/// A verified snapshot event. The application's state must have a [`Verifier`] ([`FromRef`]).
#[derive(Debug, Clone)]
pub struct VerifiedEvent(pub Event);

/// A verified thin event. The application's state must have a [`Verifier`] ([`FromRef`]).
#[derive(Debug, Clone)]
pub struct VerifiedNotification(pub EventNotification);

/// A verified event of either kind, for [`EventRouter::dispatch`](super::EventRouter::dispatch).
#[derive(Debug, Clone)]
pub struct VerifiedDelivery(pub Delivery);

/// Why a delivery was refused. It responds with 400, with 413 for a body that is too long, or with
/// [`WebhookError::status`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The signature or the body is not acceptable.
    Webhook(WebhookError),
    /// The body is longer than [`LONGEST_BODY`].
    TooLong,
    /// The body ended early.
    Unreadable,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(error) => error.fmt(f),
            Self::TooLong => write!(f, "the body is longer than {LONGEST_BODY} bytes"),
            Self::Unreadable => f.write_str("the body could not be read to its end"),
        }
    }
}

impl std::error::Error for Rejection {}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let status = match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Webhook(ref error) => {
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST)
            }
            Self::Unreadable => StatusCode::BAD_REQUEST,
        };
        (status, self.to_string()).into_response()
    }
}

async fn read_body(body: Body) -> Result<Bytes, Rejection> {
    match Limited::new(body, LONGEST_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Rejection::TooLong),
        Err(_) => Err(Rejection::Unreadable),
    }
}

/// Reads the body of a request and verifies it with the state's verifier.
async fn verify_request<S, T>(
    request: Request,
    state: &S,
    verify: impl FnOnce(&Verifier, Bytes, &str) -> Result<T, WebhookError>,
) -> Result<T, Rejection>
where
    Verifier: FromRef<S>,
{
    let (head, body) = request.into_parts();
    let body = read_body(body).await?;
    verify(&Verifier::from_ref(state), body, signature(&head.headers)).map_err(Rejection::Webhook)
}

/// The signature header; a missing one counts as empty.
fn signature(headers: &HeaderMap) -> &str {
    let header = headers.get("stripe-signature");
    header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

impl<S> FromRequest<S> for VerifiedEvent
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        verify_request(request, state, Verifier::construct_event)
            .await
            .map(Self)
    }
}

impl<S> FromRequest<S> for VerifiedNotification
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let verify = Verifier::parse_event_notification;
        verify_request(request, state, verify).await.map(Self)
    }
}

impl<S> FromRequest<S> for VerifiedDelivery
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        verify_request(request, state, Verifier::parse_delivery)
            .await
            .map(Self)
    }
}

/// A [`tower_layer::Layer`] that passes on verified deliveries only. The inner service gets the [`Delivery`] in the
/// request's extensions, and the raw body.
#[derive(Debug, Clone)]
pub struct VerifyLayer(Verifier);

impl VerifyLayer {
    /// Creates a layer that verifies with this verifier.
    pub fn new(verifier: Verifier) -> Self {
        Self(verifier)
    }
}

impl<S> tower_layer::Layer<S> for VerifyLayer {
    type Service = VerifyService<S>;

    fn layer(&self, inner: S) -> VerifyService<S> {
        VerifyService {
            verifier: self.0.clone(),
            inner,
        }
    }
}

/// The service of a [`VerifyLayer`].
#[derive(Debug, Clone)]
pub struct VerifyService<S> {
    verifier: Verifier,
    inner: S,
}

impl<S> tower_service::Service<Request> for VerifyService<S>
where
    S: tower_service::Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // `poll_ready` was called on this service, so it is the one to call, not its clone.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let verifier = self.verifier.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let checked = match read_body(body).await {
                Ok(body) => verifier
                    .parse_delivery(&body, signature(&head.headers))
                    .map(|delivery| (delivery, body))
                    .map_err(Rejection::Webhook),
                Err(rejection) => Err(rejection),
            };
            match checked {
                Ok((delivery, body)) => {
                    head.extensions.insert(delivery);
                    inner
                        .call(Request::from_parts(head, Body::from(body)))
                        .await
                }
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}
