//! Instant payouts: available and pending money is paid out to a debit card within half an hour, for a fee.
//!
//! The platform pays the fee for its connected accounts, in a balance transaction of its own; its own payouts include the fee. `method_fees.instant_payout` of the configuration sets another fee than one percent, at least 50
//! cents. See <https://docs.stripe.com/connect/instant-payouts>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::fees::FeeSchedule;
use crate::ledger::entries::{Amounts, Holder, JournalEntry};
use crate::ledger::posting::{Movement, create_balance_transaction, post};
use crate::money::Money;
use crate::payouts::destinations::{instant_destinations, supports_instant_payouts};

/// The currencies of the countries that have instant payouts.
const CURRENCIES: &[&str] = &[
    "aed", "aud", "cad", "dkk", "eur", "gbp", "hkd", "myr", "nok", "nzd", "sek", "sgd", "usd",
];
/// The smallest instant payout, and the smallest fee, in the currency's smallest unit.
const MIN_AMOUNT: i64 = 50;
/// The largest instant payout, in the currency's smallest unit.
const MAX_AMOUNT: i64 = 999_900;

/// Checks that `amount` can be paid out instantly to the destination.
pub(super) fn check(money: Money, destination: &Value) -> Result<(), ApiError> {
    let (amount, currency) = (money.amount, money.currency.as_str());
    if !supports_instant_payouts(destination) {
        let message = "This external account does not support instant payouts: pay out to a debit card, or with method=standard.";
        return Err(ApiError::invalid_param("method", message).code("instant_payouts_unsupported"));
    }
    if !CURRENCIES.contains(&currency) {
        let message = format!(
            "Instant payouts are not supported in {currency}: pay out with method=standard."
        );
        return Err(
            ApiError::invalid_param("currency", message).code("instant_payouts_currency_disabled")
        );
    }
    let shown = |amount| currency::format(amount, currency);
    if amount < MIN_AMOUNT {
        let message = format!("An instant payout is of {} at least.", shown(MIN_AMOUNT));
        return Err(ApiError::invalid_param("amount", message).code("amount_too_small"));
    }
    if amount > MAX_AMOUNT {
        let message = format!("An instant payout is of {} at most.", shown(MAX_AMOUNT));
        return Err(
            ApiError::invalid_param("amount", message).code("instant_payouts_limit_exceeded")
        );
    }
    Ok(())
}

/// Stripe's fee for an instant payout.
fn fee(ctx: &Ctx<'_>, amount: i64, currency: &str) -> i64 {
    let config = ctx.services.config();
    let fee = FeeSchedule::of(config, "instant_payout", currency).on(amount);
    if config.method_fees.contains_key("instant_payout") {
        fee
    } else {
        fee.max(MIN_AMOUNT)
    }
}

/// The fee that the account pays for an instant payout: none for a connected account, whose platform pays.
pub(super) fn own_fee(ctx: &Ctx<'_>, amount: i64, currency: &str) -> i64 {
    if ctx.is_platform() {
        fee(ctx, amount, currency)
    } else {
        0
    }
}

/// Charges the platform the fee for an instant payout of a connected account, or returns it if the payout is `undone`.
pub(super) fn charge_platform_fee(
    ctx: &mut Ctx<'_>,
    money: Money,
    undone: bool,
) -> Result<(), ApiError> {
    if ctx.is_platform() {
        return Ok(());
    }
    let fee = fee(ctx, money.amount, money.currency.as_str()) * if undone { -1 } else { 1 };
    let (platform, now) = (ctx.world.platform_scope(ctx.scope.mode), ctx.now());
    let payer = Holder::Account(platform.account.to_string());
    let entry = JournalEntry::new(money.currency)
        .line(payer, -fee, now)
        .line(Holder::Stripe, fee, now);
    post(ctx, &entry)?;
    let description = format!("Instant payout fee for {}", ctx.scope.account);
    let movement = Movement {
        kind: "stripe_fee",
        money: money.with_amount(-fee),
        fees: Vec::new(),
        source: "",
        description: Some(&description),
        available_on: now,
        exchange_rate: None,
    };
    create_balance_transaction(&mut ctx.in_scope(platform), &movement).map(drop)
}

/// `instant_available` of a balance in one currency; none without a debit card in it.
pub(super) fn instant_balance(ctx: &Ctx<'_>, amounts: &Amounts) -> Option<Value> {
    let currency = &amounts.currency;
    let cards = instant_destinations(ctx, currency);
    if cards.is_empty() || !CURRENCIES.contains(&currency.as_str()) {
        return None;
    }
    let amount = (amounts.available + amounts.pending).max(0);
    let net = (amount - own_fee(ctx, amount, currency)).max(0);
    let row = |card: &Value| json!({"amount": net, "destination": card["id"], "source_types": {"card": net}});
    Some(json!({
        "amount": amount,
        "currency": currency,
        "net_available": cards.iter().map(row).collect::<Vec<_>>(),
        "source_types": {"card": amount},
    }))
}
