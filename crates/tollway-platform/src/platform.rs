//! [`Platform`]: the value that a host application holds. A facade over the connect flow, the connections, the inbox, the
//! worker and key rotation.

use std::fmt;
use std::sync::Arc;

use tollway::Client;
use tollway::runtime::Clock;

use crate::config::PlatformConfig;
use crate::connections::{Connections, DisconnectError, DisconnectScope};
use crate::entropy::Entropy;
use crate::flow::ConnectFlow;
use crate::inbox::Inbox;
use crate::key_rotation::{KeyRotation, KeyUsage, RotationProgress};
use crate::link::{LinkSigner, StartLink};
use crate::realm::{Mode, Realm, RealmError};
use crate::seal::SealingKeys;
use crate::store::{
    Actor, AuditStamp, Connection, DeliveryStatus, DisconnectReason, HistoryEntry, Page, Store,
    StoreError,
};
use crate::stripe::Stripe;
use crate::time::{Millis, now_millis};
use crate::worker::Worker;

/// The platform's side of Stripe Connect: a router to mount, a worker to run, and clients for connected tenants.
///
/// Cheap to clone; clones share all state. There is no global state: two platforms in one process are independent.
#[derive(Clone)]
pub struct Platform(Arc<Services>);

/// The parts of a platform.
pub(crate) struct Services {
    pub config: Arc<PlatformConfig>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    pub keys: Arc<SealingKeys>,
    pub stripe: Stripe,
    pub links: LinkSigner,
    pub connections: Connections,
    pub flow: ConnectFlow,
    pub inbox: Inbox,
    pub worker: Worker,
    pub key_rotation: KeyRotation,
}

impl Platform {
    pub(crate) fn new(services: Services) -> Self {
        Self(Arc::new(services))
    }

    pub(crate) fn services(&self) -> &Services {
        &self.0
    }

    /// The configuration.
    pub fn config(&self) -> &PlatformConfig {
        &self.0.config
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    /// A handle on one platform in one mode. The methods of `Platform` itself act on the only configured platform in its
    /// default mode.
    pub fn realm(&self, platform: impl Into<String>, mode: Mode) -> RealmHandle {
        RealmHandle {
            platform: self.clone(),
            realm: Ok(Realm::new(platform, mode)),
        }
    }

    /// The only configured platform in its default mode.
    fn default_realm(&self) -> RealmHandle {
        let mut platforms = self.config().platforms.iter();
        let realm = match (platforms.next(), platforms.next()) {
            (Some((name, brand)), None) => Ok(Realm::new(name.clone(), brand.mode)),
            _ => Err(RealmError::Ambiguous),
        };
        RealmHandle {
            platform: self.clone(),
            realm,
        }
    }

    /// A signed link that lets one browser connect an account for `tenant`, your own name for the owner of the account.
    /// Build it only for a person who is allowed to act for that tenant.
    pub fn start_link(&self, tenant: impl Into<String>) -> StartLink {
        self.default_realm().start_link(tenant)
    }

    /// A client that acts for the tenant's account: it uses the platform's key and sets `Stripe-Account`.
    pub async fn client_for(&self, tenant: &str) -> Result<Client, ClientForError> {
        self.default_realm().client_for(tenant).await
    }

    /// The tenant's active connection, or its latest one.
    pub async fn connection(&self, tenant: &str) -> Result<Option<Connection>, ClientForError> {
        self.default_realm().connection(tenant).await
    }

    /// Ends the tenant's connection, and both halves of a live and test pair. [`DisconnectScope`] says what happens to
    /// other tenants that share the account. Returns the connections that ended.
    pub async fn disconnect(
        &self,
        tenant: &str,
        scope: DisconnectScope,
    ) -> Result<Vec<Connection>, DisconnectError> {
        self.default_realm().disconnect(tenant, scope).await
    }

    /// The newest connections, of all realms or of one. Use [`Page::older_than`] for older ones.
    pub async fn connections(&self, page: Page) -> Result<Vec<Connection>, StoreError> {
        self.store().connections(page).await
    }

    /// The history, newest first, of one tenant or of all.
    pub async fn history(
        &self,
        tenant: Option<&str>,
        page: Page,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        self.store().history(tenant, page).await
    }

    /// Makes a done, ignored or dead delivery of the inbox due now. Returns `false` if there is no such delivery, or it is
    /// due anyway.
    pub async fn replay(&self, delivery_id: &str) -> Result<bool, StoreError> {
        let replayed = self
            .store()
            .replay_delivery(delivery_id, self.now())
            .await?;
        self.0.worker.work_added.notify_one();
        Ok(replayed)
    }

    /// The number of deliveries with this status.
    pub async fn inbox_count(&self, status: DeliveryStatus) -> Result<u64, StoreError> {
        Ok(self.store().inbox_state().await?.count(status))
    }

    /// How many values each sealing key has sealed: the configured keys, newest first, then the missing ones.
    pub async fn key_usage(&self) -> Result<Vec<KeyUsage>, StoreError> {
        self.0.key_rotation.key_usage().await
    }

    /// Seals all values by the newest key while the platform runs, and calls `report` before the first batch and after
    /// each. May be cancelled and repeated: values that were sealed again stay so.
    pub async fn rotate_keys(
        &self,
        report: impl FnMut(&RotationProgress) + Send,
    ) -> Result<RotationProgress, StoreError> {
        self.0.key_rotation.rotate(report).await
    }

    /// Works in the background until `shutdown` ends: handles webhook deliveries and notifies the host application. Work
    /// that has begun is finished first. Run it once in each process, beside the router.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        self.0.worker.run(shutdown).await;
    }

    /// Works on everything that is due now. Returns how many rows that were. Work that fails is due again later.
    pub async fn run_due(&self) -> Result<usize, StoreError> {
        self.0.worker.run_due().await
    }

    /// Finishes pending writes and closes the database. Every later call fails.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.store().close().await
    }

    /// Unix time in milliseconds.
    pub(crate) fn now(&self) -> Millis {
        now_millis(&*self.0.clock)
    }

    pub(crate) fn audit_stamp(&self, actor: Actor, address: Option<String>) -> AuditStamp {
        AuditStamp::new(self.now(), actor, address)
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

/// A handle on one platform of a [`Platform`] in one mode.
#[derive(Clone, Debug)]
pub struct RealmHandle {
    platform: Platform,
    realm: Result<Realm, RealmError>,
}

impl RealmHandle {
    /// See [`Platform::start_link`].
    pub fn start_link(&self, tenant: impl Into<String>) -> StartLink {
        StartLink::new(&self.platform.0.links, self.realm.clone(), tenant)
    }

    /// See [`Platform::client_for`].
    pub async fn client_for(&self, tenant: &str) -> Result<Client, ClientForError> {
        let client = self.client()?;
        let connection = self.connection(tenant).await?;
        match connection {
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
            .connection(self.known_realm()?, tenant)
            .await?)
    }

    /// See [`Platform::disconnect`].
    pub async fn disconnect(
        &self,
        tenant: &str,
        scope: DisconnectScope,
    ) -> Result<Vec<Connection>, DisconnectError> {
        let stamp = self.platform.audit_stamp(Actor::Host, None);
        self.platform
            .0
            .connections
            .disconnect(self.known_realm()?, tenant, scope, stamp)
            .await
    }

    /// The platform's own client, which acts for no connected account.
    pub fn client(&self) -> Result<Client, ClientForError> {
        let realm = self.known_realm()?;
        let client = self.platform.0.stripe.client(realm).cloned();
        client.ok_or_else(|| RealmError::NotConfigured(realm.clone()).into())
    }

    fn known_realm(&self) -> Result<&Realm, RealmError> {
        self.realm.as_ref().map_err(Clone::clone)
    }
}

/// There is no client for this tenant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientForError {
    /// The tenant was never connected.
    #[error("tenant {tenant} is not connected to a Stripe account: send them a start link")]
    NotConnected {
        /// The tenant.
        tenant: String,
    },
    /// The connection has ended.
    #[error(
        "tenant {tenant} is no longer connected to {account} ({reason}): send them a start link to connect again"
    )]
    Disconnected {
        /// The tenant.
        tenant: String,
        /// The account it was connected to.
        account: String,
        /// When the connection ended, in Unix milliseconds.
        since: Millis,
        /// Why the connection ended.
        reason: DisconnectReason,
    },
    /// The configuration has no such platform.
    #[error(transparent)]
    Realm(#[from] RealmError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
