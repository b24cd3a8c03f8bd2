//! Which webhook endpoints and event destinations receive an event.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::scope::{Mode, Scope};
use crate::store::Collection;
use crate::world::{PrivateRecord, WorldState};

/// The type of webhook endpoints.
pub const ENDPOINT: &str = "webhook_endpoint";
/// The type of event destinations.
pub const DESTINATION: &str = "v2.core.event_destination";

/// What Stripe does not show of an endpoint or an event destination.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndpointSecret {
    /// `whsec_…`.
    pub secret: String,
    /// Whether the endpoint receives events of connected accounts.
    pub connect: bool,
}

impl PrivateRecord for EndpointSecret {
    const TYPE: &'static str = "_webhook_endpoint";
}

/// An endpoint that receives an event, and where it is stored.
#[derive(Debug, Clone)]
pub struct Target {
    /// The scope it is stored in.
    pub scope: Scope,
    /// Its id.
    pub id: String,
    /// The version the endpoint wants its events in, if one was set.
    pub api_version: Option<String>,
}

/// What a webhook endpoint receives.
#[derive(Debug, Clone, Copy)]
struct Subscription<'a> {
    /// Receives events of connected accounts instead of the platform's own.
    connect: bool,
    /// `enabled` or `disabled`.
    status: &'a str,
    /// Event names, or `*`.
    enabled_events: &'a [String],
}

/// Whether an endpoint receives an event of this type, which happened on a connected account or on the endpoint's own.
fn receives(subscription: Subscription<'_>, event_type: &str, on_connected_account: bool) -> bool {
    subscription.status == "enabled"
        && subscription.connect == on_connected_account
        && subscription
            .enabled_events
            .iter()
            .any(|name| name == "*" || name == event_type)
}

/// The webhook endpoints that receive events of this type in the context's scope.
pub(super) fn endpoints(ctx: &Ctx<'_>, event_type: &str) -> Vec<Target> {
    if ctx.is_platform() {
        return endpoints_in_scope(ctx.world, &ctx.scope, event_type, false);
    }
    let mut targets = endpoints_in_scope(ctx.world, &ctx.scope, event_type, false);
    targets.extend(endpoints_in_scope(
        ctx.world,
        &ctx.world.platform_scope(ctx.scope.mode),
        event_type,
        true,
    ));
    if !ctx.scope.livemode()
        && ctx
            .world
            .connection(Mode::Live, &ctx.scope.account)
            .is_some()
    {
        targets.extend(endpoints_in_scope(
            ctx.world,
            &ctx.world.platform_scope(Mode::Live),
            event_type,
            true,
        ));
    }
    targets
}

fn endpoints_in_scope(
    world: &WorldState,
    scope: &Scope,
    event_type: &str,
    on_connected_account: bool,
) -> Vec<Target> {
    let Some(endpoints) = world.store.collection(scope, ENDPOINT) else {
        return Vec::new();
    };
    let mut targets: Vec<Target> = endpoints
        .newest_first()
        .filter_map(|record| {
            let endpoint = record.parse();
            let hidden: EndpointSecret = world.load_or_fail(scope, &record.id)?;
            let enabled_events: Vec<String> = endpoint["enabled_events"]
                .as_array()?
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            let status = endpoint["status"].as_str().unwrap_or_default();
            let subscription = Subscription {
                connect: hidden.connect,
                status,
                enabled_events: &enabled_events,
            };
            receives(subscription, event_type, on_connected_account).then(|| Target {
                scope: scope.clone(),
                id: record.id.to_string(),
                api_version: endpoint["api_version"].as_str().map(str::to_owned),
            })
        })
        .collect();
    targets.reverse();
    targets
}

/// Whether a destination receives the account's own events, or those of `connected` accounts.
pub fn receives_from(destination: &Value, connected: bool) -> bool {
    let from = destination["events_from"].as_array();
    let mut from = from.into_iter().flatten().filter_map(Value::as_str);
    from.any(|from| matches!(from, "other_accounts" | "@accounts") == connected)
}

/// The event destinations that receive events of this type in the context's scope.
pub(super) fn destinations(ctx: &Ctx<'_>, event_type: &str, thin: bool) -> Vec<Target> {
    let mut targets = destinations_in_scope(ctx.world, &ctx.scope, event_type, thin, false);
    if !ctx.is_platform() {
        let platform = ctx.world.platform_scope(ctx.scope.mode);
        targets.extend(destinations_in_scope(
            ctx.world, &platform, event_type, thin, true,
        ));
    }
    targets
}

fn destinations_in_scope(
    world: &WorldState,
    scope: &Scope,
    event_type: &str,
    thin: bool,
    connect: bool,
) -> Vec<Target> {
    let stored = world.store.collection(scope, DESTINATION);
    let receives = |destination: &Value| {
        let names = destination["enabled_events"].as_array();
        let is_enabled = names
            .into_iter()
            .flatten()
            .any(|name| *name == event_type || *name == "*");
        is_enabled
            && receives_from(destination, connect)
            && destination["status"] == "enabled"
            && destination["type"] == "webhook_endpoint"
            && (destination["event_payload"] == "thin") == thin
    };
    let records = stored.into_iter().flat_map(Collection::oldest_first);
    records
        .filter_map(|record| {
            let destination = record.parse();
            receives(&destination).then(|| Target {
                scope: scope.clone(),
                id: record.id.to_string(),
                api_version: destination["snapshot_api_version"]
                    .as_str()
                    .filter(|_| !thin)
                    .map(str::to_owned),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_status_and_names_all_count() {
        let names = ["charge.succeeded".to_owned()];
        let all = ["*".to_owned()];
        let subscription = |connect, status, enabled_events| Subscription {
            connect,
            status,
            enabled_events,
        };
        assert!(receives(
            subscription(false, "enabled", &names),
            "charge.succeeded",
            false
        ));
        assert!(!receives(
            subscription(false, "enabled", &names),
            "charge.failed",
            false
        ));
        assert!(!receives(
            subscription(false, "enabled", &names),
            "charge.succeeded",
            true
        ));
        assert!(!receives(
            subscription(true, "enabled", &all),
            "charge.succeeded",
            false
        ));
        assert!(receives(
            subscription(true, "enabled", &all),
            "charge.succeeded",
            true
        ));
        assert!(!receives(
            subscription(true, "disabled", &all),
            "charge.succeeded",
            true
        ));
        assert!(!receives(
            subscription(true, "enabled", &[]),
            "charge.succeeded",
            true
        ));
    }
}
