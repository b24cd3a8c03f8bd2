//! What an account must be able to do before money comes to it, or through it.
//!
//! A connected account has a capability once its requirements are met; the platform itself has all of them
//! (<https://docs.stripe.com/connect/account-capabilities>).

use serde_json::Value;

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::error::ApiError;

/// Can money be transferred to this account? `param` is what named it.
pub(crate) fn check_transfers(ctx: &Ctx<'_>, account: &str, param: &str) -> Result<(), ApiError> {
    let needed = ["transfers", "crypto_transfers", "legacy_payments"];
    if has_one(ctx, account, &needed) {
        return Ok(());
    }
    let message = format!(
        "Your destination account needs to have at least one of the following capabilities enabled: {}",
        needed.join(", ")
    );
    Err(ApiError::invalid_param(param, message).code("insufficient_capabilities_for_transfer"))
}

/// Can the account that charges, and the one it charges on behalf of, be paid by anybody?
pub(crate) fn check_charges(ctx: &Ctx<'_>, on_behalf_of: Option<&Value>) -> Result<(), ApiError> {
    let enabled = AccountSummary::of(ctx).is_none_or(|account| account.charges_enabled);
    let merchant = on_behalf_of.and_then(Value::as_str);
    let able =
        merchant.is_none_or(|account| has_one(ctx, account, &["card_payments", "legacy_payments"]));
    if enabled && able {
        return Ok(());
    }
    Err(ApiError::invalid_request(
        "Your account cannot currently make charges. What it lacks is in the account's requirements: complete them on the \
         page of an account link (POST /v1/account_links), or by POST /v1/accounts/{account}.",
    ))
}

fn has_one(ctx: &Ctx<'_>, id: &str, capabilities: &[&str]) -> bool {
    let account = AccountSummary::of_account(ctx, id);
    account.is_none_or(|account| capabilities.iter().any(|name| account.has(name)))
}
