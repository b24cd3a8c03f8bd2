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
    store.bury(
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
    Journal::open(path, |frame| seen.push(format!("{frame:?}"))).map(|_| seen)
}

fn written(path: &Path, transactions: i64) -> Vec<String> {
    let journal = Journal::open(path, |_| ()).unwrap();
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
    let journal = Journal::open(&path, |_| ()).unwrap();
    let original = changes(1);
    journal.append("w", &original, (7, false)).unwrap();
    journal.forget(Some("v")).unwrap();
    journal.forget(None).unwrap();
    drop(journal);
    let mut frames = Vec::new();
    drop(Journal::open(&path, |frame| frames.push(frame)).unwrap());
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
    let first = Journal::open(&path, |_| ()).unwrap();
    assert!(matches!(
        Journal::open(&path, |_| ()),
        Err(DataError::InUse(_))
    ));
    drop(first);
    assert!(Journal::open(&path, |_| ()).is_ok());
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
    let mut journal = Journal::open(&path, |_| ()).unwrap();
    journal.allowance = 100;
    assert!(!journal.is_overgrown());
    journal.append("w", &changes(1), (5, true)).unwrap();
    assert!(journal.is_overgrown());
    let meanwhile = || {
        journal.append("w", &changes(2), (5, true)).unwrap();
        journal.forget(Some("v")).unwrap();
        world(changes(1))
    };
    journal.compact(meanwhile, (5, true)).unwrap();
    assert!(!journal.is_overgrown());
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

/// A process that is killed leaves its file cut off at any byte.
#[test]
fn killed_at_a_hundred_places_every_whole_write_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let journal = Journal::open(&path, |_| ()).unwrap();
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
    let journal = Journal::open(&path, |_| ()).unwrap();
    for number in 0..50 {
        journal.append("w", &changes(number), (5, true)).unwrap();
    }
    let before = std::fs::metadata(&path).unwrap().len();
    journal.compact(|| world(changes(1)), (5, true)).unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < before / 10);
    assert!(matches!(
        Journal::open(&path, |_| ()),
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
        let journal = Journal::open(&path, |_| ()).unwrap();
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
