//! What happens by itself when its time comes: payouts arrive, refunds go through, disputes are lost, subscriptions renew.
//!
//! ```text
//! plan ─▶ record, ordered by its time ─▶ run_due (before every request, and when the clock moves) ─▶ Task::run, at that time
//! ```
//!
//! Records lie in the platform's scope of their mode; those of objects on a test clock lie apart and wait for
//! [`run_next_on_clock`]. A task looks at the state of its object when it runs: one that has become pointless does nothing, so
//! nobody has to cancel tasks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    automatic, billing, checkout, disputes, others, payment_intents, payouts, refunds, reserve,
    terminal, topups,
};
use crate::Engine;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::scope::{Mode, Scope};
use crate::world::{World, WorldState};

const DUE: &str = "_due";

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Task {
    /// A card holder complains about a charge.
    Dispute { charge: String },
    /// The evidence of a dispute has been read.
    Verdict { dispute: String },
    /// The time for evidence is over.
    EvidenceDeadline { dispute: String },
    /// A refund that was pending goes through, or one that went through comes back.
    Refund { refund: String },
    /// A bank answers a debit.
    Debit { intent: String },
    /// Midnight of a day on which something happens to an account's balance.
    Payday,
    /// A voucher is paid, or expires.
    Voucher {
        intent: String,
        /// What tells it from the next one of the same intent.
        voucher: String,
        paid: bool,
    },
    /// A payout is sent, or arrives.
    Payout { payout: String },
    /// A top-up arrives.
    TopUp { topup: String },
    /// A reader does what it needs nobody for.
    Reader { reader: String },
    /// What a connected account owes is kept back from the platform.
    Reserve { account: String },
    /// The bank no longer holds the money of a payment that was not captured.
    HoldExpires { intent: String },
    /// An invoice is finalized, or tried again.
    Invoice { invoice: String },
    /// Nobody has paid a Checkout session in time.
    Checkout { session: String },
    /// Nobody has accepted a quote in time.
    Quote { quote: String },
    /// A phase of a subscription schedule begins or ends.
    Schedule { schedule: String },
    /// A subscription's trial or period ends.
    Subscription { subscription: String },
}

/// A task and when it is due.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Due {
    /// Unix seconds.
    at: i64,
    /// Whose object it is about.
    account: Arc<str>,
    task: Task,
}

/// Has `task` done in the context's scope at `at`: by the emulator's clock, or by a test clock.
pub(super) fn plan(ctx: &mut Ctx<'_>, clock: Option<&str>, at: i64, task: Task) {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let id = format!("due_{}", ctx.world.random.alphanumeric(16));
    let due = Due {
        at,
        account: Arc::clone(&ctx.scope.account),
        task,
    };
    ctx.world
        .put_typed(&scope, &record_type(clock), &id, &due, at);
}

fn record_type(clock: Option<&str>) -> String {
    clock.map_or_else(|| DUE.to_owned(), |clock| format!("{DUE}_{clock}"))
}

/// The first task of a kind of record: its id and when it is due.
fn first(world: &WorldState, mode: Mode, record_type: &str) -> Option<(Arc<str>, i64)> {
    let scope = world.platform_scope(mode);
    let first = world
        .store
        .collection(&scope, record_type)?
        .oldest_first()
        .next()?;
    Some((Arc::clone(&first.id), first.created))
}

/// Does everything in a world that is due by the emulator's clock, in order, each as of its own time.
pub(crate) fn run_due(engine: &Engine, world: &Arc<World>) {
    while let Some((id, scope)) = overdue(world, engine.clock().now()) {
        let done = engine.transact_internal(world, scope.clone(), |ctx| run_one(ctx, DUE, &id));
        if let Err(error) = done {
            tracing::error!(%error, "what was due could not be done");
            let forgotten = engine.transact_internal(world, scope.clone(), |ctx| {
                ctx.world.store.remove(&scope, DUE, &id);
                Ok(())
            });
            if forgotten.is_err() {
                return;
            }
        }
    }
}

/// The next task that is due, and the scope of its record. One look under one lock: every request asks this.
fn overdue(world: &World, now: i64) -> Option<(Arc<str>, Scope)> {
    let state = world.lock();
    Mode::ALL.into_iter().find_map(|mode| {
        let (id, _) = first(&state, mode, DUE).filter(|(_, at)| *at <= now)?;
        Some((id, state.platform_scope(mode)))
    })
}

/// [`run_due`] for every world.
pub(crate) fn run_all_due(engine: &Engine) {
    for world in engine.worlds().all() {
        run_due(engine, &world);
    }
}

/// When the next task of any world is due by the emulator's clock, in Unix seconds.
pub(crate) fn next_due(engine: &Engine) -> Option<i64> {
    let worlds = engine.worlds().all();
    let of_world = |world: &Arc<World>| {
        let state = world.lock();
        let first_of = |mode| first(&state, mode, DUE).map(|(_, at)| at);
        Mode::ALL.into_iter().filter_map(first_of).min()
    };
    worlds.iter().filter_map(of_world).min()
}

/// When the next task on a test clock is due.
pub(super) fn next_on_clock(ctx: &Ctx<'_>, clock: &str) -> Option<i64> {
    first(ctx.world, ctx.scope.mode, &record_type(Some(clock))).map(|(_, at)| at)
}

/// Does the next task on a test clock.
pub(super) fn run_next_on_clock(ctx: &mut Ctx<'_>, clock: &str) -> Result<(), ApiError> {
    let record_type = record_type(Some(clock));
    match first(ctx.world, ctx.scope.mode, &record_type) {
        Some((id, _)) => run_one(ctx, &record_type, &id),
        None => Ok(()),
    }
}

/// Takes a task out of its record and does it, as of the time it was due.
fn run_one(ctx: &mut Ctx<'_>, record_type: &str, id: &str) -> Result<(), ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let due: Option<Due> = ctx.world.typed(&platform, record_type, id);
    ctx.world.store.remove(&platform, record_type, id);
    let Some(Due { at, account, task }) = due else {
        return Ok(());
    };
    let scope = Scope::new(ctx.scope.mode, account);
    let mut ctx = ctx.in_scope(scope);
    task.run(&mut ctx.at(at))
}

impl Task {
    fn run(&self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        match self {
            Self::Dispute { charge } => disputes::open(ctx, charge),
            Self::Verdict { dispute } => disputes::judge(ctx, dispute),
            Self::EvidenceDeadline { dispute } => disputes::deadline(ctx, dispute),
            Self::Refund { refund } => refunds::finish(ctx, refund),
            Self::Debit { intent } => others::arrive(ctx, intent),
            Self::Payday => automatic::run(ctx),
            Self::Voucher {
                intent,
                voucher,
                paid,
            } => others::vouchers::decide(ctx, intent, voucher, *paid),
            Self::Payout { payout } => payouts::step(ctx, payout),
            Self::TopUp { topup } => topups::arrive(ctx, topup),
            Self::Reader { reader } => terminal::by_itself(ctx, reader),
            Self::Reserve { account } => reserve::cover(ctx, account),
            Self::HoldExpires { intent } => payment_intents::expire(ctx, intent),
            Self::Invoice { invoice } => billing::advance_invoice(ctx, invoice),
            Self::Checkout { session } => checkout::expire_by_itself(ctx, session),
            Self::Quote { quote } => {
                billing::expire_quote(ctx, quote);
                Ok(())
            }
            Self::Schedule { schedule } => billing::step_schedule(ctx, schedule),
            Self::Subscription { subscription } => billing::catch_up(ctx, subscription),
        }
    }
}
