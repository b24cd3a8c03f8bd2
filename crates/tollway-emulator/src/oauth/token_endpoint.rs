//! `POST /oauth/token` and `POST /oauth/deauthorize` over HTTP: forms, with the secret key as Basic user, as Bearer or as
//! `client_secret`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::Engine;
use crate::error::ApiError;
use crate::http::key_text;
use crate::oauth::error::OAuthError;
use crate::oauth::grant::TokenRequest;
use crate::oauth::operations as oauth;

pub(crate) async fn token(
    State(engine): State<Arc<Engine>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = form(&body);
    let answer = oauth::caller(&engine, secret_key(&headers, &form).as_deref())
        .map(|caller| oauth::token(&engine, &caller, &TokenRequest::parse(&body)));
    answered(answer)
}

pub(crate) async fn deauthorize(
    State(engine): State<Arc<Engine>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = form(&body);
    let answer = oauth::caller(&engine, secret_key(&headers, &form).as_deref()).map(|caller| {
        oauth::deauthorize(
            &engine,
            &caller,
            form.get("client_id"),
            form.get("stripe_user_id"),
        )
    });
    answered(answer)
}

/// Three ways to end: the key was of no use, the request was refused, or something failed here.
fn answered(answer: Result<Result<Result<Value, OAuthError>, ApiError>, OAuthError>) -> Response {
    match answer {
        Ok(Ok(Ok(body))) => json(StatusCode::OK, body.to_string().into_bytes()),
        Ok(Ok(Err(error))) | Err(error) => refused(&error),
        Ok(Err(error)) => failed(&error),
    }
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}

pub(crate) fn refused(error: &OAuthError) -> Response {
    json(error.status(), error.body())
}

pub(crate) fn failed(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, error.to_json().to_string().into_bytes())
}

/// The secret key of a request: from the Authorization header, else `client_secret`.
fn secret_key(headers: &HeaderMap, form: &BTreeMap<String, String>) -> Option<String> {
    key_text(headers).or_else(|| form.get("client_secret").cloned())
}

pub(crate) fn form(body: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}
