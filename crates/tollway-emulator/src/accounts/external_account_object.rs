//! External accounts, the bank accounts and debit cards that an account is paid out to. They are stored in the account's
//! `external_accounts`.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::payment_methods::bank_accounts;

/// A new external account from the parameter `external_account`: an object or the id of a token.
pub(super) fn new_external_account(
    ctx: &mut Ctx<'_>,
    account: &Map<String, Value>,
    spec: &Value,
) -> Result<Value, ApiError> {
    let currency = account["default_currency"].as_str().unwrap_or("usd");
    let is_card = match spec.as_str() {
        Some(token) => {
            token.starts_with("tok_") && !bank_accounts::is_bank_account_token(ctx, token)?
        }
        None => spec["object"] == "card",
    };
    let mut external_account = if is_card {
        bank_accounts::payout_card(ctx, spec, currency)?
    } else {
        let mut bank = bank_accounts::bank_account(ctx, spec, currency, "external_account")?;
        if spec["country"].is_null() {
            bank["country"] = account["country"].clone();
        }
        bank
    };
    external_account["account"] = account["id"].clone();
    external_account["available_payout_methods"] = if is_card {
        json!(["standard", "instant"])
    } else {
        json!(["standard"])
    };
    external_account["default_for_currency"] = true.into();
    external_account["metadata"] = json!({});
    Ok(external_account)
}

/// Adds an external account in place of the default one of its currency.
pub(super) fn replace_default(account: &mut Map<String, Value>, external_account: Value) {
    let all = &mut account["external_accounts"];
    let mut data = data_of(all);
    data.retain(|other| {
        other["currency"] != external_account["currency"] || other["default_for_currency"] != true
    });
    data.push(external_account);
    all["total_count"] = data.len().into();
    all["data"] = data.into();
}

/// Emits the events of external accounts that were created, updated or deleted.
pub(super) fn emit_external_account_changes(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    let account = after["id"].as_str().unwrap_or_default();
    let (old_accounts, new_accounts) = (external_accounts_of(before), external_accounts_of(after));
    for new in &new_accounts {
        let old = old_accounts.iter().find(|old| old["id"] == new["id"]);
        let previous = old.map(|old| previous_attributes(old, new));
        let (event, previous) = match previous {
            None => ("created", None),
            Some(previous) if previous.is_empty() => continue,
            Some(previous) => ("updated", Some(Value::Object(previous))),
        };
        let event = format!("account.external_account.{event}");
        ctx.acting_for(account).emit(&event, new, previous);
    }
    for deleted in old_accounts
        .iter()
        .filter(|old| new_accounts.iter().all(|new| new["id"] != old["id"]))
    {
        ctx.acting_for(account)
            .emit("account.external_account.deleted", deleted, None);
    }
}

/// The external accounts of an account.
pub(super) fn external_accounts_of(account: &Value) -> Vec<Value> {
    data_of(&account["external_accounts"])
}

fn data_of(external_accounts: &Value) -> Vec<Value> {
    let data = external_accounts["data"].as_array();
    data.cloned().unwrap_or_default()
}
