//! Connected accounts: their objects, persons, capabilities, external accounts and requirements, and their connection to the platform.
//!
//! ```text
//! dashboard_page, onboarding_page
//! account_links, country_specs, v2, capabilities, external_accounts, persons, operations      operations of the API
//! connection, account_changes, access                                                         rules
//! requirements, v2_records, …_object, …_record, onboarding_start, sellers, countries          objects and records
//! ```
//!
//! Every change of an account goes through [`account_changes`], which evaluates its [`requirements`], emits the events and
//! notifies other products. An owner fills in what is missing on the [`onboarding_page`], which [`account_links`] lead to.

pub(crate) mod access;
pub(crate) mod account_changes;
mod account_links;
pub(crate) mod account_object;
mod capabilities;
mod capability_object;
pub(crate) mod connection;
mod countries;
mod country_specs;
pub(crate) mod dashboard_page;
mod external_account_object;
mod external_accounts;
mod onboarding_page;
mod onboarding_start;
mod operations;
mod person_record;
mod persons;
mod requirements;
pub(crate) mod sellers;
mod v2;
mod v2_records;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::Engine;
use crate::generic::MockObject;
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_mock_object(MockObject {
        object_type: "account",
        make: account_object::blank_custom_account,
    });
    account_links::register(registry);
    capabilities::register(registry);
    country_specs::register(registry);
    external_accounts::register(registry);
    operations::register(registry);
    persons::register(registry);
    v2::register(registry);
}

/// The routes of the dashboard and the onboarding page.
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
