//! Secrets of Stripe Apps: one for each name and scope. The payload is sent only to requests that expand it.
//!
//! See <https://docs.stripe.com/api/secret_management>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::includable_fields;
use crate::params::Params;
use crate::product_objects::{id_of, new_object};
use crate::registry::Registry;

const APP_SECRET: &str = "apps.secret";

pub(crate) fn register(registry: &mut Registry) {
    registry.add_includable("apps.secret", "payload");
    registry.add("apps.secrets.create", create);
    registry.add("apps.secrets.find", find);
    registry.add("apps.secrets.delete_where", delete_where);
}

/// `POST /v1/apps/secrets`: creates a secret, or replaces the payload of the one with this name.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let user = params.text("scope.user");
    match (params.text("scope.type"), user) {
        (Some("user"), None) => return Err(ApiError::missing_parameter("scope[user]")),
        (Some("account"), Some(_)) => {
            let message = "You may only pass a user with a scope of type user.";
            return Err(ApiError::invalid_param("scope[user]", message));
        }
        _ => {}
    }
    let members = json!({"payload": null, "expires_at": params.int("expires_at")});
    let mut secret = new_object(ctx, APP_SECRET, params, members)?;
    match find_secret(ctx, params) {
        Some(existing) => {
            secret["id"] = existing["id"].clone();
            ctx.update(APP_SECRET, &secret);
        }
        None => drop(ctx.insert(APP_SECRET, &secret)),
    }
    let payload = json!({"payload": params.text("payload")});
    includable_fields::store(ctx, id_of(&secret), &payload);
    Ok(secret)
}

/// `GET /v1/apps/secrets/find`.
fn find(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    find_secret(ctx, params).ok_or_else(|| no_such_secret(params))
}

/// `POST /v1/apps/secrets/delete`.
fn delete_where(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut secret = find_secret(ctx, params).ok_or_else(|| no_such_secret(params))?;
    let id = id_of(&secret).to_owned();
    ctx.delete(APP_SECRET, &id);
    secret["deleted"] = true.into();
    Ok(secret)
}

/// The secret with the name and scope of the parameters, unless it has expired.
fn find_secret(ctx: &Ctx<'_>, params: &Params) -> Option<Value> {
    let all = ctx.world.store.all(&ctx.scope, APP_SECRET);
    let now = ctx.now();
    all.into_iter().find(|secret| {
        let is_current = secret["expires_at"].as_i64().is_none_or(|end| now < end);
        let user = secret["scope"]["user"].as_str();
        is_current
            && secret["name"].as_str() == params.text("name")
            && secret["scope"]["type"].as_str() == params.text("scope.type")
            && user == params.text("scope.user")
    })
}

fn no_such_secret(params: &Params) -> ApiError {
    ApiError::no_such("secret", params.text("name").unwrap_or_default(), "name")
}
