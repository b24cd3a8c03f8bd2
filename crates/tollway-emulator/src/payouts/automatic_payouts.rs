//! Payout runs: at midnight (UTC) pending money becomes available and is paid out by the account's schedule.
//!
//! ```text
//! posting ─▶ schedule_run: one date per account is stored ─▶ at that midnight: balance.available, payout.created ─▶ next date
//! ```
//!
//! A payout goes to the default bank account or debit card in its currency. Accounts that manage themselves, as a platform or a
//! Standard account does, list none: they are paid out once `/v1/balance_settings` sets a schedule.

use serde::{Deserialize, Serialize};

use crate::accounts::account_changes::AccountChange;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::fees::midnight;
use crate::ledger::posting::{AccountPosting, balance_of};
use crate::money::{Currency, Money};
use crate::payouts::balance::balance_object;
use crate::payouts::destinations::automatic_destination;
use crate::payouts::operations::create_automatic_payout;
use crate::payouts::payout_settings::{self, Schedule};
use crate::scheduler::{ScheduledTask, schedule};
use crate::scope::Scope;
use crate::store::{CreatedRange, Query};
use crate::world::PrivateRecord;

const OWN: &str = "own";

/// The next payout run of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct NextPayoutRun {
    /// A midnight, in Unix seconds; none if no run is scheduled.
    at: Option<i64>,
    /// Whether money becomes available then.
    #[serde(default)]
    arrives: bool,
    /// Every balance transaction created before this time was paid out.
    #[serde(default)]
    paid_until: i64,
}

impl PrivateRecord for NextPayoutRun {
    const TYPE: &'static str = "_payday";
}

fn load_run(ctx: &Ctx<'_>, scope: &Scope) -> Result<NextPayoutRun, ApiError> {
    Ok(ctx.world.load(scope, OWN)?.unwrap_or_default())
}

fn store_run(ctx: &mut Ctx<'_>, scope: &Scope, run: NextPayoutRun) {
    let now = ctx.now();
    ctx.world.save(scope, OWN, &run, now);
}

/// Schedules a payout run at the midnight after the posted money is available.
pub(super) fn on_posting(ctx: &mut Ctx<'_>, posting: &AccountPosting) -> Result<(), ApiError> {
    let arrives = posting.available_on > ctx.now();
    let at = midnight(posting.available_on.max(ctx.now() + 1));
    schedule_run(ctx, &posting.account, at, arrives)
}

/// Schedules a payout run after the account's settings or external accounts changed.
pub(super) fn on_account_change(ctx: &mut Ctx<'_>, change: &AccountChange) -> Result<(), ApiError> {
    schedule_next_run(ctx, &change.account)
}

/// Schedules a payout run at the next midnight if the account has available money or debt.
pub(super) fn schedule_next_run(ctx: &mut Ctx<'_>, account: &str) -> Result<(), ApiError> {
    let now = ctx.now();
    let balance = balance_of(ctx.world, &ctx.scope.for_account(account))?;
    if balance.at(now).iter().any(|amounts| amounts.available != 0) {
        schedule_run(ctx, account, midnight(now + 1), false)?;
    }
    Ok(())
}

/// Schedules a payout run at `at` unless an earlier one is scheduled.
fn schedule_run(ctx: &mut Ctx<'_>, account: &str, at: i64, arrives: bool) -> Result<(), ApiError> {
    let scope = ctx.scope.for_account(account);
    let run = load_run(ctx, &scope)?;
    match run.at {
        Some(earlier) if earlier < at => {}
        Some(same) if same == at => {
            if arrives && !run.arrives {
                store_run(ctx, &scope, NextPayoutRun { arrives, ..run });
            }
        }
        _ => {
            let new = NextPayoutRun {
                at: Some(at),
                arrives,
                ..run
            };
            store_run(ctx, &scope, new);
            schedule(&mut ctx.acting_for(account), None, at, &DailyPayout {})?;
        }
    }
    Ok(())
}

/// Runs at the midnight of a day on which the balance of an account changes: pays out what is available.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DailyPayout {}

impl ScheduledTask for DailyPayout {
    const KIND: &'static str = "payday";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        run_payouts(ctx)
    }
}

/// Emits `balance.available`, pays out by the schedule and schedules the next run.
fn run_payouts(ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    let today = load_run(ctx, &scope)?;
    if today.at != Some(now) {
        // An earlier run was scheduled after this one.
        return Ok(());
    }
    store_run(
        ctx,
        &scope,
        NextPayoutRun {
            at: None,
            arrives: false,
            ..today
        },
    );
    if today.arrives {
        let balance = balance_object(ctx)?;
        ctx.emit("balance.available", &balance, None);
    }
    let schedule = Schedule::load(ctx)?;
    if schedule.interval.pays_on(now) {
        pay_out(ctx, &schedule)?;
    } else if let Some(next) = schedule.interval.after(now) {
        schedule_run(ctx, &scope.account, next, false)?;
    }
    if let Some(arrival) = balance_of(ctx.world, &scope)?.next_arrival(now) {
        schedule_run(ctx, &scope.account, midnight(arrival), true)?;
    }
    Ok(())
}

/// Pays out the available money in every currency that has a destination, and debits negative balances.
fn pay_out(ctx: &mut Ctx<'_>, schedule: &Schedule) -> Result<(), ApiError> {
    let account = payout_settings::account(ctx);
    if account.is_some_and(|account| account["payouts_enabled"] != true) {
        return Ok(());
    }
    let balance = balance_of(ctx.world, &ctx.scope)?;
    for amounts in balance.at(ctx.now()) {
        let minimum = schedule
            .minimum_balance
            .get(&amounts.currency)
            .copied()
            .unwrap_or(0);
        let amount = match amounts.available {
            debt if debt < 0 && schedule.debit_negative_balances => debt,
            available => (available - minimum).max(0),
        };
        if amount == 0 {
            continue;
        }
        let destination = automatic_destination(ctx, &amounts.currency, schedule.has_settings);
        let Some(destination) = destination else {
            continue;
        };
        let money = Money::new(amount, Currency::of_stored(&amounts.currency)?);
        let descriptor = schedule.statement_descriptor.as_deref();
        let payout = create_automatic_payout(ctx, money, &destination, descriptor)?;
        record_paid_transactions(ctx, &payout, &amounts.currency)?;
    }
    Ok(())
}

/// Lists the available balance transactions in `currency` that no payout paid under the payout.
fn record_paid_transactions(
    ctx: &mut Ctx<'_>,
    payout: &str,
    currency: &str,
) -> Result<(), ApiError> {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    let run = load_run(ctx, &scope)?;
    let since = Query {
        limit: usize::MAX,
        created: CreatedRange {
            from: Some(run.paid_until),
            to: None,
        },
        ..Query::default()
    };
    let all = ctx.world.store.list(&scope, "balance_transaction", &since);
    let mut unpaid = all.map(|page| page.records).unwrap_or_default();
    unpaid.retain(|record| record.parent.is_none());
    let mut paid_until = now;
    for record in unpaid.iter().rev() {
        let transaction = record.parse();
        let available = transaction["available_on"]
            .as_i64()
            .is_some_and(|at| at <= now);
        if transaction["currency"] == currency && available {
            ctx.world.store.insert_under(
                &scope,
                "balance_transaction",
                Some(payout),
                &transaction,
                now,
            );
        } else {
            paid_until = paid_until.min(record.created);
        }
    }
    store_run(ctx, &scope, NextPayoutRun { paid_until, ..run });
    Ok(())
}
