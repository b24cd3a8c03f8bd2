//! What delivers: takes what is due from the [outbox](super::outbox) and makes its [attempts](super::attempt), several at once.
//!
//! An endpoint that is slow to answer holds up its own deliveries, not those of others.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::attempt::attempt;
use super::delivery::Delivery;
use super::outbox::Due;
use crate::Engine;
use crate::scheduler;
use crate::scope::Mode;

/// How many deliveries are under way at once.
const PARALLEL: usize = 32;

/// Delivers in the background until the task is dropped: at once what is new, and later what is to be tried again.
pub(crate) async fn work(engine: Arc<Engine>) {
    let mut under_way = FuturesUnordered::new();
    let mut landed = false;
    loop {
        let mut clock = engine.clock().watch();
        let changed = engine.outbox().changed().notified();
        if !landed {
            prepare(&engine);
        }
        while under_way.len() < PARALLEL
            && let Some(due) = engine.outbox().take_due(engine.clock().now())
        {
            under_way.push(deliver(&engine, due));
        }
        landed = tokio::select! {
            Some(()) = under_way.next() => true,
            () = changed => false,
            () = clock.changed() => false,
            () = until_due(&engine) => false,
        };
    }
}

/// Attempts every delivery that is due now, and those that become due meanwhile; waits for those already under way.
pub(crate) async fn deliver_due(engine: &Arc<Engine>) {
    prepare(engine);
    let mut under_way = FuturesUnordered::new();
    loop {
        let landed = engine.outbox().next_landing();
        while under_way.len() < PARALLEL
            && let Some(due) = engine.outbox().take_due(engine.clock().now())
        {
            under_way.push(deliver(engine, due));
        }
        if under_way.next().await.is_some() {
            continue;
        }
        if engine.outbox().is_quiet(engine.clock().now()) {
            return;
        }
        // Somebody else is at it.
        landed.await;
    }
}

async fn deliver(engine: &Arc<Engine>, due: Due) {
    attempt(engine, &due).await;
    engine.outbox().land(&due);
}

/// Lets happen what the clock made due, and looks once for deliveries that an earlier process left waiting.
fn prepare(engine: &Engine) {
    scheduler::run_all_due(engine);
    if engine.outbox().must_be_filled() {
        fill(engine);
    }
}

/// Waits until something becomes due by the clock alone; for ever if the clock stands still.
async fn until_due(engine: &Engine) {
    let next = [
        engine.outbox().next_after(engine.clock().now()),
        scheduler::next_due(engine),
    ];
    let wait = next
        .into_iter()
        .flatten()
        .min()
        .map(|at| at.saturating_mul(1000) - engine.clock().now_millis());
    match wait {
        Some(millis) if !engine.clock().is_frozen() || millis <= 0 => {
            tokio::time::sleep(Duration::from_millis(u64::try_from(millis).unwrap_or(0))).await;
        }
        _ => std::future::pending().await,
    }
}

fn fill(engine: &Engine) {
    for world in engine.worlds().all() {
        let state = world.lock();
        for mode in Mode::ALL {
            let waiting = state.load_all::<Delivery>(&state.platform_scope(mode));
            for delivery in state.or_fail(waiting).unwrap_or_default() {
                if let Some(at) = delivery
                    .next_attempt
                    .filter(|_| !engine.outbox().holds(&delivery.id))
                {
                    engine.outbox().push(world.name(), mode, &delivery, at);
                }
            }
        }
    }
}
