//! A router of deliveries: one handler for each event type, snapshot and thin, and one for all other types.
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
//!     format!("no handler for {}", delivery.type_())
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

use super::delivery::Delivery;
use super::error::WebhookError;
use super::once::{BeginResult, DeliveryStore, EndState};
use super::parse;
use super::verifier::Verifier;
use crate::api::{Event, EventType, V2EventType};
use crate::client::Client;
use crate::event::EventNotification;
use crate::runtime::BoxFuture;
use crate::store_error::StoreError;

type Handler<E, R> = Arc<dyn Fn(E, Client) -> BoxFuture<'static, R> + Send + Sync>;
type Filter = Arc<dyn Fn(Delivery) -> BoxFuture<'static, bool> + Send + Sync>;

/// Passes each delivery to exactly one handler. Built by [`EventRouter::builder`]; cheap to clone.
///
/// `R` is the result of the handlers, for example `Result<(), MyError>`.
#[derive(Clone)]
pub struct EventRouter<R>(Arc<Routes<R>>);

struct Routes<R> {
    client: Client,
    /// `None` when deliveries were verified before they reach the router.
    verifier: Option<Verifier>,
    snapshots: BTreeMap<String, Handler<Event, R>>,
    notifications: BTreeMap<String, Handler<EventNotification, R>>,
    fallback: Handler<Delivery, R>,
    filter: Option<Filter>,
    once: Option<Once<R>>,
}

/// The store of handled deliveries, and which results of a handler count as handled.
struct Once<R> {
    store: Arc<dyn DeliveryStore>,
    is_done: Arc<dyn Fn(&R) -> bool + Send + Sync>,
}

/// Builds an [`EventRouter`] from its handlers.
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
    /// Begins a router that verifies signatures. `fallback` handles every delivery of a type without a handler.
    /// Handlers get the event, and a client that acts for the account that the event happened to.
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

    /// Begins a router for deliveries that were verified before: from your own queue, or from EventBridge and Event
    /// Grid, whose envelopes it opens. It accepts deliveries from every sender.
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

    /// Verifies a delivery, reads it and calls exactly one handler. `header` is the `Stripe-Signature` header; a router
    /// without verification ignores it. `None` when the filter refused the delivery, or the event was handled before
    /// ([`EventRouterBuilder::once`]): respond with 200.
    ///
    /// # Errors
    /// When the delivery is not accepted: respond with [`WebhookError::status`]. No handler was called.
    pub async fn handle(
        &self,
        payload: impl AsRef<[u8]>,
        header: &str,
    ) -> Result<Option<R>, WebhookError> {
        let payload = payload.as_ref();
        let delivery = match &self.0.verifier {
            Some(verifier) => verifier.parse_delivery(payload, header)?,
            None => Delivery::read(&parse::open_envelope(payload)?)?,
        };
        self.dispatch(delivery).await
    }

    /// Calls exactly one handler for a delivery that was verified and read before. `None` as in
    /// [`EventRouter::handle`].
    ///
    /// # Errors
    /// When another task or process is handling the event, or the store of [`EventRouterBuilder::once`] fails.
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
            BeginResult::First => {}
            BeginResult::Running => return Err(WebhookError::Running),
            BeginResult::Done => return Ok(None),
        }
        let answer = self.call(delivery).await;
        let state = if is_done(&answer) {
            EndState::Done
        } else {
            EndState::Failed
        };
        store.end(&id, state).await.map_err(failed)?;
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

    /// Adds the handler of a snapshot event type: `EventType::ChargeSucceeded`, or its text for types that this crate
    /// does not know. <https://docs.stripe.com/api/events/types>
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

    /// Adds the handler of a thin event type: `V2EventType::V2CoreAccountUpdated`, or its text.
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

    /// Adds a filter that runs before the handler; `false` ends the delivery without a handler. Use it to refuse test
    /// events or ids that you have seen before.
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

    /// Records which events were handled in `store`, so that a repeated delivery calls no handler. When `is_done`
    /// returns `false` for a handler's result (`Result::is_ok` is the usual choice), the event is not handled, and the
    /// next delivery of it calls the handler again. While a handler runs, another delivery of the same event is refused
    /// with [`WebhookError::Running`].
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

    /// Builds the router.
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
