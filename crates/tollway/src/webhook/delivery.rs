//! [`Delivery`]: an event of either kind.

use super::error::WebhookError;
use super::parse;
use crate::api::{Event, EventType, V2EventType};
use crate::client::Client;
use crate::event::{self, EventNotification};
use crate::json::Json;

/// A delivery: a snapshot event or a thin event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Delivery {
    /// A snapshot event, which carries its object. <https://docs.stripe.com/event-destinations#snapshot-events>
    Snapshot(Event),
    /// A thin event, which names its object. <https://docs.stripe.com/event-destinations#thin-events>
    Notification(EventNotification),
}

impl Delivery {
    /// The event's id, `evt_…`. Repeated deliveries of an event have the same id.
    pub fn id(&self) -> &str {
        match self {
            Self::Snapshot(event) => event.id(),
            Self::Notification(event) => event.id(),
        }
    }

    /// The type of the event, for example `charge.succeeded`.
    pub fn type_(&self) -> &str {
        match self {
            Self::Snapshot(event) => event.json().string("event", "type"),
            Self::Notification(event) => event.type_(),
        }
    }

    /// Whether the event is about live mode. Live endpoints of Connect also receive test events.
    pub fn livemode(&self) -> bool {
        match self {
            Self::Snapshot(event) => event.livemode(),
            Self::Notification(event) => event.livemode(),
        }
    }

    /// Whether the event type is known to this version of the crate.
    // Inline, so that only programs that call it compile the match on hundreds of types.
    #[inline]
    pub fn is_known_event_type(&self) -> bool {
        match self {
            Self::Snapshot(_) => !matches!(EventType::from(self.type_()), EventType::Unknown(_)),
            Self::Notification(event) => {
                !matches!(V2EventType::from(event.type_()), V2EventType::Unknown(_))
            }
        }
    }

    /// Returns a client that acts for the account that the event happened to: the connected account, the context, or
    /// the owner of the key. It shares the connection pool of `client`, but not its account.
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

    /// The API version of a snapshot event; thin events have none.
    pub fn api_version(&self) -> Option<&str> {
        match self {
            Self::Snapshot(event) => event.api_version(),
            Self::Notification(_) => None,
        }
    }

    /// Whether this crate's types fit the API version of the event. Always true for thin events.
    pub fn fits_this_version(&self) -> bool {
        match self {
            Self::Snapshot(event) => event
                .api_version()
                .is_some_and(|version| event::versions_agree(crate::STRIPE_VERSION, version)),
            Self::Notification(_) => true,
        }
    }

    pub(super) fn read(payload: &[u8]) -> Result<Self, WebhookError> {
        match parse::parse_snapshot(payload) {
            Ok(event) => Ok(Self::Snapshot(event)),
            Err(WebhookError::WrongKind { .. }) => {
                parse::parse_notification(payload).map(Self::Notification)
            }
            Err(error) => Err(error),
        }
    }
}
