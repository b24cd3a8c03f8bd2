//! Finding the world of a key, a client id or an access token.
//!
//! The directory is derived: it is read off the `_platform` and `_token` records whenever a transaction is committed,
//! so whoever writes such a record need not think of it.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::HashMap;

use super::platform::UNCLAIMED;
use super::restricted::StoredRestrictedKey;
use super::{Platform, PrivateRecord, Token, World, read_private_record};
use crate::error::ApiError;
use crate::key::ApiKey;
use crate::random::Random;
use crate::scope::Mode;
use crate::store::{Change, Record};

/// All worlds.
#[derive(Debug)]
pub struct Worlds {
    seed: [u8; 32],
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_name: HashMap<Arc<str>, Arc<World>>,
    client_ids: HashMap<String, (Arc<World>, Mode)>,
    tokens: HashMap<Arc<str>, Arc<World>>,
    /// How many worlds there are when idle ones are looked for again.
    sweep_at: usize,
}

/// Whose a client id is.
#[derive(Debug, Clone)]
pub enum Claim {
    /// A platform's that has used a key, or was set up.
    Platform(Arc<World>, Mode),
    /// Nobody's yet: a world without a key that waits to be adopted by the first key that redeems a code of it.
    Unclaimed(Arc<World>, Mode),
}

/// What a world without a key held.
#[derive(Debug)]
pub struct Orphan {
    /// Its name.
    pub world: Arc<str>,
    /// The mode its client id was taken for.
    pub mode: Mode,
    /// Its platform account.
    pub account: Arc<str>,
    /// Its records, oldest first.
    pub changes: Vec<Change>,
}

impl Worlds {
    /// No worlds yet. The seed determines ids and secrets.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            inner: RwLock::default(),
        }
    }

    /// The world of a name, made at first use.
    #[must_use]
    pub fn open(&self, name: &str) -> Arc<World> {
        if let Some(world) = self.read().by_name.get(name) {
            return Arc::clone(world);
        }
        let mut inner = self.write();
        if let Some(world) = inner.by_name.get(name) {
            return Arc::clone(world);
        }
        if inner.by_name.len() >= inner.sweep_at.max(IDLE) {
            inner.forget_idle();
        }
        let world = Arc::new(World::new(name, self.seed));
        inner
            .by_name
            .insert(Arc::clone(world.name()), Arc::clone(&world));
        inner.list_client_ids(&world, &Platform::of_world(name));
        world
    }

    /// The world a key opens: the one that gave it out as a token, else the one of its name, made at first use.
    #[must_use]
    pub fn for_key(&self, key: &ApiKey) -> Arc<World> {
        let known = self.read().tokens.get(key.expose()).map(Arc::clone);
        known.unwrap_or_else(|| self.open(key.world()))
    }

    /// The world and mode of a client id, if any platform has it.
    #[must_use]
    pub fn of_client_id(&self, client_id: &str) -> Option<(Arc<World>, Mode)> {
        self.read().client_ids.get(client_id).cloned()
    }

    /// The world and mode of a client id; one nobody has claimed gets a world of its own, in test mode.
    #[must_use]
    pub fn claim_of(&self, client_id: &str) -> Claim {
        if let Some((world, mode)) = self.of_client_id(client_id) {
            let unclaimed = world.name().starts_with(UNCLAIMED);
            return if unclaimed {
                Claim::Unclaimed(world, mode)
            } else {
                Claim::Platform(world, mode)
            };
        }
        let world = self.open(&format!("{UNCLAIMED}{client_id}"));
        Claim::Unclaimed(world, Mode::Test)
    }

    /// After a start: derives settings, client ids, tokens and randomness of a world from its records.
    ///
    /// # Errors
    /// A 500 if a record of these cannot be read.
    pub fn rebuild_directory(&self, world: &Arc<World>) -> Result<(), ApiError> {
        let derived: Vec<Change> = {
            let mut state = world.lock();
            state.store.commit();
            state.load_platform()?;
            // Reseeds from the sequence number, so that ids of the previous run are not reused.
            let label = format!("{} {}", world.name(), state.store.sequence());
            state.random = Random::derive(self.seed, &label);
            let is_indexed = |change: &Change| INDEXED_TYPES.contains(&&*change.object_type);
            state.store.snapshot().filter(is_indexed).collect()
        };
        self.index_changes(world, &derived);
        Ok(())
    }

    /// All worlds, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<World>> {
        let mut worlds: Vec<_> = self.read().by_name.values().cloned().collect();
        worlds.sort_by(|a, b| a.name().cmp(b.name()));
        worlds
    }

    /// The world of a name, if it was ever used.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<World>> {
        self.read().by_name.get(name).cloned()
    }

    /// Forgets every world.
    pub fn clear(&self) {
        *self.write() = Inner::default();
    }

    /// Forgets one world.
    pub fn forget(&self, name: &str) {
        let mut inner = self.write();
        inner.by_name.remove(name);
        inner
            .client_ids
            .retain(|_, (world, _)| &**world.name() != name);
        inner.tokens.retain(|_, world| &**world.name() != name);
    }

    /// Takes what the world without a key that waits under this client id holds; none if nobody waits there. The world is
    /// forgotten.
    pub fn take_unclaimed(&self, client_id: &str) -> Option<Orphan> {
        let (from, mode) = self
            .of_client_id(client_id)
            .filter(|(world, _)| world.name().starts_with(UNCLAIMED))?;
        let (store, account) = {
            let mut state = from.lock();
            (
                std::mem::take(&mut state.store),
                Arc::clone(&state.platform.account),
            )
        };
        self.forget(from.name());
        let mut changes: Vec<Change> = store
            .snapshot()
            .filter(|change| &*change.object_type != Platform::TYPE)
            .collect();
        changes.sort_by_key(|change| change.after.as_ref().map(|record| record.sequence));
        Some(Orphan {
            world: Arc::clone(from.name()),
            mode,
            account,
            changes,
        })
    }

    /// Follows a world's committed changes.
    pub fn index_changes(&self, world: &Arc<World>, changes: &[Change]) {
        for change in changes {
            match &*change.object_type {
                Token::TYPE | StoredRestrictedKey::TYPE => {
                    if let Some(record) = &change.after {
                        self.write()
                            .tokens
                            .insert(Arc::clone(&record.id), Arc::clone(world));
                    }
                }
                Platform::TYPE => {
                    // What was committed just now, or was read at the start, can be read.
                    let read = |record: &Arc<Record>| read_private_record::<Platform>(record).ok();
                    let before = change
                        .before
                        .as_ref()
                        .and_then(read)
                        .unwrap_or_else(|| Platform::of_world(world.name()));
                    let mut inner = self.write();
                    inner.unlist_client_ids(world, &before);
                    if let Some(after) = change.after.as_ref().and_then(read) {
                        inner.list_client_ids(world, &after);
                    }
                }
                _ => {}
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The types of records that the directory is derived from.
const INDEXED_TYPES: [&str; 3] = [Token::TYPE, StoredRestrictedKey::TYPE, Platform::TYPE];

/// So many worlds may hold nothing: any well-formed key opens one.
const IDLE: usize = 10_000;

/// Whoever else holds a world may be about to write to it: the directory itself holds it by name and by two client ids.
const OWN_HANDLES: usize = 3;

impl Inner {
    /// Forgets the worlds that hold nothing; they would be made the same again.
    fn forget_idle(&mut self) {
        // Nobody else can have the lock of a world that nobody else holds.
        let idle = |world: &Arc<World>| {
            Arc::strong_count(world) <= OWN_HANDLES && world.lock().store.sequence() == 0
        };
        self.by_name.retain(|_, world| !idle(world));
        let known = &self.by_name;
        self.client_ids
            .retain(|_, (world, _)| known.contains_key(world.name()));
        self.sweep_at = 2 * self.by_name.len();
    }

    fn list_client_ids(&mut self, world: &Arc<World>, platform: &Platform) {
        for mode in Mode::ALL {
            let client_id = platform.mode(mode).client_id.clone();
            self.client_ids.insert(client_id, (Arc::clone(world), mode));
        }
    }

    fn unlist_client_ids(&mut self, world: &Arc<World>, platform: &Platform) {
        for mode in Mode::ALL {
            let client_id = &platform.mode(mode).client_id;
            if self
                .client_ids
                .get(client_id)
                .is_some_and(|(owner, _)| owner.name() == world.name())
            {
                self.client_ids.remove(client_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn worlds_that_hold_nothing_do_not_add_up() {
        let worlds = Worlds::new([0; 32]);
        let held = worlds.open("held");
        let client_id = {
            let world = worlds.open("full");
            let mut state = world.lock();
            let scope = state.platform_scope(Mode::Test);
            let customer = json!({"id": "cus_1"});
            state.store.insert(&scope, "customer", &customer, 0);
            state.platform.test.client_id.clone()
        };
        for number in 0..3 * IDLE {
            let _ = worlds.open(&format!("idle{number}"));
        }
        assert!(worlds.all().len() <= IDLE);
        assert!(Arc::ptr_eq(&held, &worlds.get("held").unwrap()));
        assert_eq!(&**worlds.of_client_id(&client_id).unwrap().0.name(), "full");
        assert!(worlds.read().client_ids.len() <= 2 * IDLE);
    }
}
