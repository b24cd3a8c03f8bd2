//! What every handler may use besides its world: configuration, clock, description, and what modules registered.

use std::any::Any;

use crate::clock::Clock;
use crate::config::Config;
use crate::description::Description;
use crate::extensions::Extensions;

/// The part of the engine that is the same for all worlds, and gives no access to any of them.
#[derive(Debug)]
pub struct Services {
    config: Config,
    clock: Clock,
    description: Description,
    extensions: Extensions,
}

impl Services {
    /// Everything there is from the start on.
    #[must_use]
    pub fn new(
        config: Config,
        clock: Clock,
        description: Description,
        extensions: Extensions,
    ) -> Self {
        Self {
            config,
            clock,
            description,
            extensions,
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

    /// The API's description.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The registered value of this type.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.extensions.get()
    }

    /// The registered items of this type, in the order of registration: listeners, for instance.
    #[must_use]
    pub fn list<T: Any + Send + Sync>(&self) -> &[T] {
        self.extensions.list()
    }
}
