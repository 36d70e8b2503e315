#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use proptest::prelude::*;
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

/// Looks an event up without leaving a trace.
fn knows(set: &mut OnceSet, id: &str, raw: &[u8]) -> bool {
    let verdict = check(set, id, raw, Address { batch: -1, pos: -1 });
    set.pending.clear();
    verdict != Verdict::New
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
    let elsewhere = set.check_and_add("other", "cloudtrail", "a", b"one", at(9)).unwrap();
    assert_eq!(elsewhere, Verdict::New, "another dataset is another event");
    let elsewhere = set.check_and_add("main", "cloudtrai", "la", b"one", at(9)).unwrap();
    assert_eq!(elsewhere, Verdict::New, "the parts of a key do not run into each other");
}

#[test]
fn four_bodies_are_remembered_and_no_body_is_ever_suppressed() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = open(folder.path());
    for pos in 0..7 {
        let expected = if pos == 0 { Verdict::New } else { Verdict::Conflict };
        assert_eq!(check(&mut set, "a", &[pos as u8], at(pos)), expected);
        set.commit(1, 0).unwrap();
    }
    for pos in 0..7 {
        let again = check(&mut set, "a", &[pos as u8], at(100 + pos));
        let remembered = (pos as usize) < bodies::BODIES_MAX;
        let expected = if remembered { Verdict::Duplicate(at(pos)) } else { Verdict::Conflict };
        assert_eq!(again, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Against a plain model: whenever it is committed, closed or dropped without a commit (and
    /// then replayed), the answers are those of a list of everything that was stored.
    #[test]
    fn it_answers_as_a_list_would(
        steps in proptest::collection::vec((0..8u8, 0..4u8, 0..9u8), 1..80),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut set = open(folder.path());
        let mut log: Vec<(u8, u8)> = Vec::new();
        let mut committed = 0;
        let mut stored: Vec<(u8, u8, usize)> = Vec::new();
        for (id, body, then) in steps {
            log.push((id, body));
            let now = log.len() - 1;
            let first = stored.iter().find(|(i, b, _)| (*i, *b) == (id, body));
            let expected = match first {
                Some((.., pos)) => Verdict::Duplicate(at(*pos as i32)),
                None if stored.iter().any(|(i, ..)| *i == id) => Verdict::Conflict,
                None => Verdict::New,
            };
            prop_assert_eq!(check(&mut set, &id.to_string(), &[body], at(now as i32)), expected);
            if first.is_none() {
                stored.push((id, body, now));
            }
            match then {
                0 => {
                    set.commit(log.len() as u64, 0).unwrap();
                    committed = log.len();
                }
                1 => {
                    drop(set);
                    set = open(folder.path());
                    prop_assert_eq!(set.position().unwrap(), committed as u64);
                    // As the pipeline does: what comes behind the position is looked up again.
                    for (pos, (id, body)) in log.iter().enumerate().skip(committed) {
                        let verdict = check(&mut set, &id.to_string(), &[*body], at(pos as i32));
                        let itself = stored.contains(&(*id, *body, pos));
                        prop_assert_eq!(itself, !matches!(verdict, Verdict::Duplicate(_)));
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn entries_live_as_long_as_the_window_and_not_much_longer() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = open(folder.path());
    for day in 0..120_i64 {
        check(&mut set, &format!("day {day}"), b"one", at(0));
        set.commit(day as u64, day * DAY_MICROS).unwrap();
        for before in 0..=day {
            let known = knows(&mut set, &format!("day {before}"), b"one");
            let age = day - before;
            assert!(known || age >= 30, "{age} days old, forgotten");
            assert!(!known || age <= 46, "{age} days old, known");
        }
        if day % 40 == 17 {
            drop(set);
            set = open(folder.path());
        }
    }
}

#[test]
fn a_clock_that_jumps_costs_no_more_than_a_generation() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = open(folder.path());
    let mut position = 0;
    let mut commit = |set: &mut OnceSet, day: i64| {
        position += 1;
        set.commit(position, day * DAY_MICROS).unwrap();
    };
    check(&mut set, "a", b"one", at(0));
    commit(&mut set, 100);
    commit(&mut set, 90_000);
    commit(&mut set, 101);
    assert!(knows(&mut set, "a", b"one"), "ahead and back again");
    // Set right, it goes on as ever: the set does not grow without end.
    for day in 102..200 {
        commit(&mut set, day);
    }
    assert!(!knows(&mut set, "a", b"one"));
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
    let mut set = open(folder.path());
    let progress = set.import_progress("00").unwrap();
    assert_eq!(progress, ImportProgress { bytes_done: 100, finished: false });
    set.note_import("00", 200, true).unwrap();
    set.note_import("00", 10, false).unwrap();
    set.commit(2, 400 * DAY_MICROS).unwrap();
    let progress = set.import_progress("00").unwrap();
    assert_eq!(progress, ImportProgress { bytes_done: 200, finished: true });
}

#[test]
fn a_rebuild_brings_back_what_a_lost_set_knew() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = open(folder.path());
    assert!(set.rebuild_needed());
    // In no order: the lowest address is the event, the others are conflicts or copies of it.
    for (raw, pos) in [(b"two", 4), (b"one", 9), (b"one", 2), (b"six", 3)] {
        set.rebuild_insert("main", "cloudtrail", "a", raw, at(pos), 0).unwrap();
        set.rebuild_insert("main", "cloudtrail", &format!("b{pos}"), raw, at(pos), 0).unwrap();
    }
    drop(set);
    let mut set = open(folder.path());
    assert!(set.rebuild_needed(), "it was not finished");
    for n in 0..REBUILD_ENTRIES_MAX as i32 + 7 {
        set.rebuild_insert("main", "cloudtrail", &format!("n{n}"), b"x", at(n), 0).unwrap();
    }
    assert!(set.pending() < REBUILD_ENTRIES_MAX, "memory is bounded");
    for (raw, pos) in [(b"two", 4), (b"one", 9), (b"one", 2), (b"six", 3)] {
        set.rebuild_insert("main", "cloudtrail", "a", raw, at(pos), 0).unwrap();
    }
    set.rebuild_finish(0).unwrap();
    drop(set);
    let mut set = open(folder.path());
    assert!(!set.rebuild_needed());
    assert_eq!(set.position().unwrap(), 0, "the log is replayed from its beginning");
    assert_eq!(check(&mut set, "a", b"one", at(2)), Verdict::New, "itself");
    assert_eq!(check(&mut set, "a", b"six", at(3)), Verdict::Conflict, "itself");
    assert_eq!(check(&mut set, "a", b"two", at(8)), Verdict::Duplicate(at(4)));
    assert_eq!(check(&mut set, "n5", b"x", at(6)), Verdict::Duplicate(at(5)));
}

#[test]
fn a_set_that_another_has_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = open(folder.path());
    let second = OnceSet::open(folder.path(), 30, &SeededEntropy::new(2));
    assert!(second.is_err());
    check(&mut set, "a", b"one", at(0));
    set.commit(1, 0).unwrap();
    assert!(knows(&mut set, "a", b"one"));
}

/// A set with a thousand entries in several commits, some of them in tables.
fn filled(folder: &Path) {
    let mut set = open(folder);
    for n in 0..1_000_i32 {
        check(&mut set, &format!("id {n}"), b"body", at(n));
        set.note_import("content", n as u64 + 1, false).unwrap();
        if n % 100 == 99 {
            set.commit(n as u64 + 1, 0).unwrap();
        }
    }
    set.rebuild_finish(0).unwrap();
    set.disk.as_ref().unwrap().flush().unwrap();
    for n in 1_000..1_500_i32 {
        check(&mut set, &format!("id {n}"), b"body", at(n));
        set.note_import("content", n as u64 + 1, false).unwrap();
        if n % 100 == 99 {
            set.commit(n as u64 + 1, 0).unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name();
    let files = entries.into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    files.map(walkdir::DirEntry::into_path).collect()
}

/// Whatever happened to the files: it opens, or it is made anew and says so; and what it says it
/// has, it has.
fn usable(folder: &Path, what: &str) -> bool {
    let mut set = OnceSet::open(folder, 30, &SeededEntropy::new(9))
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let position = set.position().unwrap_or(0);
    let whole = (0..position as i32).try_for_each(|n| {
        let verdict = set.check_and_add("main", "cloudtrail", &format!("id {n}"), b"body", at(-1));
        match verdict {
            Ok(Verdict::Duplicate(first)) if first == at(n) => Ok(()),
            Ok(other) => panic!("{what}: id {n} below position {position} gives {other:?}"),
            Err(error) => Err(error),
        }
    });
    if whole.is_ok() {
        return !set.rebuild_needed() && position == 1_500;
    }
    // It opened, but cannot be read: the next start makes a new one that keeps the imports.
    let imports = set.import_progress("content").ok();
    drop(set);
    let mut set = open(folder);
    assert!(set.rebuild_needed(), "{what}");
    if let Some(imports) = imports {
        assert_eq!(set.import_progress("content").unwrap(), imports, "{what}");
    }
    check(&mut set, "new", b"one", at(0));
    set.commit(1, 0).unwrap();
    false
}

/// This test alone, in a process of its own.
fn child(test: &str, variable: &str, folder: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args([&format!("once::tests::{test}"), "--exact"])
        .env(variable, folder)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    command
}

const DAMAGED: &str = "STELE_TEST_ONCE_DAMAGED";

/// In processes of their own, for damage may end one: the next ones must do without the set.
fn usable_in_the_end(folder: &Path, what: &str) -> bool {
    let test = "a_set_with_damaged_or_missing_files_is_made_anew_or_still_right";
    for _ in 0..=disk::OPENINGS_MAX {
        let status = child(test, DAMAGED, folder).status().unwrap();
        if status.success() {
            return folder.join("unharmed").exists();
        }
        assert_eq!(status.code(), None, "{what}: not right");
    }
    panic!("{what}: it ends every time");
}

#[test]
fn a_set_with_damaged_or_missing_files_is_made_anew_or_still_right() {
    if let Ok(folder) = std::env::var(DAMAGED) {
        let folder = Path::new(&folder);
        if usable(folder, "damaged") {
            fs::write(folder.join("unharmed"), b"").unwrap();
        }
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let sound = home.path().join("sound");
    filled(&sound);
    let names: Vec<PathBuf> =
        files(&sound).into_iter().map(|p| p.strip_prefix(&sound).unwrap().to_owned()).collect();
    let random = SeededEntropy::new(5);
    let cases: Vec<(&PathBuf, usize, u64)> = names
        .iter()
        .flat_map(|name| (0..4).map(move |way| (name, way)))
        .map(|(name, way)| (name, way, random.next()))
        .collect();
    // They wait for the disk most of the time.
    let next = AtomicUsize::new(0);
    let unharmed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some((name, way, random)) = cases.get(next.fetch_add(1, Relaxed)) {
                    let once = home.path().join(format!("once-{}-{way}-{random}", name.display()));
                    copy(&sound, &once);
                    damage(&once.join(name), *way, *random as usize);
                    let sound = usable_in_the_end(&once, &format!("{} {way}", name.display()));
                    unharmed.fetch_add(usize::from(sound), Relaxed);
                    fs::remove_dir_all(&once).unwrap();
                }
            });
        }
    });
    assert!(cases.len() > 20 && unharmed.into_inner() < cases.len());
}

/// Removes a file, cuts it, or flips a bit of it.
fn damage(path: &Path, way: usize, random: usize) {
    let mut bytes = fs::read(path).unwrap();
    // Journals are longer than what is in them.
    let used = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let place = random.checked_rem(used).unwrap_or(0);
    match way {
        0 => fs::remove_file(path).unwrap(),
        1 => fs::write(path, &bytes[..place]).unwrap(),
        _ if used == 0 => {}
        _ => {
            bytes[place] ^= 1 << (random % 8);
            fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn a_folder_left_half_made_is_made_again() {
    let home = tempfile::tempdir().unwrap();
    for left in ["lock", "0.jnl", "keyspaces/0/x"] {
        let folder = home.path().join("once");
        fs::create_dir_all(folder.join("keyspaces/0")).unwrap();
        fs::write(folder.join(left), b"").unwrap();
        let mut set = open(&folder);
        assert_eq!(check(&mut set, "a", b"one", at(0)), Verdict::New);
        set.commit(1, 0).unwrap();
        drop(set);
        fs::remove_dir_all(&folder).unwrap();
    }
}

const CHILD: &str = "STELE_TEST_ONCE_FOLDER";

/// Killed at any moment, the set has all entries below its position, and the imports that belong
/// to it. The test runs itself as the process that is killed.
#[test]
fn a_process_that_is_killed_leaves_a_set_that_is_right() {
    if let Ok(folder) = std::env::var(CHILD) {
        let mut set = open(Path::new(&folder));
        let mut n = set.position().unwrap();
        loop {
            check(&mut set, &format!("id {n}"), b"body", at(n as i32));
            n += 1;
            set.note_import("content", n, false).unwrap();
            if n.is_multiple_of(37) {
                // Every other day, so that generations come and go as well.
                set.commit(n, n as i64 / 37 * 2 * DAY_MICROS).unwrap();
            }
        }
    }
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("once");
    let test = "a_process_that_is_killed_leaves_a_set_that_is_right";
    let random = SeededEntropy::new(7);
    let mut before = 0;
    for round in 0..8 {
        let mut child = child(test, CHILD, &folder).spawn().unwrap();
        // The moment is what is to differ, so a wait is what is tested here.
        std::thread::sleep(std::time::Duration::from_millis(60 + random.next() % 200));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut set = open(&folder);
        let position = set.position().unwrap();
        assert!(position >= before, "round {round}");
        let progress = set.import_progress("content").unwrap();
        assert_eq!(progress.bytes_done, position, "position and imports are written in one step");
        // 30 days are at least 15 commits.
        for n in position.saturating_sub(15 * 37)..position {
            let verdict = check(&mut set, &format!("id {n}"), b"body", at(-1));
            assert_eq!(verdict, Verdict::Duplicate(at(n as i32)), "round {round}");
        }
        before = position;
        drop(set);
        let aside = home.path().join("once.unreadable");
        assert!(!aside.exists(), "round {round}: a kill is no damage");
    }
    assert!(before > 0, "it never came to a commit");
}
