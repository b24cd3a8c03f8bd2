//! Conversion: an account that lists bank accounts keeps money in their currencies, and in its default one. Anything else that it
//! is paid, or pays, is converted into the default one on the way. An account that lists none keeps every currency as it comes,
//! as does a platform whose `settlement_currencies` nobody has set.
//!
//! ```text
//! card holder ─ eur ─▶ exchange            each journal is in one currency and sums to zero:
//!                      exchange ─ usd ─▶ account    what the exchange holds is what was converted
//! ```
//!
//! See <https://docs.stripe.com/currencies/conversions>.

use serde_json::{Map, Value, json};

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::window;
use crate::ledger::entries::{Holder, Journal};
use crate::ledger::exchange_rates::{self, Rate};
use crate::ledger::posting::post;
use crate::params::Params;
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("exchange_rates.list", list);
    registry.add("exchange_rates.retrieve", retrieve);
}

/// An amount as an account keeps it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settled {
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// What it was converted at, if it was.
    pub(crate) rate: Option<Rate>,
}

impl Settled {
    /// Another amount of the same payment.
    pub(crate) fn part(&self, amount: i64, currency: &str) -> i64 {
        self.rate
            .map_or(amount, |rate| rate.of(amount, currency, &self.currency))
    }

    /// `exchange_rate` of a balance transaction.
    pub(crate) fn exchange_rate(&self) -> Option<f64> {
        self.rate.map(Rate::shown)
    }
}

/// What `amount` is on the balance of the context's account.
pub(crate) fn settle(ctx: &Ctx<'_>, amount: i64, currency: &str) -> Settled {
    let kept = settlement_currency(ctx, currency);
    if kept == currency {
        return Settled {
            amount,
            currency: kept,
            rate: None,
        };
    }
    let rate = rate(ctx, currency, &kept);
    Settled {
        amount: rate.of(amount, currency, &kept),
        currency: kept,
        rate: Some(rate),
    }
}

fn rate(ctx: &Ctx<'_>, from: &str, to: &str) -> Rate {
    Rate::between(&ctx.world.platform.exchange_rates, from, to)
}

/// `amount` in another currency.
pub(crate) fn convert(ctx: &Ctx<'_>, amount: i64, from: &str, to: &str) -> i64 {
    if from == to {
        return amount;
    }
    rate(ctx, from, to).of(amount, from, to)
}

/// The currency that the context's account keeps money in that comes in `currency`.
fn settlement_currency(ctx: &Ctx<'_>, currency: &str) -> String {
    if ctx.is_platform() {
        let platform = &ctx.world.platform;
        let kept = &platform.settlement_currencies;
        if kept.is_empty() || kept.iter().any(|kept| kept == currency) {
            return currency.to_owned();
        }
        return platform.default_currency.clone();
    }
    let account = AccountSummary::of(ctx).unwrap_or_default();
    let mut banks = account.bank_currencies().peekable();
    let keeps = banks.peek().is_none() || banks.any(|kept| kept == currency);
    let default = account.default_currency.as_deref();
    default.filter(|_| !keeps).unwrap_or(currency).to_owned()
}

/// The currency of the context's account.
pub(crate) fn default_currency(ctx: &Ctx<'_>) -> String {
    let own = AccountSummary::of(ctx).and_then(|account| account.default_currency);
    own.unwrap_or_else(|| ctx.world.platform.default_currency.clone())
}

/// Moves money between the context's account and somebody outside, who has it in another currency: `amount` to the account, or to
/// `outside` when it is negative. Without a conversion nothing moves yet. Who the other side is in the account's currency.
pub(crate) fn outside(
    ctx: &mut Ctx<'_>,
    outside: Holder,
    amount: i64,
    currency: &str,
    settled: &Settled,
    at: i64,
) -> Result<Holder, ApiError> {
    if settled.rate.is_none() {
        return Ok(outside);
    }
    let journal =
        Journal::new(currency)
            .line(outside, -amount, at)
            .line(Holder::Exchange, amount, at);
    post(ctx, &journal)?;
    Ok(Holder::Exchange)
}

/// Moves money from one account to another, each of which keeps it in its own currency.
pub(crate) fn between(
    ctx: &mut Ctx<'_>,
    (from, paid): (&str, &Settled),
    (to, gained): (&str, &Settled),
    at: i64,
) -> Result<(), ApiError> {
    let account = |id: &str| Holder::Account(id.to_owned());
    if (paid.amount, &paid.currency) == (gained.amount, &gained.currency) {
        let journal = Journal::new(&paid.currency)
            .line(account(from), -paid.amount, at)
            .line(account(to), paid.amount, at);
        return post(ctx, &journal);
    }
    let gives = Journal::new(&paid.currency)
        .line(account(from), -paid.amount, at)
        .line(Holder::Exchange, paid.amount, at);
    post(ctx, &gives)?;
    let takes = Journal::new(&gained.currency)
        .line(Holder::Exchange, -gained.amount, at)
        .line(account(to), gained.amount, at);
    post(ctx, &takes)
}

/// The rates of one currency into every other.
fn object(ctx: &Ctx<'_>, currency: &str) -> Value {
    let rates: Map<String, Value> = exchange_rates::currencies()
        .filter(|other| *other != currency)
        .map(|other| (other.to_owned(), rate(ctx, currency, other).shown().into()))
        .collect();
    json!({"id": currency, "object": "exchange_rate", "rates": rates})
}

fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let wanted = params.path("rate_id").to_ascii_lowercase();
    match exchange_rates::currencies().find(|currency| *currency == wanted) {
        Some(currency) => Ok(object(ctx, currency)),
        None => Err(ApiError::no_such("exchange rate", &wanted, "rate_id")),
    }
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let all: Vec<&str> = exchange_rates::currencies().collect();
    let (shown, has_more) = window(params, "exchange rate", &all)?;
    let data: Vec<Value> = all[shown]
        .iter()
        .map(|currency| object(ctx, currency))
        .collect();
    Ok(json!({"object": "list", "data": data, "has_more": has_more, "url": "/v1/exchange_rates"}))
}
