//! Bank accounts of `/v2/core/vault`. Responses contain only the last four digits of a number.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::product_objects::new_object;
use crate::registry::Registry;

const US_BANK_ACCOUNT: &str = "v2.core.vault.us_bank_account";
const GB_BANK_ACCOUNT: &str = "v2.core.vault.gb_bank_account";

pub(crate) fn register(registry: &mut Registry) {
    registry.add("v2.core.vault.us_bank_accounts.create", create_us);
    registry.add("v2.core.vault.gb_bank_accounts.create", create_gb);
}

/// `POST /v2/core/vault/us_bank_accounts`: requires a routing number for ACH or for wires.
fn create_us(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let routing_params = ["routing_number", "fedwire_routing_number"];
    if !routing_params.iter().any(|name| params.has(name)) {
        return Err(ApiError::missing_parameter("routing_number"));
    }
    create_bank_account(ctx, US_BANK_ACCOUNT, params, params.text("account_number"))
}

/// `POST /v2/core/vault/gb_bank_accounts`: requires an IBAN or an account number.
fn create_gb(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let number = params.text("iban").or(params.text("account_number"));
    create_bank_account(ctx, GB_BANK_ACCOUNT, params, number)
}

fn create_bank_account(
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
    let members = json!({
        "bank_account_type": kind, "bank_name": "STRIPE TEST BANK", "last4": last4, "supported_currencies": [currency],
    });
    let account = new_object(ctx, object_type, params, members)?;
    ctx.insert(object_type, &account);
    Ok(account)
}
