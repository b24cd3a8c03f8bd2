//! The bank account or debit card that a payout goes to.

use serde_json::{Value, json};

use crate::accounts::account_changes::save_account;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::payouts::payout_settings;
use crate::random::derived_text;

/// The destination of an automatic payout in `currency`. Skips a bank account that failed the last payout. Uses the implicit
/// bank account of an account without external accounts only if `/v1/balance_settings` was set (`has_settings`).
pub(super) fn automatic_destination(
    ctx: &Ctx<'_>,
    currency: &str,
    has_settings: bool,
) -> Option<Value> {
    let destination = find_destination(ctx, currency, None)?;
    let is_listed = destination["default_for_currency"] == true;
    let has_failed = destination["status"] == "errored";
    let is_used = if is_listed { !has_failed } else { has_settings };
    is_used.then_some(destination)
}

/// Whether the destination supports instant payouts. The implicit bank account does not name its methods and supports them.
pub(super) fn supports_instant_payouts(destination: &Value) -> bool {
    let methods = destination["available_payout_methods"].as_array();
    methods.is_none_or(|methods| methods.iter().any(|method| method == "instant"))
}

/// The external accounts in `currency` that support instant payouts.
pub(super) fn instant_destinations(ctx: &Ctx<'_>, currency: &str) -> Vec<Value> {
    let account = payout_settings::account(ctx);
    let listed = account
        .as_ref()
        .and_then(|account| account["external_accounts"]["data"].as_array());
    let is_instant = |it: &&Value| {
        it["currency"] == currency
            && it["available_payout_methods"].is_array()
            && supports_instant_payouts(it)
    };
    listed
        .into_iter()
        .flatten()
        .filter(is_instant)
        .cloned()
        .collect()
}

/// Sets the status of a bank account that failed an automatic payout to `errored`.
pub(super) fn mark_errored(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let Some(before) = payout_settings::account(ctx) else {
        return Ok(());
    };
    let mut account = before.clone();
    let listed = account["external_accounts"]["data"].as_array_mut();
    let Some(bank) = listed.into_iter().flatten().find(|bank| bank["id"] == id) else {
        return Ok(());
    };
    bank["status"] = "errored".into();
    let bank = bank.clone();
    ctx.emit("account.external_account.updated", &bank, None);
    save_account(ctx, &before, account)?;
    Ok(())
}

/// The external account with the id `requested`, or else the default one in `currency`. An account that manages itself and has
/// no external accounts has an implicit bank account.
pub(super) fn find_destination(
    ctx: &Ctx<'_>,
    currency: &str,
    requested: Option<&str>,
) -> Option<Value> {
    let account = payout_settings::account(ctx);
    let listed = account
        .as_ref()
        .and_then(|account| account["external_accounts"]["data"].as_array())
        .cloned()
        .unwrap_or_default();
    let destination = match requested {
        Some(id) => listed.iter().find(|it| it["id"] == id),
        None => listed
            .iter()
            .find(|it| it["currency"] == currency && it["default_for_currency"] == true),
    };
    if let Some(destination) = destination {
        return Some(destination.clone());
    }
    let is_self_managed =
        account.is_none_or(|account| account["controller"]["is_controller"] != true);
    let implicit = format!("ba_1{}", derived_text(&ctx.scope.account, 23));
    let is_implicit =
        is_self_managed && listed.is_empty() && requested.is_none_or(|id| id == implicit);
    is_implicit.then(|| json!({"id": implicit, "object": "bank_account", "currency": currency}))
}
