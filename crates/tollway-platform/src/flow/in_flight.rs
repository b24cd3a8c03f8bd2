//! Exchanges that this process has under way, so that repeats of a callback can wait for the first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

type Running = Arc<Mutex<HashMap<String, watch::Receiver<()>>>>;

/// The exchanges under way, by attempt.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Running);

/// Held while an exchange runs. Dropping it wakes whoever waits, however the exchange ended.
pub(crate) struct Guard {
    running: Running,
    id: String,
    _sender: watch::Sender<()>,
}

impl InFlight {
    pub(crate) fn begin(&self, id: &str) -> Guard {
        let (sender, receiver) = watch::channel(());
        lock(&self.0).insert(id.to_owned(), receiver);
        Guard {
            running: Arc::clone(&self.0),
            id: id.to_owned(),
            _sender: sender,
        }
    }

    /// A future that ends when the exchange of this attempt has ended; none if it does not run in this process.
    pub(crate) fn end_of(&self, id: &str) -> Option<impl Future<Output = ()> + Send + 'static> {
        let mut receiver = lock(&self.0).get(id)?.clone();
        // Nothing is ever sent: the channel closes when the guard goes.
        Some(async move { while receiver.changed().await.is_ok() {} })
    }
}

impl InFlight {
    /// Ends when no exchange runs in this process any more.
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
        lock(&self.running).remove(&self.id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
