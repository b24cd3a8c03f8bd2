//! When an account is paid out: `settings.payouts` of an account, as a plain value.
//!
//! An account that has an `account` object keeps its schedule there; the platform's own, which has none, lies in a record beside
//! its balance. See <https://docs.stripe.com/connect/manage-payout-schedule>.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::fees::DAY;

const SETTINGS: &str = "_payout_settings";
const OWN: &str = "own";
/// Days that a charge is held before it is paid out, if nobody says otherwise.
const USUAL_DELAY: i64 = 2;

/// On which days an account is paid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Interval {
    /// Only when asked.
    Manual,
    Daily,
    Weekly(Vec<Weekday>),
    /// Days of the month, counted from 1; the last day stands for those that a month does not have.
    Monthly(Vec<i64>),
}

/// How an account is paid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) interval: Interval,
    /// Days that a charge is held.
    pub(crate) delay_days: i64,
    /// Whether what the account owes is taken from its bank.
    pub(crate) debit_negative_balances: bool,
    pub(crate) statement_descriptor: Option<String>,
    /// What stays on the balance, by currency.
    pub(crate) keep: BTreeMap<String, i64>,
    /// Said through `/v1/balance_settings`.
    pub(crate) told: bool,
}

/// What `/v1/balance_settings` was told, and an account object has no place for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Told {
    /// `settings.payouts` of an account without an object of its own.
    pub(crate) payouts: Value,
    pub(crate) minimum_balance: BTreeMap<String, i64>,
}

/// What the context's account was told.
pub(crate) fn told(ctx: &Ctx<'_>) -> Option<Told> {
    ctx.world.typed(&ctx.scope, SETTINGS, OWN)
}

/// Keeps what the context's account was told.
pub(crate) fn tell(ctx: &mut Ctx<'_>, told: &Told) {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world.put_typed(&scope, SETTINGS, OWN, told, now);
}

/// The account object of the context's scope, if it has one.
pub(crate) fn account(ctx: &Ctx<'_>) -> Option<Value> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.world
        .store
        .object(&platform, "account", &ctx.scope.account)
}

/// `settings.payouts` of the context's account.
pub(crate) fn payout_settings(ctx: &Ctx<'_>) -> Value {
    AccountSummary::of(ctx)
        .map(AccountSummary::into_payout_settings)
        .or_else(|| told(ctx).map(|told| told.payouts))
        .filter(Value::is_object)
        .unwrap_or_else(|| {
            json!({
                "debit_negative_balances": true,
                "schedule": {"delay_days": USUAL_DELAY, "interval": "daily"},
                "statement_descriptor": null,
            })
        })
}

/// Days that a charge of the context's account is held.
pub(crate) fn delay_days(ctx: &Ctx<'_>) -> i64 {
    delay_of(&payout_settings(ctx))
}

fn delay_of(settings: &Value) -> i64 {
    settings["schedule"]["delay_days"]
        .as_i64()
        .unwrap_or(USUAL_DELAY)
}

impl Schedule {
    /// That of the context's account.
    pub(crate) fn of(ctx: &Ctx<'_>) -> Self {
        let settings = payout_settings(ctx);
        let told = told(ctx);
        Self {
            interval: Interval::of(&settings["schedule"]),
            delay_days: delay_of(&settings),
            debit_negative_balances: settings["debit_negative_balances"] != false,
            statement_descriptor: settings["statement_descriptor"].as_str().map(str::to_owned),
            told: told.is_some(),
            keep: told.map(|told| told.minimum_balance).unwrap_or_default(),
        }
    }
}

impl Interval {
    /// Reads `interval` and its anchors; the newer lists of days count before the single anchors.
    fn of(schedule: &Value) -> Self {
        match schedule["interval"].as_str() {
            Some("manual") => Self::Manual,
            Some("weekly") => {
                let several = schedule["weekly_payout_days"].as_array();
                let mut days: Vec<Weekday> = several
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
                let several = schedule["monthly_payout_days"].as_array();
                let mut days: Vec<i64> = several
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

    /// Is the day that begins at `midnight` (UTC) one to pay out?
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
                days.iter().any(|wanted| (*wanted).min(last) == date)
            }
        }
    }

    /// The first midnight after `midnight` to pay out at; none if it is done by hand.
    pub(crate) fn after(&self, midnight: i64) -> Option<i64> {
        // A month has each of its days within the next 31.
        (1..=32)
            .map(|days| midnight + days * DAY)
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
        let after = Interval::of(schedule).after(from)?;
        Some((after - NEW_YEAR) / DAY)
    }

    #[test]
    fn the_next_day_to_pay_out() {
        assert_eq!(next(&json!({"interval": "daily"}), NEW_YEAR), Some(1));
        assert_eq!(next(&json!({"interval": "manual"}), NEW_YEAR), None);
        let weekly = json!({"interval": "weekly", "weekly_anchor": "friday"});
        assert_eq!(next(&weekly, NEW_YEAR), Some(1));
        assert_eq!(next(&weekly, NEW_YEAR + DAY), Some(8));
        let twice = json!({"interval": "weekly", "weekly_payout_days": ["monday", "wednesday"]});
        assert_eq!(next(&twice, NEW_YEAR), Some(4));
        assert_eq!(next(&twice, NEW_YEAR + 4 * DAY), Some(6));
    }

    #[test]
    fn short_months_are_paid_out_on_their_last_day() {
        let monthly = json!({"interval": "monthly", "monthly_anchor": 31});
        let days = [0, 30, 58].map(|from| next(&monthly, NEW_YEAR + from * DAY));
        assert_eq!(days, [Some(30), Some(58), Some(89)]);
        let twice = json!({"interval": "monthly", "monthly_payout_days": [1, 15]});
        assert_eq!(next(&twice, NEW_YEAR), Some(14));
    }
}
