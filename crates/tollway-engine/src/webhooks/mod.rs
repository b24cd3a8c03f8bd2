//! Webhooks: endpoints, event destinations, and the deliveries of events to them.
//!
//! ```text
//! events ─▶ outbox: what is due, and when ─▶ deliver_due / run_deliveries ─▶ signed POST ─▶ attempt stored, or tried again
//! ```

mod attempt;
mod control_routes;
mod destinations;
mod endpoints;
mod event_lists;
mod retry_schedule;
mod synthetic_events;
mod worker;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use self::control_routes::resend_everywhere as resend;
pub use self::endpoints::{Endpoint, all as all_endpoints, set_secret};
pub use self::worker::{deliver_due, run_deliveries};
use crate::engine::Engine;
use crate::registry::Registry;

/// Registers handlers and routes.
pub fn register(registry: &mut Registry) {
    destinations::register(registry);
    endpoints::register(registry);
    event_lists::register(registry);
    registry.add_routes(routes());
}

/// Control routes: deliveries and their attempts, delivering now, sending again, setting up an endpoint, events that nobody caused.
fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/_tollway/deliveries", get(control_routes::list))
        .route("/_tollway/deliveries/flush", post(control_routes::flush))
        .route(
            "/_tollway/events/{event}/resend",
            post(control_routes::resend),
        )
        .route("/_tollway/events", post(control_routes::create_event))
        .route(
            "/_tollway/webhook_endpoints",
            post(control_routes::create_endpoint),
        )
        .route(
            "/_tollway/webhook_endpoints/{id}",
            post(control_routes::change_secret),
        )
}
