//! The Connect application that acts for a connected account.

use crate::ctx::Ctx;

/// The client id of the platform's application that charges the context's connected account; none for the platform's own account.
pub(crate) fn charging_application(ctx: &Ctx<'_>) -> Option<String> {
    if ctx.is_platform() {
        return None;
    }
    let connection = ctx.connection(&ctx.scope.account);
    let client_id = connection.and_then(|connection| connection.client_id);
    Some(client_id.unwrap_or_else(|| ctx.world.platform.mode(ctx.scope.mode).client_id.clone()))
}
