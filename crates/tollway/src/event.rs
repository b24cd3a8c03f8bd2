//! Events as they are delivered: snapshot events ([`api::Event`], API v1) and thin events ([`EventNotification`], API v2).
//! <https://docs.stripe.com/event-destinations>

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use bytes::Bytes;

use crate::api;
use crate::client::Client;
use crate::request::{Pending, RequestBuilder, Verb};
use crate::view::View;
use crate::webhook::WebhookError;
use crate::wire::json::Json;
use crate::wire::path;

impl api::Event {
    /// The object the event is about, as it was then; null if Stripe left it out. It is written in the event's own API
    /// version, which may be older than this crate's.
    pub fn data_object(&self) -> Json {
        self.data().get("object").unwrap_or_else(Json::null)
    }

    /// The object the event is about, as one of this crate's types: `event.data_as::<Charge>()`. `None` when the
    /// object says it is something else.
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

/// One type of thin event: what it is called, what it is about, and what it brings. There is one for each type that the
/// description knows, for example [`V2CoreAccountUpdatedEvent`](api::V2CoreAccountUpdatedEvent).
pub trait ThinEvent: 'static {
    /// The object it is about; [`Json`] when it is about none.
    type Related: View;

    /// What the whole event has as `data`; [`Json`] when it has none.
    type Data: View;

    /// Its type, for example `v2.core.account.updated`.
    const TYPE: &'static str;
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
    /// Fetches the object it is about, in the event's context; `None` when there is none.
    pub fn fetch_related(&self, client: &Client) -> Option<Pending<E::Related>> {
        self.fetch_related_object(client).map(RequestBuilder::send)
    }

    /// Fetches the whole event, in the event's context; its data is [`data_as`](api::V2CoreEvent::data_as).
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

/// A thin event: something happened, go and look. <https://docs.stripe.com/event-destinations#thin-events>
#[derive(Clone)]
pub struct EventNotification(Json);

/// The object a thin event is about.
#[derive(Debug, Clone)]
pub struct RelatedObject(Json);

impl RelatedObject {
    /// Its id; `None` for objects that exist once per account.
    pub fn id(&self) -> Option<&str> {
        self.0.opt_string(NAME, "id")
    }

    /// What it is, for example `v2.core.account`.
    pub fn type_(&self) -> &str {
        self.0.opt_string(NAME, "type").unwrap_or_default()
    }

    /// Its path, for example `/v2/core/accounts/acct_1`.
    pub fn url(&self) -> &str {
        self.0.opt_string(NAME, "url").unwrap_or_default()
    }
}

/// What thin events call themselves.
const NAME: &str = "v2.core.event";

impl EventNotification {
    fn text(&self, name: &'static str) -> Option<&str> {
        self.0.opt_string(NAME, name)
    }

    /// `evt_…`
    pub fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// What happened, for example `v2.core.account.updated`.
    pub fn type_(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// The event as one of the types that the description knows: `event.of_type::<V2CoreAccountUpdatedEvent>()`. `None` when it is of another type.
    pub fn of_type<E: ThinEvent>(&self) -> Option<TypedEvent<E>> {
        (self.type_() == E::TYPE).then(|| TypedEvent {
            notification: self.clone(),
            kind: PhantomData,
        })
    }

    /// When it happened, as RFC 3339 text.
    pub fn created(&self) -> &str {
        self.text("created").unwrap_or_default()
    }

    /// Whether it is about live money.
    pub fn livemode(&self) -> bool {
        self.0.opt_flag(NAME, "livemode").unwrap_or_default()
    }

    /// Whom it happened to, for example `org_1/acct_2`; `None` for the owner of the destination.
    pub fn context(&self) -> Option<&str> {
        self.text("context")
    }

    /// The request that caused it, when one did: its `type`, and under `request` its `id` and `idempotency_key`.
    pub fn reason(&self) -> Option<Json> {
        self.0.get("reason").filter(|reason| !reason.is_null())
    }

    /// The object it is about, if it is about one.
    pub fn related_object(&self) -> Option<RelatedObject> {
        let object = RelatedObject(
            self.0
                .get("related_object")
                .filter(|object| !object.is_null())?,
        );
        (!object.url().is_empty()).then_some(object)
    }

    /// A request for the whole event, in the event's context.
    pub fn fetch_event(&self, client: &Client) -> RequestBuilder {
        let path = path::expand("/v2/core/events/{event}", &[self.id().to_owned()]);
        self.follow_up(client, path.unwrap_or_default())
            .usage("fetch_event")
    }

    /// A request for the object the event is about, in the event's context; `None` when there is none.
    pub fn fetch_related_object(&self, client: &Client) -> Option<RequestBuilder> {
        let object = self.related_object()?;
        let request = self.follow_up(client, object.url().to_owned());
        Some(request.usage("fetch_related_object"))
    }

    /// The client's own account never goes along: the event's context says whom to ask for.
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

/// Whether types made from one API version fit an event rendered with another: versions of one named release line
/// (`2026-03-25.dahlia` and `2026-07-29.dahlia`) do; previews and versions before the naming must be equal.
pub fn versions_agree(sdk: &str, event: &str) -> bool {
    match (sdk.split_once('.'), event.split_once('.')) {
        (Some((_, "preview")), _) | (_, Some((_, "preview"))) => sdk == event,
        (Some((_, sdk_line)), Some((_, event_line))) => sdk_line == event_line,
        _ => false,
    }
}

pub(crate) fn parse_snapshot(payload: &[u8]) -> Result<api::Event, WebhookError> {
    let json = parse(payload)?;
    match object_of(&json).as_deref() {
        Some("event") => Ok(api::Event::from_json(json)),
        Some(other) => Err(WebhookError::WrongKind {
            object: other.to_owned(),
        }),
        None => Err(WebhookError::Unrecognized),
    }
}

pub(crate) fn parse_notification(payload: &[u8]) -> Result<EventNotification, WebhookError> {
    let json = parse(payload)?;
    match object_of(&json).as_deref() {
        Some(NAME) => Ok(EventNotification(json)),
        Some(other) => Err(WebhookError::WrongKind {
            object: other.to_owned(),
        }),
        None if json.get("id").is_some() && json.get("type").is_some() => {
            Ok(EventNotification(json))
        }
        None => Err(WebhookError::Unrecognized),
    }
}

/// The event inside an EventBridge (`detail`) or Event Grid (`specversion` and `data`) envelope, or the payload itself.
pub(crate) fn open_envelope(payload: &[u8]) -> Result<Vec<u8>, WebhookError> {
    let json = parse(payload)?;
    let inner = match (
        json.get("detail"),
        json.get("specversion"),
        json.get("data"),
    ) {
        (Some(detail), _, _) => detail,
        (None, Some(_), Some(data)) => data,
        _ => return Ok(payload.to_vec()),
    };
    Ok(inner.text().into_owned().into_bytes())
}

fn object_of(json: &Json) -> Option<String> {
    json.get("object")?.as_str().map(str::to_owned)
}

fn parse(payload: &[u8]) -> Result<Json, WebhookError> {
    Json::parse(Bytes::copy_from_slice(payload))
        .map_err(|cause| WebhookError::NotJson(cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_object_in_an_event_is_typed_on_demand() {
        let event = parse_snapshot(
            br#"{"object": "event", "type": "charge.succeeded",
                 "data": {"object": {"object": "charge", "id": "ch_1", "amount": "odd"}}}"#,
        )
        .unwrap();
        assert_eq!(event.data_as::<api::Charge>().unwrap().id(), "ch_1");
        assert!(event.data_as::<api::Customer>().is_none());
        // An event without its object is still an event.
        let bare = parse_snapshot(br#"{"object": "event", "type": "brand.new"}"#).unwrap();
        assert_eq!((bare.type_().as_str(), bare.id()), ("brand.new", ""));
        assert!(bare.data_object().is_null());
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(payload in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_snapshot(&payload);
            let _ = parse_notification(&payload);
            let _ = open_envelope(&payload);
        }
    }
}
