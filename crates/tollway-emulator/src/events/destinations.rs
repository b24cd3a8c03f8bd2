//! Event destinations, `/v2/core/event_destinations`: endpoints for thin events, or for snapshots.

use serde_json::{Value, json};

use super::endpoints::{self, Hidden, Target};
use super::{delivery, thin};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;
use crate::scope::Scope;
use crate::store::Collection;
use crate::world::WorldState;

pub(super) const DESTINATION: &str = "v2.core.event_destination";

pub(super) fn register(registry: &mut Registry) {
    registry.add("v2.core.event_destinations.create", create);
    registry.add("v2.core.event_destinations.update", update);
    registry.add("v2.core.event_destinations.enable", |ctx, params| {
        switch(ctx, params, "enabled")
    });
    registry.add("v2.core.event_destinations.disable", |ctx, params| {
        switch(ctx, params, "disabled")
    });
    registry.add("v2.core.event_destinations.ping", ping);
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let webhook = params.text("type") == Some("webhook_endpoint");
    let url = params.text("webhook_endpoint.url");
    match url {
        Some(url) => endpoints::check_url(ctx, url)?,
        None if webhook => return Err(ApiError::missing_parameter("webhook_endpoint[url]")),
        None => {}
    }
    check_names(ctx, params)?;
    let from = params.list("events_from");
    let connect = from
        .iter()
        .any(|from| matches!(from.as_str(), Some("other_accounts" | "@accounts")));
    let mut destination = ctx.generic("v2.core.event_destinations.create", params)?;
    if from.is_empty() {
        destination["events_from"] = json!(["self"]);
    }
    destination["description"] = params.text("description").unwrap_or_default().into();
    destination["status"] = "enabled".into();
    ctx.update(DESTINATION, &destination);
    let hidden = Hidden {
        secret: format!("whsec_{}", ctx.world.random.alphanumeric(32)),
        connect,
    };
    let id = destination["id"].as_str().unwrap_or_default().to_owned();
    endpoints::put_hidden(ctx, &id, &hidden);
    if let Some(Value::Object(shown)) = destination.get_mut("webhook_endpoint") {
        let includes = |name: &str| params.list("include").iter().any(|it| it == name);
        if includes("webhook_endpoint.signing_secret") {
            shown.insert("signing_secret".into(), hidden.secret.into());
        }
        if !includes("webhook_endpoint.url") {
            shown.remove("url");
        }
    }
    Ok(destination)
}

/// Are these events that there are?
fn check_names(ctx: &Ctx<'_>, params: &Params) -> Result<(), ApiError> {
    let thin = params.text("event_payload") != Some("snapshot");
    let events = ctx.engine.api().catalog().events();
    for name in params
        .list("enabled_events")
        .iter()
        .filter_map(Value::as_str)
    {
        let known = if thin {
            events.v2.iter().any(|event| event.type_ == name)
        } else {
            events.v1.iter().any(|event| event.type_ == name)
        };
        if !known && name != "*" {
            let message = format!("'{name}' is not an event that this destination could be sent.");
            return Err(ApiError::invalid_param("enabled_events", message));
        }
    }
    Ok(())
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    if let Some(url) = params.text("webhook_endpoint.url") {
        endpoints::check_url(ctx, url)?;
    }
    ctx.generic("v2.core.event_destinations.update", params)
}

fn switch(ctx: &mut Ctx<'_>, params: &Params, status: &str) -> Result<Value, ApiError> {
    let mut destination = ctx.required(DESTINATION, params.path("id"))?;
    destination["status"] = status.into();
    ctx.update(DESTINATION, &destination);
    Ok(destination)
}

/// `POST …/ping`: an event for this destination alone.
fn ping(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let destination = ctx.required(DESTINATION, params.path("id"))?;
    let name = "v2.core.event_destination.ping";
    let event = thin::make(ctx, name, DESTINATION, &destination, None);
    ctx.insert(thin::EVENT, &event);
    let target = Target {
        scope: ctx.scope.clone(),
        id: params.path("id").to_owned(),
        api_version: None,
    };
    delivery::set_out(ctx, &event, &target);
    Ok(event)
}

/// The destinations that hear of an event of this type in the context's scope.
pub(super) fn listening(ctx: &Ctx<'_>, event_type: &str, thin: bool) -> Vec<Target> {
    let mut targets = in_scope(ctx.world, &ctx.scope, event_type, thin, false);
    if !ctx.is_platform() {
        let platform = ctx.world.platform_scope(ctx.scope.mode);
        targets.extend(in_scope(ctx.world, &platform, event_type, thin, true));
    }
    targets
}

fn in_scope(
    world: &WorldState,
    scope: &Scope,
    event_type: &str,
    thin: bool,
    connect: bool,
) -> Vec<Target> {
    let all = world.store.collection(scope, DESTINATION);
    let hears = |destination: &Value| {
        let names = destination["enabled_events"].as_array();
        let wanted = names
            .into_iter()
            .flatten()
            .any(|name| *name == event_type || *name == "*");
        wanted
            && destination["status"] == "enabled"
            && destination["type"] == "webhook_endpoint"
            && (destination["event_payload"] == "thin") == thin
    };
    let records = all.into_iter().flat_map(Collection::oldest_first);
    records
        .filter_map(|record| {
            let destination = record.parse();
            let hidden = endpoints::hidden(world, scope, &record.id)?;
            (hidden.connect == connect && hears(&destination)).then(|| Target {
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
