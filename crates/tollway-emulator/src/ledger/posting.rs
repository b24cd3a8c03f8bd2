//! Writing money down: lines into balances, and balance transactions that say what they were for.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::ledger::entries::{Balance, Holder, Journal};
use crate::scope::Scope;
use crate::world::WorldState;

const OWN: &str = "own";
const RESERVE: &str = "reserve";

/// What an account has, as its lines add up.
pub(crate) fn balance_of(world: &WorldState, scope: &Scope) -> Result<Balance, ApiError> {
    Ok(world.load(scope, OWN)?.unwrap_or_default())
}

/// What the platform of the context has to keep back for its connected accounts.
pub(crate) fn reserved(ctx: &Ctx<'_>) -> Result<Balance, ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    Ok(ctx.world.load(&platform, RESERVE)?.unwrap_or_default())
}

/// Where a holder's balance is kept: accounts have their own scope, what is outside of Stripe lies in the platform's.
fn place(ctx: &Ctx<'_>, holder: &Holder) -> (Scope, &'static str) {
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

/// Moves the money of a journal.
pub(crate) fn post(ctx: &mut Ctx<'_>, journal: &Journal) -> Result<(), ApiError> {
    let lines = journal
        .balanced()
        .map_err(|error| ApiError::internal(error.to_string()))?;
    let now = ctx.now();
    for line in lines {
        let (scope, id) = place(ctx, &line.holder);
        let stored: Option<Balance> = ctx.world.load(&scope, id)?;
        let mut balance = stored.unwrap_or_default();
        balance.add(journal.currency(), line.amount, line.available_on, now);
        ctx.world.save(&scope, id, &balance, now);
        if let Holder::Account(account) = &line.holder {
            ctx.notify(&AccountPosting {
                account: account.clone(),
                available_on: line.available_on,
                total: balance.total(journal.currency()),
            })?;
        }
    }
    Ok(())
}

/// What moved on an account, for its balance transaction.
pub(crate) struct Movement<'a> {
    /// `charge`, `refund`, `application_fee`, …
    pub(crate) kind: &'static str,
    /// Before fees; negative when money leaves.
    pub(crate) amount: i64,
    /// Three lower-case letters.
    pub(crate) currency: &'a str,
    /// `fee_details`.
    pub(crate) fees: Vec<Fee>,
    /// The object it came from; empty where it came from none.
    pub(crate) source: &'a str,
    /// What the account's owner reads.
    pub(crate) description: Option<&'a str>,
    /// From when on the money is available.
    pub(crate) available_on: i64,
    /// What it was converted at, if it was.
    pub(crate) exchange_rate: Option<f64>,
}

/// A fee taken from a movement, or given back when negative.
pub(crate) struct Fee {
    /// `stripe_fee` or `application_fee`.
    pub(crate) kind: &'static str,
    pub(crate) amount: i64,
    /// Whose application fee it is.
    pub(crate) application: Option<String>,
}

impl Fee {
    /// Stripe's processing fee.
    pub(crate) fn stripe(amount: i64) -> Self {
        Self {
            kind: "stripe_fee",
            amount,
            application: None,
        }
    }

    /// What Stripe takes for a dispute.
    pub(crate) fn dispute(amount: i64) -> Self {
        Self {
            kind: "stripe_fee",
            amount,
            application: None,
        }
    }

    /// The platform's fee.
    pub(crate) fn application(amount: i64, application: Option<String>) -> Self {
        Self {
            kind: "application_fee",
            amount,
            application,
        }
    }
}

/// Writes the balance transaction of a movement in the context's scope; its id. The money itself moves by [`post`].
pub(crate) fn balance_transaction(ctx: &mut Ctx<'_>, movement: &Movement<'_>) -> String {
    let fee: i64 = movement.fees.iter().map(|fee| fee.amount).sum();
    let details: Vec<Value> = movement
        .fees
        .iter()
        .filter(|fee| fee.amount != 0)
        .map(|fee| {
            let description = if fee.kind == "stripe_fee" {
                "Stripe processing fees"
            } else {
                "Application fee"
            };
            json!({
                "amount": fee.amount,
                "application": fee.application,
                "currency": movement.currency,
                "description": description,
                "type": fee.kind,
            })
        })
        .collect();
    let now = ctx.now();
    let id = ctx.new_id("balance_transaction");
    let transaction = json!({
        "id": id,
        "object": "balance_transaction",
        "amount": movement.amount,
        "available_on": movement.available_on,
        "balance_type": "payments",
        "created": now,
        "currency": movement.currency,
        "description": movement.description,
        "exchange_rate": movement.exchange_rate,
        "fee": fee,
        "fee_details": details,
        "net": movement.amount - fee,
        "reporting_category": reporting_category(movement.kind),
        "source": (!movement.source.is_empty()).then_some(movement.source),
        "status": if movement.available_on <= now { "available" } else { "pending" },
        "type": movement.kind,
    });
    ctx.insert("balance_transaction", &transaction);
    id
}

/// When the money of a balance transaction of this scope arrives; now, if it is unknown.
pub(crate) fn arrival(ctx: &Ctx<'_>, balance_transaction: &Value) -> i64 {
    let id = balance_transaction.as_str().unwrap_or_default();
    let known = ctx
        .get("balance_transaction", id)
        .and_then(|it| it["available_on"].as_i64());
    known.map_or(ctx.now(), |at| at.max(ctx.now()))
}

fn reporting_category(kind: &str) -> &str {
    match kind {
        "application_fee" => "platform_earning",
        "application_fee_refund" => "platform_earning_refund",
        "payment" => "charge",
        "payment_refund" => "refund",
        "transfer_cancel" | "transfer_refund" => "transfer_reversal",
        "payout_cancel" | "payout_failure" => "payout_reversal",
        "refund_failure" => "refund_failure",
        "topup_reversal" => "topup_reversal",
        "adjustment" => "other_adjustment",
        "reserve_transaction" => "connect_reserved_funds",
        "stripe_fee" => "fee",
        other => other,
    }
}
