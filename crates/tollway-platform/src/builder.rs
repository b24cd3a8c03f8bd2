//! Putting a [`Platform`] together. Whatever touches the world outside can be given: store, clock, randomness, transport.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Notify;
use tollway::runtime::{Clock, SystemClock};
use tollway::transport::Transport;

use crate::config::{ConfigError, PlatformConfig};
use crate::flow::in_flight::InFlight;
use crate::hooks::{Hooks, NoHooks};
use crate::metrics::Metrics;
use crate::platform::{Inner, Platform};
use crate::entropy::{Entropy, EntropyError};
use crate::seal::{KeyError, SealingKeys};
use crate::store::{SqliteStore, Store, StoreError};
use crate::stripe::Stripe;
use crate::web::limit::Limiter;
use crate::web::pages::Pages;

/// Makes a [`Platform`]. Only the configuration is required.
#[derive(Default)]
#[must_use]
pub struct PlatformBuilder {
    config: Option<PlatformConfig>,
    store: Option<Arc<dyn Store>>,
    clock: Option<Arc<dyn Clock>>,
    entropy: Option<Entropy>,
    transport: Option<Arc<dyn Transport>>,
    hooks: Option<Arc<dyn Hooks>>,
}

impl PlatformBuilder {
    /// The configuration. Required.
    pub fn config(mut self, config: PlatformConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// Another store than the SQLite file that the configuration names.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Another clock than the system's; the SDK's clients use it, too.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Other randomness than the system's.
    pub fn entropy(mut self, entropy: Entropy) -> Self {
        self.entropy = Some(entropy);
        self
    }

    /// Another way to Stripe than HTTP, such as an emulator in the same process.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The host application's ears.
    pub fn hooks(mut self, hooks: Arc<dyn Hooks>) -> Self {
        self.hooks = Some(hooks);
        self
    }

    /// Checks the configuration and opens the store.
    pub async fn build(self) -> Result<Platform, BuildError> {
        let config = self.config.ok_or(BuildError::NoConfig)?;
        config.check()?;
        let keys = SealingKeys::from_texts(&config.sealing_keys)?;
        let entropy = match self.entropy {
            Some(entropy) => entropy,
            None => Entropy::from_system()?,
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let stripe = Stripe::new(&config, self.transport.as_ref(), &clock, &entropy)?;
        let store = match self.store {
            Some(store) => store,
            None => {
                Arc::new(SqliteStore::open(Path::new(&config.database), entropy.clone()).await?)
            }
        };
        Ok(Platform::from_parts(Inner {
            limiter: Limiter::new(config.web.requests_per_minute, Arc::clone(&clock)),
            pages: Pages::new(),
            metrics: Metrics::new(),
            in_flight: InFlight::default(),
            work: Notify::new(),
            hooks: self.hooks.unwrap_or_else(|| Arc::new(NoHooks)),
            config,
            store,
            clock,
            entropy,
            keys,
            stripe,
        }))
    }
}

/// The platform does not start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// `PlatformBuilder::config` was not called.
    #[error("no configuration was given: call PlatformBuilder::config")]
    NoConfig,
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The sealing keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}
