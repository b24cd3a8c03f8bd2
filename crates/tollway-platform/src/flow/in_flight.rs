//! Exchanges that this process has under way, so that repeats of a callback can wait for the first.
//!
//! An exchange is announced before its attempt is claimed: whoever then finds the attempt claimed by this process also
//! finds the announcement, and is woken by its end rather than by looking again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// How many hold each attempt, and what closes when the last of them goes.
type Running = Arc<Mutex<HashMap<String, (usize, watch::Sender<()>)>>>;

/// The exchanges under way, by attempt.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Running);

/// Held while an exchange is tried or runs. Dropping the last one wakes whoever waits, however the exchange ended.
pub(crate) struct Guard {
    running: Running,
    id: String,
}

impl InFlight {
    pub(crate) fn begin(&self, id: &str) -> Guard {
        let mut running = lock(&self.0);
        let entry = running
            .entry(id.to_owned())
            .or_insert_with(|| (0, watch::channel(()).0));
        entry.0 += 1;
        Guard {
            running: Arc::clone(&self.0),
            id: id.to_owned(),
        }
    }

    /// A future that ends when the exchange of this attempt has ended; none if it does not run in this process.
    pub(crate) fn end_of(&self, id: &str) -> Option<impl Future<Output = ()> + Send + use<>> {
        let mut receiver = lock(&self.0).get(id)?.1.subscribe();
        // Nothing is ever sent: the channel closes when the last guard goes.
        Some(async move { while receiver.changed().await.is_ok() {} })
    }

    /// Ends when no exchange that runs in this process now does any more.
    pub(crate) async fn drained(&self) {
        let running: Vec<String> = lock(&self.0).keys().cloned().collect();
        for id in running {
            if let Some(end) = self.end_of(&id) {
                end.await;
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        if let Some(entry) = running.get_mut(&self.id) {
            entry.0 -= 1;
            if entry.0 == 0 {
                running.remove(&self.id);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn the_end_comes_when_the_last_guard_goes() {
        let in_flight = InFlight::default();
        assert!(in_flight.end_of("a").is_none());
        let (winner, loser) = (in_flight.begin("a"), in_flight.begin("a"));
        let mut end = Box::pin(in_flight.end_of("a").expect("announced"));
        drop(loser);
        assert!((&mut end).now_or_never().is_none(), "the winner still runs");
        drop(winner);
        end.await;
        assert!(in_flight.end_of("a").is_none());
        in_flight.drained().await;
    }
}
