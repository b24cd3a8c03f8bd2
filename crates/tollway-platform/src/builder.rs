//! Builds a [`Platform`]. Everything that reaches outside the process can be replaced: store, clock, randomness, transport.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Notify;
use tollway::runtime::{Clock, SystemClock};
use tollway::transport::Transport;

use crate::config::{ConfigError, PlatformConfig};
use crate::connections::Connections;
use crate::entropy::{Entropy, EntropyError};
use crate::flow::ConnectFlow;
use crate::hooks::{Hooks, NoHooks};
use crate::inbox::Inbox;
use crate::inbox::retry::RetrySchedule;
use crate::key_rotation::KeyRotation;
use crate::link::LinkSigner;
use crate::metrics::Metrics;
use crate::platform::{Platform, Services};
use crate::seal::{KeyError, SealingKeys};
use crate::store::{Store, StoreError};
use crate::stripe::Stripe;
use crate::worker::Worker;

impl Platform {
    /// Starts with the defaults: SQLite as configured, the system's clock and randomness, Stripe over HTTPS, no hooks.
    pub fn builder() -> PlatformBuilder {
        PlatformBuilder::default()
    }
}

/// Builds a [`Platform`]. Only the configuration is required; without the feature `sqlite` the store is, too.
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
    /// Sets the configuration. Required.
    pub fn config(mut self, config: PlatformConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// Sets the store. Default: the SQLite file that the configuration names.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the clock of the platform and of its SDK clients. Default: the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets the source of randomness. Default: seeded by the operating system.
    pub fn entropy(mut self, entropy: Entropy) -> Self {
        self.entropy = Some(entropy);
        self
    }

    /// Sets the transport of calls to Stripe, such as an emulator in the same process. Default: HTTPS.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets the callbacks into the host application. Default: none.
    pub fn hooks(mut self, hooks: Arc<dyn Hooks>) -> Self {
        self.hooks = Some(hooks);
        self
    }

    /// Checks the configuration and opens the store.
    pub async fn build(self) -> Result<Platform, BuildError> {
        self.boxed_build().await
    }

    /// [`PlatformBuilder::build`] as a boxed future: the store's code is compiled in this crate, not again in each program.
    fn boxed_build(self) -> Pin<Box<dyn Future<Output = Result<Platform, BuildError>> + Send>> {
        Box::pin(self.check_and_open())
    }

    async fn check_and_open(self) -> Result<Platform, BuildError> {
        let config = self.config.ok_or(BuildError::NoConfig)?;
        config.check()?;
        let keys = Arc::new(SealingKeys::from_texts(&config.sealing_keys)?);
        let entropy = match self.entropy {
            Some(entropy) => entropy,
            None => Entropy::from_system()?,
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let stripe = Stripe::new(&config, self.transport.as_ref(), &clock, &entropy)?;
        let store = match self.store {
            Some(store) => store,
            None => default_store(&config, &entropy).await?,
        };
        let parts = Parts {
            config: Arc::new(config),
            store,
            clock,
            entropy,
            keys,
            stripe,
            hooks: self.hooks.unwrap_or_else(|| Arc::new(NoHooks)),
        };
        Ok(Platform::new(assemble(parts)))
    }
}

#[cfg(feature = "sqlite")]
async fn default_store(
    config: &PlatformConfig,
    entropy: &Entropy,
) -> Result<Arc<dyn Store>, BuildError> {
    let path = std::path::Path::new(&config.database);
    let store = crate::store_sqlite::SqliteStore::open(path, entropy.clone()).await?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "sqlite"))]
#[expect(
    clippy::unused_async,
    reason = "opening the SQLite file, with the feature `sqlite`, is async"
)]
async fn default_store(_: &PlatformConfig, _: &Entropy) -> Result<Arc<dyn Store>, BuildError> {
    Err(BuildError::NoStore)
}

/// What the services of a platform are made of.
struct Parts {
    config: Arc<PlatformConfig>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    keys: Arc<SealingKeys>,
    stripe: Stripe,
    hooks: Arc<dyn Hooks>,
}

/// Gives each service exactly what it needs.
fn assemble(parts: Parts) -> Services {
    let Parts {
        config,
        store,
        clock,
        entropy,
        keys,
        stripe,
        hooks,
    } = parts;
    let work_added = Arc::new(Notify::new());
    let retries = RetrySchedule::new(&config.webhooks, entropy.clone());
    let connections = Connections {
        store: Arc::clone(&store),
        stripe: stripe.clone(),
        metrics: Metrics::new(),
        work_added: Arc::clone(&work_added),
    };
    let flow = ConnectFlow::new(
        Arc::clone(&config),
        connections.clone(),
        Arc::clone(&clock),
        entropy.clone(),
        Arc::clone(&keys),
    );
    let inbox = Inbox {
        config: Arc::clone(&config),
        connections: connections.clone(),
        clock: Arc::clone(&clock),
        entropy: entropy.clone(),
        hooks: Arc::clone(&hooks),
        retries: retries.clone(),
    };
    let worker = Worker {
        config: Arc::clone(&config),
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        flow: flow.clone(),
        inbox: inbox.clone(),
        hooks,
        retries,
        work_added,
    };
    let key_rotation = KeyRotation {
        store: Arc::clone(&store),
        keys: Arc::clone(&keys),
        entropy: entropy.clone(),
    };
    let links = LinkSigner {
        config: Arc::clone(&config),
        keys: Arc::clone(&keys),
        clock: Arc::clone(&clock),
    };
    Services {
        config,
        store,
        clock,
        entropy,
        keys,
        stripe,
        links,
        connections,
        flow,
        inbox,
        worker,
        key_rotation,
    }
}

/// The platform could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no configuration.
    #[error("no configuration was given: call PlatformBuilder::config")]
    NoConfig,
    /// There is no store, and the feature `sqlite` is off.
    #[error("no store was given: call PlatformBuilder::store, or turn the feature `sqlite` on")]
    NoStore,
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The sealing keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}
