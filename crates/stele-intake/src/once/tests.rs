#![allow(clippy::unwrap_used)]

use stele_event::runtime::SeededEntropy;

use super::*;

fn open(folder: &Path) -> OnceSet {
    OnceSet::open(folder, 30, &SeededEntropy::new(1)).unwrap()
}

fn at(pos: i32) -> Address {
    Address { batch: 1, pos }
}

fn check(set: &mut OnceSet, id: &str, raw: &[u8], address: Address) -> Verdict {
    set.check_and_add("main", "cloudtrail", id, raw, address).unwrap()
}

#[test]
fn the_same_bytes_are_dropped_other_bytes_are_kept_and_a_replay_is_neither() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = open(folder.path());
    for round in 0..3 {
        assert_eq!(check(&mut set, "a", b"one", at(0)), Verdict::New, "itself, round {round}");
        assert_eq!(check(&mut set, "a", b"one", at(5)), Verdict::Duplicate(at(0)));
        assert_eq!(check(&mut set, "a", b"two", at(2)), Verdict::Conflict);
        assert_eq!(check(&mut set, "a", b"two", at(7)), Verdict::Duplicate(at(2)));
        assert_eq!(check(&mut set, "b", b"one", at(3)), Verdict::New);
        if round == 0 {
            set.commit(10, 0).unwrap();
        } else {
            // Neither a commit nor the end of the process changes an answer.
            drop(set);
            set = open(folder.path());
            assert_eq!(set.position().unwrap(), 10);
        }
    }
}

#[test]
fn what_was_not_committed_is_forgotten_with_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = open(folder.path());
    check(&mut set, "a", b"one", at(0));
    drop(set);
    let mut set = open(folder.path());
    assert_eq!(set.position().unwrap(), 0);
    assert_eq!(check(&mut set, "a", b"one", at(9)), Verdict::New);
}

#[test]
fn entries_live_as_long_as_the_window_and_not_much_longer() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = open(folder.path());
    check(&mut set, "a", b"one", at(0));
    set.commit(1, 0).unwrap();
    set.commit(2, 29 * DAY_MICROS).unwrap();
    assert_eq!(check(&mut set, "a", b"one", at(1)), Verdict::Duplicate(at(0)));
    set.commit(3, 46 * DAY_MICROS).unwrap();
    assert_eq!(check(&mut set, "a", b"one", at(1)), Verdict::New);
}

#[test]
fn imports_go_on_where_they_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = open(folder.path());
    set.note_import("00", 100, false).unwrap();
    set.note_import("00", 50, false).unwrap();
    set.commit(1, 0).unwrap();
    set.note_import("00", 200, true).unwrap();
    drop(set);
    let set = open(folder.path());
    let progress = set.import_progress("00").unwrap();
    assert_eq!(progress, ImportProgress { bytes_done: 100, finished: false });
}
