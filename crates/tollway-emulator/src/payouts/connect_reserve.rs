//! What a platform answers for: where it bears an account's losses (`controller.losses.payments` is `application`), as much as the
//! account owes is kept back on the platform's balance, as `connect_reserved`, until the account owes nothing any more.
//!
//! An account that bears its own losses, or whose losses Stripe bears, is simply in the red. What an account owes is counted by
//! currency, over what is available and what is still on its way. See <https://docs.stripe.com/connect/account-balances>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::ledger::entries::{Holder, Journal};
use crate::ledger::posting::{AccountPosting, Movement, balance_of, balance_transaction, post};
use crate::scheduler::{ScheduledTask, schedule};

const RESERVED: &str = "_reserved";

/// What is kept back for an account, by currency.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reserved {
    amounts: BTreeMap<String, i64>,
}

/// Adjusts what the platform reserves for the negative balance of a connected account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AdjustReserve {
    pub(crate) account: String,
}

impl ScheduledTask for AdjustReserve {
    const KIND: &'static str = "reserve";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        cover(ctx, &self.account)
    }
}

/// Schedules an adjustment of the reserve if the account owes money that the platform bears, or no longer does.
pub(super) fn on_posting(ctx: &mut Ctx<'_>, posting: &AccountPosting) -> Result<(), ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let account = posting.account.as_str();
    if *account == *platform.account {
        return Ok(());
    }
    let has_reserve = ctx.world.store.get(&platform, RESERVED, account).is_some();
    if has_reserve || (posting.total < 0 && is_borne(ctx, account)) {
        let task = AdjustReserve {
            account: account.to_owned(),
        };
        schedule(ctx, None, ctx.now(), &task)?;
    }
    Ok(())
}

/// Keeps back what `account` owes now, and lets go of what it owes no more.
pub(crate) fn cover(ctx: &mut Ctx<'_>, account: &str) -> Result<(), ApiError> {
    let scope = ctx.scope.for_account(account);
    for amounts in balance_of(ctx.world, &scope).at(ctx.now()) {
        let owed = (-amounts.available - amounts.pending).max(0);
        keep_back(ctx, account, &amounts.currency, owed)?;
    }
    Ok(())
}

fn keep_back(ctx: &mut Ctx<'_>, account: &str, currency: &str, owed: i64) -> Result<(), ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let kept: Option<Reserved> = ctx.world.typed(&platform, RESERVED, account);
    let mut kept = kept.unwrap_or_default();
    let more = owed - kept.amounts.get(currency).copied().unwrap_or(0);
    if more == 0 {
        return Ok(());
    }
    kept.amounts.insert(currency.to_owned(), owed);
    let now = ctx.now();
    if kept.amounts.values().all(|amount| *amount == 0) {
        ctx.world.store.remove(&platform, RESERVED, account);
    } else {
        ctx.world
            .put_typed(&platform, RESERVED, account, &kept, now);
    }
    let own = Holder::Account(platform.account.to_string());
    let journal = Journal::new(currency)
        .line(own, -more, now)
        .line(Holder::Reserve, more, now);
    post(ctx, &journal)?;
    let mut there = ctx.in_scope(platform);
    let description = format!("Connect reserve for {account}");
    let id = there.new_id("reserve_transaction");
    let reserve = json!({
        "id": id, "object": "reserve_transaction", "amount": -more, "currency": currency, "description": description,
    });
    there.insert("reserve_transaction", &reserve);
    let movement = Movement {
        kind: "reserve_transaction",
        amount: -more,
        currency,
        fees: Vec::new(),
        source: &id,
        description: Some(&description),
        available_on: now,
        exchange_rate: None,
    };
    balance_transaction(&mut there, &movement);
    Ok(())
}

/// Does the platform answer for what this account owes?
fn is_borne(ctx: &Ctx<'_>, account: &str) -> bool {
    AccountSummary::of_account(ctx, account)
        .is_some_and(|account| account.losses_are_the_platforms())
}
