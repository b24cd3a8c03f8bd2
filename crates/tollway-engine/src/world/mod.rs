//! A world: one platform, everything it and its connected accounts own, in both modes.
//!
//! [`Worlds`] maps keys to worlds and makes one at first use. A [`World`] is one mutex around its [`WorldState`]; whoever holds the
//! lock sees and changes the whole world, and nobody awaits while holding it. Inside, durable things are records of
//! the [`Store`]: the platform's settings (`_platform`), connections (`_connection`) and tokens (`_token`) have typed
//! readers and writers here, so that nothing else has to know their record types.

mod connection;
mod directory;
mod platform;
mod private_record;
mod restricted;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;

pub use self::connection::{Connection, ConnectionKind, GrantScope, Token, TokenKind};
pub use self::directory::{Claim, Orphan, Worlds};
pub use self::platform::{AfterRetries, ModeSettings, Platform};
pub use self::private_record::PrivateRecord;
pub use self::private_record::read as read_private_record;
pub use self::restricted::resource as permission_resource;
pub use self::restricted::{Access, RestrictedKey};
use crate::error::ApiError;
use crate::key::redact;
use crate::random::Random;
use crate::scope::{Mode, Scope};
use crate::store::Store;

/// What one platform sees.
#[derive(Debug)]
pub struct World {
    name: Arc<str>,
    state: Mutex<WorldState>,
}

/// The inside of a world, seen by whoever holds its lock.
#[derive(Debug)]
pub struct WorldState {
    /// The world's name: what follows `sk_test_` in its keys.
    pub name: Arc<str>,
    /// The platform account and its settings. Write changes back with [`WorldState::save_platform`].
    pub platform: Platform,
    /// Every object of the platform and its connected accounts.
    pub store: Store,
    /// Where ids and secrets come from.
    pub random: Random,
}

impl World {
    /// A new world of this name. The seed determines ids and secrets.
    pub fn new(name: &str, seed: [u8; 32]) -> Self {
        let name: Arc<str> = name.into();
        let state = WorldState {
            platform: Platform::of_world(&name),
            store: Store::default(),
            random: Random::derive(seed, &name),
            name: Arc::clone(&name),
        };
        Self {
            name,
            state: Mutex::new(state),
        }
    }

    /// The world's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Takes the world's lock. Prefer [`Engine::transact`](crate::Engine::transact), which also keeps what was written.
    pub fn lock(&self) -> MutexGuard<'_, WorldState> {
        // A panic in a handler was rolled back or not by then; the store's own invariants hold between its calls.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WorldState {
    /// The platform's own scope.
    #[must_use]
    pub fn platform_scope(&self, mode: Mode) -> Scope {
        Scope::new(mode, Arc::clone(&self.platform.account))
    }

    /// Stores the platform's settings as they are now.
    pub fn save_platform(&mut self) {
        let scope = self.platform_scope(Mode::Live);
        let platform = self.platform.clone();
        self.save(&scope, Platform::RECORD_ID, &platform, 0);
    }

    /// Undoes everything since the last commit.
    pub fn undo(&mut self) {
        self.store.rollback();
        // An unreadable platform was refused at start; should it occur here, the next transaction reports it.
        let loaded = self.load_platform();
        self.or_fail(loaded);
    }

    /// Reads the platform's settings back from the store, after a start or a rollback.
    ///
    /// # Errors
    /// A 500 if they cannot be read.
    pub fn load_platform(&mut self) -> Result<(), ApiError> {
        let derived = Platform::of_world(&self.name);
        let scope = Scope::new(Mode::Live, Arc::clone(&derived.account));
        self.platform = self.load(&scope, Platform::RECORD_ID)?.unwrap_or(derived);
        Ok(())
    }

    /// A stored object of this id, as a type that has the members the caller needs. An unreadable object fails the
    /// transaction. Private records are read by [`WorldState::load`].
    #[must_use]
    pub fn typed<T: DeserializeOwned>(
        &self,
        scope: &Scope,
        object_type: &str,
        id: &str,
    ) -> Option<T> {
        let record = self.store.get(scope, object_type, id)?;
        let read = serde_json::from_slice(&record.body);
        read.inspect_err(|_| {
            let id = redact(&record.id);
            let message = format!(
                "The emulator's record {object_type} {id} could not be read; nothing was changed."
            );
            self.store.fail(ApiError::internal(message));
        })
        .ok()
    }
}
