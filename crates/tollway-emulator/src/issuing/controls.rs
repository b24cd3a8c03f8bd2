//! Whether an authorization is approved: by the status of card and cardholder, and by the spending controls of both.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::issuing::object_types::AUTHORIZATION;
use crate::json::{list, number, text};
use crate::product_objects::id_of;
use crate::store::{CreatedRange, Query};

/// Whether an authorization is approved, and `request_history[].reason`.
pub(super) struct AuthorizationDecision {
    pub(super) approved: bool,
    pub(super) reason: &'static str,
}

const fn decline(reason: &'static str) -> AuthorizationDecision {
    AuthorizationDecision {
        approved: false,
        reason,
    }
}

/// Decides on an authorization that is not stored yet.
pub(super) fn decide_authorization(
    ctx: &Ctx<'_>,
    card: &Value,
    cardholder: &Value,
    authorization: &Value,
) -> AuthorizationDecision {
    match text(card, "status") {
        "active" => {}
        "canceled" => return decline("card_canceled"),
        _ => return decline("card_inactive"),
    }
    match text(cardholder, "status") {
        "active" => {}
        "blocked" => return decline("cardholder_blocked"),
        _ => return decline("cardholder_inactive"),
    }
    let is_allowed = |owner: &Value, spent_by: (&str, &str)| {
        let controls = &owner["spending_controls"];
        is_merchant_allowed(controls, &authorization["merchant_data"])
            && is_within_limits(ctx, controls, spent_by, authorization)
    };
    if is_allowed(card, ("card", id_of(card)))
        && is_allowed(cardholder, ("cardholder", id_of(cardholder)))
    {
        return AuthorizationDecision {
            approved: true,
            reason: "card_active",
        };
    }
    decline("spending_controls")
}

fn is_merchant_allowed(controls: &Value, merchant: &Value) -> bool {
    let lists = |name: &str, value: &Value| list(controls, name).contains(value);
    let passes = |kind: &str, value: &Value| {
        let allowed = format!("allowed_{kind}");
        let allows_all = list(controls, &allowed).is_empty();
        (allows_all || lists(&allowed, value)) && !lists(&format!("blocked_{kind}"), value)
    };
    passes("categories", &merchant["category"])
        && passes("merchant_countries", &merchant["country"])
}

fn is_within_limits(
    ctx: &Ctx<'_>,
    controls: &Value,
    (owner, id): (&str, &str),
    authorization: &Value,
) -> bool {
    let category = &authorization["merchant_data"]["category"];
    let amount = number(authorization, "amount");
    list(controls, "spending_limits").iter().all(|limit| {
        let categories = list(limit, "categories");
        let counts = |category: &Value| categories.is_empty() || categories.contains(category);
        if !counts(category) {
            return true;
        }
        let spent = match text(limit, "interval") {
            "per_authorization" => 0,
            interval => spent_since(
                ctx,
                (owner, id),
                interval_start(ctx.now(), interval),
                counts,
            ),
        };
        spent + amount <= number(limit, "amount")
    })
}

/// The sum of the authorizations approved since a time, in Unix seconds, in the categories that count.
fn spent_since(
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
    let page = ctx
        .world
        .store
        .list(&ctx.scope, AUTHORIZATION, &query)
        .unwrap_or_default();
    let authorizations = page.records.iter().map(|record| record.parse());
    authorizations
        .filter(|authorization| {
            authorization["approved"] == true && counts(&authorization["merchant_data"]["category"])
        })
        .map(|authorization| number(&authorization, "amount"))
        .sum()
}

/// The start of the current day, week, month or year, in UTC; none for `all_time`.
fn interval_start(now: i64, interval: &str) -> Option<i64> {
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
    fn intervals_start_by_the_calendar() {
        // Wednesday, 15 November 2023, 12:00.
        let now = 1_700_049_600;
        let start = |interval| interval_start(now, interval);
        assert_eq!(start("daily"), Some(1_700_006_400));
        assert_eq!(start("weekly"), Some(1_699_833_600));
        assert_eq!(start("monthly"), Some(1_698_796_800));
        assert_eq!(start("yearly"), Some(1_672_531_200));
        assert_eq!(start("all_time"), None);
    }

    #[test]
    fn merchants_are_allowed_or_blocked_by_category_and_country() {
        let bar = json!({"category": "bars", "country": "US"});
        assert!(is_merchant_allowed(&json!({}), &bar));
        assert!(is_merchant_allowed(
            &json!({"allowed_categories": ["bars"]}),
            &bar
        ));
        assert!(!is_merchant_allowed(
            &json!({"allowed_categories": ["bakeries"]}),
            &bar
        ));
        assert!(!is_merchant_allowed(
            &json!({"blocked_categories": ["bars"]}),
            &bar
        ));
        assert!(!is_merchant_allowed(
            &json!({"blocked_merchant_countries": ["US"]}),
            &bar
        ));
    }
}
