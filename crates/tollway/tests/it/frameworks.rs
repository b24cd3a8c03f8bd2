//! The axum extractors and the tower layer.

use std::convert::Infallible;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use tollway::testing::ManualClock;
use tollway::webhook::axum::{
    LONGEST_BODY, Rejection, VerifiedDelivery, VerifiedEvent, VerifiedNotification, VerifyLayer,
};
use tollway::webhook::{self, Delivery, Verifier, WebhookError};
use tower::{Layer as _, ServiceExt as _, service_fn};

const SNAPSHOT: &str = r#"{"id": "evt_1", "object": "event", "type": "charge.succeeded"}"#;
const THIN: &str =
    r#"{"id": "evt_2", "object": "v2.core.event", "type": "v2.core.account.updated"}"#;

#[derive(Clone)]
struct App(Verifier);

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.0.clone()
    }
}

fn app() -> App {
    App(Verifier::new("whsec_test")
        .unwrap()
        .clock(Arc::new(ManualClock::at(1_700_000_000))))
}

fn request(payload: &str, secret: &str) -> Request {
    let header = webhook::test_header(payload.as_bytes(), secret, 1_700_000_000);
    let request = Request::post("/webhook").header("Stripe-Signature", header);
    request.body(Body::from(payload.to_owned())).unwrap()
}

#[tokio::test]
async fn extractors_give_checked_events_of_their_kind() {
    let app = app();
    let event = VerifiedEvent::from_request(request(SNAPSHOT, "whsec_test"), &app)
        .await
        .unwrap();
    assert_eq!(event.0.id(), "evt_1");
    let event = VerifiedNotification::from_request(request(THIN, "whsec_test"), &app)
        .await
        .unwrap();
    assert_eq!(event.0.id(), "evt_2");
    for payload in [SNAPSHOT, THIN] {
        let either = VerifiedDelivery::from_request(request(payload, "whsec_test"), &app)
            .await
            .unwrap();
        assert!(payload.contains(either.0.id()));
    }
    let wrong_kind = VerifiedEvent::from_request(request(THIN, "whsec_test"), &app)
        .await
        .unwrap_err();
    assert!(
        matches!(
            wrong_kind,
            Rejection::Webhook(WebhookError::WrongKind { .. })
        ),
        "{wrong_kind}"
    );
}

#[tokio::test]
async fn what_is_refused_says_why_with_a_status() {
    let app = app();
    let unsigned = Request::post("/webhook")
        .body(Body::from(SNAPSHOT))
        .unwrap();
    let long = request(&" ".repeat(LONGEST_BODY + 1), "whsec_test");
    for (request, status, why) in [
        (request(SNAPSHOT, "whsec_other"), 400, "no signature fits"),
        (unsigned, 400, "header is missing"),
        (long, 413, "longer than"),
    ] {
        let response = VerifiedEvent::from_request(request, &app)
            .await
            .unwrap_err()
            .into_response();
        assert_eq!(response.status(), status);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains(why), "{body:?}");
    }
}

#[tokio::test]
async fn the_layer_lets_only_checked_deliveries_through() {
    let inner = service_fn(|request: Request| async move {
        let id = request
            .extensions()
            .get::<Delivery>()
            .unwrap()
            .id()
            .to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Ok::<Response, Infallible>(format!("{id} {}", body.len()).into_response())
    });
    let service = VerifyLayer::new(app().0).layer(inner);

    let through = service
        .clone()
        .oneshot(request(SNAPSHOT, "whsec_test"))
        .await
        .unwrap();
    let body = through.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, format!("evt_1 {}", SNAPSHOT.len()));

    let refused = service
        .oneshot(request(SNAPSHOT, "whsec_other"))
        .await
        .unwrap();
    assert_eq!(refused.status(), 400);
}
