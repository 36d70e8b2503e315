//! A signer elsewhere: its answers get lost, it goes away and comes back, and it refuses.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use stele_event::runtime::{ManualClock, SeededEntropy};
use stele_ledger::Error;
use stele_ledger::checkpoint::{Checkpoint, WitnessPolicy};
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer, VerifierKey};
use stele_ledger::note::Note;
use stele_ledger::proof::{Subtrees, TreeHead, prove_consistency, verify_consistency};
use stele_ledger::signer::{LogSigner, SignRequest, SignerAnswer, SignerState, judge};
use stele_ledger::tile::Tile;
use stele_ledger::tlog_proof::TlogProof;
use stele_ledger::tree::Log;

use super::{batches, check_tiles, closed, open_at, open_with};
use crate::batches::BatchLog;
use crate::filesystem::FileSystem;
use crate::filesystem::fault::FaultFileSystem;

const ORIGIN: &str = "stele-test/1";

fn signer(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, Algorithm::Ed25519, &[seed; 32]).unwrap()
}

pub(super) fn key(seed: u8) -> VerifierKey {
    signer(seed).key().clone()
}

/// A witness, by a number.
pub(super) fn witness(number: u8) -> Ed25519Signer {
    let name = format!("w{number}.example");
    Ed25519Signer::from_seed(&name, Algorithm::CosignatureV1, &[100 + number; 32]).unwrap()
}

/// Two of three.
pub(super) fn policy() -> WitnessPolicy {
    WitnessPolicy::new((0..3).map(|number| witness(number).key().clone()).collect(), 2).unwrap()
}

/// A signer whose keys are numbers.
#[derive(Debug)]
pub(super) struct TestSigner {
    remembers: bool,
    state: Mutex<SignerState>,
    /// It goes away before so many more requests are answered; `u32::MAX`: it does not.
    away_after: AtomicU32,
    /// One in so many signatures does not arrive; 0: all do.
    loses_one_in: AtomicU32,
    signatures: AtomicU32,
    asked: AtomicU32,
    takes: AtomicU32,
}

impl Default for TestSigner {
    fn default() -> Self {
        Self {
            remembers: false,
            state: Mutex::new(SignerState { key: key(1), last: None, next: None }),
            away_after: AtomicU32::new(u32::MAX),
            loses_one_in: AtomicU32::new(0),
            signatures: AtomicU32::new(0),
            asked: AtomicU32::new(0),
            takes: AtomicU32::new(0),
        }
    }
}

impl TestSigner {
    pub(super) fn that_remembers(loses_one_in: u32) -> Self {
        Self { remembers: true, loses_one_in: AtomicU32::new(loses_one_in), ..Self::default() }
    }

    /// From here on it is well.
    pub(super) fn heal(&self) {
        self.loses_one_in.store(0, Relaxed);
        self.away_after.store(u32::MAX, Relaxed);
    }

    fn reach(&self) -> Result<(), Error> {
        self.asked.fetch_add(1, Relaxed);
        let left = self.away_after.load(Relaxed);
        if left == 0 {
            let reason = "connection refused".to_owned();
            return Err(Error::Signer { name: ORIGIN.to_owned(), reason });
        }
        if left < u32::MAX {
            self.away_after.store(left - 1, Relaxed);
        }
        Ok(())
    }

    fn in_force(&self) -> Ed25519Signer {
        let state = self.state.lock().unwrap();
        signer(if state.key == key(1) { 1 } else { 2 })
    }
}

impl LogSigner for TestSigner {
    fn origin(&self) -> String {
        ORIGIN.to_owned()
    }

    fn place(&self) -> String {
        "test".to_owned()
    }

    fn remembers(&self) -> bool {
        self.remembers
    }

    fn state(&self) -> Result<SignerState, Error> {
        self.reach()?;
        Ok(self.state.lock().unwrap().clone())
    }

    fn sign(
        &self,
        checkpoint: &Checkpoint,
        state: &SignerState,
        tree: &dyn Subtrees,
    ) -> Result<Note, Error> {
        self.reach()?;
        if self.remembers {
            let mut kept = self.state.lock().unwrap();
            assert_eq!(&*kept, state);
            let old_size = state.last.map_or(0, |last| last.size);
            let refused = |reason| Error::SignerRefused { name: ORIGIN.to_owned(), reason };
            let consistency = prove_consistency(old_size, checkpoint.head.size, tree)
                .map_err(|error| refused(error.to_string()))?;
            let request = SignRequest { old_size, consistency, checkpoint: checkpoint.clone() };
            judge(ORIGIN, kept.last, &request).map_err(|answer| match answer {
                SignerAnswer::Refused(reason) => refused(reason),
                other => panic!("{other:?}"),
            })?;
            kept.last = Some(checkpoint.head);
        }
        let note = checkpoint.sign(&self.in_force())?;
        let count = self.signatures.fetch_add(1, Relaxed) + 1;
        let one_in = self.loses_one_in.load(Relaxed);
        if one_in > 0 && count.is_multiple_of(one_in) {
            let reason = "no answer".to_owned();
            return Err(Error::Signer { name: ORIGIN.to_owned(), reason });
        }
        Ok(note)
    }

    fn draw_next(&self) -> Result<VerifierKey, Error> {
        self.reach()?;
        self.state.lock().unwrap().next = Some(key(2));
        Ok(key(2))
    }

    fn take_next(&self, announcement: &TlogProof) -> Result<(), Error> {
        self.takes.fetch_add(1, Relaxed);
        self.reach()?;
        let mut state = self.state.lock().unwrap();
        // That it is under a checkpoint of the key before.
        Checkpoint::of_note(&announcement.checkpoint, ORIGIN, &[key(1)]).unwrap();
        let entry = String::from_utf8(announcement.extra.clone().unwrap()).unwrap();
        assert!(entry.contains(&key(2).to_string()), "{entry}");
        state.key = state.next.take().unwrap();
        Ok(())
    }
}

#[test]
fn a_signer_that_goes_away_is_asked_less_and_less_and_found_again() {
    let (disk, signer) = (FaultFileSystem::default(), Arc::new(TestSigner::that_remembers(0)));
    let clock = Arc::new(ManualClock::at(1_800_000_000_000_000));
    let ledger = open_at(&disk, &signer, &clock).unwrap();
    ledger.record(closed(0));
    ledger.seal().unwrap();
    signer.away_after.store(0, Relaxed);
    let (before, mut steps) = (signer.asked.load(Relaxed), 0);
    for number in 1..=120 {
        clock.advance(1_000_000);
        ledger.record(closed(number));
        assert!(ledger.seal().unwrap_err().is_signer_away());
        if number == 1 {
            steps = disk.steps();
        }
    }
    let asked = signer.asked.load(Relaxed) - before;
    assert!((5..12).contains(&asked), "asked {asked} times in two minutes");
    assert_eq!(disk.steps(), steps, "nothing is written while nobody signs");
    let mark = std::path::Path::new(super::FOLDER).join("unsigned");
    assert!(disk.read(&mark).is_ok());
    let status = ledger.signing();
    assert_eq!((status.signs, status.refuses), (false, false));
    assert_eq!(status.since_micros, Some(1_800_000_001_000_000));
    assert_eq!(status.reason.as_deref(), Some("connection refused"));
    assert!(ledger.problem().is_none(), "the intake goes on");
    signer.away_after.store(u32::MAX, Relaxed);
    clock.advance(31_000_000);
    ledger.seal().unwrap();
    assert!(ledger.signing().signs && disk.read(&mark).is_err());
    assert_eq!(batches(&ledger), (0..=120).collect::<Vec<_>>());
    check_tiles(&disk, &ledger);
}

#[test]
fn a_ledger_opens_without_its_signer_unless_that_may_know_more() {
    let (disk, signer) = (FaultFileSystem::default(), Arc::new(TestSigner::that_remembers(2)));
    let ledger = open_with(&disk, &signer).unwrap();
    ledger.record(closed(1));
    ledger.seal().unwrap();
    signer.away_after.store(0, Relaxed);
    ledger.record(closed(2));
    assert!(ledger.seal().is_err());
    open_with(&disk, &signer).unwrap();
    // This one is signed, and the answer is lost.
    signer.away_after.store(u32::MAX, Relaxed);
    let ledger = open_with(&disk, &signer).unwrap();
    ledger.record(closed(2));
    assert!(ledger.seal().unwrap_err().is_signer_away());
    assert_eq!(batches(&ledger), [1]);
    signer.away_after.store(0, Relaxed);
    assert!(open_with(&disk, &signer).unwrap_err().is_signer_away(), "it must be asked");
    signer.away_after.store(u32::MAX, Relaxed);
    let ledger = open_with(&disk, &signer).unwrap();
    assert_eq!(batches(&ledger), [1, 2]);
    assert!(ledger.has(2));
}

#[test]
fn a_ledger_that_was_put_back_and_one_that_went_another_way_are_not_signed() {
    let (disk, signer) = (FaultFileSystem::default(), Arc::new(TestSigner::that_remembers(0)));
    let ledger = open_with(&disk, &signer).unwrap();
    ledger.record(closed(1));
    ledger.seal().unwrap();
    let backup = FaultFileSystem::default();
    let folder = std::path::Path::new(super::FOLDER);
    for below in ["", "tile/0/000.p", "tile/entries/000.p", "seeds", "archive"] {
        for path in disk.list(&folder.join(below)).unwrap() {
            backup.put(&path, &disk.read(&path).unwrap());
        }
    }
    // The backup is opened while the signer is away, and both are written on.
    signer.away_after.store(0, Relaxed);
    let other = open_with(&backup, &signer).unwrap();
    signer.away_after.store(u32::MAX, Relaxed);
    ledger.record(closed(2));
    ledger.seal().unwrap();
    other.record(closed(3));
    let error = other.seal().unwrap_err();
    assert!(!error.is_signer_away() && error.to_string().contains("refuses"), "{error}");
    assert!(other.signing().refuses);
    let error = open_with(&backup, &signer).unwrap_err().to_string();
    assert!(error.contains("was put back"), "{error}");
    let new = open_with(&FaultFileSystem::default(), &signer).unwrap_err().to_string();
    assert!(new.contains("was put back"), "{new}");
    ledger.record(closed(4));
    ledger.seal().unwrap();
    assert_eq!(batches(&open_with(&disk, &signer).unwrap()), [1, 2, 4]);
}

#[test]
fn a_change_of_keys_that_was_interrupted_anywhere_is_completed() {
    for requests in 0..9 {
        for reopened in [false, true] {
            let disk = FaultFileSystem::default();
            let signer = Arc::new(TestSigner::that_remembers(0));
            let clock = Arc::new(ManualClock::at(1_800_000_000_000_000));
            let mut ledger = open_at(&disk, &signer, &clock).unwrap();
            ledger.start(&SeededEntropy::new(1), "1").unwrap();
            ledger.seal().unwrap();
            signer.away_after.store(requests, Relaxed);
            let changed = ledger.change_key();
            signer.away_after.store(u32::MAX, Relaxed);
            if reopened {
                ledger = open_at(&disk, &signer, &clock).unwrap();
                ledger.start(&SeededEntropy::new(2), "1").unwrap();
            }
            for number in 1..=2 {
                clock.advance(60_000_000);
                ledger.record(closed(number));
                ledger.seal().unwrap();
            }
            let announced = ledger.announced_keys();
            let is_new = announced.len() == 2;
            assert!(is_new || changed.is_err(), "{requests}: {announced:?}");
            let note = ledger.checkpoint().unwrap().note;
            let expected = key(if is_new { 2 } else { 1 });
            Checkpoint::open(&note, ORIGIN, &[expected]).unwrap();
            assert!(!is_new || signer.state.lock().unwrap().next.is_none());
            if !is_new {
                continue;
            }
            // The bridge is there: a checkpoint of the old key over the announcement.
            let archive = disk.list(&std::path::Path::new(super::FOLDER).join("archive")).unwrap();
            let bridged = archive.iter().any(|path| {
                let opened = Checkpoint::open(&disk.read(path).unwrap(), ORIGIN, &[key(1)]);
                opened.is_ok_and(|(checkpoint, _)| {
                    let below = ledger.entries(0, checkpoint.head.size).unwrap();
                    below.iter().any(|entry| {
                        String::from_utf8_lossy(entry).contains(&format!("\"key\":\"{}\"", key(2)))
                    })
                })
            });
            assert!(bridged, "{requests} {reopened}: {archive:?}");
        }
    }
}

#[test]
fn a_signer_with_a_key_that_was_not_announced_is_not_used() {
    let (disk, signer) = (FaultFileSystem::default(), Arc::new(TestSigner::default()));
    let ledger = open_with(&disk, &signer).unwrap();
    ledger.start(&SeededEntropy::new(1), "1").unwrap();
    ledger.seal().unwrap();
    signer.state.lock().unwrap().key = key(2);
    ledger.record(closed(1));
    let error = ledger.seal().unwrap_err().to_string();
    assert!(error.contains("the log announces"), "{error}");
    assert_eq!(signer.takes.load(Relaxed), 0);
}

#[test]
fn cosignatures_stand_under_the_archived_checkpoint_and_enough_of_them_publish_it() {
    let disk = FaultFileSystem::default();
    let signer = Arc::new(TestSigner::default());
    let clock = Arc::new(ManualClock::at(1_800_000_000_000_000));
    let ledger = open_at(&disk, &signer, &clock).unwrap();
    ledger.start(&SeededEntropy::new(1), "1").unwrap();
    let mut archived = ledger.archived();
    let mut sealed = Vec::new();
    for number in 0..3 {
        clock.advance(61_000_000);
        ledger.record(closed(number));
        ledger.seal().unwrap();
        sealed.push(archived.borrow_and_update().clone().unwrap());
        // Not archived: it came in the same minute.
        ledger.record(closed(100 + number));
        ledger.seal().unwrap();
        assert!(!archived.has_changed().unwrap());
    }
    assert_eq!(ledger.published().as_ref(), sealed.first(), "what is shown gets no shorter");
    let cosign = |at: usize, number: u8, time| {
        let mut note = Note::parse(&sealed[at].note).unwrap();
        note.sign(&witness(number), time).unwrap();
        ledger.cosign(sealed[at].size, note.signatures.pop().unwrap()).unwrap()
    };
    let enough = [(0, 0, 7), (1, 0, 8), (1, 0, 9), (1, 2, 9), (0, 1, 10), (1, 1, 11)]
        .map(|(at, number, time)| cosign(at, number, time));
    assert_eq!(enough, [false, false, false, true, true, true]);
    let published = ledger.published().unwrap();
    assert_eq!(published.size, sealed[1].size, "an older one takes no newer one's place");
    let note = Note::parse(&published.note).unwrap();
    assert_eq!((note.signatures.len(), policy().check(&note).unwrap().len()), (4, 3));
    assert_eq!(policy().witnessed_seconds(&note).unwrap(), Some(9));
    let again = open_at(&disk, &signer, &clock).unwrap();
    assert_eq!(again.published().unwrap(), published);
    assert!(ledger.cosign(999, note.signatures[1].clone()).is_err());
    // Of every size there has been, tiles are served and proofs lead on.
    let size = ledger.checkpoint().unwrap().size;
    let entries = ledger.entries(0, size).unwrap();
    for at in 1..=size {
        let mut log = Log::default();
        for write in log.append(&entries[..at as usize]).unwrap() {
            assert_eq!(ledger.tile(&write.tile).unwrap(), Some(write.bytes), "{}", write.tile);
        }
        let old = TreeHead { size: at, root: log.root() };
        for later in at..=size {
            log = Log::default();
            log.append(&entries[..later as usize]).unwrap();
            let new = TreeHead { size: later, root: log.root() };
            verify_consistency(old, new, &ledger.consistency(at, later).unwrap()).unwrap();
        }
    }
    assert_eq!(ledger.tile(&Tile::hashes(0, 0, size as u16 + 1)).unwrap(), None);
}
