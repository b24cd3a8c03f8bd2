//! Persistence: an append-only file of everything that was committed, written before the answer is sent.
//!
//! ```text
//! TOLLWAY1\n │ frame │ frame │ …        frame = length (u32) │ CRC-32 (u32) │ payload
//! ```
//!
//! A frame is one transaction of one world, the forgetting of worlds, or the state of the clock. A write that was cut off
//! leaves a frame that ends beyond the file or does not match its checksum: such a tail is dropped at the next start, and
//! with it only what was never answered. Damage before the tail is reported, not skipped. A written frame belongs to the
//! operating system: it survives the end of the process.
//!
//! At start the file is replayed. It is rewritten without superseded records once these are more than half of it, see
//! [`Journal::needs_compaction`]; the same rule holds at start and while the emulator runs.

mod format;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crc::{CRC_32_ISO_HDLC, Crc, Table};

pub use self::format::Frame;
use crate::store::Change;

const MAGIC: &[u8] = b"TOLLWAY1\n";

/// Records in a frame of a file that is written anew.
const CHUNK: usize = 1000;

/// Superseded bytes that are never worth a compaction.
const ALLOWED_SUPERSEDED_BYTES: u64 = 16 * 1024 * 1024;

/// Length and checksum.
const HEAD: usize = 8;

static CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);

/// A data file could not be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It cannot be opened, read or written.
    #[error("the data file {path} cannot be used ({source}): give a file in a folder that exists and can be written to", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another emulator has it open.
    #[error("the data file {path} is in use by another emulator: stop it, or give this one another file", path = .0.display())]
    InUse(PathBuf),
    /// It is some other file.
    #[error("{path} is not a data file of the emulator: give another file, or an empty one", path = .0.display())]
    Foreign(PathBuf),
    /// It has a record that this version cannot read.
    #[error("the data file {path} cannot be used: {problem}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Which record it is, and what to do.
        problem: String,
    },
    /// It is damaged before its end.
    #[error("the data file {path} is damaged at byte {at}: restore it from a copy, or delete it to start anew", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damage begins.
        at: usize,
    },
}

/// An open data file.
#[derive(Debug)]
pub struct Journal {
    inner: Mutex<Inner>,
    path: PathBuf,
    /// Held while the file is written anew.
    compacting: Mutex<()>,
    allowed_superseded_bytes: u64,
}

#[derive(Debug)]
struct Inner {
    file: File,
    buffer: Vec<u8>,
    clock: Option<(i64, bool)>,
    /// Where the last whole frame ends.
    end: u64,
    /// How much of the file belongs to records that were replaced, removed or forgotten since.
    superseded_bytes: u64,
}

impl Journal {
    /// Opens a file, creates it if there is none, and passes every frame in it to `replay`, which returns how many bytes of
    /// the file the frame supersedes.
    ///
    /// # Errors
    /// See [`DataError`].
    pub fn open(path: &Path, mut replay: impl FnMut(Frame) -> u64) -> Result<Self, DataError> {
        let io = |source| DataError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = open_private(path).map_err(io)?;
        lock(&file, path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        if !bytes.starts_with(MAGIC) {
            // A file that was cut off within its first bytes holds nothing yet.
            if !MAGIC.starts_with(&bytes) {
                return Err(DataError::Foreign(path.to_owned()));
            }
            truncate(&mut file, 0).map_err(io)?;
            file.write_all(MAGIC).map_err(io)?;
            bytes = MAGIC.to_vec();
        }
        let (end, superseded_bytes) = read_frames(&bytes, path, &mut replay)?;
        truncate(&mut file, end as u64).map_err(io)?;
        let inner = Inner {
            file,
            buffer: Vec::new(),
            clock: None,
            end: end as u64,
            superseded_bytes,
        };
        Ok(Self {
            inner: Mutex::new(inner),
            path: path.to_owned(),
            compacting: Mutex::new(()),
            allowed_superseded_bytes: ALLOWED_SUPERSEDED_BYTES,
        })
    }

    /// Writes a transaction. When this returns, it outlives the process.
    ///
    /// # Errors
    /// If it could not be written; then the file is as it was before.
    pub fn append(&self, world: &str, changes: &[Change], clock: (i64, bool)) -> io::Result<()> {
        let mut inner = self.lock();
        let moved = inner.clock != Some(clock);
        if moved {
            inner.frame(|payload| format::write_clock(payload, clock));
        }
        inner.frame(|payload| format::write_transaction(payload, world, changes));
        inner.flush()?;
        inner.clock = Some(clock);
        inner.superseded_bytes += changes.iter().map(superseded_bytes).sum::<u64>();
        Ok(())
    }

    /// Writes that a world was forgotten, whose records fill `stored_bytes` of the file.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn forget(&self, world: &str, stored_bytes: u64) -> io::Result<()> {
        let mut inner = self.lock();
        inner.frame(|payload| format::write_forget(payload, Some(world)));
        inner.flush()?;
        inner.superseded_bytes += stored_bytes;
        Ok(())
    }

    /// Writes that all worlds were forgotten.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn forget_all(&self) -> io::Result<()> {
        let mut inner = self.lock();
        inner.frame(|payload| format::write_forget(payload, None));
        inner.flush()?;
        inner.superseded_bytes = inner.end;
        Ok(())
    }

    /// Writes where the clock stands.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn keep_clock(&self, clock: (i64, bool)) -> io::Result<()> {
        let mut inner = self.lock();
        inner.frame(|payload| format::write_clock(payload, clock));
        inner.flush()?;
        inner.clock = Some(clock);
        Ok(())
    }

    /// Writes the file anew with nothing but what is there now. The old file stays whole until the new one is, and what is
    /// written meanwhile goes to its end: a record that the snapshot has already is put once more, to the same effect.
    ///
    /// # Errors
    /// See [`DataError`]. The old file stays in use.
    pub fn compact<W: Iterator<Item = (Arc<str>, Vec<Change>)>>(
        &self,
        snapshot: impl FnOnce() -> W,
        clock: (i64, bool),
    ) -> Result<(), DataError> {
        let _alone = self
            .compacting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let fresh_path = self.path.with_extension("new");
        let io = |source| DataError::Io {
            path: self.path.clone(),
            source,
        };
        let mut fresh = open_private(&fresh_path).map_err(io)?;
        lock(&fresh, &self.path)?;
        fresh.set_len(0).map_err(io)?;
        // Frames after this mark are copied: worlds are written one after the other, while requests change others.
        let (mark, superseded_at_mark) = {
            let inner = self.lock();
            (inner.end, inner.superseded_bytes)
        };
        let mut length = write_snapshot(&mut fresh, snapshot(), clock).map_err(io)?;
        // The bulk of the file must be on the disk before the others have to wait.
        fresh.sync_data().map_err(io)?;
        let mut inner = self.lock();
        length += inner.copy_tail(mark, &mut fresh).map_err(io)?;
        fresh.sync_data().map_err(io)?;
        std::fs::rename(&fresh_path, &self.path).map_err(io)?;
        inner.file = fresh;
        inner.end = length;
        inner.superseded_bytes = inner.superseded_bytes.saturating_sub(superseded_at_mark);
        inner.clock = None;
        Ok(())
    }

    /// Whether the file should be compacted: superseded records are more than half of it, and more than
    /// `ALLOWED_SUPERSEDED_BYTES`.
    pub fn needs_compaction(&self) -> bool {
        let inner = self.lock();
        let current_bytes = inner.end.saturating_sub(inner.superseded_bytes);
        inner.superseded_bytes > current_bytes.max(self.allowed_superseded_bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn frame(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        push_frame(&mut self.buffer, write);
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.file.write_all(&self.buffer);
        let length = self.buffer.len() as u64;
        self.buffer.clear();
        match written {
            Ok(()) => self.end += length,
            // Half a frame must not stay in front of the next one.
            Err(_) => truncate(&mut self.file, self.end)?,
        }
        written
    }
}

impl Inner {
    /// Copies the frames behind a place into another file; answers how many bytes.
    fn copy_tail(&mut self, from: u64, into: &mut File) -> io::Result<u64> {
        self.file.seek(SeekFrom::Start(from))?;
        let copied = io::copy(&mut (&self.file).take(self.end - from), into);
        // Should this fail, the old file goes on from its end.
        self.file.seek(SeekFrom::Start(self.end))?;
        copied
    }
}

/// How many bytes of the file become superseded by a change that is written to it: the record as it was, and the change
/// itself if it only removes.
pub fn superseded_bytes(change: &Change) -> u64 {
    let before = change.before.as_deref();
    let replaced = before.map_or(0, |record| format::record_length(change, record));
    let removal = match (&change.after, before) {
        (None, Some(record)) => format::removal_length(change, &record.id),
        _ => 0,
    };
    replaced + removal
}

/// How many bytes the record of a change fills in the file.
pub fn stored_bytes(change: &Change) -> u64 {
    let after = change.after.as_deref();
    after.map_or(0, |record| format::record_length(change, record))
}

/// Writes everything as a file of its own; answers its length.
fn write_snapshot(
    file: &mut File,
    worlds: impl Iterator<Item = (Arc<str>, Vec<Change>)>,
    clock: (i64, bool),
) -> io::Result<u64> {
    let mut buffer = MAGIC.to_vec();
    push_frame(&mut buffer, |payload| format::write_clock(payload, clock));
    let mut length = 0;
    for (world, changes) in worlds {
        for part in changes.chunks(CHUNK) {
            push_frame(&mut buffer, |payload| {
                format::write_transaction(payload, &world, part);
            });
            file.write_all(&buffer)?;
            length += buffer.len() as u64;
            buffer.clear();
        }
    }
    file.write_all(&buffer)?;
    Ok(length + buffer.len() as u64)
}

/// Cuts the file and goes on writing there.
fn truncate(file: &mut File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length)).map(drop)
}

fn push_frame(buffer: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; HEAD]);
    write(buffer);
    let payload = &buffer[start + HEAD..];
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let checksum = CRC.checksum(payload);
    buffer[start..start + 4].copy_from_slice(&length.to_le_bytes());
    buffer[start + 4..start + HEAD].copy_from_slice(&checksum.to_le_bytes());
}

/// What stands at a place of the file.
enum Found {
    /// A frame, and where it ends.
    Whole(Frame, usize),
    /// A frame that ends beyond the file, or with it and does not match its checksum.
    Cut,
    /// What cannot be a frame.
    Broken,
}

fn frame_at(bytes: &[u8], at: usize) -> Found {
    let Some((length, checksum)) = bytes.get(at..).and_then(head) else {
        return Found::Cut;
    };
    let start = at + HEAD;
    let end = start.saturating_add(length);
    let Some(payload) = bytes.get(start..end) else {
        return Found::Cut;
    };
    let whole = CRC.checksum(payload) == checksum;
    match Frame::read(payload).filter(|_| whole) {
        Some(frame) => Found::Whole(frame, end),
        None if end == bytes.len() => Found::Cut,
        None => Found::Broken,
    }
}

/// A frame's length and checksum.
fn head(bytes: &[u8]) -> Option<(usize, u32)> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (checksum, _) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    Some((length, u32::from_le_bytes(*checksum)))
}

/// Passes every whole frame to `replay`. Returns where the last one ends, and how many bytes they superseded.
fn read_frames(
    bytes: &[u8],
    path: &Path,
    replay: &mut impl FnMut(Frame) -> u64,
) -> Result<(usize, u64), DataError> {
    let mut at = MAGIC.len();
    let mut superseded_bytes = 0;
    loop {
        match frame_at(bytes, at) {
            Found::Whole(frame, end) => {
                superseded_bytes += replay(frame);
                at = end;
            }
            Found::Cut if !goes_on_after(bytes, at) => return Ok((at, superseded_bytes)),
            Found::Cut | Found::Broken => {
                return Err(DataError::Damaged {
                    path: path.to_owned(),
                    at,
                });
            }
        }
    }
}

/// Is there a whole frame behind this place? Then nothing was cut off here: a damaged length only makes it look so.
fn goes_on_after(bytes: &[u8], at: usize) -> bool {
    (at + 1..bytes.len()).any(|place| matches!(frame_at(bytes, place), Found::Whole(..)))
}

/// The file holds secrets: it is its owner's alone.
fn open_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    restrict(&file)?;
    Ok(file)
}

#[cfg(unix)]
fn restrict(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_file: &File) -> io::Result<()> {
    Ok(())
}

fn lock(file: &File, path: &Path) -> Result<(), DataError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(DataError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(DataError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests;
