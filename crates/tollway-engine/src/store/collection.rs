//! The records of one type in one scope, their order and their indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::HashMap;

use super::query::{Page, Query, UnknownCursor};
use super::record::{PARENT, Record, SortKey};

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
