//! The webhook inbox and the notices for the host application.

use super::connections::{Connection, DisconnectReason};
use super::names::stored_names;
use crate::realm::Realm;
use crate::time::Millis;

/// The event type whose deliveries a store hands out one at a time per account, so that an older state of the account is
/// never handled after a newer one.
pub const ACCOUNT_UPDATED: &str = "account.updated";

/// One of a platform's two webhook endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// Receives events of connected accounts (`connect: true`).
    Connect,
    /// Receives events of the platform's own account.
    Account,
}

stored_names!(Endpoint {
    Connect = "connect",
    Account = "account",
});

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryStatus {
    /// The delivery is to be handled at its due time.
    Pending,
    /// A worker handles the delivery until its lease ends.
    Working,
    /// The delivery was handled.
    Done,
    /// There is nothing to do; the note says why.
    Ignored,
    /// The delivery failed too often and waits for a replay by hand.
    Dead,
}

stored_names!(DeliveryStatus {
    Pending = "pending",
    Working = "working",
    Done = "done",
    Ignored = "ignored",
    Dead = "dead",
});

/// The headers of a delivery's request, in order, without credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryHeaders(Vec<(String, String)>);

impl DeliveryHeaders {
    /// The first value of a header. `name` is lowercase.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(header, _)| *header == name)
            .map(|(_, value)| value)
    }

    /// All headers as pairs of lowercase name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The form in the database: a JSON array of pairs.
    pub fn to_json(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    /// Reads the form in the database. `None`: it is not a JSON array of pairs.
    pub fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }
}

impl FromIterator<(String, String)> for DeliveryHeaders {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}

/// A webhook delivery with a valid signature, as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// `in_…`
    pub id: String,
    /// Platform, and the mode of the endpoint that received it.
    pub realm: Realm,
    /// The endpoint that received it.
    pub endpoint: Endpoint,
    /// `evt_…`
    pub event_id: String,
    /// Such as `account.updated`.
    pub event_type: String,
    /// The connected account of the event.
    pub account: Option<String>,
    /// When Stripe created the event.
    pub created_at: Option<Millis>,
    /// The request's headers.
    pub headers: DeliveryHeaders,
    /// The request's body, byte for byte.
    pub body: Vec<u8>,
    /// The state.
    pub status: DeliveryStatus,
    /// Why it was ignored, or the last error.
    pub note: Option<String>,
    /// How many times handling it was started.
    pub attempts: u32,
    /// When it is due (pending), or when the lease ends (working).
    pub due_at: Millis,
    /// When it was received.
    pub received_at: Millis,
    /// When it was done, ignored or given up.
    pub finished_at: Option<Millis>,
}

/// A delivery to add. It is due at once, or ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewDelivery {
    /// `in_…`
    pub id: String,
    /// Platform, and the mode of the endpoint that received it.
    pub realm: Realm,
    /// The endpoint that received it.
    pub endpoint: Endpoint,
    /// `evt_…`
    pub event_id: String,
    /// Such as `account.updated`.
    pub event_type: String,
    /// The connected account of the event.
    pub account: Option<String>,
    /// When Stripe created the event.
    pub created_at: Option<Millis>,
    /// The request's headers.
    pub headers: DeliveryHeaders,
    /// The request's body, byte for byte.
    pub body: Vec<u8>,
    /// When it was received.
    pub received_at: Millis,
    /// Why there is nothing to do; `None` if it is to be handled.
    pub ignored_because: Option<String>,
}

impl NewDelivery {
    /// A delivery without account, headers and body that was received at time 0: set the fields that apply.
    pub fn new(
        id: impl Into<String>,
        realm: Realm,
        endpoint: Endpoint,
        event_id: impl Into<String>,
        event_type: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            realm,
            endpoint,
            event_id: event_id.into(),
            event_type: event_type.into(),
            account: None,
            created_at: None,
            headers: DeliveryHeaders::default(),
            body: Vec::new(),
            received_at: 0,
            ignored_because: None,
        }
    }
}

impl From<NewDelivery> for Delivery {
    fn from(new: NewDelivery) -> Self {
        let ignored = new.ignored_because.is_some();
        Self {
            id: new.id,
            realm: new.realm,
            endpoint: new.endpoint,
            event_id: new.event_id,
            event_type: new.event_type,
            account: new.account,
            created_at: new.created_at,
            headers: new.headers,
            body: new.body,
            status: if ignored {
                DeliveryStatus::Ignored
            } else {
                DeliveryStatus::Pending
            },
            note: new.ignored_because,
            attempts: 0,
            due_at: new.received_at,
            received_at: new.received_at,
            finished_at: ignored.then_some(new.received_at),
        }
    }
}

/// The result of adding a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InsertResult {
    /// The delivery was added.
    New,
    /// The event is stored already, in the delivery with this id.
    Duplicate(String),
}

/// An event that was handled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DoneEvent {
    /// `evt_…`
    pub event_id: String,
    /// When Stripe created the event.
    pub created_at: Millis,
}

impl DoneEvent {
    /// An event that Stripe created at a time.
    pub fn new(event_id: impl Into<String>, created_at: Millis) -> Self {
        Self {
            event_id: event_id.into(),
            created_at,
        }
    }
}

/// One failed attempt at a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryFailure {
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// When it failed.
    pub at: Millis,
    /// What went wrong. Never a secret.
    pub error: String,
}

impl DeliveryFailure {
    /// A failed attempt.
    pub fn new(attempt: u32, at: Millis, error: impl Into<String>) -> Self {
        Self {
            attempt,
            at,
            error: error.into(),
        }
    }
}

/// The inbox in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxState {
    /// The number of deliveries in each state.
    pub counts: Vec<(DeliveryStatus, u64)>,
    /// When the oldest unfinished delivery was received.
    pub oldest_unfinished: Option<Millis>,
}

impl InboxState {
    /// The numbers of an inbox.
    pub fn new(counts: Vec<(DeliveryStatus, u64)>, oldest_unfinished: Option<Millis>) -> Self {
        Self {
            counts,
            oldest_unfinished,
        }
    }

    /// The number of deliveries in this state.
    pub fn count(&self, status: DeliveryStatus) -> u64 {
        self.counts
            .iter()
            .find(|(counted, _)| *counted == status)
            .map_or(0, |(_, count)| *count)
    }
}

/// A change that the host application has to be notified of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// `not_…`
    pub id: String,
    /// What happened.
    pub kind: NoticeKind,
    /// When it happened.
    pub at: Millis,
    /// The connection as it is now.
    pub connection: Connection,
    /// How many times the notification was started.
    pub attempts: u32,
}

impl Notice {
    /// A stored notice.
    pub fn new(
        id: impl Into<String>,
        kind: NoticeKind,
        at: Millis,
        connection: Connection,
        attempts: u32,
    ) -> Self {
        Self {
            id: id.into(),
            kind,
            at,
            connection,
            attempts,
        }
    }
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// An account was connected, or connected again.
    Connected,
    /// A connection ended.
    Disconnected(DisconnectReason),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_read_back_from_the_form_that_earlier_versions_stored() {
        let json = r#"[["stripe-signature","t=1,v1=a"],["content-type","application/json"]]"#;
        let headers = DeliveryHeaders::from_json(json).expect("pairs");
        assert_eq!(headers.get("stripe-signature"), Some("t=1,v1=a"));
        assert_eq!(headers.get("cookie"), None);
        assert_eq!(headers.to_json(), json);
        assert_eq!(DeliveryHeaders::from_json("{}"), None);
    }
}
