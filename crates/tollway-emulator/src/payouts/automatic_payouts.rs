//! What happens on an account by itself at midnight (UTC): money becomes available, and is paid out by the account's schedule.
//!
//! ```text
//! posting ─▶ expect: one date per account is kept ─▶ run, at that midnight: balance.available, payout.created ─▶ the next date
//! ```
//!
//! Paid out is whoever has a default bank account or debit card in the currency. Accounts that look after themselves, as a
//! platform or a Standard account does, list none: they are paid out once `/v1/balance_settings` says when.

use serde::{Deserialize, Serialize};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::fees::midnight;
use crate::ledger::posting::{AccountPosting, balance_of};
use crate::payouts::balance;
use crate::payouts::bank_accounts;
use crate::payouts::operations as payouts;
use crate::payouts::payout_settings::{self, Schedule};
use crate::scheduler::{ScheduledTask, schedule};
use crate::scope::Scope;
use crate::store::{CreatedRange, Query};

const PAYDAY: &str = "_payday";
const OWN: &str = "own";

/// When something happens to an account next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Payday {
    /// A midnight, in Unix seconds; none once it is over.
    at: Option<i64>,
    /// Whether money becomes available then.
    #[serde(default)]
    arrives: bool,
    /// Every balance transaction made before this moment has been paid out.
    #[serde(default)]
    paid_until: i64,
}

fn payday(ctx: &Ctx<'_>, scope: &Scope) -> Payday {
    let nothing = Payday {
        at: None,
        arrives: false,
        paid_until: 0,
    };
    ctx.world.typed(scope, PAYDAY, OWN).unwrap_or(nothing)
}

fn keep(ctx: &mut Ctx<'_>, scope: &Scope, payday: Payday) {
    let now = ctx.now();
    ctx.world.put_typed(scope, PAYDAY, OWN, &payday, now);
}

/// Schedules a payout run at the midnight after the posted money is available.
pub(super) fn on_posting(ctx: &mut Ctx<'_>, posting: &AccountPosting) -> Result<(), ApiError> {
    let arrives = posting.available_on > ctx.now();
    let at = midnight(posting.available_on.max(ctx.now() + 1));
    look(ctx, &posting.account, at, arrives)
}

/// Something about this account's way of being paid out has changed.
pub(crate) fn reconsider(ctx: &mut Ctx<'_>, account: &str) -> Result<(), ApiError> {
    let now = ctx.now();
    let balance = balance_of(ctx.world, &ctx.scope.for_account(account));
    if balance.at(now).iter().any(|amounts| amounts.available != 0) {
        look(ctx, account, midnight(now + 1), false)?;
    }
    Ok(())
}

fn look(ctx: &mut Ctx<'_>, account: &str, at: i64, arrives: bool) -> Result<(), ApiError> {
    let scope = ctx.scope.for_account(account);
    let known = payday(ctx, &scope);
    match known.at {
        Some(earlier) if earlier < at => {}
        Some(same) if same == at => {
            if arrives && !known.arrives {
                keep(ctx, &scope, Payday { arrives, ..known });
            }
        }
        _ => {
            let new = Payday {
                at: Some(at),
                arrives,
                ..known
            };
            keep(ctx, &scope, new);
            schedule(&mut ctx.acting_for(account), None, at, &DailyPayout {})?;
        }
    }
    Ok(())
}

/// Runs at the midnight of a day on which the balance of an account changes: pays out what is available.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DailyPayout {}

impl ScheduledTask for DailyPayout {
    const KIND: &'static str = "payday";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        run(ctx)
    }
}

/// The midnight has come.
pub(crate) fn run(ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    let today = payday(ctx, &scope);
    if today.at != Some(now) {
        // An earlier date was found after this one was planned.
        return Ok(());
    }
    keep(
        ctx,
        &scope,
        Payday {
            at: None,
            arrives: false,
            ..today
        },
    );
    if today.arrives {
        let balance = balance::of(ctx);
        ctx.emit("balance.available", &balance, None);
    }
    let schedule = Schedule::of(ctx);
    if schedule.interval.pays_on(now) {
        pay_out(ctx, &schedule)?;
    } else if let Some(next) = schedule.interval.after(now) {
        look(ctx, &scope.account, next, false)?;
    }
    if let Some(arrival) = balance_of(ctx.world, &scope).next_arrival(now) {
        look(ctx, &scope.account, midnight(arrival), true)?;
    }
    Ok(())
}

/// Pays out what is available in every currency that has a bank.
fn pay_out(ctx: &mut Ctx<'_>, schedule: &Schedule) -> Result<(), ApiError> {
    let account = payout_settings::account(ctx);
    if account.is_some_and(|account| account["payouts_enabled"] != true) {
        return Ok(());
    }
    let balance = balance_of(ctx.world, &ctx.scope);
    for amounts in balance.at(ctx.now()) {
        let stays = schedule.keep.get(&amounts.currency).copied().unwrap_or(0);
        let amount = match amounts.available {
            debt if debt < 0 && schedule.debit_negative_balances => debt,
            available => (available - stays).max(0),
        };
        if amount == 0 {
            continue;
        }
        let destination = bank_accounts::automatic(ctx, &amounts.currency, schedule.told);
        let Some(destination) = destination else {
            continue;
        };
        let descriptor = schedule.statement_descriptor.as_deref();
        let payout = payouts::by_itself(ctx, amount, &amounts.currency, &destination, descriptor)?;
        list_under(ctx, &payout, &amounts.currency);
    }
    Ok(())
}

/// Lists under a payout the balance transactions that it pays: those available in its currency that no payout has paid.
fn list_under(ctx: &mut Ctx<'_>, payout: &str, currency: &str) {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    let known = payday(ctx, &scope);
    let since = Query {
        limit: usize::MAX,
        created: CreatedRange {
            from: Some(known.paid_until),
            to: None,
        },
        ..Query::default()
    };
    let all = ctx.world.store.list(&scope, "balance_transaction", &since);
    let mut open = all.map(|page| page.records).unwrap_or_default();
    open.retain(|record| record.parent.is_none());
    let mut paid_until = now;
    for record in open.iter().rev() {
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
    let known = payday(ctx, &scope);
    keep(
        ctx,
        &scope,
        Payday {
            paid_until,
            ..known
        },
    );
}
