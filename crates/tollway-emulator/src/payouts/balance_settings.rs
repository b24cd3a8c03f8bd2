//! `/v1/balance_settings`: when and how the account of the request is paid out.
//!
//! The settings of an account that has an `account` object are those of its `settings.payouts`.

use serde_json::{Map, Value, json};

use crate::accounts::account_changes::save_account;
use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::params::Params;
use crate::payouts::automatic_payouts;
use crate::payouts::payout_settings::{self, StoredBalanceSettings};
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("balance_settings.retrieve", retrieve);
    registry.add("balance_settings.update", update);
}

fn retrieve(ctx: &mut Ctx<'_>, _params: &Params) -> Result<Value, ApiError> {
    settings_object(ctx)
}

/// The `balance_settings` object of the context's account.
fn settings_object(ctx: &Ctx<'_>) -> Result<Value, ApiError> {
    let settings = payout_settings::payout_settings(ctx)?;
    let stored = payout_settings::load_settings(ctx)?.unwrap_or_default();
    let account = payout_settings::account(ctx);
    let enabled = account.is_none_or(|account| account["payouts_enabled"] == true);
    let payout_schedule = &settings["schedule"];
    let mut schedule = json!({"interval": payout_schedule["interval"]});
    match payout_schedule["interval"].as_str() {
        Some("weekly") => {
            let one = json!([payout_schedule["weekly_anchor"]
                .as_str()
                .unwrap_or("monday")]);
            schedule["weekly_payout_days"] = payout_schedule
                .get("weekly_payout_days")
                .cloned()
                .unwrap_or(one);
        }
        Some("monthly") => {
            let one = json!([payout_schedule["monthly_anchor"].as_i64().unwrap_or(1)]);
            schedule["monthly_payout_days"] = payout_schedule
                .get("monthly_payout_days")
                .cloned()
                .unwrap_or(one);
        }
        _ => {}
    }
    Ok(json!({
        "object": "balance_settings",
        "payments": {
            "debit_negative_balances": settings["debit_negative_balances"],
            "payouts": {
                "automatic_transfer_rules_by_currency": null,
                "minimum_balance_by_currency": (!stored.minimum_balance.is_empty()).then_some(stored.minimum_balance),
                "schedule": schedule,
                "statement_descriptor": settings["statement_descriptor"],
                "status": if enabled { "enabled" } else { "disabled" },
            },
            "settlement_timing": {"delay_days": payout_settings::delay_days(ctx)?, "start_of_day": null},
        },
    }))
}

/// `POST /v1/balance_settings`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut settings = payout_settings::payout_settings(ctx)?;
    let payments = |path: &str| params.at(&format!("payments.{path}"));
    if let Some(debits) = params.bool("payments.debit_negative_balances") {
        settings["debit_negative_balances"] = debits.into();
    }
    if let Some(descriptor) = params.text("payments.payouts.statement_descriptor") {
        settings["statement_descriptor"] = match descriptor {
            "" => Value::Null,
            text => text.into(),
        };
    }
    if let Some(requested) = params.map("payments.payouts.schedule") {
        change_schedule(&mut settings["schedule"], requested)?;
    }
    if let Some(days) = payments("settlement_timing.delay_days_override") {
        settings["schedule"]["delay_days"] = parse_delay(days)?.into();
    }
    let mut stored = payout_settings::load_settings(ctx)?.unwrap_or_default();
    match payments("payouts.minimum_balance_by_currency") {
        Some(Value::Object(requested)) => set_minimum_balances(&mut stored, requested)?,
        Some(_) => stored.minimum_balance.clear(),
        None => {}
    }
    if let Some(before) = payout_settings::account(ctx) {
        let mut account = before.clone();
        account["settings"]["payouts"] = settings;
        save_account(ctx, &before, account)?;
    } else {
        stored.payouts = settings;
    }
    payout_settings::store_settings(ctx, &stored);
    let account = ctx.scope.account.to_string();
    automatic_payouts::schedule_next_run(ctx, &account)?;
    let object = settings_object(ctx)?;
    ctx.emit("balance_settings.updated", &object, None);
    Ok(object)
}

fn change_schedule(schedule: &mut Value, requested: &Map<String, Value>) -> Result<(), ApiError> {
    let param = |name: &str| format!("payments[payouts][schedule][{name}]");
    let Some(interval) = requested
        .get("interval")
        .or_else(|| schedule.get("interval"))
        .cloned()
    else {
        return Ok(());
    };
    let delay = schedule["delay_days"].clone();
    let mut new = json!({"delay_days": delay, "interval": interval});
    for (interval_of, name) in [
        ("weekly", "weekly_payout_days"),
        ("monthly", "monthly_payout_days"),
    ] {
        let days = requested.get(name).or_else(|| schedule.get(name)).cloned();
        match (interval == interval_of, days) {
            (true, Some(days)) => {
                let dates = days.as_array().into_iter().flatten();
                let mut dates = dates.filter_map(Value::as_i64);
                if dates.any(|date| !(1..=31).contains(&date)) {
                    let message = "Days of the month are numbers from 1 to 31.";
                    return Err(ApiError::invalid_param(&param(name), message));
                }
                new[name] = days;
            }
            (true, None) => return Err(ApiError::missing_parameter(&param(name))),
            (false, _) if requested.contains_key(name) => {
                let message = format!(
                    "{name} can only be passed with interval={interval_of}, not with {interval}."
                );
                return Err(ApiError::invalid_param(&param(name), message));
            }
            (false, _) => {}
        }
    }
    *schedule = new;
    Ok(())
}

/// Parses `delay_days_override`; clearing it restores the default delay.
fn parse_delay(days: &Value) -> Result<i64, ApiError> {
    match days.as_i64() {
        None => Ok(payout_settings::DEFAULT_DELAY_DAYS),
        Some(days @ 0..=31) => Ok(days),
        Some(_) => Err(ApiError::invalid_param(
            "payments[settlement_timing][delay_days_override]",
            "The delay must be from 0 to 31 days.",
        )),
    }
}

fn set_minimum_balances(
    stored: &mut StoredBalanceSettings,
    requested: &Map<String, Value>,
) -> Result<(), ApiError> {
    for (name, amount) in requested {
        let param = "payments[payouts][minimum_balance_by_currency]";
        currency::check(name, param)?;
        match amount.as_i64() {
            Some(amount) if amount < 0 => {
                let message = "The minimum balance cannot be negative.";
                return Err(ApiError::invalid_param(param, message));
            }
            Some(amount) => drop(stored.minimum_balance.insert(name.clone(), amount)),
            None => drop(stored.minimum_balance.remove(name)),
        }
    }
    Ok(())
}
