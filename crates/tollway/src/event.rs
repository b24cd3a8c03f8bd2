//! Events as they are delivered: snapshot events ([`Event`], API v1) and thin events ([`EventNotification`], API v2).
//! <https://docs.stripe.com/event-destinations>

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::client::Client;
use crate::request::{RequestBuilder, Verb};
use crate::webhook::WebhookError;
use crate::wire::path;

/// A snapshot event: something happened, and this is how the object looked then.
/// <https://docs.stripe.com/api/events/object>
#[derive(Clone)]
pub struct Event(Arc<Json>);

/// The `data` of an [`Event`].
#[derive(Clone, Copy)]
pub struct EventData<'a>(&'a Json);

impl Event {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Json::as_str)
    }

    /// `evt_…`: the same for repeated deliveries of one event. Empty if Stripe left it out.
    pub fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// What happened, for example `charge.succeeded`.
    pub fn type_(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// The connected account it happened on; `None` for the platform's own events.
    pub fn account(&self) -> Option<&str> {
        self.text("account")
    }

    /// The context it happened in.
    pub fn context(&self) -> Option<&str> {
        self.text("context")
    }

    /// The API version the object in it is written in. `None` happens for `account.application.deauthorized`.
    pub fn api_version(&self) -> Option<&str> {
        self.text("api_version")
    }

    /// When it happened, in unix seconds.
    pub fn created(&self) -> i64 {
        self.0
            .get("created")
            .and_then(Json::as_i64)
            .unwrap_or_default()
    }

    /// Whether it is about live money. Live Connect endpoints also get test events.
    pub fn livemode(&self) -> bool {
        self.0
            .get("livemode")
            .and_then(Json::as_bool)
            .unwrap_or_default()
    }

    /// The idempotency key of the request that caused it.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0
            .pointer("/request/idempotency_key")
            .and_then(Json::as_str)
    }

    /// The object it is about.
    pub fn data(&self) -> EventData<'_> {
        EventData(self.0.get("data").unwrap_or(&Json::Null))
    }

    /// The whole event as Stripe sent it.
    pub fn json(&self) -> &Json {
        &self.0
    }
}

impl<'a> EventData<'a> {
    /// The object as it was after the event. Null if Stripe left it out.
    pub fn object(&self) -> &'a Json {
        self.0.get("object").unwrap_or(&Json::Null)
    }

    /// What the changed members were before, for `….updated` events.
    pub fn previous_attributes(&self) -> Option<&'a Json> {
        self.0.get("previous_attributes")
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("id", &self.id())
            .field("type", &self.type_())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EventData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventData").finish_non_exhaustive()
    }
}

/// A thin event: something happened, go and look. <https://docs.stripe.com/event-destinations#thin-events>
#[derive(Clone)]
pub struct EventNotification(Arc<Json>);

/// The object a thin event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelatedObject<'a> {
    /// Its id; `None` for objects that exist once per account.
    pub id: Option<&'a str>,
    /// What it is, for example `v2.core.account`.
    pub object_type: &'a str,
    /// Its path, for example `/v2/core/accounts/acct_1`.
    pub url: &'a str,
}

impl EventNotification {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Json::as_str)
    }

    /// `evt_…`
    pub fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// What happened, for example `v2.core.account.updated`.
    pub fn type_(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// When it happened, as RFC 3339 text.
    pub fn created(&self) -> &str {
        self.text("created").unwrap_or_default()
    }

    /// Whether it is about live money.
    pub fn livemode(&self) -> bool {
        self.0
            .get("livemode")
            .and_then(Json::as_bool)
            .unwrap_or_default()
    }

    /// Whom it happened to, for example `org_1/acct_2`; `None` for the owner of the destination.
    pub fn context(&self) -> Option<&str> {
        self.text("context")
    }

    /// The object it is about, if it is about one.
    pub fn related_object(&self) -> Option<RelatedObject<'_>> {
        let object = self.0.get("related_object")?;
        let text = |name: &str| object.get(name).and_then(Json::as_str);
        Some(RelatedObject {
            id: text("id"),
            object_type: text("type")?,
            url: text("url")?,
        })
    }

    /// A request for the whole event, in the event's context.
    pub fn fetch_event(&self, client: &Client) -> RequestBuilder {
        let path = path::expand("/v2/core/events/{event}", &[self.id()]);
        self.follow_up(client, path.unwrap_or_default())
    }

    /// A request for the object the event is about, in the event's context; `None` when there is none.
    pub fn fetch_related_object(&self, client: &Client) -> Option<RequestBuilder> {
        let object = self.related_object()?;
        Some(self.follow_up(client, object.url.to_owned()))
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

pub(crate) fn parse_snapshot(payload: &[u8]) -> Result<Event, WebhookError> {
    let json = parse(payload)?;
    match json.get("object").and_then(Json::as_str) {
        Some("event") => Ok(Event(Arc::new(json))),
        Some(other) => Err(WebhookError::WrongKind {
            object: other.to_owned(),
        }),
        None => Err(WebhookError::Unrecognized),
    }
}

pub(crate) fn parse_notification(payload: &[u8]) -> Result<EventNotification, WebhookError> {
    let json = parse(payload)?;
    match json.get("object").and_then(Json::as_str) {
        Some("v2.core.event") => Ok(EventNotification(Arc::new(json))),
        Some(other) => Err(WebhookError::WrongKind {
            object: other.to_owned(),
        }),
        None if json.get("id").is_some() && json.get("type").is_some() => {
            Ok(EventNotification(Arc::new(json)))
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
    Ok(inner.to_string().into_bytes())
}

fn parse(payload: &[u8]) -> Result<Json, WebhookError> {
    serde_json::from_slice(payload).map_err(|cause| WebhookError::NotJson(cause.to_string()))
}
