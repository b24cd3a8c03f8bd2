//! Webhook endpoints: `/v1/webhook_endpoints`, and their secrets.
//!
//! What Stripe does not show of an endpoint, its secret and whether it is a Connect endpoint, is a hidden record beside it.

use serde_json::{Value, json};
use tollway_spec::Shape;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::targets::{DESTINATION, ENDPOINT, EndpointSecret, receives_from};
use crate::generic::{GenericCtx, named_operation};
use crate::params::Params;
use crate::registry::Registry;
use crate::scope::Mode;
use crate::store::Collection;
use crate::world::WorldState;

pub(super) fn register(registry: &mut Registry) {
    registry.add("webhook_endpoints.create", |ctx, params| {
        let new_endpoint = NewEndpoint {
            url: params.text("url").unwrap_or_default(),
            connect: params.bool("connect").unwrap_or(false),
            enabled_events: params.list("enabled_events"),
            description: params.text("description"),
            api_version: params.text("api_version"),
            metadata: params
                .map("metadata")
                .cloned()
                .map_or_else(|| json!({}), Value::Object),
        };
        create(ctx, &new_endpoint)
    });
    registry.add("webhook_endpoints.update", update);
    registry.add("webhook_endpoints.delete", delete);
}

/// An endpoint to be made.
pub(super) struct NewEndpoint<'a> {
    pub(super) url: &'a str,
    pub(super) connect: bool,
    pub(super) enabled_events: &'a [Value],
    pub(super) description: Option<&'a str>,
    pub(super) api_version: Option<&'a str>,
    pub(super) metadata: Value,
}

/// Makes an endpoint; the answer is the only place where its secret is shown.
pub(super) fn create(ctx: &mut Ctx<'_>, new_endpoint: &NewEndpoint<'_>) -> Result<Value, ApiError> {
    check_url(ctx, new_endpoint.url)?;
    if new_endpoint.enabled_events.is_empty() {
        return Err(ApiError::missing_parameter("enabled_events"));
    }
    let mut endpoint = ctx.blank(ENDPOINT);
    let application = new_endpoint
        .connect
        .then(|| ctx.world.platform.mode(ctx.scope.mode).client_id.clone());
    endpoint.insert("url".into(), new_endpoint.url.into());
    endpoint.insert("enabled_events".into(), new_endpoint.enabled_events.into());
    endpoint.insert("description".into(), new_endpoint.description.into());
    endpoint.insert("api_version".into(), new_endpoint.api_version.into());
    endpoint.insert("application".into(), application.into());
    endpoint.insert("metadata".into(), new_endpoint.metadata.clone());
    endpoint.insert("status".into(), "enabled".into());
    endpoint.remove("secret");
    let hidden = EndpointSecret {
        secret: format!("whsec_{}", ctx.world.random.alphanumeric(32)),
        connect: new_endpoint.connect,
    };
    let mut endpoint = Value::Object(endpoint);
    ctx.insert(ENDPOINT, &endpoint);
    let id = text(&endpoint["id"]);
    ctx.save(&id, &hidden);
    endpoint["secret"] = hidden.secret.into();
    Ok(endpoint)
}

/// Sets an endpoint's secret. False if there is no such endpoint.
///
/// # Errors
/// A 500 if the stored secret cannot be read.
pub fn set_secret(ctx: &mut Ctx<'_>, id: &str, secret: &str) -> Result<bool, ApiError> {
    let Some(stored) = ctx.load::<EndpointSecret>(id)? else {
        return Ok(false);
    };
    let secret = secret.to_owned();
    ctx.save(id, &EndpointSecret { secret, ..stored });
    Ok(true)
}

/// `POST /v1/webhook_endpoints/{id}`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut endpoint = ctx.required(ENDPOINT, params.path("webhook_endpoint"))?;
    if let Some(url) = params.text("url") {
        check_url(ctx, url)?;
        endpoint["url"] = url.into();
    }
    if params.has("enabled_events") {
        endpoint["enabled_events"] = params.list("enabled_events").into();
    }
    if params.has("description") {
        endpoint["description"] = params.text("description").into();
    }
    if let Some(disabled) = params.bool("disabled") {
        endpoint["status"] = if disabled { "disabled" } else { "enabled" }.into();
    }
    for (key, value) in params.map("metadata").into_iter().flatten() {
        match (value, endpoint["metadata"].as_object_mut()) {
            (Value::Null, Some(metadata)) => drop(metadata.remove(key)),
            (value, Some(metadata)) => drop(metadata.insert(key.clone(), value.clone())),
            (_, None) => {}
        }
    }
    ctx.update(ENDPOINT, &endpoint);
    Ok(endpoint)
}

/// `DELETE /v1/webhook_endpoints/{id}`.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("webhook_endpoint");
    ctx.required(ENDPOINT, id)?;
    ctx.remove::<EndpointSecret>(id);
    Ok(ctx.delete(ENDPOINT, id))
}

pub(super) fn check_url(ctx: &Ctx<'_>, text: &str) -> Result<(), ApiError> {
    let good = url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    if !good {
        return Err(ApiError::invalid_param(
            "url",
            "Invalid URL: it must begin with http:// or https://",
        )
        .code("url_invalid"));
    }
    if ctx.services.config().strict && ctx.scope.livemode() && !text.starts_with("https://") {
        return Err(ApiError::invalid_param(
            "url",
            "Invalid URL: live mode endpoints must use https://",
        )
        .code("url_invalid"));
    }
    Ok(())
}

/// Is this a version that the API has had? The description lists them for webhook endpoints.
pub(super) fn check_version(ctx: &Ctx<'_>, param: &str, version: &str) -> Result<(), ApiError> {
    let creation = named_operation(ctx.services, "webhook_endpoints.create");
    let known = creation.is_some_and(|creation| {
        let params = &creation.operation.params;
        let versions = params.iter().find(|field| field.name == "api_version");
        versions.is_some_and(|field| matches!(&field.shape, Shape::Enum { values, .. } if values.iter().any(|it| it == version)))
    });
    if known {
        return Ok(());
    }
    let message = format!("Invalid Stripe API version: {version}");
    Err(ApiError::invalid_param(param, message))
}

/// An endpoint or a destination as people want to see it.
pub struct Endpoint {
    /// Where it is.
    pub url: String,
    /// Live or test.
    pub mode: Mode,
    /// Hears of the platform's own events.
    pub own: bool,
    /// Hears of connected accounts.
    pub connected: bool,
    /// `enabled` or `disabled`.
    pub status: String,
    /// What its deliveries are signed with.
    pub secret: String,
}

/// The platform's webhook endpoints and event destinations, oldest first.
pub fn all(world: &WorldState) -> Vec<Endpoint> {
    let mut found = Vec::new();
    for mode in Mode::ALL {
        let scope = world.platform_scope(mode);
        for kind in [ENDPOINT, DESTINATION] {
            let records = world.store.collection(&scope, kind);
            for record in records.into_iter().flat_map(Collection::oldest_first) {
                let object = record.parse();
                let stored = world.load_or_fail::<EndpointSecret>(&scope, &record.id);
                let Some(hidden) = stored else {
                    continue;
                };
                let own = receives_of(&object, hidden.connect, false);
                let connected = receives_of(&object, hidden.connect, true);
                let url = [&object["url"], &object["webhook_endpoint"]["url"]];
                let url = url.into_iter().find_map(Value::as_str);
                found.push(Endpoint {
                    url: url.unwrap_or("elsewhere").to_owned(),
                    mode,
                    own,
                    connected,
                    status: text(&object["status"]),
                    secret: hidden.secret,
                });
            }
        }
    }
    found
}

/// Whether an endpoint receives the platform's own events, or those of connected accounts.
fn receives_of(object: &Value, connect: bool, connected: bool) -> bool {
    match object["events_from"].as_array() {
        Some(_) => receives_from(object, connected),
        None => connect == connected,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
