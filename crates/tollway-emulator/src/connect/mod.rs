//! Connect: OAuth, connected accounts, account links.

use std::sync::Arc;

use axum::Router;

use crate::Engine;
use crate::registry::Registry;

/// Behaviours of this part.
pub(crate) fn register(_registry: &mut Registry) {}

/// Routes besides `/v1` and `/v2`: `/oauth/*` and `/express/oauth/*`.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
}
