//! The webhook endpoints. Their responses are JSON, because Stripe reads them.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use super::state::WebState;
use crate::inbox::receive::{ReceiveError, ReceiveResult};
use crate::realm::{Mode, Realm};
use crate::store::Endpoint;

/// Stores a delivery and responds; the worker handles it later.
pub(super) async fn receive_webhook(
    State(web): State<WebState>,
    Path((name, mode, endpoint)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (Ok(mode), Some(endpoint)) = (mode.parse::<Mode>(), Endpoint::parse(&endpoint)) else {
        return refuse(&ReceiveError::NoEndpoint);
    };
    let realm = Realm::new(name, mode);
    let inbox = &web.services().inbox;
    match inbox.receive(&realm, endpoint, &headers, &body).await {
        Ok(received) => {
            let received = match received {
                ReceiveResult::New => "kept",
                ReceiveResult::Duplicate => "known already",
                ReceiveResult::OtherMode => "kept, of the other mode",
            };
            json_response(StatusCode::OK, &serde_json::json!({ "received": received }))
        }
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &ReceiveError) -> Response {
    let status = match error {
        ReceiveError::NoEndpoint => StatusCode::NOT_FOUND,
        ReceiveError::NoSecret(_) | ReceiveError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        ReceiveError::BadSignature(_) | ReceiveError::NotAnEvent(_) => StatusCode::BAD_REQUEST,
    };
    tracing::warn!(error = %error, "webhook refused");
    let message = match error {
        // The sender must not learn details of the database.
        ReceiveError::Store(_) => "the delivery could not be kept: send it again".to_owned(),
        other => other.to_string(),
    };
    json_response(status, &serde_json::json!({ "error": message }))
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
