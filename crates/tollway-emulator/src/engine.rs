//! The centre: worlds, clock and configuration, and the transaction in which every handler runs.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::Config;
use crate::ctx::{Caller, Ctx, RequestInfo};
use crate::error::ApiError;
use crate::events::Outbox;
use crate::registry::Registry;
use crate::scope::{Mode, Scope};
use crate::world::{World, Worlds};

/// Everything the emulator is made of. One per [`Emulator`](crate::Emulator), shared by all requests.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    clock: Clock,
    worlds: Worlds,
    registry: Registry,
    committed: Notify,
    outbox: Outbox,
}

impl Engine {
    pub(crate) fn new(config: Config, clock: Clock, seed: [u8; 32], outbox: Outbox) -> Self {
        Self {
            config,
            clock,
            worlds: Worlds::new(seed),
            registry: Registry::complete(),
            committed: Notify::new(),
            outbox,
        }
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The clock that everything reads.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// All worlds.
    #[must_use]
    pub fn worlds(&self) -> &Worlds {
        &self.worlds
    }

    /// Which operations have a behaviour of their own.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Woken after every transaction that changed something: for background work such as webhook delivery.
    #[must_use]
    pub fn committed(&self) -> &Notify {
        &self.committed
    }

    /// The webhook deliveries that wait.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Runs `work` with the world locked. What it wrote is kept before this returns; on an error it is undone,
    /// unless the error keeps its changes.
    ///
    /// # Errors
    /// What `work` returned, or a 500 if the change could not be written to disk (then nothing was changed).
    pub fn transact<T>(
        &self,
        world: &Arc<World>,
        scope: Scope,
        caller: &Caller,
        request: &RequestInfo,
        work: impl FnOnce(&mut Ctx<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut state = world.lock();
        let result = work(&mut Ctx::new(&mut state, self, scope, caller, request));
        if result.as_ref().is_err_and(|error| !error.keep_changes) {
            state.store.rollback();
            state.load_platform();
            return result;
        }
        let changes = state.store.commit();
        if !changes.is_empty() {
            self.worlds.follow(world, &changes);
            self.committed.notify_waiters();
        }
        result
    }

    /// Like [`Engine::transact`] for the emulator's own doings in a scope: pages, console, background work.
    ///
    /// # Errors
    /// As [`Engine::transact`].
    pub fn transact_internal<T>(
        &self,
        world: &Arc<World>,
        scope: Scope,
        work: impl FnOnce(&mut Ctx<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let request = RequestInfo {
            api_version: self.config.api_version.clone(),
            ..RequestInfo::default()
        };
        self.transact(world, scope, &Caller::internal(), &request, work)
    }

    /// Hands an unclaimed client id, with everything connected through it, to the world of the key that redeems a code of
    /// it. False if the client id already has an owner. Call it with no world locked.
    pub fn adopt(&self, client_id: &str, into: &Arc<World>, mode: Mode) -> bool {
        if !self.worlds.adopt(client_id, into, mode) {
            return false;
        }
        let scope = into.lock().platform_scope(mode);
        // The adopted records are this transaction's changes: committing it keeps them.
        self.transact_internal(into, scope, |_| Ok(())).is_ok()
    }
}
