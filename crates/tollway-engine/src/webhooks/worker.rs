//! What delivers: takes what is due from the [outbox](super::outbox) and makes its [attempts](super::attempt), several at once.
//!
//! An endpoint that is slow to answer holds up its own deliveries, not those of others.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::attempt::attempt;
use crate::engine::Engine;
use crate::events::delivery::Delivery;
use crate::events::{DueDelivery, Outbox};
use crate::scheduler;
use crate::scope::Mode;

/// How many deliveries are under way at once.
const MAX_UNDER_WAY: usize = 32;

/// Delivers in the background until the future is dropped: at once what is new, and later what is to be tried again.
pub async fn run_deliveries(engine: Arc<Engine>) {
    let Some(outbox) = engine.services().get::<Outbox>() else {
        return;
    };
    let mut under_way = FuturesUnordered::new();
    let mut one_finished = false;
    loop {
        let mut clock = engine.clock().watch();
        let changed = outbox.changed().notified();
        if !one_finished {
            prepare(&engine, outbox);
        }
        while under_way.len() < MAX_UNDER_WAY
            && let Some(due) = outbox.take_due(engine.clock().now())
        {
            under_way.push(deliver(&engine, outbox, due));
        }
        one_finished = tokio::select! {
            Some(()) = under_way.next() => true,
            () = changed => false,
            () = clock.changed() => false,
            () = until_due(&engine, outbox) => false,
        };
    }
}

/// Attempts every delivery that is due now, and those that become due meanwhile; waits for those already under way.
pub async fn deliver_due(engine: &Arc<Engine>) {
    let Some(outbox) = engine.services().get::<Outbox>() else {
        return;
    };
    prepare(engine, outbox);
    let mut under_way = FuturesUnordered::new();
    loop {
        let finished = outbox.next_finish();
        while under_way.len() < MAX_UNDER_WAY
            && let Some(due) = outbox.take_due(engine.clock().now())
        {
            under_way.push(deliver(engine, outbox, due));
        }
        if under_way.next().await.is_some() {
            continue;
        }
        if outbox.is_quiet(engine.clock().now()) {
            return;
        }
        // Another caller has the rest under way.
        finished.await;
    }
}

async fn deliver(engine: &Arc<Engine>, outbox: &Outbox, due: DueDelivery) {
    attempt(engine, &due).await;
    outbox.finish(&due);
}

/// Runs due tasks, and fills the outbox once with deliveries that an earlier process left waiting.
fn prepare(engine: &Engine, outbox: &Outbox) {
    scheduler::run_all_due(engine);
    if outbox.must_be_filled() {
        fill(engine, outbox);
    }
}

/// Waits until something becomes due by the clock alone; for ever if the clock stands still.
async fn until_due(engine: &Engine, outbox: &Outbox) {
    let next = [
        outbox.next_after(engine.clock().now()),
        scheduler::next_due(engine),
    ];
    let wait = next
        .into_iter()
        .flatten()
        .min()
        .map(|at| at.saturating_mul(1000) - engine.clock().now_millis());
    match wait {
        Some(millis) if !engine.clock().is_frozen() || millis <= 0 => {
            #[expect(
                clippy::disallowed_methods,
                reason = "the emulator's clock runs at the system's speed while it is not frozen"
            )]
            tokio::time::sleep(Duration::from_millis(u64::try_from(millis).unwrap_or(0))).await;
        }
        _ => std::future::pending().await,
    }
}

fn fill(engine: &Engine, outbox: &Outbox) {
    for world in engine.worlds().all() {
        let state = world.lock();
        for mode in Mode::ALL {
            let waiting = state.load_all::<Delivery>(&state.platform_scope(mode));
            for delivery in state.or_fail(waiting).unwrap_or_default() {
                let next = delivery.next_attempt;
                if let Some(at) = next.filter(|_| !outbox.holds(&delivery.id)) {
                    outbox.push(world.name(), mode, &delivery.id, &delivery.endpoint, at);
                }
            }
        }
    }
}
