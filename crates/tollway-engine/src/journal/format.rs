//! What is inside a frame: one byte for its kind, then numbers in little-endian order and texts with their length.

use std::sync::Arc;

use bytes::Bytes;

use crate::scope::Mode;
use crate::store::{Change, Record};

const TRANSACTION: u8 = 1;
const FORGET: u8 = 2;
const FORGET_ALL: u8 = 3;
const CLOCK: u8 = 4;

const PUT: u8 = 1;
const BURIED: u8 = 2;
const GONE: u8 = 3;

/// What precedes each text and each body: its length.
const LENGTH_BYTES: usize = 4;
/// What each change begins with.
const KIND_AND_MODE_BYTES: usize = 2;
/// The numbers of a record.
const CREATED_AND_SEQUENCE_BYTES: usize = 16;

/// A frame as it was read.
#[derive(Debug)]
pub enum Frame {
    /// Changes of a world.
    Transaction {
        /// The world's name.
        world: String,
        /// Its changes, in order.
        changes: Vec<Change>,
    },
    /// A world was forgotten, or all of them.
    Forget(Option<String>),
    /// The clock: its milliseconds (of time if frozen, else of lead) and whether it is frozen.
    Clock(i64, bool),
}

pub(super) fn write_transaction(out: &mut Vec<u8>, world: &str, changes: &[Change]) {
    out.push(TRANSACTION);
    text(out, world);
    for change in changes {
        let (kind, id) = match (&change.after, &change.before) {
            (Some(record), _) => (if record.deleted { BURIED } else { PUT }, &record.id),
            (None, Some(before)) => (GONE, &before.id),
            (None, None) => continue,
        };
        out.push(kind);
        out.push(u8::from(change.mode.is_live()));
        text(out, &change.account);
        text(out, &change.object_type);
        text(out, id);
        let Some(record) = &change.after else {
            continue;
        };
        out.extend_from_slice(&record.created.to_le_bytes());
        out.extend_from_slice(&record.sequence.to_le_bytes());
        text(out, record.parent.as_deref().unwrap_or_default());
        blob(out, &record.body);
    }
}

/// How many bytes [`write_transaction`] writes for a record of a change.
pub(super) fn record_length(change: &Change, record: &Record) -> u64 {
    let parent = record.parent.as_deref().unwrap_or_default();
    let texts = parent.len() + record.body.len() + 2 * LENGTH_BYTES;
    removal_length(change, &record.id) + (texts + CREATED_AND_SEQUENCE_BYTES) as u64
}

/// How many bytes [`write_transaction`] writes for the removal of a record.
pub(super) fn removal_length(change: &Change, id: &str) -> u64 {
    let texts = change.account.len() + change.object_type.len() + id.len() + 3 * LENGTH_BYTES;
    (texts + KIND_AND_MODE_BYTES) as u64
}

pub(super) fn write_forget(out: &mut Vec<u8>, world: Option<&str>) {
    match world {
        Some(world) => {
            out.push(FORGET);
            text(out, world);
        }
        None => out.push(FORGET_ALL),
    }
}

pub(super) fn write_clock(out: &mut Vec<u8>, (millis, frozen): (i64, bool)) {
    out.push(CLOCK);
    out.extend_from_slice(&millis.to_le_bytes());
    out.push(u8::from(frozen));
}

fn text(out: &mut Vec<u8>, text: &str) {
    blob(out, text.as_bytes());
}

fn blob(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

impl Frame {
    /// The frame of a payload; none if it makes no sense.
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader(payload);
        let frame = match reader.byte()? {
            TRANSACTION => {
                let world = reader.text()?.to_owned();
                let mut changes = Vec::new();
                while !reader.0.is_empty() {
                    changes.push(reader.change()?);
                }
                Self::Transaction { world, changes }
            }
            FORGET => Self::Forget(Some(reader.text()?.to_owned())),
            FORGET_ALL => Self::Forget(None),
            CLOCK => Self::Clock(i64::from_le_bytes(reader.take()?), reader.byte()? == 1),
            _ => return None,
        };
        reader.0.is_empty().then_some(frame)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn blob(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(self.take()?) as usize;
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.blob()?).ok()
    }

    fn change(&mut self) -> Option<Change> {
        let kind = self.byte()?;
        let mode = Mode::from_livemode(self.byte()? == 1);
        let account: Arc<str> = self.text()?.into();
        let object_type: Arc<str> = self.text()?.into();
        let id: Arc<str> = self.text()?.into();
        let mut change = Change {
            mode,
            account,
            object_type,
            before: None,
            after: None,
        };
        if kind == GONE {
            // Only the id matters for a removal.
            change.before = Some(Arc::new(Record::raw(id, 0, 0, Bytes::new())));
            return Some(change);
        }
        if !matches!(kind, PUT | BURIED) {
            return None;
        }
        let created = i64::from_le_bytes(self.take()?);
        let sequence = u64::from_le_bytes(self.take()?);
        let parent = Some(self.text()?)
            .filter(|parent| !parent.is_empty())
            .map(Into::into);
        let body = Bytes::copy_from_slice(self.blob()?);
        // Bodies of the emulator's own types need not be JSON.
        let may_be_raw = change.object_type.starts_with('_') && parent.is_none() && kind == PUT;
        let raw = may_be_raw.then(|| Record::raw(Arc::clone(&id), created, sequence, body.clone()));
        let record = Record::from_parts(id, created, sequence, parent, kind == BURIED, body);
        let record = record.ok().or(raw)?;
        change.after = Some(Arc::new(record));
        Some(change)
    }
}
