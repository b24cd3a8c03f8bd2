//! Posts journal entries to balances, and creates the balance transactions that describe them.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::ledger::entries::{Balance, Holder, JournalEntry};
use crate::money::Money;
use crate::scope::Scope;
use crate::world::WorldState;

const OWN: &str = "own";
const RESERVE: &str = "reserve";

/// The balance of an account.
pub(crate) fn balance_of(world: &WorldState, scope: &Scope) -> Result<Balance, ApiError> {
    Ok(world.load(scope, OWN)?.unwrap_or_default())
}

/// The reserve of the context's platform for its connected accounts.
pub(crate) fn reserved(ctx: &Ctx<'_>) -> Result<Balance, ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    Ok(ctx.world.load(&platform, RESERVE)?.unwrap_or_default())
}

/// The scope and the id of a holder's balance: accounts have their own scope, holders outside of Stripe use the platform's.
fn balance_key(ctx: &Ctx<'_>, holder: &Holder) -> (Scope, &'static str) {
    let platform = || ctx.world.platform_scope(ctx.scope.mode);
    match holder {
        Holder::Account(account) => (ctx.scope.for_account(account.as_str()), OWN),
        Holder::Cards => (platform(), "cards"),
        Holder::Stripe => (platform(), "stripe"),
        Holder::Exchange => (platform(), "exchange"),
        Holder::Banks => (platform(), "banks"),
        Holder::Reserve => (platform(), RESERVE),
        Holder::Cash => (ctx.scope.clone(), "cash"),
    }
}

/// Notifies that money was posted to an account's balance.
#[derive(Debug)]
pub(crate) struct AccountPosting {
    pub(crate) account: String,
    /// When the money is available, in Unix seconds.
    pub(crate) available_on: i64,
    /// The balance of the account in this currency afterwards, available or not.
    pub(crate) total: i64,
}

/// Adds the lines of a journal entry to the balances of their holders.
pub(crate) fn post(ctx: &mut Ctx<'_>, entry: &JournalEntry) -> Result<(), ApiError> {
    let lines = entry
        .balanced()
        .map_err(|error| ApiError::internal(error.to_string()))?;
    let now = ctx.now();
    for line in lines {
        let (scope, id) = balance_key(ctx, &line.holder);
        let stored: Option<Balance> = ctx.world.load(&scope, id)?;
        let mut balance = stored.unwrap_or_default();
        balance.add(
            entry.currency().as_str(),
            line.amount,
            line.available_on,
            now,
        );
        ctx.world.save(&scope, id, &balance, now);
        if let Holder::Account(account) = &line.holder {
            ctx.notify(&AccountPosting {
                account: account.clone(),
                available_on: line.available_on,
                total: balance.total(entry.currency().as_str()),
            })?;
        }
    }
    Ok(())
}

/// The movement that a balance transaction describes.
pub(crate) struct Movement<'a> {
    /// `charge`, `refund`, `application_fee`, …
    pub(crate) kind: &'static str,
    /// The money before fees.
    pub(crate) money: Money,
    /// `fee_details`.
    pub(crate) fees: Vec<Fee>,
    /// The id of the source object; empty if there is none.
    pub(crate) source: &'a str,
    /// The description for the account's owner.
    pub(crate) description: Option<&'a str>,
    /// When the money is available, in Unix seconds.
    pub(crate) available_on: i64,
    /// The rate of the conversion; none without a conversion.
    pub(crate) exchange_rate: Option<f64>,
}

/// A fee of a movement; a negative amount is returned.
pub(crate) struct Fee {
    /// `stripe_fee` or `application_fee`.
    kind: &'static str,
    description: &'static str,
    amount: i64,
    /// The application that collects the fee.
    application: Option<String>,
}

impl Fee {
    /// Stripe's processing fee.
    pub(crate) fn stripe(amount: i64) -> Self {
        Self {
            kind: "stripe_fee",
            description: "Stripe processing fees",
            amount,
            application: None,
        }
    }

    /// Stripe's fee for a dispute.
    pub(crate) fn dispute(amount: i64) -> Self {
        Self {
            kind: "stripe_fee",
            description: "Dispute fee",
            amount,
            application: None,
        }
    }

    /// The platform's fee.
    pub(crate) fn application(amount: i64, application: Option<String>) -> Self {
        Self {
            kind: "application_fee",
            description: "Application fee",
            amount,
            application,
        }
    }
}

/// Creates the balance transaction of a movement in the context's scope and returns its id. [`post`] moves the money.
pub(crate) fn create_balance_transaction(
    ctx: &mut Ctx<'_>,
    movement: &Movement<'_>,
) -> Result<String, ApiError> {
    let fee: i64 = movement.fees.iter().map(|fee| fee.amount).sum();
    let details: Vec<Value> = movement
        .fees
        .iter()
        .filter(|fee| fee.amount != 0)
        .map(|fee| {
            json!({
                "amount": fee.amount,
                "application": fee.application,
                "currency": movement.money.currency,
                "description": fee.description,
                "type": fee.kind,
            })
        })
        .collect();
    let now = ctx.now();
    let id = ctx.new_id("balance_transaction");
    let transaction = json!({
        "id": id,
        "object": "balance_transaction",
        "amount": movement.money.amount,
        "available_on": movement.available_on,
        "balance_type": "payments",
        "created": now,
        "currency": movement.money.currency,
        "description": movement.description,
        "exchange_rate": movement.exchange_rate,
        "fee": fee,
        "fee_details": details,
        "net": movement.money.less(fee)?.amount,
        "reporting_category": reporting_category(movement.kind),
        "source": (!movement.source.is_empty()).then_some(movement.source),
        "status": if movement.available_on <= now { "available" } else { "pending" },
        "type": movement.kind,
    });
    ctx.insert("balance_transaction", &transaction);
    Ok(id)
}

/// When the money of a balance transaction of this scope is available, but not before now; now if there is no such transaction.
pub(crate) fn available_on(ctx: &Ctx<'_>, balance_transaction: &Value) -> i64 {
    let id = balance_transaction.as_str().unwrap_or_default();
    let available_on = ctx
        .get("balance_transaction", id)
        .and_then(|it| it["available_on"].as_i64());
    available_on.map_or(ctx.now(), |at| at.max(ctx.now()))
}

/// `reporting_category` of a balance transaction of type `kind`.
fn reporting_category(kind: &str) -> &str {
    match kind {
        "application_fee" => "platform_earning",
        "application_fee_refund" => "platform_earning_refund",
        "payment" => "charge",
        "payment_refund" => "refund",
        "transfer_cancel" | "transfer_refund" => "transfer_reversal",
        "payout_cancel" | "payout_failure" => "payout_reversal",
        "adjustment" => "other_adjustment",
        "reserve_transaction" => "connect_reserved_funds",
        "stripe_fee" => "fee",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::world::PrivateRecord;
    use crate::{Clock, Emulator, Mode};

    #[test]
    fn an_unreadable_balance_is_a_500_and_nothing_is_posted() {
        let builder = Emulator::builder().clock(Clock::manual(0)).seed(1);
        let emulator = builder.build().unwrap();
        let engine = emulator.engine();
        let world = engine.worlds().open("a");
        let scope = world.lock().platform_scope(Mode::Test);
        let damaged = json!({"id": OWN, "currencies": {"usd": {"available": "ten"}}});
        engine
            .transact_internal(&world, scope.clone(), |ctx| {
                ctx.insert(Balance::TYPE, &damaged);
                Ok(())
            })
            .unwrap();
        let account = Holder::Account(scope.account.to_string());
        let entry = JournalEntry::new(Currency::parse("usd").unwrap())
            .line(Holder::Banks, -10, 0)
            .line(account, 10, 0);
        let posted = engine.transact_internal(&world, scope.clone(), |ctx| post(ctx, &entry));
        let error = posted.unwrap_err();
        assert_eq!(error.status, 500);
        assert!(error.get("message").unwrap().contains(Balance::TYPE));
        let state = world.lock();
        assert_eq!(
            state.store.object(&scope, Balance::TYPE, OWN),
            Some(damaged)
        );
        assert!(balance_of(&state, &scope).is_err());
        let banks: Option<Balance> = state.load(&scope, "banks").unwrap();
        assert_eq!(banks, None);
    }

    #[test]
    fn reporting_category_follows_the_type_of_the_balance_transaction() {
        for (kind, category) in [
            ("adjustment", "other_adjustment"),
            ("application_fee", "platform_earning"),
            ("application_fee_refund", "platform_earning_refund"),
            ("charge", "charge"),
            ("payment", "charge"),
            ("payment_refund", "refund"),
            ("payout", "payout"),
            ("payout_cancel", "payout_reversal"),
            ("payout_failure", "payout_reversal"),
            ("refund", "refund"),
            ("refund_failure", "refund_failure"),
            ("reserve_transaction", "connect_reserved_funds"),
            ("stripe_fee", "fee"),
            ("topup", "topup"),
            ("topup_reversal", "topup_reversal"),
            ("transfer", "transfer"),
            ("transfer_cancel", "transfer_reversal"),
            ("transfer_refund", "transfer_reversal"),
        ] {
            assert_eq!(reporting_category(kind), category, "{kind}");
        }
    }
}
