//! The exchanges that this process runs, so that repeats of a callback can wait for the first.
//!
//! An exchange is announced before its attempt is claimed. A callback that finds the attempt claimed by this process therefore
//! finds the announcement, too, and the end of the exchange wakes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// For each attempt the number of its guards, and a channel that closes when the last guard is dropped.
type Running = Arc<Mutex<HashMap<String, (usize, watch::Sender<()>)>>>;

/// The running exchanges, by attempt id.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Running);

/// Announces an exchange while it exists. Dropping the last guard of an attempt wakes all that wait for its end.
pub(crate) struct ExchangeGuard {
    running: Running,
    id: String,
}

impl InFlight {
    /// Announces an exchange.
    pub(crate) fn begin(&self, id: &str) -> ExchangeGuard {
        let mut running = lock(&self.0);
        let entry = running
            .entry(id.to_owned())
            .or_insert_with(|| (0, watch::channel(()).0));
        entry.0 += 1;
        ExchangeGuard {
            running: Arc::clone(&self.0),
            id: id.to_owned(),
        }
    }

    /// A future that ends with the exchange of this attempt. `None`: this process runs no such exchange.
    pub(crate) fn end_of(&self, id: &str) -> Option<impl Future<Output = ()> + Send + use<>> {
        let mut receiver = lock(&self.0).get(id)?.1.subscribe();
        // Nothing is sent: the channel closes when the last guard is dropped.
        Some(async move { while receiver.changed().await.is_ok() {} })
    }

    /// Waits until the exchanges that run now have ended.
    pub(crate) async fn drained(&self) {
        let running: Vec<String> = lock(&self.0).keys().cloned().collect();
        for id in running {
            if let Some(end) = self.end_of(&id) {
                end.await;
            }
        }
    }
}

impl Drop for ExchangeGuard {
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
    async fn waiting_ends_when_the_last_guard_is_dropped() {
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
