//! Currency conversion: an account with external accounts keeps money in their currencies; it converts every other currency into
//! its default currency. An account without external accounts keeps every currency, and so does a platform without
//! `settlement_currencies`.
//!
//! ```text
//! card holder ─ eur ─▶ exchange            each journal entry is in one currency and sums to zero
//!                      exchange ─ usd ─▶ account
//! ```
//!
//! See <https://docs.stripe.com/currencies/conversions>.

use serde_json::{Map, Value, json};

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::window;
use crate::ledger::entries::{Holder, JournalEntry};
use crate::ledger::exchange_rates::{self, Rate};
use crate::ledger::posting::post;
use crate::money::{Currency, Money};
use crate::params::Params;
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("exchange_rates.list", list);
    registry.add("exchange_rates.retrieve", retrieve);
}

/// An amount in the settlement currency of an account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SettledMoney {
    pub(crate) money: Money,
    /// The rate of the conversion; none without a conversion.
    rate: Option<Rate>,
}

impl SettledMoney {
    /// An amount that needs no conversion.
    pub(crate) const fn unconverted(money: Money) -> Self {
        Self { money, rate: None }
    }

    /// The settlement currency.
    pub(crate) const fn currency(&self) -> Currency {
        self.money.currency
    }

    /// Another amount of the same payment, converted at the same rate.
    pub(crate) fn convert(&self, part: Money) -> Money {
        let Some(rate) = self.rate else {
            return part;
        };
        let to = self.money.currency;
        let amount = rate.convert(part.amount, part.currency.as_str(), to.as_str());
        Money::new(amount, to)
    }

    /// `exchange_rate` of a balance transaction.
    pub(crate) fn exchange_rate(&self) -> Option<f64> {
        self.rate.map(Rate::as_float)
    }
}

/// Converts money into the settlement currency of the context's account.
pub(crate) fn settle(ctx: &Ctx<'_>, money: Money) -> Result<SettledMoney, ApiError> {
    let to = settlement_currency(ctx, money.currency)?;
    if to == money.currency {
        return Ok(SettledMoney::unconverted(money));
    }
    let rate = rate_between(ctx, money.currency.as_str(), to.as_str());
    let amount = rate.convert(money.amount, money.currency.as_str(), to.as_str());
    Ok(SettledMoney {
        money: Money::new(amount, to),
        rate: Some(rate),
    })
}

fn rate_between(ctx: &Ctx<'_>, from: &str, to: &str) -> Rate {
    Rate::between(&ctx.world.platform.exchange_rates, from, to)
}

/// Converts money into another currency.
pub(crate) fn convert(ctx: &Ctx<'_>, money: Money, to: Currency) -> Money {
    if money.currency == to {
        return money;
    }
    let (from, code) = (money.currency.as_str(), to.as_str());
    let amount = rate_between(ctx, from, code).convert(money.amount, from, code);
    Money::new(amount, to)
}

/// The currency in which the context's account keeps money that it receives in `currency`.
fn settlement_currency(ctx: &Ctx<'_>, currency: Currency) -> Result<Currency, ApiError> {
    if ctx.is_platform() {
        let platform = &ctx.world.platform;
        let settled = &platform.settlement_currencies;
        if settled.is_empty() || settled.iter().any(|settled| settled == currency.as_str()) {
            return Ok(currency);
        }
        return Currency::of_stored(&platform.default_currency);
    }
    let account = AccountSummary::of(ctx).unwrap_or_default();
    let mut currencies = account.bank_currencies().peekable();
    let is_kept =
        currencies.peek().is_none() || currencies.any(|settled| settled == currency.as_str());
    match account.default_currency.as_deref() {
        Some(default) if !is_kept => Currency::of_stored(default),
        _ => Ok(currency),
    }
}

/// The default currency of the context's account.
pub(crate) fn default_currency(ctx: &Ctx<'_>) -> String {
    let own = AccountSummary::of(ctx).and_then(|account| account.default_currency);
    own.unwrap_or_else(|| ctx.world.platform.default_currency.clone())
}

/// Returns the ledger holder to post against for a payment of `money` between the context's account and `outside`. Posts nothing
/// when no conversion is needed; else it posts the exchange with `outside`. A negative amount goes to `outside`.
pub(crate) fn counterparty(
    ctx: &mut Ctx<'_>,
    outside: Holder,
    money: Money,
    settled: &SettledMoney,
    at: i64,
) -> Result<Holder, ApiError> {
    if settled.rate.is_none() {
        return Ok(outside);
    }
    let entry = JournalEntry::new(money.currency)
        .line(outside, -money.amount, at)
        .line(Holder::Exchange, money.amount, at);
    post(ctx, &entry)?;
    Ok(Holder::Exchange)
}

/// Moves money from one account to another, each in its own settlement currency.
pub(crate) fn transfer_between(
    ctx: &mut Ctx<'_>,
    (from, paid): (&str, Money),
    (to, received): (&str, Money),
    at: i64,
) -> Result<(), ApiError> {
    let account = |id: &str| Holder::Account(id.to_owned());
    if paid == received {
        let entry = JournalEntry::new(paid.currency)
            .line(account(from), -paid.amount, at)
            .line(account(to), paid.amount, at);
        return post(ctx, &entry);
    }
    let payment = JournalEntry::new(paid.currency)
        .line(account(from), -paid.amount, at)
        .line(Holder::Exchange, paid.amount, at);
    post(ctx, &payment)?;
    let receipt = JournalEntry::new(received.currency)
        .line(Holder::Exchange, -received.amount, at)
        .line(account(to), received.amount, at);
    post(ctx, &receipt)
}

/// The `exchange_rate` object of a currency: its rates into every other currency.
fn exchange_rate_object(ctx: &Ctx<'_>, currency: &str) -> Value {
    let rates: Map<String, Value> = exchange_rates::currencies()
        .filter(|other| *other != currency)
        .map(|other| {
            (
                other.to_owned(),
                rate_between(ctx, currency, other).as_float().into(),
            )
        })
        .collect();
    json!({"id": currency, "object": "exchange_rate", "rates": rates})
}

/// `GET /v1/exchange_rates/{rate_id}`.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let requested = params.path("rate_id").to_ascii_lowercase();
    match exchange_rates::currencies().find(|currency| *currency == requested) {
        Some(currency) => Ok(exchange_rate_object(ctx, currency)),
        None => Err(ApiError::no_such("exchange rate", &requested, "rate_id")),
    }
}

/// `GET /v1/exchange_rates`.
fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let all: Vec<&str> = exchange_rates::currencies().collect();
    let (range, has_more) = window(params, "exchange rate", &all)?;
    let data: Vec<Value> = all[range]
        .iter()
        .map(|currency| exchange_rate_object(ctx, currency))
        .collect();
    Ok(json!({"object": "list", "data": data, "has_more": has_more, "url": "/v1/exchange_rates"}))
}
