//! Which accounts a request may see and change.

use serde_json::Value;

use crate::accounts::account_object;
use crate::accounts::onboarding_start::has_onboarding_started;
use crate::ctx::Ctx;
use crate::error::ApiError;

/// The account, if the caller may see it: its own, or one that is connected to it.
///
/// # Errors
/// 403 `account_invalid` if the caller may not.
pub(crate) fn reachable_account(ctx: &mut Ctx<'_>, account: &str) -> Result<Value, ApiError> {
    if *account == *ctx.world.platform.account && ctx.is_platform() {
        return Ok(account_object::account_of_platform(ctx));
    }
    let is_own = *account == *ctx.scope.account;
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let object = if is_own || ctx.is_platform() {
        ctx.world.store.object(&platform, "account", account)
    } else {
        None
    };
    object.ok_or_else(|| ApiError::account_invalid(&ctx.caller.redacted_key, account))
}

/// The account, if this platform created it.
///
/// # Errors
/// 403 if the caller may not see it, or its owner manages it.
pub(super) fn controlled_account(ctx: &mut Ctx<'_>, account: &str) -> Result<Value, ApiError> {
    let object = reachable_account(ctx, account)?;
    if object["controller"]["is_controller"] == true {
        return Ok(object);
    }
    Err(ApiError::permission(
        "This account is not controlled by your platform: its owner looks after it in its own dashboard.",
    ))
}

/// Whether only the owner can tell Stripe who it is. Where Stripe collects the requirements, the platform can prefill them until
/// it makes the first account link or account session.
pub(super) fn is_managed_by_owner(ctx: &Ctx<'_>, account: &Value) -> Result<bool, ApiError> {
    let controller = &account["controller"];
    if controller["is_controller"] != true {
        return Ok(account["id"] != *ctx.world.platform.account);
    }
    let id = account["id"].as_str().unwrap_or_default();
    Ok(controller["requirement_collection"] != "application" && has_onboarding_started(ctx, id)?)
}

/// Checks that the platform may change the persons of an account.
///
/// # Errors
/// 403 if only the owner may.
pub(super) fn require_editable_persons(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let account = controlled_account(ctx, id)?;
    if is_managed_by_owner(ctx, &account)? {
        return Err(missing_permission(id));
    }
    Ok(())
}

/// The account, if the platform collects its requirements, and with them its external accounts.
///
/// # Errors
/// 403 if Stripe collects them.
pub(super) fn account_collected_by_platform(
    ctx: &mut Ctx<'_>,
    id: &str,
) -> Result<Value, ApiError> {
    let account = controlled_account(ctx, id)?;
    if account["controller"]["requirement_collection"] == "application" {
        return Ok(account);
    }
    Err(missing_permission(id))
}

fn missing_permission(account: &str) -> ApiError {
    ApiError::permission(format!(
        "This application does not have the required permissions for this endpoint on account '{account}'."
    ))
}
