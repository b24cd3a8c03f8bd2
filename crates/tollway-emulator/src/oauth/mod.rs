//! OAuth for Standard and Express accounts.
//!
//! ```text
//! GET/POST /oauth/authorize ─▶ authorize (validates) ─▶ authorize_page ─▶ seller_profile ─▶ code_issuance
//! POST /oauth/token         ─▶ grant (validates) ─▶ connect_account ─▶ tokens, event
//! POST /oauth/deauthorize   ─▶ disconnect_account ─▶ tokens revoked, event
//! ```
//!
//! [`authorize_page`] and [`token_endpoint`] handle HTTP, [`operations`] and [`code_issuance`] work in transactions, [`authorize`] and
//! [`grant`] validate requests. See <https://docs.stripe.com/connect/oauth-reference>.

mod authorize;
mod authorize_page;
mod code_issuance;
mod codes;
mod error;
mod grant;
mod operations;
mod responses;
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
