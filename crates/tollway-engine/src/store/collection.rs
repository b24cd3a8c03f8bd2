//! The records of one type in one scope, their order and their indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;
use serde_json::Value;

use super::query::{Page, Query, UnknownCursor};
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
const PARENT: &str = "";

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

/// SortKey in the order: by time, then by order of making.
type SortKey = (i64, u64);

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

    fn sort_key(&self) -> SortKey {
        (self.created, self.sequence)
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
type Key = (&'static str, Box<str>);

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

/// The records of one type.
#[derive(Debug, Default)]
pub struct Collection {
    by_id: HashMap<Arc<str>, Arc<Record>>,
    order: BTreeMap<SortKey, Arc<Record>>,
    index: HashMap<&'static str, HashMap<Box<str>, BTreeSet<SortKey>>>,
}

impl Collection {
    /// The record with this id, deleted ones included.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Record>> {
        self.by_id.get(id)
    }

    /// Live records, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.order.values().rev()
    }

    /// Live records, oldest first.
    pub fn oldest_first(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.order.values()
    }

    /// All records, deleted ones included, in no order.
    pub fn records(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.by_id.values()
    }

    /// Number of live records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no live record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(super) fn put(&mut self, record: Arc<Record>) -> Option<Arc<Record>> {
        let before = self
            .by_id
            .insert(Arc::clone(&record.id), Arc::clone(&record));
        if let Some(before) = &before {
            self.unlist(before);
        }
        if !record.deleted {
            for (name, value) in &record.keys {
                let values = self.index.entry(name).or_default();
                match values.get_mut(value) {
                    Some(places) => places.insert(record.sort_key()),
                    None => values
                        .entry(value.clone())
                        .or_default()
                        .insert(record.sort_key()),
                };
            }
            self.order.insert(record.sort_key(), record);
        }
        before
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<Record>> {
        let record = self.by_id.remove(id)?;
        self.unlist(&record);
        Some(record)
    }

    /// Takes a record out of the order and the indexes.
    fn unlist(&mut self, record: &Record) {
        self.order.remove(&record.sort_key());
        for (name, value) in &record.keys {
            if let Some(values) = self.index.get_mut(name)
                && let Some(places) = values.get_mut(value)
            {
                places.remove(&record.sort_key());
                if places.is_empty() {
                    values.remove(value);
                }
            }
        }
    }

    /// One page; see [`Query`].
    ///
    /// # Errors
    /// If the cursor is not an object of this collection.
    pub fn list(&self, query: &Query<'_>) -> Result<Page, UnknownCursor> {
        let mut low = (query.created.from.unwrap_or(i64::MIN), u64::MIN);
        let mut high = (query.created.to.unwrap_or(i64::MAX), u64::MAX);
        let backwards = query.ending_before.is_some() && query.starting_after.is_none();
        if let Some(cursor) = query.cursor() {
            let place = self
                .get(cursor)
                .ok_or_else(|| UnknownCursor(cursor.to_owned()))?
                .sort_key();
            if backwards {
                low = low.max((place.0, place.1.saturating_add(1)));
            } else if place.1 == 0 {
                high = high.min((place.0.saturating_sub(1), u64::MAX));
            } else {
                high = high.min((place.0, place.1 - 1));
            }
        }
        if low > high {
            return Ok(Page::default());
        }
        let whole = self.order.range(low..=high).map(|(_, record)| record);
        let record = |place| self.order.get(place);
        let walks = self.narrowest(query).map(|sets| {
            let sets = sets.into_iter();
            sets.map(|places| places.range(low..=high))
        });
        Ok(match (walks, backwards) {
            (Some(walks), true) => {
                let places = merged(walks, |one, other| one < other);
                query.take(places.filter_map(record), true)
            }
            (Some(walks), false) => {
                let places = merged(walks.map(Iterator::rev), |one, other| one > other);
                query.take(places.filter_map(record), false)
            }
            (None, true) => query.take(whole, true),
            (None, false) => query.take(whole.rev(), false),
        })
    }

    /// The fewest places of the index that hold every match, one set for each text that would do; none if no filter is indexed.
    fn narrowest(&self, query: &Query<'_>) -> Option<Vec<&BTreeSet<SortKey>>> {
        let parent = query.parent.map(|parent| (PARENT, vec![parent]));
        let fields = query.filters.iter();
        let fields = fields.map(|(name, value)| (*name, vec![*value]));
        let any_of = query.any_of.iter();
        let any_of = any_of.map(|(name, any)| (*name, any.iter().map(String::as_str).collect()));
        let indexed = parent.into_iter().chain(fields).chain(any_of);
        let indexed = indexed.filter(|(name, _)| *name == PARENT || Record::is_indexed(name));
        let sets = indexed.map(|(name, any): (_, Vec<&str>)| match self.index.get(name) {
            Some(values) => any.iter().filter_map(|text| values.get(*text)).collect(),
            None => Vec::new(),
        });
        sets.min_by_key(|sets| sets.iter().map(|places| places.len()).sum::<usize>())
    }
}

/// Sorted walks as one sorted walk, each place once.
fn merged<'a, I: Iterator<Item = &'a SortKey>>(
    walks: impl Iterator<Item = I>,
    before: impl Fn(&SortKey, &SortKey) -> bool,
) -> impl Iterator<Item = &'a SortKey> {
    let mut walks: Vec<_> = walks.map(Iterator::peekable).collect();
    std::iter::from_fn(move || {
        let heads = walks.iter_mut().filter_map(|walk| walk.peek().copied());
        let next = heads.reduce(|best, head| if before(head, best) { head } else { best })?;
        for walk in &mut walks {
            walk.next_if_eq(&next);
        }
        Some(next)
    })
}

impl Record {
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
