//! The Connect button in axum: `GET /connect` sends the seller to Stripe, `GET /connect/callback` takes them back.
//!
//! What must not go wrong: the `state` belongs to this seller and is good once, so it is taken out before the code is
//! exchanged; and a code is exchanged once, because Stripe revokes the connection when it sees a code twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;
use tollway::Client;
use tollway::oauth::new_state;
use tollway::runtime::SystemRandom;

use crate::connect::{NotConnected, connect_url, finish};

/// What the handlers share. A platform keeps the two maps in its database.
#[derive(Clone, Debug)]
pub struct App {
    platform: Client,
    redirect_uri: String,
    /// The state that each seller went away with.
    away: Arc<Mutex<HashMap<String, String>>>,
    /// The account of each seller.
    accounts: Arc<Mutex<HashMap<String, String>>>,
}

impl App {
    /// Nobody is connected yet.
    pub fn new(platform: Client, redirect_uri: impl Into<String>) -> Self {
        Self {
            platform,
            redirect_uri: redirect_uri.into(),
            away: Arc::default(),
            accounts: Arc::default(),
        }
    }

    /// The seller's account, once connected.
    pub fn account_of(&self, seller: &str) -> Option<String> {
        lock(&self.accounts).get(seller).cloned()
    }
}

/// The two routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/connect", get(leave))
        .route("/connect/callback", get(arrive))
        .with_state(app)
}

async fn leave(State(app): State<App>, headers: HeaderMap) -> Result<Redirect, Refusal> {
    let seller = seller(&headers)?;
    let state = new_state(&SystemRandom);
    let email = format!("{seller}@example.com");
    let url = connect_url(&app.platform, &state, &app.redirect_uri, &email)
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    lock(&app.away).insert(seller, state);
    Ok(Redirect::to(&url))
}

async fn arrive(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<String, Refusal> {
    let seller = seller(&headers)?;
    let state = lock(&app.away)
        .remove(&seller)
        .ok_or((StatusCode::BAD_REQUEST, "start at /connect".to_owned()))?;
    match finish(&app.platform, &query.unwrap_or_default(), &state).await {
        Ok(token) => {
            let account = token.stripe_user_id().to_owned();
            lock(&app.accounts).insert(seller, account.clone());
            Ok(format!("connected as {account}"))
        }
        Err(error @ (NotConnected::Callback(_) | NotConnected::StartAgain)) => {
            Err((StatusCode::BAD_REQUEST, error.to_string()))
        }
        Err(error) => Err((StatusCode::BAD_GATEWAY, error.to_string())),
    }
}

type Refusal = (StatusCode, String);

/// Who is logged in: here the whole session cookie is the name.
fn seller(headers: &HeaderMap) -> Result<String, Refusal> {
    headers
        .get(header::COOKIE)
        .and_then(|cookie| cookie.to_str().ok()?.strip_prefix("session="))
        .map(str::to_owned)
        .ok_or((StatusCode::UNAUTHORIZED, "log in first".to_owned()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
