//! Events as they are delivered: snapshot events ([`api::Event`], API v1) and thin events ([`EventNotification`], API v2).
//! <https://docs.stripe.com/event-destinations>

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use crate::api;
use crate::client::Client;
use crate::json::Json;
use crate::request::{Pending, RequestBuilder, Verb};
pub use crate::view::ThinEvent;
use crate::view::View;
use crate::wire::path;

impl api::Event {
    /// The object of the event as it was when the event happened; null if Stripe left it out. It is rendered in the
    /// event's own API version, which may be older than this crate's.
    pub fn data_object(&self) -> Json {
        self.data().get("object").unwrap_or_else(Json::null)
    }

    /// The object of the event as one of this crate's types: `event.data_as::<Charge>()`. `None` when the object has
    /// another type.
    pub fn data_as<T: View>(&self) -> Option<T> {
        let object = self.data_object();
        let named = object.get("object");
        let name = named.as_ref().and_then(Json::as_str);
        (T::NAME.is_empty() || name == Some(T::NAME)).then(|| T::from_json(object))
    }
}

impl api::V2CoreEvent {
    /// The event's `data`, as the type that events of the kind `E` have: `event.data_as::<V2CoreHealthMeterRejectedEvent>()`.
    /// `None` when it is an event of another type, or has no data.
    pub fn data_as<E: ThinEvent>(&self) -> Option<E::Data> {
        let data = self.get("data").filter(|data| !data.is_null())?;
        let named = self.get("type");
        let name = named.as_ref().and_then(Json::as_str);
        (name == Some(E::TYPE)).then(|| E::Data::from_json(data))
    }
}

/// A thin event of a known type. It dereferences to the [`EventNotification`].
///
/// ```
/// use tollway::api::V2CoreAccountUpdatedEvent;
/// use tollway::webhook;
///
/// # tollway::testing::doc_test(r#"{"id": "acct_1", "object": "v2.core.account"}"#, |client| async move {
/// let payload = br#"{"id": "evt_1", "object": "v2.core.event", "type": "v2.core.account.updated", "related_object":
///     {"id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1"}}"#;
/// let notification = webhook::parse_event_notification_without_verification(payload)?;
/// if let Some(event) = notification.of_type::<V2CoreAccountUpdatedEvent>()
///     && let Some(request) = event.fetch_related(&client)
/// {
///     assert_eq!(request.await?.id(), "acct_1");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
pub struct TypedEvent<E> {
    notification: EventNotification,
    kind: PhantomData<fn() -> E>,
}

impl<E: ThinEvent> TypedEvent<E> {
    /// Fetches the related object in the event's context; `None` when the event has none.
    pub fn fetch_related(&self, client: &Client) -> Option<Pending<E::Related>> {
        self.fetch_related_object(client).map(RequestBuilder::send)
    }

    /// Fetches the whole event in the event's context; its data is [`data_as`](api::V2CoreEvent::data_as).
    pub fn fetch(&self, client: &Client) -> Pending<api::V2CoreEvent> {
        self.fetch_event(client).send()
    }
}

impl<E> Deref for TypedEvent<E> {
    type Target = EventNotification;

    fn deref(&self) -> &EventNotification {
        &self.notification
    }
}

impl<E> Clone for TypedEvent<E> {
    fn clone(&self) -> Self {
        Self {
            notification: self.notification.clone(),
            kind: PhantomData,
        }
    }
}

impl<E> fmt::Debug for TypedEvent<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.notification.fmt(f)
    }
}

/// A thin event: it carries no object; fetch the object that it names.
/// <https://docs.stripe.com/event-destinations#thin-events>
#[derive(Clone)]
pub struct EventNotification(Json);

/// The object that a thin event names.
#[derive(Debug, Clone)]
pub struct RelatedObject(Json);

impl RelatedObject {
    /// The id of the object; `None` for objects that exist once per account.
    pub fn id(&self) -> Option<&str> {
        self.0.opt_string(NAME, "id")
    }

    /// The type of the object, for example `v2.core.account`.
    pub fn type_(&self) -> &str {
        self.0.opt_string(NAME, "type").unwrap_or_default()
    }

    /// The path of the object, for example `/v2/core/accounts/acct_1`.
    pub fn url(&self) -> &str {
        self.0.opt_string(NAME, "url").unwrap_or_default()
    }
}

/// The `object` of thin events.
pub(crate) const NAME: &str = "v2.core.event";

impl EventNotification {
    pub(crate) fn new(json: Json) -> Self {
        Self(json)
    }

    fn text(&self, name: &'static str) -> Option<&str> {
        self.0.opt_string(NAME, name)
    }

    /// `evt_…`
    pub fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// The type of the event, for example `v2.core.account.updated`.
    pub fn type_(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// The event as one of the types in Stripe's description: `event.of_type::<V2CoreAccountUpdatedEvent>()`. `None`
    /// when it is of another type.
    pub fn of_type<E: ThinEvent>(&self) -> Option<TypedEvent<E>> {
        (self.type_() == E::TYPE).then(|| TypedEvent {
            notification: self.clone(),
            kind: PhantomData,
        })
    }

    /// When the event happened, as RFC 3339 text.
    pub fn created(&self) -> &str {
        self.text("created").unwrap_or_default()
    }

    /// Whether the event is about live mode.
    pub fn livemode(&self) -> bool {
        self.0.opt_flag(NAME, "livemode").unwrap_or_default()
    }

    /// The account that the event happened to, for example `org_1/acct_2`; `None` for the owner of the destination.
    pub fn context(&self) -> Option<&str> {
        self.text("context")
    }

    /// What caused the event: its `type`, and for a request under `request` its `id` and `idempotency_key`.
    pub fn reason(&self) -> Option<Json> {
        self.0.get("reason").filter(|reason| !reason.is_null())
    }

    /// The object that the event is about; `None` when there is none.
    pub fn related_object(&self) -> Option<RelatedObject> {
        let object = RelatedObject(
            self.0
                .get("related_object")
                .filter(|object| !object.is_null())?,
        );
        (!object.url().is_empty()).then_some(object)
    }

    /// Begins a request for the whole event, in the event's context.
    pub fn fetch_event(&self, client: &Client) -> RequestBuilder {
        let path = path::expand("/v2/core/events/{event}", &[self.id().to_owned()]);
        self.follow_up(client, path.unwrap_or_default())
            .usage("fetch_event")
    }

    /// Begins a request for the related object, in the event's context; `None` when the event has none.
    pub fn fetch_related_object(&self, client: &Client) -> Option<RequestBuilder> {
        let object = self.related_object()?;
        let request = self.follow_up(client, object.url().to_owned());
        Some(request.usage("fetch_related_object"))
    }

    /// Begins a request in the event's context. The account of `client` is not sent.
    fn follow_up(&self, client: &Client, path: String) -> RequestBuilder {
        client
            .with_context(self.context().unwrap_or_default())
            .request(Verb::Get, path)
            .header("stripe-request-trigger", &format!("event={}", self.id()))
    }

    /// The whole notification as Stripe sent it.
    pub fn json(&self) -> &Json {
        &self.0
    }
}

impl fmt::Debug for EventNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventNotification")
            .field("id", &self.id())
            .field("type", &self.type_())
            .finish_non_exhaustive()
    }
}

/// Whether types of one API version fit an event of another one. Versions of one named release line do
/// (`2026-03-25.dahlia` and `2026-07-29.dahlia`); previews and versions without a name must be equal.
pub fn versions_agree(sdk: &str, event: &str) -> bool {
    match (sdk.split_once('.'), event.split_once('.')) {
        (Some((_, "preview")), _) | (_, Some((_, "preview"))) => sdk == event,
        (Some((_, sdk_line)), Some((_, event_line))) => sdk_line == event_line,
        _ => false,
    }
}
