//! `POST /oauth/token` and `POST /oauth/deauthorize` over HTTP: forms, with the secret key as Basic user, as Bearer token or as
//! `client_secret`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::Engine;
use crate::http::key_text;
use crate::oauth::error::OAuthFailure;
use crate::oauth::grant::TokenRequest;
use crate::oauth::operations::{self, KeyOwner};
use crate::oauth::responses::{failure_response, json_response, read_form};

pub(super) async fn token(
    State(engine): State<Arc<Engine>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = key_owner(&engine, &headers, &read_form(&body))
        .and_then(|owner| operations::token(&engine, &owner, &TokenRequest::parse(&body)));
    respond(result)
}

pub(super) async fn deauthorize(
    State(engine): State<Arc<Engine>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = read_form(&body);
    let result = key_owner(&engine, &headers, &form).and_then(|owner| {
        operations::deauthorize(
            &engine,
            &owner,
            form.get("client_id"),
            form.get("stripe_user_id"),
        )
    });
    respond(result)
}

fn respond(result: Result<Value, OAuthFailure>) -> Response {
    match result {
        Ok(body) => json_response(StatusCode::OK, body.to_string().into_bytes()),
        Err(failure) => failure_response(&failure),
    }
}

/// The platform that the secret key of a request belongs to. The key is in the Authorization header, else in `client_secret`.
fn key_owner(
    engine: &Engine,
    headers: &HeaderMap,
    form: &BTreeMap<String, String>,
) -> Result<KeyOwner, OAuthFailure> {
    let key = key_text(headers).or_else(|| form.get("client_secret").cloned());
    Ok(operations::key_owner(engine, key.as_deref())?)
}
