//! A ledger as files: in memory for most tests, and on disk for the verifier in Python.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use stele_ledger::checkpoint::{Checkpoint, WitnessPolicy};
use stele_ledger::event_proof::EventProof;
use stele_ledger::hash::{Hash, root_of};
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer as _};
use stele_ledger::note::Note;
use stele_ledger::proof::{TileSubtrees, TreeHead, prove_inclusion};
use stele_ledger::record::{Batch, Beat, Dropped, Parts, Record, Request};
use stele_ledger::salt::{SaltKey, event_leaf, seed_commitment};
use stele_ledger::tile::{Tile, Tiles};
use stele_ledger::tlog_proof::{TlogProof, Trust};
use stele_ledger::tree::{FileWrite, Log};

pub(crate) const ORIGIN: &str = "stele.example/ledger";
pub(crate) const SEED: [u8; 32] = [7; 32];

pub(crate) fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, Algorithm::Ed25519, &[1; 32]).unwrap()
}

pub(crate) fn trust() -> Trust {
    let keys = vec![signer().key().clone()];
    Trust { origin: ORIGIN.to_owned(), keys, witnesses: WitnessPolicy::default() }
}

/// Files by their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

impl Files {
    pub(crate) fn write(&mut self, writes: Vec<FileWrite>) {
        self.0.extend(writes.into_iter().map(|write| (write.tile.to_string(), write.bytes)));
    }
}

impl Tiles for Files {
    fn read(
        &self,
        tile: &Tile,
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.get(&tile.to_string()).cloned())
    }
}

pub(crate) fn request(source: &str, first: u64, count: u32, duplicates: u32) -> Request {
    Request {
        source: source.to_owned(),
        peer: Some("192.0.2.7".to_owned()),
        format: "cloudtrail".to_owned(),
        parser_version: 3,
        path: None,
        zone_offset_seconds: 0,
        header: String::new(),
        first,
        count,
        duplicates,
        received_first_micros: 1_753_142_399_000_000,
        received_last_micros: 1_753_142_399_000_900,
        sha256: Some(Hash::of(source.as_bytes())),
    }
}

pub(crate) fn raw(position: u32) -> Vec<u8> {
    format!(r#"{{"eventName":"GetObject","number":{position}}}"#).into_bytes()
}

/// A batch of made-up events, some of them dropped, and the leaves of the others.
pub(crate) fn batch(number: i64, positions: u32, dropped: &[u32]) -> (Batch, Vec<Hash>) {
    let salts = SaltKey::from_seed(SEED);
    let leaves: Vec<_> = (0..positions)
        .zip(salts.salts(0..positions))
        .filter(|(position, _)| !dropped.contains(position))
        .map(|(position, salt)| event_leaf(&salt.unwrap(), &raw(position)))
        .collect();
    let batch = Batch {
        at_micros: 1_753_142_400_000_000,
        batch: number,
        dataset: "main".to_owned(),
        positions,
        stored: leaves.len() as u32,
        dropped: Dropped::from_positions(dropped.iter().copied()),
        root: root_of(&leaves),
        receipts: Parts::default(),
    };
    (batch, leaves)
}

/// A ledger with a batch amid other entries, its checkpoint, and the proof of one event.
pub(crate) struct Sample {
    pub(crate) files: Files,
    pub(crate) size: u64,
    pub(crate) checkpoint: Note,
    pub(crate) proof: TlogProof,
    pub(crate) position: u32,
}

pub(crate) fn sample(entries_before: u64, positions: u32, entries_after: u64) -> Sample {
    let beat = |number: u64| {
        let (run, at_micros) = ("a1".to_owned(), 1_753_142_400_000_000 + number as i64);
        let beat = Beat {
            at_micros,
            run,
            beat: number + 1,
            events: number * 10,
            sequence: number,
            backlog_bytes: 0,
            version: 4,
        };
        Record::Beat(beat).encode().unwrap()
    };
    let mut files = Files::default();
    let mut log = Log::default();
    // In groups of uneven size, as a server appends.
    let before: Vec<_> = (0..entries_before).map(beat).collect();
    for group in before.chunks(77) {
        files.write(log.append(group).unwrap());
    }
    let (mut batch, leaves) = batch(1 << 40 | 5, positions, &[0, 3, 4]);
    let requests = [request("web-1", 100, positions - 2, 3), request("web-2", 9, 2, 0)];
    let entries = batch.entries(seed_commitment(&SEED), &requests).unwrap();
    files.write(log.append(&entries).unwrap());
    let index = log.size() - 1;
    files.write(log.append(&(0..entries_after).map(beat).collect::<Vec<_>>()).unwrap());
    let (size, root) = (log.size(), log.root());
    let checkpoint = Checkpoint::new(ORIGIN, TreeHead { size, root }).sign(&signer()).unwrap();
    let path = prove_inclusion(index, size, &TileSubtrees::new(&files, size)).unwrap();
    let position = 2;
    let salt = SaltKey::from_seed(SEED).salt(position).unwrap();
    let event = EventProof::new(salt, position, batch, &leaves).unwrap();
    let proof = event.into_file(index, path, checkpoint.clone());
    Sample { files, size, checkpoint, proof, position }
}

fn checker() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/external/ledger_check.py")
}

/// Runs the verifier in Python; gives its exit code and what it said.
fn check(folder: &Path) -> (i32, String) {
    let output = Command::new("python3")
        .arg(checker())
        .arg(folder)
        .args(["--origin", ORIGIN, "--key", &signer().key().to_string()])
        .arg("--proof")
        .arg(folder.join("event.tlog-proof"))
        .arg("--raw")
        .arg(folder.join("event.raw"))
        .output()
        .expect("python3 is needed by this test");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

fn put(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Writes the sample's files, and nothing of sizes before the checkpoint's.
fn write_folder(sample: &Sample) -> (tempfile::TempDir, BTreeMap<String, Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let mut files = sample.files.0.clone();
    let wanted: Vec<_> = Tile::all(sample.size).map(|tile| tile.to_string()).collect();
    files.retain(|path, _| wanted.contains(path));
    files.insert("checkpoint".to_owned(), sample.checkpoint.to_string().into_bytes());
    files.insert("event.tlog-proof".to_owned(), sample.proof.to_string().into_bytes());
    files.insert("event.raw".to_owned(), raw(sample.position));
    for (path, bytes) in &files {
        put(folder.path(), path, bytes);
    }
    (folder, files)
}

#[test]
fn a_verifier_written_from_the_specification_agrees() {
    for (before, after) in [(0, 0), (250, 4), (254, 0), (700, 65_000)] {
        let sample = sample(before, 40, after);
        let (folder, _) = write_folder(&sample);
        let (code, said) = check(folder.path());
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(&format!("{} entries", sample.size)), "{said}");
    }
}

#[test]
fn it_finds_every_damaged_file() {
    let sample = sample(500, 40, 60);
    let (folder, files) = write_folder(&sample);
    for path in files.keys() {
        let mut damaged = files[path].clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        put(folder.path(), path, &damaged);
        let (code, said) = check(folder.path());
        put(folder.path(), path, &files[path]);
        assert_eq!(code, 3, "{path}: {said}");
        let shown = if path.starts_with("event.") { "event.tlog-proof" } else { path.as_str() };
        assert!(said.contains(shown), "{path} is not named: {said}");
    }
    std::fs::remove_file(folder.path().join("tile/0/001")).unwrap();
    let (code, said) = check(folder.path());
    assert_eq!((code, said.as_str()), (4, "missing: tile/0/001\n"));
}
