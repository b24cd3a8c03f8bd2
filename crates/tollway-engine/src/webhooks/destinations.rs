//! Event destinations, `/v2/core/event_destinations`: endpoints for thin events, or for snapshots.

use serde_json::{Value, json};

use super::endpoints;
use crate::clock::rfc3339;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::targets::{DESTINATION, EndpointSecret, Target};
use crate::events::{delivery, thin};
use crate::generic::{GenericCtx, v2_page};
use crate::params::Params;
use crate::registry::Registry;
use crate::store::Query;

pub(super) fn register(registry: &mut Registry) {
    registry.add("v2.core.event_destinations.create", create);
    registry.add("v2.core.event_destinations.retrieve", retrieve);
    registry.add("v2.core.event_destinations.update", update);
    registry.add("v2.core.event_destinations.list", list);
    registry.add("v2.core.event_destinations.delete", delete);
    registry.add("v2.core.event_destinations.enable", |ctx, params| {
        switch(ctx, params, true)
    });
    registry.add("v2.core.event_destinations.disable", |ctx, params| {
        switch(ctx, params, false)
    });
    registry.add("v2.core.event_destinations.ping", ping);
}

/// Whose events a destination can hear of: the account's own, and those of accounts that are connected to it.
const SOURCES: [&str; 4] = ["self", "other_accounts", "@self", "@accounts"];

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let kind = params.text("type").unwrap_or_default();
    if params.map(kind).is_none() {
        return Err(ApiError::missing_parameter(kind));
    }
    if let Some(url) = params.text("webhook_endpoint.url") {
        endpoints::check_url(ctx, url)?;
    }
    let snapshot = params.text("event_payload") == Some("snapshot");
    check_names(ctx, params.list("enabled_events"), snapshot)?;
    for source in params.list("events_from").iter().filter_map(Value::as_str) {
        if !SOURCES.contains(&source) {
            return Err(ApiError::invalid_enum("events_from", &SOURCES));
        }
    }
    let version = params.text("snapshot_api_version");
    if let Some(version) = version {
        if !snapshot {
            let message = "Only destinations with the snapshot payload have a version of it.";
            return Err(ApiError::invalid_param("snapshot_api_version", message));
        }
        endpoints::check_version(ctx, "snapshot_api_version", version)?;
    }
    let mut destination = ctx.generic("v2.core.event_destinations.create", params)?;
    if params.list("events_from").is_empty() {
        destination["events_from"] = json!(["self"]);
    }
    if snapshot && version.is_none() {
        destination["snapshot_api_version"] = ctx.services.config().api_version.as_str().into();
    }
    destination["description"] = params.text("description").unwrap_or_default().into();
    destination["status"] = "enabled".into();
    ctx.update(DESTINATION, &destination);
    let hidden = EndpointSecret {
        secret: format!("whsec_{}", ctx.world.random.alphanumeric(32)),
        connect: false,
    };
    let id = destination["id"].as_str().unwrap_or_default().to_owned();
    ctx.save(&id, &hidden);
    if included(params, "webhook_endpoint.signing_secret") && kind == "webhook_endpoint" {
        destination["webhook_endpoint"]["signing_secret"] = hidden.secret.into();
    }
    Ok(shown(destination, params))
}

fn included(params: &Params, part: &str) -> bool {
    params.list("include").iter().any(|it| it == part)
}

/// The destination; its address only if that is asked for.
fn shown(mut destination: Value, params: &Params) -> Value {
    if !included(params, "webhook_endpoint.url")
        && let Some(Value::Object(endpoint)) = destination.get_mut("webhook_endpoint")
    {
        endpoint.remove("url");
    }
    destination
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let destination = ctx.generic("v2.core.event_destinations.retrieve", params)?;
    Ok(shown(destination, params))
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut page = v2_page::of(ctx, DESTINATION, params, Query::default())?;
    let data = page["data"].as_array_mut().map(std::mem::take);
    let data = data.into_iter().flatten();
    page["data"] = data.map(|destination| shown(destination, params)).collect();
    Ok(page)
}

fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    ctx.remove::<EndpointSecret>(params.path("id"));
    ctx.generic("v2.core.event_destinations.delete", params)
}

/// Are these events that there are?
fn check_names(ctx: &Ctx<'_>, names: &[Value], snapshot: bool) -> Result<(), ApiError> {
    let events = ctx.services.description().catalog().events();
    for name in names.iter().filter_map(Value::as_str) {
        let known = if snapshot {
            events.v1.iter().any(|event| event.type_ == name)
        } else {
            events.v2.iter().any(|event| event.type_ == name)
        };
        if !known && name != "*" {
            let message = format!("'{name}' is not an event that this destination could be sent.");
            return Err(ApiError::invalid_param("enabled_events", message));
        }
    }
    Ok(())
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(DESTINATION, params.path("id"))?;
    if let Some(url) = params.text("webhook_endpoint.url") {
        endpoints::check_url(ctx, url)?;
    }
    let snapshot = before["event_payload"] == "snapshot";
    check_names(ctx, params.list("enabled_events"), snapshot)?;
    let mut destination = ctx.generic("v2.core.event_destinations.update", params)?;
    destination["updated"] = rfc3339(ctx.now()).into();
    ctx.update(DESTINATION, &destination);
    Ok(shown(destination, params))
}

fn switch(ctx: &mut Ctx<'_>, params: &Params, on: bool) -> Result<Value, ApiError> {
    let mut destination = ctx.required(DESTINATION, params.path("id"))?;
    let status = if on { "enabled" } else { "disabled" };
    if destination["status"] != status {
        destination["status"] = status.into();
        destination["updated"] = rfc3339(ctx.now()).into();
        match destination.as_object_mut() {
            Some(members) if on => drop(members.remove("status_details")),
            _ => destination["status_details"] = json!({"disabled": {"reason": "user"}}),
        }
        ctx.update(DESTINATION, &destination);
    }
    Ok(shown(destination, params))
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
