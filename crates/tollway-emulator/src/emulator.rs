//! [`Emulator`]: what a program or a test holds.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tollway::transport::Transport;

use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Engine;
use crate::http::{around, front};
use crate::random::system_seed;
use crate::transport::InProcess;

/// A local Stripe. Cloning gives another handle on the same one.
#[derive(Clone, Debug)]
pub struct Emulator {
    engine: Arc<Engine>,
}

/// Settings of an emulator to be made.
#[derive(Debug, Clone, Default)]
pub struct EmulatorBuilder {
    config: Config,
    clock: Option<Clock>,
    seed: Option<u64>,
}

/// An emulator could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The system gave no entropy.
    #[error("the system gave no random numbers ({0}); give the emulator a seed instead")]
    Entropy(getrandom::Error),
    /// The API's description, which is part of the program, does not fit it.
    #[error(transparent)]
    Description(#[from] tollway_spec::CatalogError),
}

impl Emulator {
    /// An emulator in memory, on the system's time.
    ///
    /// # Panics
    /// If the system has no entropy; [`Emulator::builder`] takes a seed.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "a convenience for tests; the builder reports the error"
    )]
    pub fn new() -> Self {
        Self::builder()
            .build()
            .expect("an emulator in memory needs nothing but entropy")
    }

    /// An emulator to be set up.
    #[must_use]
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// The emulator's clock; advancing it advances everything.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.engine.clock()
    }

    /// The inside, for those who look at or prepare worlds directly.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Every route, for a server of one's own.
    pub fn router(&self) -> Router {
        let engine = &self.engine;
        Router::new()
            .merge(crate::connect::routes())
            .merge(crate::pages::routes())
            .fallback(front)
            .layer(from_fn_with_state(Arc::clone(engine), around))
            .merge(crate::control::routes())
            .with_state(Arc::clone(engine))
    }

    /// Serves on a listener until `shutdown` is done; requests under way are answered first.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        crate::server::serve(self.router(), listener, shutdown).await
    }

    /// The emulator as a client's transport, in the same process: no port, no waiting.
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(InProcess::new(self.router()))
    }
}

impl Default for Emulator {
    fn default() -> Self {
        Self::new()
    }
}

impl EmulatorBuilder {
    /// The clock to live by; the system's if not given. Give [`Clock::manual`] for repeatable tests.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Makes ids and secrets repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Refuses what zero configuration allows: see [`Config::strict`].
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.config.strict = strict;
        self
    }

    /// All settings at once.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Makes the emulator.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Emulator, BuildError> {
        let seed = match self.seed {
            Some(seed) => {
                let mut bytes = [0; 32];
                bytes[..8].copy_from_slice(&seed.to_le_bytes());
                bytes
            }
            None => system_seed().map_err(BuildError::Entropy)?,
        };
        let engine = Engine::new(self.config, self.clock.unwrap_or_default(), seed)?;
        Ok(Emulator {
            engine: Arc::new(engine),
        })
    }
}
