//! The payout schedule of an account: `settings.payouts` as a typed value.
//!
//! An account with an `account` object has its schedule there; the platform's own account, which has none, has a private record. See <https://docs.stripe.com/connect/manage-payout-schedule>.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::durations::DAY_SECONDS;
use crate::error::ApiError;
use crate::world::PrivateRecord;

const OWN: &str = "own";
/// The default number of days from a charge to its payout.
pub(super) const DEFAULT_DELAY_DAYS: i64 = 2;

/// The days on which an account is paid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Interval {
    /// Only by request.
    Manual,
    Daily,
    Weekly(Vec<Weekday>),
    /// Days of the month, from 1; a day that a month does not have is its last day.
    Monthly(Vec<i64>),
}

/// When and how an account is paid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) interval: Interval,
    /// Days from a charge to its payout.
    pub(crate) delay_days: i64,
    /// Whether a negative balance is debited from the bank account.
    pub(crate) debit_negative_balances: bool,
    pub(crate) statement_descriptor: Option<String>,
    /// The amount that stays on the balance, by currency.
    pub(super) minimum_balance: BTreeMap<String, i64>,
    /// Whether `/v1/balance_settings` was set.
    pub(super) has_settings: bool,
}

/// The settings of `/v1/balance_settings` that an account object has no members for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct StoredBalanceSettings {
    /// `settings.payouts` of an account without an object of its own.
    pub(super) payouts: Value,
    pub(super) minimum_balance: BTreeMap<String, i64>,
}

impl PrivateRecord for StoredBalanceSettings {
    const TYPE: &'static str = "_payout_settings";
}

/// The stored settings of the context's account.
pub(super) fn load_settings(ctx: &Ctx<'_>) -> Result<Option<StoredBalanceSettings>, ApiError> {
    ctx.load(OWN)
}

/// Stores the settings of the context's account.
pub(super) fn store_settings(ctx: &mut Ctx<'_>, settings: &StoredBalanceSettings) {
    ctx.save(OWN, settings);
}

/// The account object of the context's scope, if it has one.
pub(crate) fn account(ctx: &Ctx<'_>) -> Option<Value> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.world
        .store
        .object(&platform, "account", &ctx.scope.account)
}

/// `settings.payouts` of the context's account.
pub(super) fn payout_settings(ctx: &Ctx<'_>) -> Result<Value, ApiError> {
    let settings = match AccountSummary::of(ctx) {
        Some(account) => Some(account.into_payout_settings()),
        None => load_settings(ctx)?.map(|stored| stored.payouts),
    };
    Ok(settings.filter(Value::is_object).unwrap_or_else(|| {
        json!({
            "debit_negative_balances": true,
            "schedule": {"delay_days": DEFAULT_DELAY_DAYS, "interval": "daily"},
            "statement_descriptor": null,
        })
    }))
}

/// Days from a charge of the context's account to its payout.
pub(crate) fn delay_days(ctx: &Ctx<'_>) -> Result<i64, ApiError> {
    Ok(delay_of_settings(&payout_settings(ctx)?))
}

fn delay_of_settings(settings: &Value) -> i64 {
    settings["schedule"]["delay_days"]
        .as_i64()
        .unwrap_or(DEFAULT_DELAY_DAYS)
}

impl Schedule {
    /// The schedule of the context's account.
    pub(super) fn load(ctx: &Ctx<'_>) -> Result<Self, ApiError> {
        let settings = payout_settings(ctx)?;
        let stored = load_settings(ctx)?;
        Ok(Self {
            interval: Interval::parse(&settings["schedule"]),
            delay_days: delay_of_settings(&settings),
            debit_negative_balances: settings["debit_negative_balances"] != false,
            statement_descriptor: settings["statement_descriptor"].as_str().map(str::to_owned),
            has_settings: stored.is_some(),
            minimum_balance: stored
                .map(|stored| stored.minimum_balance)
                .unwrap_or_default(),
        })
    }
}

impl Interval {
    /// Parses `interval` and its days; the newer lists of days take precedence over the single anchors.
    fn parse(schedule: &Value) -> Self {
        match schedule["interval"].as_str() {
            Some("manual") => Self::Manual,
            Some("weekly") => {
                let days_list = schedule["weekly_payout_days"].as_array();
                let mut days: Vec<Weekday> = days_list
                    .into_iter()
                    .flatten()
                    .filter_map(|day| weekday(day.as_str()?))
                    .collect();
                if days.is_empty() {
                    let anchor = schedule["weekly_anchor"].as_str().and_then(weekday);
                    days.push(anchor.unwrap_or(Weekday::Monday));
                }
                Self::Weekly(days)
            }
            Some("monthly") => {
                let days_list = schedule["monthly_payout_days"].as_array();
                let mut days: Vec<i64> = days_list
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_i64)
                    .collect();
                if days.is_empty() {
                    days.push(schedule["monthly_anchor"].as_i64().unwrap_or(1));
                }
                Self::Monthly(days)
            }
            _ => Self::Daily,
        }
    }

    /// Whether the day that starts at `midnight` (UTC) is a payout day.
    pub(crate) fn pays_on(&self, midnight: i64) -> bool {
        let Some(day) = day(midnight) else {
            return false;
        };
        match self {
            Self::Manual => false,
            Self::Daily => true,
            Self::Weekly(days) => days.contains(&day.weekday()),
            Self::Monthly(days) => {
                let (date, last) = (i64::from(day.day()), i64::from(day.days_in_month()));
                days.iter()
                    .any(|payout_day| (*payout_day).min(last) == date)
            }
        }
    }

    /// The midnight of the first payout day after `midnight`; none for manual payouts.
    pub(crate) fn after(&self, midnight: i64) -> Option<i64> {
        // A month has each of its days within the next 31.
        (1..=32)
            .map(|days| midnight + days * DAY_SECONDS)
            .find(|midnight| self.pays_on(*midnight))
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

fn day(midnight: i64) -> Option<Zoned> {
    let moment = Timestamp::from_second(midnight).ok()?;
    Some(moment.to_zoned(TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Midnight of 1 January 2026, a Thursday.
    const NEW_YEAR: i64 = 1_767_225_600;

    fn next(schedule: &Value, from: i64) -> Option<i64> {
        let after = Interval::parse(schedule).after(from)?;
        Some((after - NEW_YEAR) / DAY_SECONDS)
    }

    #[test]
    fn the_next_payout_day_follows_the_interval() {
        assert_eq!(next(&json!({"interval": "daily"}), NEW_YEAR), Some(1));
        assert_eq!(next(&json!({"interval": "manual"}), NEW_YEAR), None);
        let weekly = json!({"interval": "weekly", "weekly_anchor": "friday"});
        assert_eq!(next(&weekly, NEW_YEAR), Some(1));
        assert_eq!(next(&weekly, NEW_YEAR + DAY_SECONDS), Some(8));
        let twice = json!({"interval": "weekly", "weekly_payout_days": ["monday", "wednesday"]});
        assert_eq!(next(&twice, NEW_YEAR), Some(4));
        assert_eq!(next(&twice, NEW_YEAR + 4 * DAY_SECONDS), Some(6));
    }

    #[test]
    fn short_months_are_paid_out_on_their_last_day() {
        let monthly = json!({"interval": "monthly", "monthly_anchor": 31});
        let days = [0, 30, 58].map(|from| next(&monthly, NEW_YEAR + from * DAY_SECONDS));
        assert_eq!(days, [Some(30), Some(58), Some(89)]);
        let twice = json!({"interval": "monthly", "monthly_payout_days": [1, 15]});
        assert_eq!(next(&twice, NEW_YEAR), Some(14));
    }
}
