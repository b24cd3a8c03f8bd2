//! Account and person tokens: parameters that a page sends to Stripe itself, and that the platform applies once.
//!
//! See <https://docs.stripe.com/connect/account-tokens>.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::accounts::v2_records::fields::{self, timestamp};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;
use crate::world::PrivateRecord;

/// A token can be used for ten minutes.
const TOKEN_LIFETIME_SECONDS: i64 = 10 * 60;

/// The parameters that a token stands for, stored under its id.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct TokenParams(Map<String, Value>);

impl PrivateRecord for TokenParams {
    const TYPE: &'static str = "_v2_token";
}

pub(super) fn register(registry: &mut Registry) {
    registry.add("v2.core.account_tokens.create", |ctx, params| {
        create(ctx, "v2.core.account_tokens.create", ACCOUNT_TOKEN, params)
    });
    registry.add("v2.core.accounts.person_tokens.create", |ctx, params| {
        create(
            ctx,
            "v2.core.accounts.person_tokens.create",
            PERSON_TOKEN,
            params,
        )
    });
}

/// The record type of tokens for accounts.
const ACCOUNT_TOKEN: &str = "v2.core.account_token";
/// The record type of tokens for persons.
const PERSON_TOKEN: &str = "v2.core.account_person_token";

fn create(
    ctx: &mut Ctx<'_>,
    operation: &str,
    object_type: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut token = ctx.generic(operation, params)?;
    token["expires_at"] = timestamp(ctx.now() + TOKEN_LIFETIME_SECONDS);
    token["used"] = false.into();
    ctx.update(object_type, &token);
    let id = token["id"].as_str().unwrap_or_default();
    ctx.save(id, &TokenParams(params.values().clone()));
    Ok(token)
}

/// The parameters of an account, merged with those of its `account_token`.
pub(super) fn account_params(ctx: &mut Ctx<'_>, params: &Params) -> Result<Params, ApiError> {
    with_token_params(ctx, params, "account_token", ACCOUNT_TOKEN)
}

/// The parameters of a person, merged with those of its `person_token`.
pub(super) fn person_params(ctx: &mut Ctx<'_>, params: &Params) -> Result<Params, ApiError> {
    with_token_params(ctx, params, "person_token", PERSON_TOKEN)
}

fn with_token_params(
    ctx: &mut Ctx<'_>,
    params: &Params,
    name: &str,
    object_type: &str,
) -> Result<Params, ApiError> {
    let mut values = Map::new();
    if let Some(id) = params.text(name) {
        let unusable = |reason: &str| {
            Err(ApiError::invalid_param(
                name,
                format!("The token {id} {reason}: make another one."),
            ))
        };
        let stored = ctx.load::<TokenParams>(id)?;
        let (Some(mut token), Some(TokenParams(token_params))) = (ctx.get(object_type, id), stored)
        else {
            return Err(ctx.no_such_reference(object_type, id, name));
        };
        if token["used"] == true {
            return unusable("has been used");
        }
        // Times in the same format compare as strings.
        if token["expires_at"].as_str() < timestamp(ctx.now()).as_str() {
            return unusable("has expired");
        }
        token["used"] = true.into();
        ctx.update(object_type, &token);
        values = token_params;
        // Every stored record has these two.
        values.remove("id");
        values.remove("_format");
    }
    fields::merge_members(&mut values, params.values().clone());
    Ok(Params::new(params.path_parts().to_vec(), values))
}
