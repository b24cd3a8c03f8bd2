//! Secrets that Stripe Apps keep: one of each name in each scope. The payload is sent only to those who expand it.
//!
//! See <https://docs.stripe.com/api/secret_management>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::includable_fields;
use crate::params::Params;
use crate::product_objects::{drafted, id_of};
use crate::registry::Registry;

const SECRET: &str = "apps.secret";

pub(crate) fn register(registry: &mut Registry) {
    registry.add_includable("apps.secret", "payload");
    registry.add("apps.secrets.create", create);
    registry.add("apps.secrets.find", find);
    registry.add("apps.secrets.delete_where", delete_where);
}

/// `POST /v1/apps/secrets`: a new secret, or a new payload of the one that has the name.
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
    let more = json!({"payload": null, "expires_at": params.int("expires_at")});
    let mut secret = drafted(ctx, SECRET, params, more)?;
    match same(ctx, params) {
        Some(former) => {
            secret["id"] = former["id"].clone();
            ctx.update(SECRET, &secret);
        }
        None => drop(ctx.insert(SECRET, &secret)),
    }
    let payload = json!({"payload": params.text("payload")});
    includable_fields::store(ctx, id_of(&secret), &payload);
    Ok(secret)
}

/// `GET /v1/apps/secrets/find`.
fn find(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    same(ctx, params).ok_or_else(|| missing(params))
}

/// `POST /v1/apps/secrets/delete`.
fn delete_where(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut secret = same(ctx, params).ok_or_else(|| missing(params))?;
    let id = id_of(&secret).to_owned();
    ctx.delete(SECRET, &id);
    secret["deleted"] = true.into();
    Ok(secret)
}

/// The secret of the name and scope that parameters name; one that has expired is no more.
fn same(ctx: &Ctx<'_>, params: &Params) -> Option<Value> {
    let all = ctx.world.store.all(&ctx.scope, SECRET);
    let now = ctx.now();
    all.into_iter().find(|secret| {
        let alive = secret["expires_at"].as_i64().is_none_or(|end| now < end);
        let user = secret["scope"]["user"].as_str();
        alive
            && secret["name"].as_str() == params.text("name")
            && secret["scope"]["type"].as_str() == params.text("scope.type")
            && user == params.text("scope.user")
    })
}

fn missing(params: &Params) -> ApiError {
    ApiError::no_such("secret", params.text("name").unwrap_or_default(), "name")
}
