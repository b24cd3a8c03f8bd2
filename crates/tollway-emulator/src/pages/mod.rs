//! Hosted pages.

use std::sync::Arc;

use axum::Router;

use crate::Engine;

/// The pages' routes.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
}
