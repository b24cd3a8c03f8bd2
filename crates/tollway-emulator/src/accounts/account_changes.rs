//! Changing accounts: every change of an account, from whichever operation, page or product, goes through [`save_account`].
//!
//! ```text
//! change_account ─▶ apply_params ─▶ save_account ─▶ requirements ─▶ events of parts ─▶ account.updated ─▶ AccountChange
//! ```

use serde_json::{Map, Value};

use crate::accounts::access::reachable_account;
use crate::accounts::external_account_object::{
    emit_external_account_changes, new_external_account, replace_default,
};
use crate::accounts::{capability_object, person_record, requirements, v2_records};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::params::Params;

/// Notifies that the members of an account changed.
#[derive(Debug)]
pub(crate) struct AccountChange {
    /// `acct_…`.
    pub(crate) account: String,
}

/// Members of a request that become members of the account.
const COPIED_MEMBERS: &[&str] = &[
    "business_profile",
    "business_type",
    "company",
    "default_currency",
    "email",
    "individual",
    "metadata",
    "settings",
    "tos_acceptance",
];

/// Changes an account as the parameters say.
///
/// # Errors
/// 403 for the platform's own account and for accounts that the caller may not see; 400 for parameters that do not fit.
pub(super) fn change_account(
    ctx: &mut Ctx<'_>,
    account: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    let before = reachable_account(ctx, account)?;
    if before["id"] == *ctx.world.platform.account {
        return Err(ApiError::permission(
            "A platform's own account is changed in its dashboard, not through the API.",
        ));
    }
    let mut members = before.as_object().cloned().unwrap_or_default();
    apply_params(ctx, &mut members, params)?;
    save_account(ctx, &before, Value::Object(members))
}

/// Stores a changed account: evaluates its requirements, emits the events, and notifies [`AccountChange`].
pub(crate) fn save_account(
    ctx: &mut Ctx<'_>,
    before: &Value,
    mut account: Value,
) -> Result<Value, ApiError> {
    if account["controller"]["is_controller"] == true {
        requirements::update_requirements(ctx, &mut account);
    }
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.in_scope(platform).update("account", &account);
    let previous = previous_attributes(before, &account);
    if !previous.is_empty() {
        emit_external_account_changes(ctx, before, &account);
        capability_object::emit_capability_changes(ctx, before, &account);
        let id = account["id"].as_str().unwrap_or_default().to_owned();
        ctx.acting_for(id.as_str()).emit(
            "account.updated",
            &account,
            Some(Value::Object(previous)),
        );
        v2_records::sync_account(ctx, &account);
        ctx.notify(&AccountChange { account: id })?;
    }
    Ok(account)
}

/// Evaluates the requirements of an account again, after a change of its persons.
pub(super) fn refresh_requirements(ctx: &mut Ctx<'_>, account: &str) -> Result<(), ApiError> {
    let before = reachable_account(ctx, account)?;
    save_account(ctx, &before, before.clone())?;
    Ok(())
}

/// Writes the parameters of a request into the members of an account.
pub(super) fn apply_params(
    ctx: &mut Ctx<'_>,
    account: &mut Map<String, Value>,
    params: &Params,
) -> Result<(), ApiError> {
    let mut copied = Map::new();
    for (name, value) in params
        .values()
        .iter()
        .filter(|(name, _)| COPIED_MEMBERS.contains(&name.as_str()))
    {
        copied.insert(name.clone(), value.clone());
    }
    write_members(ctx, account, &copied)?;
    for (name, capability) in params.map("capabilities").into_iter().flatten() {
        let requested = capability["requested"].as_bool().unwrap_or(true);
        account["capabilities"][name] = if requested {
            "inactive".into()
        } else {
            Value::Null
        };
    }
    if let Some(capabilities) = account["capabilities"].as_object_mut() {
        capabilities.retain(|_, status| !status.is_null());
    }
    if let Some(spec) = params
        .at("external_account")
        .filter(|value| !value.is_null())
    {
        let external_account = new_external_account(ctx, account, spec)?;
        replace_default(account, external_account);
    }
    Ok(())
}

/// Writes members into an account, and marks the identification numbers among them as provided.
pub(super) fn write_members(
    ctx: &mut Ctx<'_>,
    account: &mut Map<String, Value>,
    members: &Map<String, Value>,
) -> Result<(), ApiError> {
    ctx.apply("account", account, members)?;
    for part in ["individual", "company"] {
        if let (Some(object), Some(params)) = (account.get_mut(part), members.get(part)) {
            person_record::mark_provided_numbers(object, params);
        }
    }
    Ok(())
}
