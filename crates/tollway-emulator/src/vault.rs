//! Bank accounts of `/v2/core/vault`: of a number only the last four digits are shown.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::product_objects::drafted;
use crate::registry::Registry;

const US: &str = "v2.core.vault.us_bank_account";
const GB: &str = "v2.core.vault.gb_bank_account";

pub(crate) fn register(registry: &mut Registry) {
    registry.add("v2.core.vault.us_bank_accounts.create", create_us);
    registry.add("v2.core.vault.gb_bank_accounts.create", create_gb);
}

/// `POST /v2/core/vault/us_bank_accounts`: wires need a routing number of their own, or a common one serves both.
fn create_us(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let routing = ["routing_number", "fedwire_routing_number"];
    if !routing.iter().any(|name| params.has(name)) {
        return Err(ApiError::missing_parameter("routing_number"));
    }
    create(ctx, US, params, params.text("account_number"))
}

/// `POST /v2/core/vault/gb_bank_accounts`: an IBAN, or a sort code and a number.
fn create_gb(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let number = params.text("iban").or(params.text("account_number"));
    create(ctx, GB, params, number)
}

fn create(
    ctx: &mut Ctx<'_>,
    object_type: &str,
    params: &Params,
    number: Option<&str>,
) -> Result<Value, ApiError> {
    let number = number.ok_or_else(|| ApiError::missing_parameter("account_number"))?;
    let digits = number.replace([' ', '-'], "");
    if digits.len() < 4 || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = format!("Invalid account number: {number}. Give at least four digits.");
        return Err(ApiError::invalid_param("account_number", message));
    }
    let last4 = digits.get(digits.len() - 4..);
    let currency = params.text("currency").unwrap_or_default();
    let kind = params.text("bank_account_type").unwrap_or("checking");
    let more = json!({
        "bank_account_type": kind, "bank_name": "STRIPE TEST BANK", "last4": last4, "supported_currencies": [currency],
    });
    let account = drafted(ctx, object_type, params, more)?;
    ctx.insert(object_type, &account);
    Ok(account)
}
