//! Connected accounts: what is known of a seller, what is missing, and whether the account is connected to the platform.
//!
//! [`operations`] and the parts ([`persons`], [`capabilities`], [`external_accounts`]) hold what is known, [`requirements`] what is
//! missing. A seller fills in what is missing on the page of [`onboarding_page`], which [`account_links`] lead to.

pub(crate) mod account_links;
pub(crate) mod capabilities;
pub(crate) mod connection;
pub(crate) mod country_specs;
pub(crate) mod dashboard_page;
pub(crate) mod external_accounts;
mod onboarding_page;
pub(crate) mod operations;
pub(crate) mod persons;
pub(crate) mod requirements;
pub(crate) mod sellers;
pub(crate) mod v2;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::Engine;
use crate::generic::MockObject;
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_mock_object(MockObject {
        object_type: "account",
        make: operations::plain,
    });
    account_links::register(registry);
    capabilities::register(registry);
    country_specs::register(registry);
    external_accounts::register(registry);
    operations::register(registry);
    persons::register(registry);
    v2::register(registry);
}

/// The dashboard of a seller, and the onboarding page.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/_tollway/dashboard/{account}", get(dashboard_page::show))
        .route(
            "/_tollway/dashboard/{account}/disconnect",
            post(dashboard_page::disconnect),
        )
        .route(
            "/_tollway/onboarding/{token}",
            get(onboarding_page::show).post(onboarding_page::submit),
        )
}
