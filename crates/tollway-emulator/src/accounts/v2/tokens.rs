//! Account and person tokens: what somebody's own page sent to Stripe, to be applied once by the platform.
//!
//! See <https://docs.stripe.com/connect/account-tokens>.

use serde_json::{Map, Value};

use crate::accounts::v2::{fields, instant};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

/// What a token stands for is a hidden record beside it.
const CONTENT: &str = "_v2_token";
/// How long a token can be used, in seconds.
const LIFETIME: i64 = 10 * 60;

pub(super) fn register(registry: &mut Registry) {
    registry.add("v2.core.account_tokens.create", |ctx, params| {
        create(ctx, "v2.core.account_tokens.create", ACCOUNT, params)
    });
    registry.add("v2.core.accounts.person_tokens.create", |ctx, params| {
        create(ctx, "v2.core.accounts.person_tokens.create", PERSON, params)
    });
}

/// The record type of tokens for accounts.
const ACCOUNT: &str = "v2.core.account_token";
/// The record type of tokens for persons.
const PERSON: &str = "v2.core.account_person_token";

fn create(
    ctx: &mut Ctx<'_>,
    operation: &str,
    object_type: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut token = ctx.generic(operation, params)?;
    token["expires_at"] = instant(ctx.now() + LIFETIME);
    token["used"] = false.into();
    ctx.update(object_type, &token);
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    let id = token["id"].as_str().unwrap_or_default();
    ctx.world
        .put_typed(&scope, CONTENT, id, params.values(), now);
    Ok(token)
}

/// The parameters of an account with what its `account_token` stands for.
pub(super) fn of_account(ctx: &mut Ctx<'_>, params: &Params) -> Result<Params, ApiError> {
    applied(ctx, params, "account_token", ACCOUNT)
}

/// The parameters of a person with what its `person_token` stands for.
pub(super) fn of_person(ctx: &mut Ctx<'_>, params: &Params) -> Result<Params, ApiError> {
    applied(ctx, params, "person_token", PERSON)
}

fn applied(
    ctx: &mut Ctx<'_>,
    params: &Params,
    name: &str,
    object_type: &str,
) -> Result<Params, ApiError> {
    let mut values = Map::new();
    if let Some(id) = params.text(name) {
        let refused = |why: &str| {
            Err(ApiError::invalid_param(
                name,
                format!("The token {id} {why}: make another one."),
            ))
        };
        let content: Option<Map<String, Value>> = ctx.world.typed(&ctx.scope, CONTENT, id);
        let (Some(mut token), Some(content)) = (ctx.get(object_type, id), content) else {
            return Err(ctx.no_such_reference(object_type, id, name));
        };
        if token["used"] == true {
            return refused("has been used");
        }
        // Instants of one form compare as texts.
        if token["expires_at"].as_str() < instant(ctx.now()).as_str() {
            return refused("has expired");
        }
        token["used"] = true.into();
        ctx.update(object_type, &token);
        values = content;
    }
    fields::merge(&mut values, params.values().clone());
    Ok(Params::new(params.path_parts().to_vec(), values))
}
