//! `/v1/accounts/{account}/capabilities`.

use serde_json::{Value, json};

use crate::accounts::access::{controlled_account, reachable_account};
use crate::accounts::account_changes::save_account;
use crate::accounts::capability_object::capability_of;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("accounts.capabilities.list", list);
    registry.add("accounts.capabilities.retrieve", retrieve);
    registry.add("accounts.capabilities.update", update);
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = reachable_account(ctx, params.path("account"))?;
    let names = account["capabilities"].as_object();
    let data: Vec<Value> = names
        .into_iter()
        .flat_map(|names| names.keys())
        .map(|name| capability_of(&account, name))
        .collect();
    let url = format!("/v1/accounts/{}/capabilities", params.path("account"));
    Ok(json!({"object": "list", "data": data, "has_more": false, "url": url}))
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = reachable_account(ctx, params.path("account"))?;
    let name = capability_name(ctx, params)?;
    Ok(capability_of(&account, name))
}

/// The name in the path.
///
/// # Errors
/// 404 if there is no such capability.
fn capability_name<'p>(ctx: &Ctx<'_>, params: &'p Params) -> Result<&'p str, ApiError> {
    let name = params.path("capability");
    let api = ctx.services.description();
    let described = api.object("account_capabilities");
    if described.is_some_and(|object| object.field(name).is_some()) {
        return Ok(name);
    }
    Err(ApiError::no_such("capability", name, "capability"))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = controlled_account(ctx, params.path("account"))?;
    let name = capability_name(ctx, params)?;
    let mut account = before.clone();
    match (
        params.bool("requested"),
        account["capabilities"].as_object_mut(),
    ) {
        (Some(true), Some(all)) => {
            all.entry(name).or_insert_with(|| "inactive".into());
        }
        (Some(false), Some(all)) => {
            all.remove(name);
        }
        _ => {}
    }
    let account = save_account(ctx, &before, account)?;
    Ok(capability_of(&account, name))
}
