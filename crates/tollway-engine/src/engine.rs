//! The centre: worlds, clock and configuration, and the transaction in which every handler runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::Notify;

use crate::claims::Claims;
use crate::clock::Clock;
use crate::config::Config;
use crate::ctx::{Caller, Ctx, RequestInfo};
use crate::description::Description;
use crate::error::ApiError;
use crate::faults::Faults;
use crate::journal::{self, DataError, Frame, Journal};
use crate::log::RequestLog;
use crate::random::Random;
use crate::scope::{Mode, Scope};
use crate::services::Services;
use crate::store::Change;
use crate::world::{Orphan, World, Worlds};

/// Everything an emulator consists of, shared by all requests.
#[derive(Debug)]
pub struct Engine {
    services: Services,
    worlds: Worlds,
    log: RequestLog,
    faults: Faults,
    in_flight: Claims,
    request_ids: Mutex<Random>,
    committed: Notify,
    journal: Option<Journal>,
    compaction_needed: Notify,
    address: OnceLock<String>,
}

impl Engine {
    /// An engine without worlds. The seed determines ids and secrets.
    #[must_use]
    pub fn new(services: Services, seed: [u8; 32]) -> Self {
        Self {
            worlds: Worlds::new(seed),
            log: RequestLog::new(services.config().log_capacity),
            faults: Faults::default(),
            in_flight: Claims::default(),
            request_ids: Mutex::new(Random::derive(seed, "request ids")),
            committed: Notify::new(),
            journal: None,
            compaction_needed: Notify::new(),
            address: OnceLock::new(),
            services,
        }
    }

    /// What handlers may use: configuration, clock, description, and what modules registered.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.services.config()
    }

    /// The clock that everything reads.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.services.clock()
    }

    /// All worlds.
    #[must_use]
    pub fn worlds(&self) -> &Worlds {
        &self.worlds
    }

    /// The API's description.
    #[must_use]
    pub fn description(&self) -> &Description {
        self.services.description()
    }

    /// The last requests.
    #[must_use]
    pub fn log(&self) -> &RequestLog {
        &self.log
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The idempotency keys whose requests are under way.
    pub fn in_flight(&self) -> &Claims {
        &self.in_flight
    }

    /// A new `req_…`.
    pub fn new_request_id(&self) -> String {
        let mut random = self
            .request_ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        format!("req_{}", random.alphanumeric(14))
    }

    /// Woken after every transaction that changed something: for background work such as webhook delivery.
    #[must_use]
    pub fn committed(&self) -> &Notify {
        &self.committed
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
        // A bug in one handler must not leave half a change, nor a world that nobody can open any more.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            work(&mut Ctx::new(
                &mut state,
                &self.services,
                scope,
                caller,
                request,
            ))
        }));
        let Ok(result) = outcome else {
            state.undo();
            return Err(ApiError::internal(
                "The emulator has a bug here; nothing was changed. Its log has the details.",
            ));
        };
        if let Some(error) = state.store.take_failure() {
            tracing::error!(world = %state.name, %error, "the transaction failed and was undone");
            state.undo();
            return Err(error);
        }
        if result.as_ref().is_err_and(|error| !error.keep_changes) {
            state.undo();
            return result;
        }
        if let Some(journal) = self
            .journal
            .as_ref()
            .filter(|_| !state.store.changes().is_empty())
        {
            let written = journal.append(&state.name, state.store.changes(), self.clock().state());
            if let Err(error) = written {
                state.undo();
                return Err(not_written(&error));
            }
            if journal.needs_compaction() {
                self.compaction_needed.notify_one();
            }
        }
        let changes = state.store.commit();
        if !changes.is_empty() {
            self.worlds.index_changes(world, &changes);
            self.committed.notify_waiters();
        }
        result
    }

    /// Like [`Engine::transact`] for work of the emulator itself: console, background work. Links lead to the
    /// [base URL](Engine::set_base_url).
    ///
    /// # Errors
    /// As [`Engine::transact`].
    pub fn transact_internal<T>(
        &self,
        world: &Arc<World>,
        scope: Scope,
        work: impl FnOnce(&mut Ctx<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let base_url = self.address.get().map_or("", String::as_str);
        self.transact_at(base_url, world, scope, work)
    }

    /// [`Engine::transact_internal`] for a page, with links that lead back to the address it was opened at.
    ///
    /// # Errors
    /// As [`Engine::transact`].
    pub fn transact_at<T>(
        &self,
        base_url: &str,
        world: &Arc<World>,
        scope: Scope,
        work: impl FnOnce(&mut Ctx<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let request = RequestInfo {
            api_version: self.config().api_version.clone(),
            base_url: base_url.to_owned(),
            ..RequestInfo::default()
        };
        self.transact(world, scope, &Caller::internal(), &request, work)
    }

    /// Sets the base URL of links in objects that no request makes, as a renewed subscription's invoice. The first call
    /// counts.
    pub fn set_base_url(&self, base_url: &str) {
        self.address.get_or_init(|| base_url.to_owned());
    }

    /// Hands an unclaimed client id, with everything connected through it, to the world of the key that redeems a code of
    /// it. False if the client id already has an owner. Call it with no world locked.
    pub fn adopt(&self, client_id: &str, into: &Arc<World>, mode: Mode) -> bool {
        let Some(orphan) = self.worlds.take_unclaimed(client_id) else {
            return false;
        };
        let Orphan {
            world,
            mode: held_as,
            account,
            changes,
        } = orphan;
        let stored_bytes = changes.iter().map(journal::stored_bytes).sum();
        let scope = into.lock().platform_scope(mode);
        let adopted = self.transact_internal(into, scope, |ctx| {
            let platform = Arc::clone(&ctx.world.platform.account);
            for change in changes {
                let Some(record) = change.after else { continue };
                let owner = if change.account == account {
                    Arc::clone(&platform)
                } else {
                    change.account
                };
                let kept_as = if change.mode == held_as {
                    mode
                } else {
                    change.mode
                };
                ctx.world
                    .store
                    .adopt(&Scope::new(kept_as, owner), &change.object_type, &record);
            }
            client_id.clone_into(&mut ctx.world.platform.mode_mut(mode).client_id);
            ctx.world.save_platform();
            Ok(())
        });
        adopted.is_ok() && self.forget_in_journal(&world, stored_bytes).is_ok()
    }

    /// Forgets one world, or all of them with the faults and the request log. The clock stays.
    ///
    /// # Errors
    /// A 404 if there is no world of this name.
    pub fn reset(&self, world: Option<&str>) -> Result<(), ApiError> {
        if let Some(name) = world {
            let known = self
                .worlds
                .get(name)
                .ok_or_else(|| ApiError::no_such("world", name, "world"))?;
            self.forget_in_journal(known.name(), stored_bytes(&known))?;
            self.worlds.forget(known.name());
        } else {
            self.write_to_journal(Journal::forget_all)?;
            self.worlds.clear();
            self.faults.clear();
            self.log.clear();
        }
        Ok(())
    }

    /// Opens the data file and replays it. Later transactions are appended to it. With `restore_clock` the clock is set to
    /// the stored time.
    ///
    /// # Errors
    /// See [`DataError`].
    pub fn open_data_file(&mut self, path: &Path, restore_clock: bool) -> Result<(), DataError> {
        let mut clock = None;
        let journal = Journal::open(path, |frame| match frame {
            Frame::Transaction { world, changes } => {
                let world = self.worlds.open(&world);
                let mut state = world.lock();
                let changes = changes.into_iter().map(|change| state.store.replay(change));
                changes
                    .map(|change| journal::superseded_bytes(&change))
                    .sum()
            }
            Frame::Forget(Some(name)) => {
                let superseded = self
                    .worlds
                    .get(&name)
                    .map_or(0, |world| stored_bytes(&world));
                self.worlds.forget(&name);
                superseded
            }
            Frame::Forget(None) => {
                let superseded = self.worlds.all().iter().map(stored_bytes).sum();
                self.worlds.clear();
                superseded
            }
            Frame::Clock(millis, frozen) => {
                clock = Some((millis, frozen));
                0
            }
        })?;
        if let Some(state) = clock.filter(|_| restore_clock) {
            self.clock().restore(state);
        }
        for world in &self.worlds.all() {
            self.worlds
                .rebuild_directory(world)
                .map_err(|error| DataError::Unreadable {
                    path: path.to_owned(),
                    problem: error.to_string(),
                })?;
        }
        let needs_compaction = journal.needs_compaction();
        self.journal = Some(journal);
        if needs_compaction {
            self.compact()?;
        }
        Ok(())
    }

    /// Rewrites the data file without superseded records. Requests are answered meanwhile. Locks each world in turn: call it
    /// with no world locked.
    ///
    /// # Errors
    /// See [`DataError`]. The old file stays in use.
    pub fn compact(&self) -> Result<(), DataError> {
        match &self.journal {
            Some(journal) => journal.compact(|| self.snapshot(), self.clock().state()),
            None => Ok(()),
        }
    }

    /// Notified when the data file should be compacted.
    pub fn compaction_needed(&self) -> &Notify {
        &self.compaction_needed
    }

    /// Every world's records, one world after the other.
    fn snapshot(&self) -> impl Iterator<Item = (Arc<str>, Vec<Change>)> {
        self.worlds.all().into_iter().map(|world| {
            let changes = world.lock().store.snapshot().collect();
            (Arc::clone(world.name()), changes)
        })
    }

    /// Writes the clock's state to the data file, for the next start.
    ///
    /// # Errors
    /// A 500 if it could not be written to disk.
    pub fn persist_clock(&self) -> Result<(), ApiError> {
        self.write_to_journal(|journal| journal.keep_clock(self.clock().state()))
    }

    fn forget_in_journal(&self, world: &str, stored_bytes: u64) -> Result<(), ApiError> {
        self.write_to_journal(|journal| journal.forget(world, stored_bytes))
    }

    fn write_to_journal(
        &self,
        write: impl FnOnce(&Journal) -> std::io::Result<()>,
    ) -> Result<(), ApiError> {
        let written = self.journal.as_ref().map_or(Ok(()), write);
        written.map_err(|error| not_written(&error))
    }
}

/// How many bytes of the data file a world's records fill.
fn stored_bytes(world: &Arc<World>) -> u64 {
    let state = world.lock();
    state
        .store
        .snapshot()
        .map(|change| journal::stored_bytes(&change))
        .sum()
}

/// The data file could not be written; the log says why.
fn not_written(error: &std::io::Error) -> ApiError {
    tracing::error!(%error, "the data file cannot be written; the request was undone");
    ApiError::internal(format!(
        "The emulator could not write to its data file ({error}); nothing was changed."
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::extensions::Extensions;

    fn one_world() -> (Engine, Arc<World>, Scope) {
        let description = Description::load().unwrap();
        let clock = Clock::manual(0);
        let services = Services::new(Config::default(), clock, description, Extensions::default());
        let engine = Engine::new(services, [1; 32]);
        let world = engine.worlds().open("a");
        let scope = world.lock().platform_scope(Mode::Test);
        (engine, world, scope)
    }

    #[test]
    fn a_panic_is_a_500_and_leaves_nothing() {
        let (engine, world, scope) = one_world();
        let error =
            engine.transact_internal(&world, scope.clone(), |ctx| -> Result<(), ApiError> {
                ctx.insert("customer", &json!({"id": "cus_1"}));
                panic!("a bug");
            });
        assert_eq!(error.unwrap_err().status, 500);
        let left = engine.transact_internal(&world, scope, |ctx| Ok(ctx.get("customer", "cus_1")));
        assert_eq!(left, Ok(None));
    }

    #[test]
    fn an_error_undoes_unless_it_keeps() {
        let (engine, world, scope) = one_world();
        let fail = |id: &str, error: ApiError| {
            engine.transact_internal(&world, scope.clone(), |ctx| -> Result<(), ApiError> {
                ctx.insert("charge", &json!({"id": id}));
                Err(error)
            })
        };
        assert!(fail("ch_undone", ApiError::invalid_request("no")).is_err());
        assert!(
            fail(
                "ch_kept",
                ApiError::card("card_declined", "no").keeping_changes()
            )
            .is_err()
        );
        let state = world.lock();
        assert!(state.store.get(&scope, "charge", "ch_undone").is_none());
        assert!(state.store.get(&scope, "charge", "ch_kept").is_some());
    }
}
