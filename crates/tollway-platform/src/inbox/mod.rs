//! The webhook inbox: receives deliveries (verifies and stores them), and handles them later, in the background.

mod deauthorized;
mod event_order;
pub(crate) mod handle;
pub(crate) mod receive;
mod result;
pub(crate) mod retry;

use std::sync::Arc;

use tollway::runtime::Clock;

use self::retry::RetrySchedule;
use crate::config::PlatformConfig;
use crate::connections::Connections;
use crate::entropy::Entropy;
use crate::hooks::Hooks;
use crate::time::{Millis, now_millis};

/// Receives and handles webhook deliveries. Clones share all state.
#[derive(Clone)]
pub(crate) struct Inbox {
    pub config: Arc<PlatformConfig>,
    pub connections: Connections,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    pub hooks: Arc<dyn Hooks>,
    pub retries: RetrySchedule,
}

impl Inbox {
    fn now(&self) -> Millis {
        now_millis(&*self.clock)
    }
}
