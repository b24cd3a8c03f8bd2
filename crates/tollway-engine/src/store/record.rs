//! One stored object: ready-made JSON, and the values of the fields it is found by.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::to_bytes;

/// Fields that lists filter by and that single out few objects, sorted: a page filtered by one of them walks its index.
/// The parent of a record is indexed besides.
const INDEXED: &[&str] = &[
    "account",
    "authorization",
    "balance_transaction",
    "card",
    "cardholder",
    "charge",
    "code",
    "coupon",
    "credit_grant",
    "customer",
    "customer_account",
    "destination",
    "email",
    "financial_account",
    "fingerprint",
    "invoice",
    "lookup_key",
    "meter",
    "original_transaction",
    "payment_intent",
    "payout",
    "price",
    "product",
    "promotion_code",
    "quote",
    "setup_intent",
    "source",
    "subscription",
    "test_clock",
    "transaction",
    "transfer",
    "transfer_group",
    "type",
    "value_list",
];

/// Name of the pseudo field under which the parent is indexed.
pub(super) const PARENT: &str = "";

/// One stored object: ready-made JSON and what is needed to find it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The object's id.
    pub id: Arc<str>,
    /// When it was made, unix seconds.
    pub created: i64,
    /// Order of making within the world.
    pub sequence: u64,
    /// The object it is listed under, if it is a part of one.
    pub parent: Option<Arc<str>>,
    /// Deleted objects can still be retrieved where Stripe allows it, and are in no list.
    pub deleted: bool,
    /// The object as compact JSON.
    pub body: Bytes,
    /// Values of the indexed fields.
    pub(super) keys: Box<[Key]>,
}

/// The place of a record in its collection: by time, then by order of creation.
pub(super) type SortKey = (i64, u64);

impl Record {
    /// A live record of this object.
    #[must_use]
    pub fn new(
        id: Arc<str>,
        created: i64,
        sequence: u64,
        parent: Option<Arc<str>>,
        object: &Value,
    ) -> Self {
        let keys = keys_of(parent.as_deref(), object);
        Self {
            id,
            created,
            sequence,
            parent,
            deleted: false,
            body: to_bytes(object),
            keys,
        }
    }

    /// A live record of bytes that are in no index.
    #[must_use]
    pub fn raw(id: Arc<str>, created: i64, sequence: u64, body: Bytes) -> Self {
        Self {
            id,
            created,
            sequence,
            parent: None,
            deleted: false,
            body,
            keys: Box::default(),
        }
    }

    /// A record from its stored parts; the indexed fields are read from the body.
    ///
    /// # Errors
    /// If the body is not JSON.
    pub fn from_parts(
        id: Arc<str>,
        created: i64,
        sequence: u64,
        parent: Option<Arc<str>>,
        deleted: bool,
        body: Bytes,
    ) -> Result<Self, serde_json::Error> {
        let object: Value = serde_json::from_slice(&body)?;
        let keys = keys_of(parent.as_deref(), &object);
        Ok(Self {
            id,
            created,
            sequence,
            parent,
            deleted,
            body,
            keys,
        })
    }

    /// The object.
    #[must_use]
    pub fn parse(&self) -> Value {
        // The body was written by `to_bytes`, or checked by `from_parts`.
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn sort_key(&self) -> SortKey {
        (self.created, self.sequence)
    }

    /// The value of an indexed field, if this record has one.
    pub(super) fn key(&self, name: &str) -> Option<&str> {
        self.keys
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, value)| &**value)
    }

    /// Whether a field is kept in the index, so that [`Record::key`] answers for it.
    pub(super) fn is_indexed(name: &str) -> bool {
        INDEXED.binary_search(&name).is_ok()
    }
}

/// An object that was written without being a value before, and what is needed to file it.
#[derive(Debug)]
pub struct SerializedObject {
    id: String,
    created: i64,
    body: Bytes,
    keys: Vec<Key>,
}

impl SerializedObject {
    /// An object of this moment, unless its `created` says otherwise.
    pub fn new(now: i64) -> Self {
        Self {
            id: String::new(),
            created: now,
            body: Bytes::new(),
            keys: Vec::new(),
        }
    }

    /// Takes note of a field, in the order of the names.
    pub fn index_field(&mut self, name: &str, value: &Value) {
        self.keys.extend(key_of(name, value));
        if name == "created" {
            self.created = value.as_i64().unwrap_or(self.created);
        }
    }

    /// The whole of it.
    #[must_use]
    pub fn finish(self, id: String, text: impl Into<Bytes>) -> Self {
        let body = text.into();
        Self { id, body, ..self }
    }

    /// The record of the object.
    pub fn record(self, sequence: u64, parent: Option<&str>) -> Record {
        let parent_key = parent.map(|parent| (PARENT, parent.into()));
        Record {
            id: self.id.into(),
            created: self.created,
            sequence,
            parent: parent.map(Into::into),
            deleted: false,
            body: self.body,
            keys: parent_key.into_iter().chain(self.keys).collect(),
        }
    }
}

/// An indexed field and its value.
pub(super) type Key = (&'static str, Box<str>);

fn keys_of(parent: Option<&str>, object: &Value) -> Box<[Key]> {
    // Few of an object's fields are indexed, so its own are gone through rather than all that might be.
    let members = object.as_object().into_iter().flatten();
    let fields = members.filter_map(|(name, value)| key_of(name, value));
    parent
        .map(|parent| (PARENT, parent.into()))
        .into_iter()
        .chain(fields)
        .collect()
}

/// The field as a key, if it is one; an embedded object counts by its id.
fn key_of(name: &str, value: &Value) -> Option<Key> {
    let place = INDEXED.binary_search(&name).ok()?;
    let text = value.as_str().or_else(|| value.get("id")?.as_str())?;
    Some((INDEXED[place], text.into()))
}
