//! Whether a purchase is allowed: the states of card and holder, and the spending controls of both.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::issuing::AUTHORIZATION;
use crate::json::{list, number, text};
use crate::product_objects::id_of;
use crate::store::{CreatedRange, Query};

/// Why a purchase is approved, or why it is not: `request_history[].reason`.
pub(super) struct Verdict {
    pub(super) approved: bool,
    pub(super) reason: &'static str,
}

const fn declined(reason: &'static str) -> Verdict {
    Verdict {
        approved: false,
        reason,
    }
}

/// Judges an authorization that is not kept yet.
pub(super) fn judge(ctx: &Ctx<'_>, card: &Value, holder: &Value, purchase: &Value) -> Verdict {
    match text(card, "status") {
        "active" => {}
        "canceled" => return declined("card_canceled"),
        _ => return declined("card_inactive"),
    }
    match text(holder, "status") {
        "active" => {}
        "blocked" => return declined("cardholder_blocked"),
        _ => return declined("cardholder_inactive"),
    }
    let allowed = |owner: &Value, spent_by: (&str, &str)| {
        let controls = &owner["spending_controls"];
        merchant_allowed(controls, &purchase["merchant_data"])
            && within_limits(ctx, controls, spent_by, purchase)
    };
    if allowed(card, ("card", id_of(card))) && allowed(holder, ("cardholder", id_of(holder))) {
        return Verdict {
            approved: true,
            reason: "card_active",
        };
    }
    declined("spending_controls")
}

fn merchant_allowed(controls: &Value, merchant: &Value) -> bool {
    let named = |name: &str, value: &Value| list(controls, name).contains(value);
    let passes = |kind: &str, value: &Value| {
        let only = format!("allowed_{kind}");
        let none_named = list(controls, &only).is_empty();
        (none_named || named(&only, value)) && !named(&format!("blocked_{kind}"), value)
    };
    passes("categories", &merchant["category"])
        && passes("merchant_countries", &merchant["country"])
}

fn within_limits(
    ctx: &Ctx<'_>,
    controls: &Value,
    (owner, id): (&str, &str),
    purchase: &Value,
) -> bool {
    let category = &purchase["merchant_data"]["category"];
    let amount = number(purchase, "amount");
    list(controls, "spending_limits").iter().all(|limit| {
        let categories = list(limit, "categories");
        let concerns = |category: &Value| categories.is_empty() || categories.contains(category);
        if !concerns(category) {
            return true;
        }
        let before = match text(limit, "interval") {
            "per_authorization" => 0,
            interval => spent(ctx, (owner, id), start_of(ctx.now(), interval), concerns),
        };
        before + amount <= number(limit, "amount")
    })
}

/// What was approved since a moment, in categories that count.
fn spent(
    ctx: &Ctx<'_>,
    (owner, id): (&str, &str),
    since: Option<i64>,
    counts: impl Fn(&Value) -> bool,
) -> i64 {
    let query = Query {
        limit: usize::MAX,
        created: CreatedRange {
            from: since,
            to: None,
        },
        filters: &[(owner, id)],
        ..Query::default()
    };
    let found = ctx
        .world
        .store
        .list(&ctx.scope, AUTHORIZATION, &query)
        .unwrap_or_default();
    let purchases = found.records.iter().map(|record| record.parse());
    purchases
        .filter(|purchase| {
            purchase["approved"] == true && counts(&purchase["merchant_data"]["category"])
        })
        .map(|purchase| number(&purchase, "amount"))
        .sum()
}

/// When the present day, week, month or year began, by UTC; none for all time.
fn start_of(now: i64, interval: &str) -> Option<i64> {
    let now = Timestamp::from_second(now).ok()?.to_zoned(TimeZone::UTC);
    let day = now.start_of_day().ok()?;
    let start: Zoned = match interval {
        "daily" => day,
        "weekly" => day
            .checked_sub(i64::from(day.weekday().since(Weekday::Monday)).days())
            .ok()?,
        "monthly" => day.first_of_month().ok()?,
        "yearly" => day.first_of_year().ok()?,
        _ => return None,
    };
    Some(start.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn intervals_begin_by_the_calendar() {
        // Wednesday, 15 November 2023, 12:00.
        let now = 1_700_049_600;
        let begins = |interval| start_of(now, interval);
        assert_eq!(begins("daily"), Some(1_700_006_400));
        assert_eq!(begins("weekly"), Some(1_699_833_600));
        assert_eq!(begins("monthly"), Some(1_698_796_800));
        assert_eq!(begins("yearly"), Some(1_672_531_200));
        assert_eq!(begins("all_time"), None);
    }

    #[test]
    fn merchants_are_allowed_or_blocked_by_category_and_country() {
        let bar = json!({"category": "bars", "country": "US"});
        assert!(merchant_allowed(&json!({}), &bar));
        assert!(merchant_allowed(
            &json!({"allowed_categories": ["bars"]}),
            &bar
        ));
        assert!(!merchant_allowed(
            &json!({"allowed_categories": ["bakeries"]}),
            &bar
        ));
        assert!(!merchant_allowed(
            &json!({"blocked_categories": ["bars"]}),
            &bar
        ));
        assert!(!merchant_allowed(
            &json!({"blocked_merchant_countries": ["US"]}),
            &bar
        ));
    }
}
