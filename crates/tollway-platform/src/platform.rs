//! The platform as a value: what a host application holds, clones, and asks.

use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use tokio::sync::Notify;
use tollway::Client;
use tollway::runtime::Clock;

use crate::builder::PlatformBuilder;
use crate::config::PlatformConfig;
use crate::flow::disconnect::{DisconnectError, DisconnectScope};
use crate::flow::in_flight::InFlight;
use crate::hooks::Hooks;
use crate::link::{LinkError, StartLink};
use crate::metrics::Metrics;
use crate::realm::{Mode, Realm};
use crate::entropy::Entropy;
use crate::seal::SealingKeys;
use crate::store::{
    Actor, Connection, DeliveryStatus, DisconnectReason, HistoryEntry, Millis, Page, AuditStamp, Store,
    StoreError,
};
use crate::stripe::Stripe;
use crate::web::limit::Limiter;
use crate::web::pages::Pages;

/// The platform's side of Stripe Connect: a router to mount, a worker to run, and clients for connected tenants.
///
/// A plain value: cheap to clone, no global state; two of them in one process know nothing of each other.
#[derive(Clone)]
pub struct Platform(Arc<Inner>);

pub(crate) struct Inner {
    pub config: PlatformConfig,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    pub keys: SealingKeys,
    pub stripe: Stripe,
    pub hooks: Arc<dyn Hooks>,
    pub metrics: Arc<Metrics>,
    pub pages: Pages,
    pub in_flight: InFlight,
    pub limiter: Limiter,
    /// Wakes the worker when there is something new to do.
    pub work: Notify,
}

impl Platform {
    /// Starts with the defaults: SQLite as configured, the system's clock and randomness, Stripe over HTTPS, no hooks.
    pub fn builder() -> PlatformBuilder {
        PlatformBuilder::default()
    }

    pub(crate) fn from_parts(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The configuration it runs with.
    pub fn config(&self) -> &PlatformConfig {
        &self.0.config
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    /// One platform in one mode. The methods of `Platform` itself are those of the only platform in its usual mode.
    pub fn realm(&self, platform: impl Into<String>, mode: Mode) -> RealmHandle {
        RealmHandle {
            platform: self.clone(),
            realm: Ok(Realm::new(platform, mode)),
        }
    }

    /// The only configured platform in its usual mode.
    fn default_realm(&self) -> RealmHandle {
        let mut platforms = self.config().platforms.iter();
        let realm = match (platforms.next(), platforms.next()) {
            (Some((name, brand)), None) => Ok(Realm::new(name.clone(), brand.mode)),
            _ => Err(LinkError::WhichPlatform),
        };
        RealmHandle {
            platform: self.clone(),
            realm,
        }
    }

    /// A signed link that lets one browser connect an account for `tenant`, your own name for whoever will own it. Make
    /// it only for somebody you know to act for that tenant.
    pub fn start_link(&self, tenant: impl Into<String>) -> StartLink {
        self.default_realm().start_link(tenant)
    }

    /// A client that acts for the tenant's account: the platform's key with `Stripe-Account` set.
    pub async fn client_for(&self, tenant: &str) -> Result<Client, ClientForError> {
        self.default_realm().client_for(tenant).await
    }

    /// The tenant's connection: the active one, else the last one.
    pub async fn connection(&self, tenant: &str) -> Result<Option<Connection>, ClientForError> {
        self.default_realm().connection(tenant).await
    }

    /// Ends the tenant's connection, both halves if it is one of a live and test pair. See [`DisconnectScope`] for what happens to tenants that share the account.
    pub async fn disconnect(
        &self,
        tenant: &str,
        scope: DisconnectScope,
    ) -> Result<Vec<Connection>, DisconnectError> {
        self.default_realm().disconnect(tenant, scope).await
    }

    /// The newest connections, of all realms or of one. For older ones see [`Page::older_than`].
    pub async fn connections(&self, page: Page) -> Result<Vec<Connection>, StoreError> {
        self.store().connections(page).await
    }

    /// Who did what, newest first; of one tenant or of all.
    pub async fn history(
        &self,
        tenant: Option<&str>,
        page: Page,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        self.store().history(tenant, page).await
    }

    /// Makes a finished or dead delivery of the inbox due now. False: there is none with this id, or it is due anyway.
    pub async fn replay(&self, delivery: &str) -> Result<bool, StoreError> {
        let found = self.store().replay_delivery(delivery, self.now()).await?;
        self.0.work.notify_one();
        Ok(found)
    }

    /// How many deliveries have this status.
    pub async fn inbox_count(&self, status: DeliveryStatus) -> Result<u64, StoreError> {
        Ok(self.store().inbox_state().await?.count(status))
    }

    /// Finishes what is being written and closes the database. Nothing else works afterwards.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.store().close().await
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn keys(&self) -> &SealingKeys {
        &self.0.keys
    }

    /// Unix time in milliseconds.
    pub(crate) fn now(&self) -> Millis {
        let since = self
            .0
            .clock
            .now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    }

    pub(crate) fn audit_stamp(&self, actor: Actor, address: Option<String>) -> AuditStamp {
        AuditStamp {
            at: self.now(),
            actor,
            address,
        }
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let realms: Vec<String> = self
            .config()
            .realms()
            .map(|realm| realm.to_string())
            .collect();
        f.debug_struct("Platform")
            .field("realms", &realms)
            .finish_non_exhaustive()
    }
}

/// A [`Platform`] seen as one of its platforms in one mode.
#[derive(Clone, Debug)]
pub struct RealmHandle {
    platform: Platform,
    realm: Result<Realm, LinkError>,
}

impl RealmHandle {
    /// See [`Platform::start_link`].
    pub fn start_link(&self, tenant: impl Into<String>) -> StartLink {
        StartLink::new(&self.platform, self.realm.clone(), tenant)
    }

    /// See [`Platform::client_for`].
    pub async fn client_for(&self, tenant: &str) -> Result<Client, ClientForError> {
        let realm = self.realm()?;
        let client = self.platform.inner().stripe.client(realm);
        let client =
            client.ok_or_else(|| ClientForError::Realm(LinkError::UnknownRealm(realm.clone())))?;
        match self.platform.store().connection(realm, tenant).await? {
            None => Err(ClientForError::NotConnected {
                tenant: tenant.to_owned(),
            }),
            Some(Connection {
                disconnected: Some(end),
                account,
                ..
            }) => Err(ClientForError::Disconnected {
                tenant: tenant.to_owned(),
                account,
                since: end.at,
                reason: end.reason,
            }),
            Some(connection) => Ok(client.for_account(&connection.account)),
        }
    }

    /// See [`Platform::connection`].
    pub async fn connection(&self, tenant: &str) -> Result<Option<Connection>, ClientForError> {
        Ok(self
            .platform
            .store()
            .connection(self.realm()?, tenant)
            .await?)
    }

    /// See [`Platform::disconnect`].
    pub async fn disconnect(
        &self,
        tenant: &str,
        scope: DisconnectScope,
    ) -> Result<Vec<Connection>, DisconnectError> {
        let realm = self
            .realm()
            .map_err(|error| DisconnectError::Refused(error.to_string()))?;
        self.platform
            .end_connection(realm, tenant, scope, self.platform.audit_stamp(Actor::Host, None))
            .await
    }

    /// The platform's own client, without an account.
    pub fn client(&self) -> Result<Client, ClientForError> {
        let realm = self.realm()?;
        let client = self.platform.inner().stripe.client(realm).cloned();
        client.ok_or_else(|| ClientForError::Realm(LinkError::UnknownRealm(realm.clone())))
    }

    fn realm(&self) -> Result<&Realm, ClientForError> {
        self.realm
            .as_ref()
            .map_err(|error| ClientForError::Realm(error.clone()))
    }
}

/// There is no client for this tenant.
#[derive(Debug, thiserror::Error)]
pub enum ClientForError {
    /// The tenant was never connected.
    #[error("tenant {tenant} is not connected to a Stripe account: send them a start link")]
    NotConnected {
        /// The tenant.
        tenant: String,
    },
    /// The connection ended.
    #[error(
        "tenant {tenant} is no longer connected to {account} ({reason}): send them a start link to connect again"
    )]
    Disconnected {
        /// The tenant.
        tenant: String,
        /// The account it was connected to.
        account: String,
        /// Since when, in Unix milliseconds.
        since: Millis,
        /// Why.
        reason: DisconnectReason,
    },
    /// It is not clear which platform is meant.
    #[error(transparent)]
    Realm(LinkError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
