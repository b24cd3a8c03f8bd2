//! Connect: OAuth, connections and connected accounts.
//!
//! ```text
//! GET/POST /oauth/authorize ─▶ authorize (is the request sound?) ─▶ page ─▶ profile (a new seller) ─▶ code
//! POST /oauth/token         ─▶ grant (may this code or token be used?) ─▶ connection::begin ─▶ tokens, event
//! POST /oauth/deauthorize   ─▶ connection::end ─▶ tokens revoked, event
//! ```
//!
//! Accounts that the platform makes by the API: [`accounts`] and their parts ([`persons`], [`capabilities`],
//! [`external_accounts`]) say what is known, [`requirements`] what is missing, and a person fills that in on the page of
//! [`onboarding`], which [`links`] lead to.
//!
//! [`authorize_page`] and [`http`] speak HTTP, [`oauth`] does the work in transactions, [`authorize`] and [`grant`] only judge.

mod accounts;
mod authorize;
mod authorize_page;
mod capabilities;
mod connection;
mod country_specs;
mod dashboard;
mod error;
mod external_accounts;
mod grant;
mod http;
mod links;
mod oauth;
mod onboarding;
mod persons;
mod profile;
mod records;
mod requirements;
mod sellers;
mod v2;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use self::accounts::{keep as keep_account, plain as plain_account};
pub(crate) use self::dashboard::{connections_of, named_sellers};
use crate::Engine;
use crate::registry::Registry;
use crate::world::WorldState;

/// What people call a connected account, if it is known by a name.
pub(crate) fn name_of(world: &WorldState, account: &str) -> Option<String> {
    let seller = records::seller(world, account)?;
    Some(seller.label().to_owned()).filter(|name| !name.is_empty())
}

/// Behaviours of this part.
pub(crate) fn register(registry: &mut Registry) {
    accounts::register(registry);
    capabilities::register(registry);
    country_specs::register(registry);
    external_accounts::register(registry);
    links::register(registry);
    persons::register(registry);
    v2::register(registry);
}

/// Routes besides `/v1` and `/v2`: `/oauth/*`, `/express/oauth/*`, the dashboard of a seller.
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
        .route("/oauth/token", post(http::token))
        .route("/oauth/deauthorize", post(http::deauthorize))
        .route("/_tollway/dashboard/{account}", get(dashboard::show))
        .route(
            "/_tollway/dashboard/{account}/disconnect",
            post(dashboard::disconnect),
        )
        .route(
            "/_tollway/sellers",
            get(sellers::list).post(sellers::create),
        )
        .route(
            "/_tollway/onboarding/{token}",
            get(onboarding::show).post(onboarding::submit),
        )
}
