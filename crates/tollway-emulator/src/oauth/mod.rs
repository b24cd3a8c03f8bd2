//! OAuth for Standard and Express accounts.
//!
//! ```text
//! GET/POST /oauth/authorize ─▶ authorize (is the request sound?) ─▶ page ─▶ seller profile ─▶ code
//! POST /oauth/token         ─▶ grant (may this code or token be used?) ─▶ connection::begin ─▶ tokens, event
//! POST /oauth/deauthorize   ─▶ connection::end ─▶ tokens revoked, event
//! ```
//!
//! [`authorize_page`] and [`token_endpoint`] speak HTTP, [`operations`] does the work in transactions, [`authorize`] and [`grant`]
//! decide whether a request is valid. See <https://docs.stripe.com/connect/oauth-reference>.

mod authorize;
mod authorize_page;
mod codes;
mod error;
mod grant;
mod operations;
mod seller_accounts;
mod seller_profile;
mod token_endpoint;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::Engine;

/// Routes besides `/v1` and `/v2`: `/oauth/*`, `/express/oauth/*`, and the list of sellers.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route(
            "/oauth/authorize",
            get(authorize_page::standard).post(authorize_page::decide_standard),
        )
        .route(
            "/express/oauth/authorize",
            get(authorize_page::express).post(authorize_page::decide_express),
        )
        .route("/oauth/token", post(token_endpoint::token))
        .route("/oauth/deauthorize", post(token_endpoint::deauthorize))
        .route(
            "/_tollway/sellers",
            get(seller_accounts::list).post(seller_accounts::create),
        )
}
