use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::scope::{Mode, Scope};
use crate::store::Store;

fn changes(number: i64) -> Vec<Change> {
    let scope = Scope::new(Mode::Test, "acct_1");
    let mut store = Store::default();
    store.insert_under(
        &scope,
        "charge",
        Some("p"),
        &json!({"id": format!("ch_{number}"), "customer": "cus_1"}),
        number,
    );
    store.insert_raw(
        &scope,
        "_idempotency",
        "key",
        bytes::Bytes::from_static(b"not json"),
        number,
    );
    store.mark_deleted(
        &scope,
        "customer",
        &json!({"id": "cus_1", "deleted": true}),
        number,
    );
    store.remove(&scope, "_idempotency", "key");
    store.commit()
}

fn read(path: &Path) -> Result<Vec<String>, DataError> {
    let mut seen = Vec::new();
    let record_frame = |frame| {
        seen.push(format!("{frame:?}"));
        0
    };
    Journal::open(path, record_frame).map(|_| seen)
}

fn written(path: &Path, transactions: i64) -> Vec<String> {
    let journal = Journal::open(path, |_| 0).unwrap();
    for number in 0..transactions {
        journal.append("w", &changes(number), (5, true)).unwrap();
    }
    drop(journal);
    read(path).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let journal = Journal::open(&path, |_| 0).unwrap();
    let original = changes(1);
    journal.append("w", &original, (7, false)).unwrap();
    journal.forget("v", 0).unwrap();
    journal.forget_all().unwrap();
    drop(journal);
    let mut frames = Vec::new();
    let collect = |frame| {
        frames.push(frame);
        0
    };
    drop(Journal::open(&path, collect).unwrap());
    assert!(matches!(frames[0], Frame::Clock(7, false)));
    let Frame::Transaction { world, changes } = &frames[1] else {
        panic!("{frames:?}")
    };
    assert_eq!((world.as_str(), changes.len()), ("w", original.len()));
    for (read, written) in changes.iter().zip(&original) {
        assert_eq!(
            read.after.as_ref().map(Arc::as_ref),
            written.after.as_ref().map(Arc::as_ref)
        );
        assert_eq!(
            (&read.account, &read.object_type, read.mode),
            (&written.account, &written.object_type, written.mode)
        );
    }
    assert!(matches!(&frames[2], Frame::Forget(Some(world)) if world == "v"));
    assert!(matches!(frames[3], Frame::Forget(None)));
}

#[test]
fn one_emulator_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let first = Journal::open(&path, |_| 0).unwrap();
    assert!(matches!(
        Journal::open(&path, |_| 0),
        Err(DataError::InUse(_))
    ));
    drop(first);
    assert!(Journal::open(&path, |_| 0).is_ok());
}

#[test]
fn unusable_files_are_named_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no/such/folder");
    let error = read(&missing).unwrap_err().to_string();
    assert!(
        error.contains("no/such/folder") && error.contains("folder that exists"),
        "{error}"
    );
    let foreign = folder.path().join("foreign");
    std::fs::write(&foreign, "hello").unwrap();
    assert!(
        read(&foreign)
            .unwrap_err()
            .to_string()
            .contains("is not a data file")
    );
    assert_eq!(std::fs::read(&foreign).unwrap(), b"hello");
    let damaged = folder.path().join("damaged");
    written(&damaged, 3);
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&damaged, &bytes).unwrap();
    assert!(
        read(&damaged)
            .unwrap_err()
            .to_string()
            .contains("is damaged at byte")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_no_file_is_refused() {
    let refused = read(Path::new("/dev/full")).unwrap_err().to_string();
    assert!(refused.contains("not a regular file"), "{refused}");
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    written(&path, 1);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

fn world(changes: Vec<Change>) -> impl Iterator<Item = (Arc<str>, Vec<Change>)> {
    [("w".into(), changes)].into_iter()
}

#[test]
fn what_is_written_during_a_compaction_comes_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut journal = Journal::open(&path, |_| 0).unwrap();
    journal.allowed_superseded_bytes = 100;
    assert!(!journal.needs_compaction());
    journal.append("w", &changes(1), (5, true)).unwrap();
    journal.forget("u", 1000).unwrap();
    assert!(journal.needs_compaction());
    let meanwhile = || {
        journal.append("w", &changes(2), (5, true)).unwrap();
        journal.forget("v", 0).unwrap();
        world(changes(1))
    };
    journal.compact(meanwhile, (5, true)).unwrap();
    assert!(!journal.needs_compaction());
    journal.append("w", &changes(3), (6, true)).unwrap();
    drop(journal);
    let frames = read(&path).unwrap();
    let named = |frame: &String| {
        let names = ["Clock", "Forget", "ch_1", "ch_2", "ch_3"];
        *names.iter().find(|name| frame.contains(**name)).unwrap()
    };
    let order: Vec<_> = frames.iter().map(named).collect();
    assert_eq!(order, ["Clock", "ch_1", "ch_2", "Forget", "Clock", "ch_3"]);
}

/// Changes that put a customer with a body of `length` letters, over and over.
fn customer_changes(store: &mut Store, rounds: usize, length: usize) -> Vec<Change> {
    let scope = Scope::new(Mode::Test, "acct_1");
    for _ in 0..rounds {
        let customer = json!({"id": "cus_1", "name": "x".repeat(length)});
        store.update(&scope, "customer", &customer, 1);
    }
    store.commit()
}

#[test]
fn insertions_alone_never_need_a_compaction() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(&folder.path().join("data"), |_| 0).unwrap();
    journal.allowed_superseded_bytes = 0;
    let scope = Scope::new(Mode::Test, "acct_1");
    for number in 0..1000 {
        let mut store = Store::default();
        let customer = json!({"id": format!("cus_{number}")});
        store.insert(&scope, "customer", &customer, number);
        journal.append("w", &store.commit(), (5, true)).unwrap();
    }
    assert!(!journal.needs_compaction());
}

#[test]
fn a_compaction_is_due_when_more_than_half_is_superseded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut journal = Journal::open(&path, |_| 0).unwrap();
    journal.allowed_superseded_bytes = 0;
    let mut store = Store::default();
    let append = |changes: Vec<Change>| journal.append("w", &changes, (5, true)).unwrap();
    // Of two equal records one is superseded: with the heads of the frames that is less than half.
    append(customer_changes(&mut store, 2, 1000));
    assert!(!journal.needs_compaction());
    append(customer_changes(&mut store, 1, 1000));
    assert!(journal.needs_compaction());
    drop(journal);
    // The same rule holds for the same file when it is opened again.
    for (allowed, needed) in [(0, true), (2500, false)] {
        let mut store = Store::default();
        let replay = |frame| match frame {
            Frame::Transaction { changes, .. } => {
                let changes = changes.into_iter().map(|change| store.replay(change));
                changes.map(|change| superseded_bytes(&change)).sum()
            }
            _ => 0,
        };
        let mut journal = Journal::open(&path, replay).unwrap();
        journal.allowed_superseded_bytes = allowed;
        assert_eq!(journal.needs_compaction(), needed, "{allowed}");
    }
}

#[test]
fn the_allowance_is_exact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut journal = Journal::open(&path, |_| 0).unwrap();
    let mut store = Store::default();
    let changes = customer_changes(&mut store, 4, 1000);
    let superseded: u64 = changes.iter().map(superseded_bytes).sum();
    journal.append("w", &changes, (5, true)).unwrap();
    assert_eq!(journal.lock().superseded_bytes, superseded);
    journal.allowed_superseded_bytes = superseded;
    assert!(!journal.needs_compaction());
    journal.allowed_superseded_bytes = superseded - 1;
    assert!(journal.needs_compaction());
}

#[test]
fn what_a_record_fills_is_counted_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let journal = Journal::open(&path, |_| 0).unwrap();
    let mut store = Store::default();
    let changes = customer_changes(&mut store, 1, 10);
    journal.append("w", &changes, (5, true)).unwrap();
    let before = journal.lock().end;
    journal.append("w", &changes, (5, true)).unwrap();
    // A frame of a transaction has a head, its kind, and the world's name with its length.
    let frame = HEAD as u64 + 1 + 4 + 1;
    assert_eq!(
        journal.lock().end - before,
        frame + stored_bytes(&changes[0])
    );
    let gone = Change {
        before: changes[0].after.clone(),
        after: None,
        ..changes[0].clone()
    };
    let before = journal.lock().end;
    journal
        .append("w", std::slice::from_ref(&gone), (5, true))
        .unwrap();
    let removal = journal.lock().end - before - frame;
    assert_eq!(superseded_bytes(&gone), stored_bytes(&changes[0]) + removal);
}

/// A process that is killed leaves its file cut off at any byte.
#[test]
fn killed_at_a_hundred_places_every_whole_write_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let journal = Journal::open(&path, |_| 0).unwrap();
    let mut ends = Vec::new();
    for number in 0..20 {
        journal.append("w", &changes(number), (5, true)).unwrap();
        ends.push(journal.lock().end);
    }
    drop(journal);
    let bytes = std::fs::read(&path).unwrap();
    let cut_off = folder.path().join("cut off");
    for kill in 0..100 {
        // A step that shares no factor with the length meets ever new places within the frames.
        let cut = kill * 7919 % bytes.len();
        std::fs::write(&cut_off, &bytes[..cut]).unwrap();
        let whole = ends.iter().filter(|end| **end <= cut as u64).count();
        let left = read(&cut_off).unwrap();
        let transactions = left.iter().filter(|frame| frame.starts_with("Transaction"));
        assert_eq!(transactions.count(), whole, "cut at {cut}");
    }
}

#[test]
fn compaction_keeps_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let journal = Journal::open(&path, |_| 0).unwrap();
    for number in 0..50 {
        journal.append("w", &changes(number), (5, true)).unwrap();
    }
    let before = std::fs::metadata(&path).unwrap().len();
    journal.compact(|| world(changes(1)), (5, true)).unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < before / 10);
    assert!(matches!(
        Journal::open(&path, |_| 0),
        Err(DataError::InUse(_))
    ));
    journal.append("w", &changes(2), (5, true)).unwrap();
    drop(journal);
    // The clock and the snapshot, then the clock and what came after.
    assert_eq!(read(&path).unwrap().len(), 4);
}

proptest! {
    /// However a write is cut off, everything before it is there, and the file can be written on.
    #[test]
    fn a_torn_tail_is_dropped(cut in 0usize..4000) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let all = written(&path, 5);
        let bytes = std::fs::read(&path).unwrap();
        let cut = cut % bytes.len();
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let left = read(&path).unwrap();
        prop_assert_eq!(&left[..], &all[..left.len()]);
        let journal = Journal::open(&path, |_| 0).unwrap();
        journal.append("w", &changes(9), (5, true)).unwrap();
        drop(journal);
        prop_assert!(read(&path).unwrap().len() > left.len());
    }

    /// Whatever byte is wrong, also one that makes a frame look cut off: what follows it is not thrown away.
    #[test]
    fn damage_before_the_last_write_is_reported(place in 0usize..100_000, wrong in 1u8..) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        written(&path, 3);
        let before_last = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
        written(&path, 1);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[MAGIC.len() + place % (before_last - MAGIC.len())] ^= wrong;
        std::fs::write(&path, &bytes).unwrap();
        let refused = read(&path).unwrap_err();
        prop_assert!(matches!(refused, DataError::Damaged { .. }), "{}", refused);
        prop_assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn any_payload_is_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = Frame::read(&payload);
    }
}
