//! Finding the world of a key, a client id or an access token.
//!
//! The directory is derived: it is read off the `_platform` and `_token` records whenever a transaction is committed,
//! so whoever writes such a record need not think of it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::connection::TOKEN;
use super::{Platform, World};
use crate::key::ApiKey;
use crate::scope::{Mode, Scope};
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
}

/// Whose a client id is.
#[derive(Debug, Clone)]
pub enum Claim {
    /// A platform's that has used a key, or was set up.
    Platform(Arc<World>, Mode),
    /// Nobody's yet: a world without a key that waits to be adopted by the first key that redeems a code of it.
    Unclaimed(Arc<World>, Mode),
}

/// Start of the names of worlds that no key has opened yet; not a possible key tail.
const UNCLAIMED: &str = "client ";

impl Worlds {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
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
        {
            let mut state = world.lock();
            client_id.clone_into(&mut state.platform.test.client_id);
            state.save_platform();
        }
        self.write()
            .client_ids
            .insert(client_id.to_owned(), (Arc::clone(&world), Mode::Test));
        Claim::Unclaimed(world, Mode::Test)
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
    pub(crate) fn clear(&self) {
        *self.write() = Inner::default();
    }

    /// Forgets one world.
    pub(crate) fn forget(&self, name: &str) {
        let mut inner = self.write();
        inner.by_name.remove(name);
        inner
            .client_ids
            .retain(|_, (world, _)| &**world.name() != name);
        inner.tokens.retain(|_, world| &**world.name() != name);
    }

    /// Moves what a world without a key holds into the world of the key that claimed its client id: the connected
    /// accounts, their connections, codes and tokens, and the client id itself, which becomes the platform's in the key's
    /// mode. Returns false if there was nothing to adopt.
    pub(crate) fn adopt(&self, client_id: &str, into: &Arc<World>, mode: Mode) -> bool {
        let Claim::Unclaimed(from, held_as) = self.claim_of(client_id) else {
            return false;
        };
        let orphan = std::mem::take(&mut from.lock().store);
        let old_account = Arc::clone(&from.lock().platform.account);
        {
            let mut state = into.lock();
            let new_account = Arc::clone(&state.platform.account);
            for change in orphan.snapshot() {
                let Some(record) = change.after else { continue };
                if &*change.object_type == Platform::RECORD {
                    continue;
                }
                let account = if change.account == old_account {
                    Arc::clone(&new_account)
                } else {
                    change.account
                };
                state.store.adopt(
                    &Scope {
                        mode: if change.mode == held_as {
                            mode
                        } else {
                            change.mode
                        },
                        account,
                    },
                    &change.object_type,
                    &record,
                );
            }
            client_id.clone_into(&mut state.platform.mode_mut(mode).client_id);
            state.save_platform();
        }
        self.forget(from.name());
        true
    }

    /// Follows a world's committed changes.
    pub(crate) fn follow(&self, world: &Arc<World>, changes: &[Change]) {
        for change in changes {
            match &*change.object_type {
                TOKEN => {
                    if let Some(record) = &change.after {
                        self.write()
                            .tokens
                            .insert(Arc::clone(&record.id), Arc::clone(world));
                    }
                }
                Platform::RECORD => {
                    let read = |record: &Arc<Record>| {
                        serde_json::from_slice::<Platform>(&record.body).ok()
                    };
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

impl Inner {
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
