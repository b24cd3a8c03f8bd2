//! One place that takes deliveries apart: a handler for each event type, snapshot and thin, and one for the rest.
//!
//! ```
//! use std::sync::Arc;
//! use tollway::api::EventType;
//! use tollway::testing::ManualClock;
//! use tollway::webhook::{self, EventRouter, Verifier};
//!
//! # tollway::testing::doc_test("{}", |client| async move {
//! let verifier = Verifier::new("whsec_test")?.clock(Arc::new(ManualClock::at(1_700_000_000)));
//! let router = EventRouter::builder(&client, verifier, |delivery, _client| async move {
//!     format!("nobody waits for {}", delivery.type_())
//! })
//! .on(EventType::AccountApplicationDeauthorized, |event, _client| async move {
//!     format!("{} has left", event.account().unwrap_or_default())
//! })
//! .on_notification("v2.core.account.updated", |event, client| async move {
//!     match event.fetch_related_object(&client) {
//!         Some(request) => format!("{:?}", request.send::<tollway::Json>().await.is_ok()),
//!         None => "about nothing".to_owned(),
//!     }
//! })
//! .build()?;
//!
//! let payload = br#"{"id": "evt_1", "object": "event", "type": "account.application.deauthorized", "account": "acct_1"}"#;
//! let header = webhook::test_header(payload, "whsec_test", 1_700_000_000);
//! assert_eq!(router.handle(payload, &header).await?.as_deref(), Some("acct_1 has left"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # });
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{Begun, DeliveryStore, StoreError, Verifier, WebhookError};
use crate::api::{Event, EventType, V2EventType};
use crate::client::Client;
use crate::event::{self, EventNotification};
use crate::runtime::BoxFuture;
use crate::wire::json::Json;

type Handler<E, R> = Arc<dyn Fn(E, Client) -> BoxFuture<'static, R> + Send + Sync>;
type Filter = Arc<dyn Fn(Delivery) -> BoxFuture<'static, bool> + Send + Sync>;

/// What was delivered: a snapshot event or a thin event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Delivery {
    /// A snapshot event, with the object in it. <https://docs.stripe.com/event-destinations#snapshot-events>
    Snapshot(Event),
    /// A thin event, which says where to look. <https://docs.stripe.com/event-destinations#thin-events>
    Notification(EventNotification),
}

impl Delivery {
    /// The event's id, `evt_…`. Deliveries repeat: the id says which ones are the same.
    pub fn id(&self) -> &str {
        match self {
            Self::Snapshot(event) => event.id(),
            Self::Notification(event) => event.id(),
        }
    }

    /// What happened, for example `charge.succeeded`.
    pub fn type_(&self) -> &str {
        match self {
            Self::Snapshot(event) => event.json().string("event", "type"),
            Self::Notification(event) => event.type_(),
        }
    }

    /// Whether it is about live money. Production endpoints of Connect get test events, too.
    pub fn livemode(&self) -> bool {
        match self {
            Self::Snapshot(event) => event.livemode(),
            Self::Notification(event) => event.livemode(),
        }
    }

    /// Whether this version of the crate knows the type.
    // Inline, so that only who asks compiles the hundreds of words.
    #[inline]
    pub fn is_known_event_type(&self) -> bool {
        match self {
            Self::Snapshot(_) => !matches!(EventType::from(self.type_()), EventType::Unknown(_)),
            Self::Notification(event) => {
                !matches!(V2EventType::from(event.type_()), V2EventType::Unknown(_))
            }
        }
    }

    /// A client that acts for whom it happened to: the connected account, the context, or the key's owner. It shares the
    /// connection pool; the account of `client` itself never goes along.
    pub fn client(&self, client: &Client) -> Client {
        match self {
            Self::Snapshot(event) => {
                // Older descriptions do not have it.
                let context = event.get("context");
                let context = context.as_ref().and_then(Json::as_str);
                event.account().map_or_else(
                    || client.with_context(context.unwrap_or_default()),
                    |account| client.for_account(account),
                )
            }
            Self::Notification(event) => client.with_context(event.context().unwrap_or_default()),
        }
    }

    /// The API version that a snapshot event was rendered with; thin events have none.
    pub fn api_version(&self) -> Option<&str> {
        match self {
            Self::Snapshot(event) => event.api_version(),
            Self::Notification(_) => None,
        }
    }

    /// Whether this crate's types fit the version the event was rendered with. Always true of thin events.
    pub fn fits_this_version(&self) -> bool {
        match self {
            Self::Snapshot(event) => event
                .api_version()
                .is_some_and(|version| event::versions_agree(crate::STRIPE_VERSION, version)),
            Self::Notification(_) => true,
        }
    }

    fn read(payload: &[u8]) -> Result<Self, WebhookError> {
        match event::parse_snapshot(payload) {
            Ok(event) => Ok(Self::Snapshot(event)),
            Err(WebhookError::WrongKind { .. }) => {
                event::parse_notification(payload).map(Self::Notification)
            }
            Err(error) => Err(error),
        }
    }
}

impl Verifier {
    /// Checks a delivery and reads the event in it, snapshot or thin, for endpoints that get both.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; also when the body is neither kind of event.
    pub fn parse_delivery(
        &self,
        payload: impl AsRef<[u8]>,
        header: &str,
    ) -> Result<Delivery, WebhookError> {
        let verified = self.verify(payload.as_ref(), header)?;
        let delivery = Delivery::read(payload.as_ref())?;
        self.accept(verified, &delivery)?;
        Ok(delivery)
    }
}

/// Hands each delivery to exactly one handler. Made by [`EventRouter::builder`], then fixed; cheap to clone.
///
/// `R` is whatever the handlers answer, for example `Result<(), MyError>`.
#[derive(Clone)]
pub struct EventRouter<R>(Arc<Routes<R>>);

struct Routes<R> {
    client: Client,
    /// `None` when deliveries were checked before they get here.
    verifier: Option<Verifier>,
    snapshots: BTreeMap<String, Handler<Event, R>>,
    notifications: BTreeMap<String, Handler<EventNotification, R>>,
    fallback: Handler<Delivery, R>,
    filter: Option<Filter>,
    once: Option<Once<R>>,
}

/// Where handled deliveries are remembered, and which answers mean that one was handled.
struct Once<R> {
    store: Arc<dyn DeliveryStore>,
    is_done: Arc<dyn Fn(&R) -> bool + Send + Sync>,
}

/// Gathers the handlers of an [`EventRouter`].
#[must_use = "call build() to get the router"]
pub struct EventRouterBuilder<R> {
    routes: Routes<R>,
    mistake: Option<RouterError>,
}

/// Handlers that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouterError {
    /// Two handlers for one event type.
    Twice(String),
    /// Two filters.
    TwoFilters,
    /// Two stores of handled events.
    TwoStores,
}

impl fmt::Display for RouterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice(name) => write!(
                f,
                "{name} has two handlers: each event goes to one, so keep one"
            ),
            Self::TwoFilters => {
                f.write_str("pre_handle was called twice: put both conditions into one")
            }
            Self::TwoStores => f.write_str("once was called twice: keep one store"),
        }
    }
}

impl std::error::Error for RouterError {}

fn boxed<E, R, F, Fut>(handler: F) -> Handler<E, R>
where
    F: Fn(E, Client) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
{
    Arc::new(move |event, client| Box::pin(handler(event, client)))
}

impl<R: 'static> EventRouter<R> {
    /// A router that checks signatures. `fallback` gets every delivery that no other handler waits for; handlers get the
    /// event and a client that acts for whom it happened to.
    pub fn builder<F, Fut>(
        client: &Client,
        verifier: Verifier,
        fallback: F,
    ) -> EventRouterBuilder<R>
    where
        F: Fn(Delivery, Client) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        EventRouterBuilder::new(client, Some(verifier), boxed(fallback))
    }

    /// A router for deliveries that were checked before: from your own queue, or from EventBridge and Event Grid, whose
    /// envelopes it opens. Anybody who can reach it is believed.
    pub fn builder_without_verification<F, Fut>(
        client: &Client,
        fallback: F,
    ) -> EventRouterBuilder<R>
    where
        F: Fn(Delivery, Client) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        EventRouterBuilder::new(client, None, boxed(fallback))
    }

    /// Checks a delivery, reads it and calls exactly one handler. `header` is the `Stripe-Signature` header; it is not
    /// looked at without verification. `None` when the filter said no, or when the event was handled before
    /// ([`EventRouterBuilder::once`]): answer that with 200.
    ///
    /// # Errors
    /// When the delivery is not accepted: answer it with [`WebhookError::status`]. No handler was called.
    pub async fn handle(
        &self,
        payload: impl AsRef<[u8]>,
        header: &str,
    ) -> Result<Option<R>, WebhookError> {
        let payload = payload.as_ref();
        let delivery = match &self.0.verifier {
            Some(verifier) => verifier.parse_delivery(payload, header)?,
            None => Delivery::read(&event::open_envelope(payload)?)?,
        };
        self.dispatch(delivery).await
    }

    /// Calls exactly one handler for a delivery that was checked and read already. `None` as in [`EventRouter::handle`].
    ///
    /// # Errors
    /// When the event is being handled by somebody else right now, or the store of [`EventRouterBuilder::once`] fails.
    pub async fn dispatch(&self, delivery: Delivery) -> Result<Option<R>, WebhookError> {
        let routes = &self.0;
        if let Some(filter) = &routes.filter
            && !filter(delivery.clone()).await
        {
            return Ok(None);
        }
        let id = delivery.id().to_owned();
        let once = routes.once.as_ref().filter(|_| !id.is_empty());
        let Some(Once { store, is_done }) = once else {
            return Ok(Some(self.call(delivery).await));
        };
        let failed = |cause: StoreError| WebhookError::Store(cause.to_string());
        match store.begin(&id).await.map_err(failed)? {
            Begun::First => {}
            Begun::Running => return Err(WebhookError::Running),
            Begun::Done => return Ok(None),
        }
        let answer = self.call(delivery).await;
        store.end(&id, is_done(&answer)).await.map_err(failed)?;
        Ok(Some(answer))
    }

    async fn call(&self, delivery: Delivery) -> R {
        let routes = &self.0;
        let client = delivery.client(&routes.client);
        let name = delivery.type_().to_owned();
        let answer = match delivery {
            Delivery::Snapshot(event) => match routes.snapshots.get(&name) {
                Some(handler) => handler(event, client),
                None => (routes.fallback)(Delivery::Snapshot(event), client),
            },
            Delivery::Notification(event) => match routes.notifications.get(&name) {
                Some(handler) => handler(event, client),
                None => (routes.fallback)(Delivery::Notification(event), client),
            },
        };
        answer.await
    }

    /// The event types that have a handler, sorted.
    pub fn registered_event_types(&self) -> Vec<&str> {
        let routes = &self.0;
        let mut names: Vec<&str> = routes
            .snapshots
            .keys()
            .chain(routes.notifications.keys())
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names
    }
}

impl<R: 'static> EventRouterBuilder<R> {
    fn new(client: &Client, verifier: Option<Verifier>, fallback: Handler<Delivery, R>) -> Self {
        Self {
            routes: Routes {
                client: client.clone(),
                verifier,
                snapshots: BTreeMap::new(),
                notifications: BTreeMap::new(),
                fallback,
                filter: None,
                once: None,
            },
            mistake: None,
        }
    }

    /// The handler of a snapshot event type: `EventType::ChargeSucceeded`, or its text for types this crate does not
    /// know. <https://docs.stripe.com/api/events/types>
    pub fn on<F, Fut>(mut self, event_type: impl Into<EventType>, handler: F) -> Self
    where
        F: Fn(Event, Client) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        let name = event_type.into().as_str().to_owned();
        if self
            .routes
            .snapshots
            .insert(name.clone(), boxed(handler))
            .is_some()
        {
            self.mistake.get_or_insert(RouterError::Twice(name));
        }
        self
    }

    /// The handler of a thin event type: `V2EventType::V2CoreAccountUpdated`, or its text.
    /// <https://docs.stripe.com/api/v2/core/events/event-types>
    pub fn on_notification<F, Fut>(mut self, event_type: impl Into<V2EventType>, handler: F) -> Self
    where
        F: Fn(EventNotification, Client) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        let name = event_type.into().as_str().to_owned();
        if self
            .routes
            .notifications
            .insert(name.clone(), boxed(handler))
            .is_some()
        {
            self.mistake.get_or_insert(RouterError::Twice(name));
        }
        self
    }

    /// Asked before any handler; `false` ends the delivery without one. The place for «have I seen this id before?» and
    /// for turning test events away.
    pub fn pre_handle<F, Fut>(mut self, filter: F) -> Self
    where
        F: Fn(Delivery) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let filter: Filter = Arc::new(move |delivery| Box::pin(filter(delivery)));
        if self.routes.filter.replace(filter).is_some() {
            self.mistake.get_or_insert(RouterError::TwoFilters);
        }
        self
    }

    /// Remembers which events were handled, so that a delivery that comes again calls no handler. An answer of which
    /// `is_done` says no (`Result::is_ok` is the usual one) counts as not handled: the event is taken again when Stripe
    /// delivers it again. Of the same event at the same time one handler runs; the other delivery is refused with
    /// [`WebhookError::Running`] and comes again.
    pub fn once(
        mut self,
        store: Arc<dyn DeliveryStore>,
        is_done: impl Fn(&R) -> bool + Send + Sync + 'static,
    ) -> Self {
        let once = Once {
            store,
            is_done: Arc::new(is_done),
        };
        if self.routes.once.replace(once).is_some() {
            self.mistake.get_or_insert(RouterError::TwoStores);
        }
        self
    }

    /// Fixes the handlers.
    ///
    /// # Errors
    /// When an event type has two handlers, or there are two filters or two stores.
    pub fn build(self) -> Result<EventRouter<R>, RouterError> {
        match self.mistake {
            Some(mistake) => Err(mistake),
            None => Ok(EventRouter(Arc::new(self.routes))),
        }
    }
}

impl<R> fmt::Debug for EventRouter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRouter")
            .field("snapshots", &self.0.snapshots.keys())
            .field("notifications", &self.0.notifications.keys())
            .finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for EventRouterBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventRouterBuilder")
    }
}
