//! The webhook endpoints. They answer machines, so errors are JSON.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use crate::inbox::receive::{ReceiveError, ReceiveResult};
use crate::platform::Platform;
use crate::realm::Mode;
use crate::store::Endpoint;

/// Keeps the delivery and answers; the work comes later.
pub(super) async fn receive(
    State(platform): State<Platform>,
    Path((name, mode, endpoint)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (Ok(mode), Some(endpoint)) = (mode.parse::<Mode>(), Endpoint::parse(&endpoint)) else {
        return refuse(&ReceiveError::NoEndpoint);
    };
    match platform
        .receive(&name, mode, endpoint, &headers, &body)
        .await
    {
        Ok(received) => {
            let received = match received {
                ReceiveResult::New => "kept",
                ReceiveResult::Duplicate => "known already",
                ReceiveResult::OtherMode => "kept, of the other mode",
            };
            answer(StatusCode::OK, &serde_json::json!({ "received": received }))
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
    let told = match error {
        // Whoever sent this need not know what is wrong inside.
        ReceiveError::Store(_) => "the delivery could not be kept: send it again".to_owned(),
        other => other.to_string(),
    };
    answer(status, &serde_json::json!({ "error": told }))
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
