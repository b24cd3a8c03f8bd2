//! One world's objects, kept as the bytes that are sent.
//!
//! Objects are filed by mode, account and type; in each such [collection](Collection) they are ordered by `created` and by order of
//! making, newest first, and indexed by the fields that Stripe's lists filter by. A page is a walk along an index,
//! never a scan of the collection, and a record's bytes are shared, never copied.
//!
//! Everything durable is a record here, what Stripe does not show included: a type that starts with `_` (`_connection`,
//! `_token`, …) is the emulator's own and cannot be reached through the API. Whatever is written is undone by
//! [`Store::rollback`] until [`Store::commit`] hands the changes over to the journal.

mod collection;
mod query;
mod record;

use std::cell::OnceCell;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use self::collection::Collection;
pub use self::query::{CreatedRange, Page, Query, UnknownCursor};
pub use self::record::{Record, SerializedObject};
use crate::error::ApiError;
use crate::scope::{Mode, Scope};

/// The objects of one world.
#[derive(Debug, Default)]
pub struct Store {
    accounts: HashMap<Arc<str>, [AccountStore; 2]>,
    next_sequence: u64,
    changes: Vec<Change>,
    failure: OnceCell<ApiError>,
}

/// The collections of one account in one mode, by object type.
type AccountStore = HashMap<Arc<str>, Collection>;

/// One record written since the last commit: what the journal keeps and what a rollback restores.
#[derive(Debug, Clone)]
pub struct Change {
    /// The mode the record belongs to.
    pub mode: Mode,
    /// The account the record belongs to.
    pub account: Arc<str>,
    /// The object type, `customer` or `_token`.
    pub object_type: Arc<str>,
    /// The record as it was, if there was one.
    pub before: Option<Arc<Record>>,
    /// The record as it is, unless it was removed.
    pub after: Option<Arc<Record>>,
}

impl Store {
    /// The record with this id, deleted ones included (see [`Record::deleted`]).
    #[must_use]
    pub fn get(&self, scope: &Scope, object_type: &str, id: &str) -> Option<&Arc<Record>> {
        self.collection(scope, object_type)?.get(id)
    }

    /// The object with this id, parsed; none if it does not exist or was deleted.
    #[must_use]
    pub fn object(&self, scope: &Scope, object_type: &str, id: &str) -> Option<Value> {
        self.get(scope, object_type, id)
            .filter(|record| !record.deleted)
            .map(|record| record.parse())
    }

    /// The record with this id, whatever its type; hidden types are left out. Used for polymorphic ids.
    #[must_use]
    pub fn find(&self, scope: &Scope, id: &str) -> Option<(Arc<str>, Arc<Record>)> {
        let collections = self.collections_of(scope)?;
        collections
            .iter()
            .filter(|(object_type, _)| !object_type.starts_with('_'))
            .find_map(|(object_type, collection)| {
                collection
                    .get(id)
                    .map(|record| (Arc::clone(object_type), Arc::clone(record)))
            })
    }

    /// Puts a new object into the store; its id is the object's `id`, its time the object's `created` (or `now`).
    /// An object of the same id is replaced.
    pub fn insert(
        &mut self,
        scope: &Scope,
        object_type: &str,
        object: &Value,
        now: i64,
    ) -> Arc<Record> {
        self.insert_under(scope, object_type, None, object, now)
    }

    /// Like [`Store::insert`], for an object listed under another one, as `/v1/checkout/sessions/{parent}/line_items` is.
    pub fn insert_under(
        &mut self,
        scope: &Scope,
        object_type: &str,
        parent: Option<&str>,
        object: &Value,
        now: i64,
    ) -> Arc<Record> {
        let id: Arc<str> = id_of(object).into();
        let created = object.get("created").and_then(Value::as_i64).unwrap_or(now);
        let sequence = self.next_sequence;
        let record = Record::new(id, created, sequence, parent.map(Into::into), object);
        self.put(scope, object_type, record)
    }

    /// Like [`Store::insert_under`], for an object that is written already.
    pub fn insert_written(
        &mut self,
        scope: &Scope,
        object_type: &str,
        parent: Option<&str>,
        written: SerializedObject,
    ) -> Arc<Record> {
        let record = written.record(self.next_sequence, parent);
        self.put(scope, object_type, record)
    }

    /// Keeps bytes that need not be JSON, under one of the emulator's own types.
    pub fn insert_raw(
        &mut self,
        scope: &Scope,
        object_type: &str,
        id: &str,
        body: Bytes,
        now: i64,
    ) -> Arc<Record> {
        let record = Record::raw(id.into(), now, self.next_sequence, body);
        self.put(scope, object_type, record)
    }

    /// Replaces an object that exists; place in the order and parent stay. Inserts it if it does not exist.
    pub fn update(
        &mut self,
        scope: &Scope,
        object_type: &str,
        object: &Value,
        now: i64,
    ) -> Arc<Record> {
        let id = id_of(object);
        match self.get(scope, object_type, id).cloned() {
            Some(old) => {
                let parent = old.parent.clone();
                let record = Record::new(
                    Arc::clone(&old.id),
                    old.created,
                    old.sequence,
                    parent,
                    object,
                );
                self.put(scope, object_type, record)
            }
            None => self.insert(scope, object_type, object, now),
        }
    }

    /// Takes an object out of the store without a trace. True if it was there.
    pub fn remove(&mut self, scope: &Scope, object_type: &str, id: &str) -> bool {
        self.write(scope, object_type, id, None)
    }

    /// Removes the oldest objects of a type that were made before a moment, two at most: done with every new one, that
    /// keeps pace with any number of them.
    pub fn expire(&mut self, scope: &Scope, object_type: &str, before: i64) {
        for _ in 0..2 {
            let oldest = self
                .collection(scope, object_type)
                .and_then(|kept| kept.oldest_first().next())
                .filter(|record| record.created < before)
                .map(|record| Arc::clone(&record.id));
            let Some(id) = oldest else { break };
            self.remove(scope, object_type, &id);
        }
    }

    /// Marks an object as deleted: it leaves the lists, and `object` (Stripe's `{id, object, deleted: true}`) is what is left of it.
    pub fn mark_deleted(
        &mut self,
        scope: &Scope,
        object_type: &str,
        object: &Value,
        now: i64,
    ) -> Arc<Record> {
        let id = id_of(object);
        let old = self.get(scope, object_type, id).cloned();
        let (created, sequence) =
            old.map_or((now, self.next_sequence), |old| (old.created, old.sequence));
        let mut record = Record::new(id.into(), created, sequence, None, object);
        record.deleted = true;
        self.put(scope, object_type, record)
    }

    /// One page of a collection, newest first.
    ///
    /// # Errors
    /// If a cursor names an object that is not in the collection.
    pub fn list(
        &self,
        scope: &Scope,
        object_type: &str,
        query: &Query<'_>,
    ) -> Result<Page, UnknownCursor> {
        match self.collection(scope, object_type) {
            Some(collection) => collection.list(query),
            None => match query.cursor() {
                Some(cursor) => Err(UnknownCursor(cursor.to_owned())),
                None => Ok(Page::default()),
            },
        }
    }

    /// Every live object of a type, newest first, parsed. For the emulator's own small collections.
    #[must_use]
    pub fn all(&self, scope: &Scope, object_type: &str) -> Vec<Value> {
        let collection = self.collection(scope, object_type);
        collection
            .map(|all| all.newest_first().map(|record| record.parse()).collect())
            .unwrap_or_default()
    }

    /// The collection of a type, if anything was ever put into it.
    #[must_use]
    pub fn collection(&self, scope: &Scope, object_type: &str) -> Option<&Collection> {
        self.collections_of(scope)?.get(object_type)
    }

    /// All accounts that have records in this mode.
    pub fn accounts(&self, mode: Mode) -> impl Iterator<Item = &Arc<str>> {
        self.accounts
            .iter()
            .filter(move |(_, modes)| !modes[mode.index()].is_empty())
            .map(|(account, _)| account)
    }

    /// The object types an account has records of.
    pub fn types(&self, scope: &Scope) -> impl Iterator<Item = &Arc<str>> {
        self.collections_of(scope)
            .into_iter()
            .flat_map(HashMap::keys)
    }

    /// Ends the transaction: the changes since the last commit, in order, for the journal.
    pub fn commit(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The changes since the last commit, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// How many records were made so far.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Fails the transaction: whatever its handler returns, its changes are undone and it answers with this error. For errors
    /// that are found where none can be returned. The first one counts.
    pub fn fail(&self, error: ApiError) {
        let _ = self.failure.set(error);
    }

    /// Takes the error that [failed](Store::fail) the transaction, if one did.
    pub fn take_failure(&mut self) -> Option<ApiError> {
        self.failure.take()
    }

    /// Undoes everything since the last commit.
    pub fn rollback(&mut self) {
        for change in std::mem::take(&mut self.changes).into_iter().rev() {
            let Change {
                mode,
                account,
                object_type,
                before,
                after,
            } = change;
            self.put_or_remove(&Scope { mode, account }, &object_type, before, after);
        }
    }

    /// Applies a change that was committed earlier, as read from the journal. Returns the change with the record that it
    /// replaced or removed here as its `before`.
    pub fn replay(&mut self, mut change: Change) -> Change {
        let newest = change
            .after
            .as_ref()
            .map_or(0, |record| record.sequence + 1);
        self.next_sequence = self.next_sequence.max(newest);
        let scope = Scope {
            mode: change.mode,
            account: Arc::clone(&change.account),
        };
        let (_, collection) = self.collection_mut(&scope, &change.object_type);
        change.before = match (&change.after, &change.before) {
            (Some(record), _) => collection.put(Arc::clone(record)),
            (None, Some(record)) => collection.remove(&record.id),
            (None, None) => None,
        };
        change
    }

    /// Stores `record`, or removes `removed` if there is no `record`.
    fn put_or_remove(
        &mut self,
        scope: &Scope,
        object_type: &str,
        record: Option<Arc<Record>>,
        removed: Option<Arc<Record>>,
    ) {
        let (_, collection) = self.collection_mut(scope, object_type);
        match (record, removed) {
            (Some(record), _) => drop(collection.put(record)),
            (None, Some(removed)) => drop(collection.remove(&removed.id)),
            (None, None) => {}
        }
    }

    /// Everything as changes that would build this store anew: what a compacted journal holds.
    pub fn snapshot(&self) -> impl Iterator<Item = Change> {
        self.accounts.iter().flat_map(|(account, modes)| {
            Mode::ALL.into_iter().flat_map(move |mode| {
                modes[mode.index()]
                    .iter()
                    .flat_map(move |(object_type, collection)| {
                        collection.records().map(move |record| Change {
                            mode,
                            account: Arc::clone(account),
                            object_type: Arc::clone(object_type),
                            before: None,
                            after: Some(Arc::clone(record)),
                        })
                    })
            })
        })
    }

    /// Takes over a record of another world as the newest here; counts as a change of this transaction.
    pub fn adopt(&mut self, scope: &Scope, object_type: &str, record: &Record) {
        let record = Record {
            sequence: self.next_sequence,
            ..record.clone()
        };
        self.put(scope, object_type, record);
    }

    fn put(&mut self, scope: &Scope, object_type: &str, record: Record) -> Arc<Record> {
        let record = Arc::new(record);
        if record.id.is_empty() {
            let message = format!(
                "The emulator has a bug: it made an object of type {object_type} without an id. Nothing was changed."
            );
            self.fail(ApiError::internal(message));
            return record;
        }
        self.next_sequence = self.next_sequence.max(record.sequence + 1);
        let id = Arc::clone(&record.id);
        self.write(scope, object_type, &id, Some(Arc::clone(&record)));
        record
    }

    fn write(
        &mut self,
        scope: &Scope,
        object_type: &str,
        id: &str,
        after: Option<Arc<Record>>,
    ) -> bool {
        let (object_type, collection) = self.collection_mut(scope, object_type);
        let before = match &after {
            Some(record) => collection.put(Arc::clone(record)),
            None => collection.remove(id),
        };
        let existed = before.is_some();
        if existed || after.is_some() {
            let change = Change {
                mode: scope.mode,
                account: Arc::clone(&scope.account),
                object_type,
                before,
                after,
            };
            self.changes.push(change);
        }
        existed
    }

    fn collections_of(&self, scope: &Scope) -> Option<&AccountStore> {
        self.accounts
            .get(&*scope.account)
            .map(|modes| &modes[scope.mode.index()])
    }

    /// The collection of a type, made at first use, and the type's shared name.
    fn collection_mut(&mut self, scope: &Scope, object_type: &str) -> (Arc<str>, &mut Collection) {
        let modes = self.accounts.entry(Arc::clone(&scope.account)).or_default();
        let collections = &mut modes[scope.mode.index()];
        let name = match collections.get_key_value(object_type) {
            Some((name, _)) => Arc::clone(name),
            None => object_type.into(),
        };
        let collection = collections.entry(Arc::clone(&name)).or_default();
        (name, collection)
    }
}

/// An object's id; empty if it has none, which no stored object may.
fn id_of(object: &Value) -> &str {
    object.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// Compact JSON with `id` and `object` first, the rest in alphabetical order: the order Stripe sends.
#[must_use]
pub fn to_bytes(object: &Value) -> Bytes {
    let mut text = Vec::with_capacity(1024);
    write_to(&mut text, &IdFirst(object));
    text.into()
}

/// Appends compact JSON.
pub fn write_to<T: Serialize>(text: &mut Vec<u8>, value: &T) {
    // Writing texts, numbers and the like into memory cannot fail.
    let _ = serde_json::to_writer(text, value);
}

/// A value whose objects are written with `id` and `object` first.
#[derive(Debug, Clone, Copy)]
pub struct IdFirst<'a>(pub &'a Value);

impl Serialize for IdFirst<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const FIRST: [&str; 2] = ["id", "object"];
        match self.0 {
            Value::Object(map) => {
                let leading = FIRST.iter().filter_map(|name| map.get_key_value(*name));
                let rest = map
                    .iter()
                    .filter(|(name, _)| !FIRST.contains(&name.as_str()));
                let members = leading.chain(rest);
                serializer.collect_map(members.map(|(name, member)| (name, IdFirst(member))))
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(IdFirst)),
            scalar => scalar.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests;
