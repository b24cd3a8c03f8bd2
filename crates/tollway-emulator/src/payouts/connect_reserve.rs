//! The Connect reserve: where the platform bears an account's losses (`controller.losses.payments` is `application`), the negative
//! balance of the account is reserved on the platform's balance (`connect_reserved`) until the account owes nothing.
//!
//! An account that bears its own losses, or whose losses Stripe bears, has a negative balance without a reserve. The negative
//! balance counts available and pending money, by currency. See <https://docs.stripe.com/connect/account-balances>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::ledger::entries::{Holder, JournalEntry};
use crate::ledger::posting::{
    AccountPosting, Movement, balance_of, create_balance_transaction, post,
};
use crate::money::{Currency, Money};
use crate::scheduler::{ScheduledTask, schedule};
use crate::world::PrivateRecord;

/// The platform's reserve for one account, by currency.
#[derive(Debug, Default, Serialize, Deserialize)]
struct AccountReserve {
    amounts: BTreeMap<String, i64>,
}

impl PrivateRecord for AccountReserve {
    const TYPE: &'static str = "_reserved";
}

/// Adjusts what the platform reserves for the negative balance of a connected account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AdjustReserve {
    account: String,
}

impl ScheduledTask for AdjustReserve {
    const KIND: &'static str = "reserve";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        adjust_reserve(ctx, &self.account)
    }
}

/// Schedules an adjustment of the reserve if the account owes money that the platform bears, or no longer does.
pub(super) fn on_posting(ctx: &mut Ctx<'_>, posting: &AccountPosting) -> Result<(), ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let account = posting.account.as_str();
    if *account == *platform.account {
        return Ok(());
    }
    let has_reserve = ctx
        .world
        .load::<AccountReserve>(&platform, account)?
        .is_some();
    if has_reserve || (posting.total < 0 && platform_bears_losses(ctx, account)) {
        let task = AdjustReserve {
            account: account.to_owned(),
        };
        schedule(ctx, None, ctx.now(), &task)?;
    }
    Ok(())
}

/// Sets the reserve for `account` to its negative balance.
fn adjust_reserve(ctx: &mut Ctx<'_>, account: &str) -> Result<(), ApiError> {
    let scope = ctx.scope.for_account(account);
    for amounts in balance_of(ctx.world, &scope)?.at(ctx.now()) {
        let owed = (-amounts.available - amounts.pending).max(0);
        set_reserve(ctx, account, Currency::of_stored(&amounts.currency)?, owed)?;
    }
    Ok(())
}

/// Sets the reserve for `account` in `currency` to `owed` and moves the difference.
fn set_reserve(
    ctx: &mut Ctx<'_>,
    account: &str,
    currency: Currency,
    owed: i64,
) -> Result<(), ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let reserve = ctx.world.load::<AccountReserve>(&platform, account)?;
    let mut reserve = reserve.unwrap_or_default();
    let increase = owed - reserve.amounts.get(currency.as_str()).copied().unwrap_or(0);
    if increase == 0 {
        return Ok(());
    }
    reserve.amounts.insert(currency.to_string(), owed);
    let now = ctx.now();
    if reserve.amounts.values().all(|amount| *amount == 0) {
        ctx.world.remove::<AccountReserve>(&platform, account);
    } else {
        ctx.world.save(&platform, account, &reserve, now);
    }
    let platform_account = Holder::Account(platform.account.to_string());
    let entry = JournalEntry::new(currency)
        .line(platform_account, -increase, now)
        .line(Holder::Reserve, increase, now);
    post(ctx, &entry)?;
    let mut platform_ctx = ctx.in_scope(platform);
    let description = format!("Connect reserve for {account}");
    let id = platform_ctx.new_id("reserve_transaction");
    let transaction = json!({
        "id": id, "object": "reserve_transaction", "amount": -increase, "currency": currency, "description": description,
    });
    platform_ctx.insert("reserve_transaction", &transaction);
    let movement = Movement {
        kind: "reserve_transaction",
        money: Money::new(-increase, currency),
        fees: Vec::new(),
        source: &id,
        description: Some(&description),
        available_on: now,
        exchange_rate: None,
    };
    create_balance_transaction(&mut platform_ctx, &movement).map(drop)
}

/// Whether the platform bears the losses of the account.
fn platform_bears_losses(ctx: &Ctx<'_>, account: &str) -> bool {
    AccountSummary::of_account(ctx, account)
        .is_some_and(|account| account.losses_are_the_platforms())
}
