//! Checks that an account has the capabilities that charges and transfers need.
//!
//! A connected account has a capability once its requirements are met; the platform has all of them
//! (<https://docs.stripe.com/connect/account-capabilities>).

use serde_json::Value;

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::error::ApiError;

/// Requires that money can be transferred to the account. `param` is the parameter that names the account.
pub(super) fn check_transfers(ctx: &Ctx<'_>, account: &str, param: &str) -> Result<(), ApiError> {
    let accepted = ["transfers", "crypto_transfers", "legacy_payments"];
    if has_any_capability(ctx, account, &accepted) {
        return Ok(());
    }
    let message = format!(
        "Your destination account needs to have at least one of the following capabilities enabled: {}",
        accepted.join(", ")
    );
    Err(ApiError::invalid_param(param, message).code("insufficient_capabilities_for_transfer"))
}

/// Requires that the charging account, and the one it charges on behalf of, can accept payments.
pub(super) fn check_charges(ctx: &Ctx<'_>, on_behalf_of: Option<&Value>) -> Result<(), ApiError> {
    let enabled = AccountSummary::of(ctx).is_none_or(|account| account.charges_enabled);
    let merchant = on_behalf_of.and_then(Value::as_str);
    let merchant_is_enabled = merchant.is_none_or(|account| {
        has_any_capability(ctx, account, &["card_payments", "legacy_payments"])
    });
    if enabled && merchant_is_enabled {
        return Ok(());
    }
    Err(ApiError::invalid_request(
        "Your account cannot currently make charges. What it lacks is in the account's requirements: complete them on the \
         page of an account link (POST /v1/account_links), or by POST /v1/accounts/{account}.",
    ))
}

fn has_any_capability(ctx: &Ctx<'_>, id: &str, capabilities: &[&str]) -> bool {
    let account = AccountSummary::of_account(ctx, id);
    account.is_none_or(|account| capabilities.iter().any(|name| account.has(name)))
}
