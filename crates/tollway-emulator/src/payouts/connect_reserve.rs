//! What a platform answers for: where it bears an account's losses (`controller.losses.payments` is `application`), as much as the
//! account owes is kept back on the platform's balance, as `connect_reserved`, until the account owes nothing any more.
//!
//! An account that bears its own losses, or whose losses Stripe bears, is simply in the red. What an account owes is counted by
//! currency, over what is available and what is still on its way. See <https://docs.stripe.com/connect/account-balances>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::due::{Task, plan};
use super::ledger::{Holder, Journal};
use super::posting::{Movement, balance_of, balance_transaction, post};
use super::schedule::Brief;
use crate::ctx::Ctx;
use crate::error::ApiError;

const RESERVED: &str = "_reserved";

/// What is kept back for an account, by currency.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reserved {
    amounts: BTreeMap<String, i64>,
}

/// An account has `total` now: as soon as the request is over, the platform may have to keep more back for it, or less.
pub(super) fn expect(ctx: &mut Ctx<'_>, account: &str, total: i64) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    if *account == *platform.account {
        return;
    }
    let kept = ctx.world.store.get(&platform, RESERVED, account).is_some();
    if kept || (total < 0 && is_borne(ctx, account)) {
        let (account, now) = (account.to_owned(), ctx.now());
        plan(ctx, None, now, Task::Reserve { account });
    }
}

/// Keeps back what `account` owes now, and lets go of what it owes no more.
pub(super) fn cover(ctx: &mut Ctx<'_>, account: &str) -> Result<(), ApiError> {
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
    Brief::of_account(ctx, account).is_some_and(|brief| brief.losses_are_the_platforms())
}
