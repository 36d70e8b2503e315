//! The ledger on a disk that stops, fills up and forgets; and what it says of a table's commits.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use proptest::prelude::*;
use stele_event::runtime::{ManualClock, SeededEntropy};
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::{Hash, leaf_hash, root_of};
use stele_ledger::record::{Batch, Dropped, Parts, Reason, Record, Request};
use stele_ledger::seeds::seeds_name;
use stele_ledger::tree::Log;

use super::*;
use crate::filesystem::fault::{FaultFileSystem, Faults};

mod signing;

use signing::{TestSigner, key};

const FOLDER: &str = "/lake/_ledger/1";

fn open(disk: &FaultFileSystem) -> Result<Ledger, LedgerError> {
    open_with(disk, &Arc::new(TestSigner::default()))
}

fn open_with(disk: &FaultFileSystem, signer: &Arc<TestSigner>) -> Result<Ledger, LedgerError> {
    open_at(disk, signer, &Arc::new(ManualClock::at(1_800_000_000_000_000)))
}

fn open_at(
    disk: &FaultFileSystem,
    signer: &Arc<TestSigner>,
    clock: &Arc<ManualClock>,
) -> Result<Ledger, LedgerError> {
    Ledger::open(LedgerParts {
        disk: Arc::new(disk.clone()),
        folder: FOLDER.into(),
        signer: signer.clone(),
        keys: vec![key(1), key(2)],
        anchors: vec!["/anchor".into()],
        witnesses: signing::policy(),
        clock: clock.clone(),
    })
}

/// A batch of three events from two sources, one of them dropped.
fn closed(number: i64) -> ClosedBatch {
    let leaves = [Hash::of(&number.to_le_bytes()), Hash::of(b"x")];
    let request = |source: &str, count, duplicates| Request {
        source: source.to_owned(),
        peer: None,
        format: "json".to_owned(),
        parser_version: 1,
        path: None,
        zone_offset_seconds: 0,
        header: String::new(),
        first: 0,
        count,
        duplicates,
        received_first_micros: 1,
        received_last_micros: 1,
        sha256: None,
    };
    ClosedBatch {
        batch: Batch {
            at_micros: 1,
            batch: number,
            dataset: "main".to_owned(),
            positions: 3,
            stored: 2,
            dropped: Dropped::from_positions([1]),
            root: root_of(&leaves),
            receipts: Parts::default(),
        },
        requests: vec![request("a", 2, 1), request("b", 1, 0)],
        seed: [number as u8; 32],
    }
}

/// Everything that a checkpoint covers, checked against its root, its seeds and its sources.
fn batches(ledger: &Ledger) -> Vec<i64> {
    let Some(sealed) = ledger.checkpoint() else { return Vec::new() };
    let entries = ledger.entries(0, u64::MAX).unwrap();
    assert_eq!(entries.len() as u64, sealed.size);
    let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let keys = [key(1), key(2)];
    let (checkpoint, _) = Checkpoint::open(&sealed.note, ledger.origin(), &keys).unwrap();
    assert_eq!(checkpoint.head.root, root_of(&leaves));
    let (mut found, mut next, mut seeds) = (Vec::new(), 0, Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        match Record::decode(entry).unwrap() {
            Record::Receipt(receipt) => {
                // Source `a` sends two events with each batch, and none of its numbers is missing.
                assert_eq!(receipt.requests[0].first, next);
                next += 2;
            }
            Record::Batch(batch) => {
                found.push(batch.batch);
                seeds.push((index as u64 / u64::from(TILE_WIDTH), batch.batch));
            }
            _ => {}
        }
    }
    for bundle in 0..=sealed.size / u64::from(TILE_WIDTH) {
        let expected: Vec<u8> = seeds
            .iter()
            .filter(|(at, _)| *at == bundle)
            .flat_map(|(_, batch)| [&batch.to_le_bytes()[..], &[*batch as u8; 32]].concat())
            .collect();
        let kept = lock(&ledger.written).files.read(&seeds_name(bundle)).unwrap();
        assert!(kept.unwrap_or_default().starts_with(&expected), "seeds of bundle {bundle}");
    }
    found
}

/// That every tile and bundle in the folder, of whatever width, is that of the signed entries.
fn check_tiles(disk: &FaultFileSystem, ledger: &Ledger) {
    let entries = ledger.entries(0, u64::MAX).unwrap();
    let folders = ["tile/0", "tile/0/000.p", "tile/entries", "tile/entries/000.p"];
    let files: Vec<_> =
        folders.iter().flat_map(|name| disk.list(&Path::new(FOLDER).join(name)).unwrap()).collect();
    assert_eq!(files.is_empty(), entries.is_empty());
    for path in &files {
        let name = path.strip_prefix(FOLDER).unwrap().to_str().unwrap();
        let tile: Tile = name.parse().unwrap();
        let mut log = Log::default();
        let begin = tile.index as usize * usize::from(TILE_WIDTH);
        let wanted = entries.get(begin..begin + usize::from(tile.width)).unwrap_or_default();
        assert_eq!(wanted.len(), usize::from(tile.width), "{name} is beyond what was signed");
        let writes = log.append(wanted).unwrap();
        let bytes = disk.read(path).unwrap();
        assert!(writes.iter().any(|write| write.bytes == bytes), "{name} is not what was signed");
    }
}

/// Records batches and seals now and then, until the disk no longer does what it is asked.
/// Returns the batches that a checkpoint covered.
fn write(disk: &FaultFileSystem, signer: &Arc<TestSigner>, first: i64, count: i64) -> Vec<i64> {
    let mut sealed = Vec::new();
    let Ok(ledger) = open_with(disk, signer) else { return sealed };
    for number in first..first + count {
        ledger.record(closed(number));
        if number % 3 == 0 && ledger.seal().is_ok() {
            sealed = (first..=number).collect();
        }
    }
    sealed
}

#[test]
fn wherever_the_machine_stops_what_was_signed_is_there_and_what_was_not_comes_once() {
    for stops_after in 0..240_u32 {
        // A signer that remembers does not stop with the machine, and its answers get lost.
        let signer = Arc::new(match stops_after % 2 {
            0 => TestSigner::default(),
            _ => TestSigner::that_remembers(stops_after / 2 % 5),
        });
        let stops_after = stops_after / 2;
        let disk = FaultFileSystem::default();
        disk.set_faults(Faults { stops_after: Some(stops_after), ..Faults::default() });
        let signed = write(&disk, &signer, 0, 12);
        disk.crash(u64::from(stops_after));
        signer.heal();
        let open = |disk: &FaultFileSystem| open_with(disk, &signer);
        let ledger = open(&disk).unwrap_or_else(|error| panic!("stop {stops_after}: {error}"));
        let found = batches(&ledger);
        check_tiles(&disk, &ledger);
        assert!(found.starts_with(&signed), "stop {stops_after}: {found:?} lacks of {signed:?}");
        // What was written and not signed does not come again as it was.
        ledger.act(Deed::Stop { run: "another".to_owned() }).unwrap();
        // The write-ahead log brings all of them again; those on record are not taken twice.
        for number in 0..15 {
            assert_eq!(ledger.has(number), found.contains(&number), "stop {stops_after}");
            ledger.record(closed(number));
        }
        ledger.seal().unwrap();
        check_tiles(&disk, &ledger);
        assert_eq!(batches(&ledger), (0..15).collect::<Vec<_>>(), "stop {stops_after}");
        disk.crash(7);
        assert_eq!(batches(&open(&disk).unwrap()), (0..15).collect::<Vec<_>>());
    }
}

#[test]
fn a_full_disk_and_a_failed_sync_lose_nothing_and_are_tried_again() {
    for fault in 0..40_u32 {
        let disk = FaultFileSystem::default();
        let ledger = open(&disk).unwrap();
        let faults = match fault % 2 {
            0 => Faults { bytes_left: Some(u64::from(fault) * 97), ..Faults::default() },
            _ => Faults { sync_fails_after: Some(fault / 2), ..Faults::default() },
        };
        disk.set_faults(faults);
        for number in 0..9 {
            ledger.record(closed(number));
            let _ = ledger.seal();
        }
        disk.set_faults(Faults::default());
        ledger.seal().unwrap();
        assert_eq!(batches(&ledger), (0..9).collect::<Vec<_>>(), "fault {fault}");
        disk.crash(1);
        assert_eq!(batches(&open(&disk).unwrap()), (0..9).collect::<Vec<_>>(), "fault {fault}");
    }
}

#[test]
fn a_ledger_that_was_changed_or_put_back_is_not_written_on() {
    let disk = FaultFileSystem::default();
    let ledger = open(&disk).unwrap();
    ledger.start(&SeededEntropy::new(1), "1").unwrap();
    ledger.record(closed(1));
    ledger.seal().unwrap();
    let before = ledger.checkpoint().unwrap().note;
    ledger.record(closed(2));
    ledger.stop().unwrap();
    ledger.seal().unwrap();
    assert!(open(&disk).is_ok());
    let refused = |path: &str, change: &dyn Fn(&FaultFileSystem, &Path)| {
        let path = Path::new(FOLDER).join(path);
        let kept = disk.read(&path).unwrap();
        change(&disk, &path);
        let error = open(&disk).unwrap_err().to_string();
        assert!(error.contains("damaged or was replaced"), "{error}");
        disk.put(&path, &kept);
        assert!(open(&disk).is_ok());
    };
    for path in ["checkpoint", "tile/0/000.p/7", "tile/entries/000.p/7"] {
        refused(path, &|disk, path| disk.flip(path, 20, 1));
        refused(path, &|disk, path| disk.truncate(path, 30));
    }
    refused("checkpoint", &|disk, path| disk.put(path, &before));
    refused("checkpoint", &|disk, path| disk.remove(path).unwrap());
}

#[test]
fn runs_keys_settings_and_beats_come_on_record() {
    let disk = FaultFileSystem::default();
    let clock = Arc::new(ManualClock::at(1_800_000_000_000_000));
    let signer = Arc::new(TestSigner::default());
    let settings = |value: &str| vec![("listen".to_owned(), value.to_owned())];
    let ledger = open_at(&disk, &signer, &clock).unwrap();
    ledger.start(&SeededEntropy::new(1), "1").unwrap();
    ledger.settings(&settings("x")).unwrap();
    ledger.settings(&settings("x")).unwrap();
    ledger.beat(BeatFacts::default()).unwrap();
    clock.advance(60_000_000);
    ledger.beat(BeatFacts { sequence: 7, backlog_bytes: 1 }).unwrap();
    ledger.beat(BeatFacts::default()).unwrap();
    ledger.seal().unwrap();
    let signed_by = |ledger: &Ledger, number: u8| {
        let note = ledger.checkpoint().unwrap().note;
        Checkpoint::open(&note, ledger.origin(), &[key(number)]).is_ok()
    };
    let (new_key, sealed) = ledger.change_key().unwrap();
    assert_eq!((new_key, sealed.note), (key(2), ledger.checkpoint().unwrap().note));
    assert!(signed_by(&ledger, 1), "the announcement is signed by the key before");
    ledger.settings(&settings("y")).unwrap();
    ledger.stop().unwrap();
    ledger.seal().unwrap();
    assert!(signed_by(&ledger, 2));
    let again = open_at(&disk, &signer, &clock).unwrap();
    again.start(&SeededEntropy::new(2), "1").unwrap();
    again.settings(&settings("y")).unwrap();
    again.seal().unwrap();
    let kinds: Vec<String> = again
        .entries(0, 100)
        .unwrap()
        .iter()
        .map(|entry| match Record::decode(entry).unwrap() {
            Record::Act(act) => match act.deed {
                Deed::Key { .. } => "key".to_owned(),
                Deed::Start { .. } => "start".to_owned(),
                Deed::Stop { .. } => "stop".to_owned(),
                Deed::Config { name, .. } => name,
                other => format!("{other:?}"),
            },
            Record::Beat(beat) => format!("beat {} at {}", beat.beat, beat.sequence),
            other => other.kind().to_owned(),
        })
        .collect();
    let expected = ["key", "start", "listen", "beat 1 at 7", "key", "listen", "stop", "start"];
    assert_eq!(kinds, expected);
    let anchored = disk.list(Path::new("/anchor")).unwrap();
    assert!(
        anchored.iter().any(|path| path.ends_with(again.checkpoint().unwrap().size.to_string()))
    );
}

/// A batch of one event from each of some sources.
fn from_many(number: i64, sources: std::ops::Range<usize>) -> ClosedBatch {
    let mut closed = closed(number);
    let request = Request { count: 1, duplicates: 0, ..closed.requests[0].clone() };
    let named = sources.map(|source| Request { source: source.to_string(), ..request.clone() });
    closed.requests = named.collect();
    closed.batch.positions = closed.requests.len() as u32;
    closed.batch.stored = closed.batch.positions;
    closed.batch.dropped = Dropped::default();
    closed
}

#[test]
fn the_numbers_of_too_many_sources_begin_anew_on_record() {
    let disk = FaultFileSystem::default();
    let ledger = open(&disk).unwrap();
    for number in 0..10 {
        let first = number as usize * 10_000;
        ledger.record(from_many(number, first..first + 10_000));
    }
    ledger.record(from_many(10, 0..2));
    ledger.seal().unwrap();
    let ledger = open(&disk).unwrap();
    ledger.record(from_many(11, 0..3));
    ledger.seal().unwrap();
    let size = ledger.checkpoint().unwrap().size;
    let last: Vec<_> =
        ledger.entries(size - 5, 5).unwrap().iter().map(|e| Record::decode(e).unwrap()).collect();
    assert!(matches!(&last[0], Record::Act(act) if act.deed == Deed::Renumber {}), "{last:?}");
    let firsts = |record: &Record| match record {
        Record::Receipt(receipt) => receipt.requests.iter().map(|r| r.first).collect(),
        _ => Vec::new(),
    };
    assert_eq!((firsts(&last[1]), firsts(&last[3])), (vec![0, 0], vec![1, 1, 0]));
}

#[test]
fn a_batch_that_cannot_come_on_record_stops_everything_and_is_had_again() {
    let disk = FaultFileSystem::default();
    let ledger = open(&disk).unwrap();
    ledger.record(closed(1));
    let mut wrong = closed(2);
    wrong.batch.stored = 3;
    ledger.record(wrong);
    assert!(ledger.problem().unwrap().contains("batch 2"));
    assert!(ledger.seal().unwrap_err().to_string().contains("batch 2"));
    let again = open(&disk).unwrap();
    assert_eq!((again.problem(), again.has(1), again.has(2)), (None, false, false));
}

#[test]
fn a_commit_is_read_from_its_file() {
    let add = r#"{"add":{"path":"a.parquet","size":3,"stats":"{\"numRecords\":2}","tags":{"stele.sha256":"HASH"}}}"#;
    let add = add.replace("HASH", &"ab".repeat(32));
    let write = r#"{"commitInfo":{"operation":"WRITE"}}"#;
    let (txn, remove) = (r#"{"txn":{"appId":"w","version":9}}"#, r#"{"remove":{"path":"b"}}"#);
    for (lines, reason, covers, changes) in [
        (vec![write, &add, txn], Reason::Flush, 9, 1),
        (vec![&add, remove], Reason::Compact, 0, 2),
        (vec![remove], Reason::Expire, 0, 1),
        (vec![r#"{"protocol":{}}"#, r#"{"metaData":{}}"#], Reason::Schema, 0, 0),
    ] {
        let content = lines.join("\n");
        let (commit, found) = commits::read("events", 4, content.as_bytes(), 5).unwrap();
        let facts = (commit.reason, commit.covers, found.len(), commit.version);
        assert_eq!(facts, (reason, covers, changes, 4), "{content}");
        assert_eq!(commit.sha256, Hash::of(content.as_bytes()));
    }
    for wrong in [&add.replace("stele.sha256", "x"), &add.replace("size", "x"), "{", "\u{ff}"] {
        assert!(commits::read("events", 0, wrong.as_bytes(), 0).is_err(), "{wrong}");
    }
    let ledger = open(&FaultFileSystem::default()).unwrap();
    assert!(ledger.commit("events", 1, b"{}").is_err(), "version 0 comes first");
    ledger.commit("events", 0, b"{}").unwrap();
    assert_eq!(ledger.next_version(), 1);
}

proptest! {
    #[test]
    fn a_commit_of_any_bytes_is_an_error_or_a_record(
        content in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = commits::read("events", 0, &content, 0);
    }
}
