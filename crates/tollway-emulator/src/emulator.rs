//! [`Emulator`]: what a program or a test holds.

use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::Router;
use tollway::transport::Transport;

use crate::clock::Clock;
use crate::config::{Config, MethodFee};
use crate::engine::Engine;
use crate::events::Outbox;
use crate::journal::DataError;
use crate::listener::Listener;
use crate::random::system_seed;
use crate::registry::Registry;
use crate::seed::{Seed, SeedError};
use crate::server::Front;
use crate::transport::InProcess;
use crate::webhooks;

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
    webhook_transport: Option<WebhookTransport>,
    data: Option<PathBuf>,
}

/// Keeps the builder printable.
#[derive(Clone)]
struct WebhookTransport(Arc<dyn Transport>);

impl std::fmt::Debug for WebhookTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookTransport")
    }
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
    /// The data file cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
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

    /// Brings worlds, clock and faults to what a seed says.
    ///
    /// # Errors
    /// At the first thing that is refused; what came before it stays.
    pub async fn seed(&self, seed: &Seed) -> Result<(), SeedError> {
        crate::seed::play(&self.engine, seed).await
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

    /// Delivers every webhook that is due by the clock, and returns once each was answered or failed. For tests; a
    /// served emulator does so by itself.
    pub async fn deliver_webhooks(&self) {
        webhooks::deliver_due(&self.engine).await;
    }

    /// Delivers webhooks as they become due, for as long as the future is polled. [`Emulator::deliver_webhooks`] does so once.
    pub async fn run_webhooks(&self) {
        webhooks::run_deliveries(Arc::clone(&self.engine)).await;
    }

    /// Compacts the data file whenever more than half of it is superseded.
    async fn keep_data_small(&self) {
        loop {
            self.engine.compaction_needed().notified().await;
            let engine = Arc::clone(&self.engine);
            let compacted = tokio::task::spawn_blocking(move || engine.compact()).await;
            if let Ok(Err(error)) = compacted {
                tracing::warn!(%error, "the data file could not be written anew; it goes on growing");
            }
        }
    }

    /// Every route, for a server of one's own.
    pub fn router(&self) -> Router {
        crate::server::router(&self.engine)
    }

    /// Serves on a listener until `shutdown` is done; requests under way are answered first, within ten seconds. Webhooks are
    /// delivered meanwhile, and a data file is kept small.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(
        &self,
        listener: impl Into<Listener>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> std::io::Result<()> {
        self.serve_until(listener.into(), pin!(shutdown)).await
    }

    /// [`Emulator::serve`] without a type to fill in: what is behind it is compiled here, not in every program that serves.
    fn serve_until<'a>(
        &'a self,
        listener: Listener,
        shutdown: Pin<&'a mut (dyn Future<Output = ()> + Send + 'a)>,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<()>> + Send + 'a>> {
        let front = Front {
            engine: Arc::clone(&self.engine),
            router: self.router(),
        };
        Box::pin(async move {
            tokio::select! {
                served = crate::server::serve(front, listener, shutdown) => served,
                () = self.run_webhooks() => Ok(()),
                () = self.keep_data_small() => Ok(()),
            }
        })
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

    /// Keeps everything in this file, so that an emulator started with it later has it again; in memory only if not
    /// given. The file is made if there is none.
    #[must_use]
    pub fn data(mut self, path: impl Into<PathBuf>) -> Self {
        self.data = Some(path.into());
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

    /// Answers for objects nobody made: see [`Config::mock`].
    #[must_use]
    pub fn mock(mut self, mock: bool) -> Self {
        self.config.mock = mock;
        self
    }

    /// What Stripe takes of each card payment: a share in hundredths of a percent, and a fixed part in cents. 2.9 % and
    /// 30 if not given.
    #[must_use]
    pub fn processing_fee(mut self, basis_points: u16, fixed: u16) -> Self {
        self.config.fee_basis_points = basis_points;
        self.config.fee_fixed = fixed;
        self
    }

    /// What Stripe takes of a payment by a method that is no card, by the method's `type`: `us_bank_account` is 0.8 %, at most
    /// 5.00, if not given.
    #[must_use]
    pub fn method_fee(mut self, method: impl Into<String>, fee: MethodFee) -> Self {
        self.config.method_fees.insert(method.into(), fee);
        self
    }

    /// All settings at once.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// How webhooks travel: HTTP if not given. Give a router's transport to deliver inside one process.
    #[must_use]
    pub fn webhook_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.webhook_transport = Some(WebhookTransport(transport));
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
        let outbox = Outbox::new(self.webhook_transport.map(|given| given.0));
        // A clock that was given is the caller's to set.
        let restore_clock = self.clock.is_none();
        let clock = self.clock.unwrap_or_default();
        let mut registry = registry();
        registry.add_service(outbox);
        let mut engine = registry.build(self.config, clock, seed)?;
        if let Some(path) = &self.data {
            engine.open_data_file(path, restore_clock)?;
        }
        Ok(Emulator {
            engine: Arc::new(engine),
        })
    }
}

/// Everything that the emulator's modules add to the engine.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::default();
    crate::webhooks::register(&mut registry);
    crate::accounts::register(&mut registry);
    crate::app_secrets::register(&mut registry);
    crate::billing::register(&mut registry);
    crate::checkout::register(&mut registry);
    crate::customers::register(&mut registry);
    crate::disputes::register(&mut registry);
    crate::entitlements::register(&mut registry);
    crate::ephemeral_keys::register(&mut registry);
    crate::files::register(&mut registry);
    crate::identity::register(&mut registry);
    crate::issuing::register(&mut registry);
    crate::ledger::register(&mut registry);
    crate::payment_method_configurations::register(&mut registry);
    crate::payment_methods::register(&mut registry);
    crate::payments::register(&mut registry);
    crate::payouts::register(&mut registry);
    crate::portal::register(&mut registry);
    crate::radar::register(&mut registry);
    crate::reporting::register(&mut registry);
    crate::tax::register(&mut registry);
    crate::test_clocks::register(&mut registry);
    crate::terminal::register(&mut registry);
    crate::treasury::register(&mut registry);
    crate::vault::register(&mut registry);
    for routes in [
        crate::accounts::routes(),
        crate::oauth::routes(),
        crate::files::routes(),
        crate::payments::authentication_page::routes(),
        crate::checkout::page::routes(),
        crate::documents::routes(),
        crate::invoice_page::routes(),
        crate::portal::page::routes(),
        crate::identity::routes(),
        crate::pages::routes(),
    ] {
        registry.add_routes(routes);
    }
    for routes in [
        crate::control::routes(),
        crate::seed::routes(),
        crate::console::routes(),
    ] {
        registry.add_unlogged_routes(routes);
    }
    registry
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::generic::{Operations, plan_of};

    #[test]
    fn every_operation_has_a_plan_of_its_own_name() {
        let emulator = Emulator::builder().seed(1).build().unwrap();
        let services = emulator.engine().services();
        let mut names = HashSet::new();
        for index in 0..services.description().catalog().operations().len() {
            assert!(names.insert(plan_of(services, index).unwrap().name.clone()));
        }
        for operation in services.get::<Operations>().unwrap().handled() {
            assert!(
                names.contains(operation),
                "the description has no operation {operation}"
            );
        }
    }
}
