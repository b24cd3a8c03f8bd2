//! `/v1/balance_settings`: how the account of the request is paid out.
//!
//! The settings of an account that has an `account` object are those of its `settings.payouts`.

use serde_json::{Map, Value, json};

use crate::accounts::operations;
use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::params::Params;
use crate::payouts::automatic_payouts;
use crate::payouts::payout_settings::{self, Told};
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("balance_settings.retrieve", retrieve);
    registry.add("balance_settings.update", update);
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every behaviour answers with a Result"
)]
fn retrieve(ctx: &mut Ctx<'_>, _params: &Params) -> Result<Value, ApiError> {
    Ok(shown(ctx))
}

/// The settings as the API shows them.
fn shown(ctx: &Ctx<'_>) -> Value {
    let settings = payout_settings::payout_settings(ctx);
    let told = payout_settings::told(ctx).unwrap_or_default();
    let account = payout_settings::account(ctx);
    let enabled = account.is_none_or(|account| account["payouts_enabled"] == true);
    let kept = &settings["schedule"];
    let mut shown = json!({"interval": kept["interval"]});
    match kept["interval"].as_str() {
        Some("weekly") => {
            let one = json!([kept["weekly_anchor"].as_str().unwrap_or("monday")]);
            shown["weekly_payout_days"] = kept.get("weekly_payout_days").cloned().unwrap_or(one);
        }
        Some("monthly") => {
            let one = json!([kept["monthly_anchor"].as_i64().unwrap_or(1)]);
            shown["monthly_payout_days"] = kept.get("monthly_payout_days").cloned().unwrap_or(one);
        }
        _ => {}
    }
    json!({
        "object": "balance_settings",
        "payments": {
            "debit_negative_balances": settings["debit_negative_balances"],
            "payouts": {
                "automatic_transfer_rules_by_currency": null,
                "minimum_balance_by_currency": (!told.minimum_balance.is_empty()).then_some(told.minimum_balance),
                "schedule": shown,
                "statement_descriptor": settings["statement_descriptor"],
                "status": if enabled { "enabled" } else { "disabled" },
            },
            "settlement_timing": {"delay_days": payout_settings::delay_days(ctx), "start_of_day": null},
        },
    })
}

/// `POST /v1/balance_settings`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut settings = payout_settings::payout_settings(ctx);
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
    if let Some(wanted) = params.map("payments.payouts.schedule") {
        change_schedule(&mut settings["schedule"], wanted)?;
    }
    if let Some(days) = payments("settlement_timing.delay_days_override") {
        settings["schedule"]["delay_days"] = delay(days)?.into();
    }
    let mut told = payout_settings::told(ctx).unwrap_or_default();
    match payments("payouts.minimum_balance_by_currency") {
        Some(Value::Object(wanted)) => keep_minimum(&mut told, wanted)?,
        Some(_) => told.minimum_balance.clear(),
        None => {}
    }
    if let Some(before) = payout_settings::account(ctx) {
        let mut account = before.clone();
        account["settings"]["payouts"] = settings;
        operations::keep(ctx, &before, account)?;
    } else {
        told.payouts = settings;
    }
    payout_settings::tell(ctx, &told);
    let account = ctx.scope.account.to_string();
    automatic_payouts::reconsider(ctx, &account)?;
    let shown = shown(ctx);
    ctx.emit("balance_settings.updated", &shown, None);
    Ok(shown)
}

fn change_schedule(kept: &mut Value, wanted: &Map<String, Value>) -> Result<(), ApiError> {
    let param = |name: &str| format!("payments[payouts][schedule][{name}]");
    let Some(interval) = wanted
        .get("interval")
        .or_else(|| kept.get("interval"))
        .cloned()
    else {
        return Ok(());
    };
    let delay = kept["delay_days"].clone();
    let mut new = json!({"delay_days": delay, "interval": interval});
    for (interval_of, name) in [
        ("weekly", "weekly_payout_days"),
        ("monthly", "monthly_payout_days"),
    ] {
        let days = wanted.get(name).or_else(|| kept.get(name)).cloned();
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
            (false, _) if wanted.contains_key(name) => {
                let message = format!(
                    "{name} can only be passed with interval={interval_of}, not with {interval}."
                );
                return Err(ApiError::invalid_param(&param(name), message));
            }
            (false, _) => {}
        }
    }
    *kept = new;
    Ok(())
}

/// Days that charges are held: the usual two when the override is taken back.
fn delay(days: &Value) -> Result<i64, ApiError> {
    match days.as_i64() {
        None => Ok(2),
        Some(days @ 0..=31) => Ok(days),
        Some(_) => Err(ApiError::invalid_param(
            "payments[settlement_timing][delay_days_override]",
            "The delay must be from 0 to 31 days.",
        )),
    }
}

fn keep_minimum(told: &mut Told, wanted: &Map<String, Value>) -> Result<(), ApiError> {
    for (name, amount) in wanted {
        let param = "payments[payouts][minimum_balance_by_currency]";
        currency::check(name, param)?;
        match amount.as_i64() {
            Some(amount) if amount < 0 => {
                let message = "The minimum balance cannot be negative.";
                return Err(ApiError::invalid_param(param, message));
            }
            Some(amount) => drop(told.minimum_balance.insert(name.clone(), amount)),
            None => drop(told.minimum_balance.remove(name)),
        }
    }
    Ok(())
}
