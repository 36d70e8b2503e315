//! Makes and goes on with a data folder as `docs/ledger.md` says, with whatever is wrong in it that
//! a case wants.
//!
//! It stands in for the server, for a server that is wrong, and for whoever has the server's key.
//! A folder is begun here ([`Maker::new`]), or is one of the server's ([`Maker::open`]).

mod events;
mod open;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::Hash;
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer, VerifierKey};
use stele_ledger::note::Note;
use stele_ledger::proof::TreeHead;
use stele_ledger::record::{Act, Beat, Deed, File, Parts, Reason, Record};
use stele_ledger::seeds::{put_seed, seeds_name};
use stele_ledger::tree::Log;
use stele_verify::lake::{Depth, Options, Report, verify};

use super::rows::Row;
use crate::Error;
pub(crate) use events::{Sent, raw};

/// The name of a ledger that is begun here.
pub(crate) const ORIGIN: &str = "stele-01020304/1";

/// A folder, and all that a server would know of it; everything that it writes next can be
/// changed before.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    pub(crate) root: PathBuf,
    /// The time, in microseconds since the epoch.
    pub(crate) now: i64,
    pub(crate) signer: Arc<Ed25519Signer>,
    /// Every key that the ledger was signed with.
    pub(crate) keys: Vec<VerifierKey>,
    pub(crate) log: Log,
    /// Every entry so far.
    pub(crate) entries: Vec<Vec<u8>>,
    published: usize,
    pub(crate) next_batch: i64,
    pub(crate) next_of: BTreeMap<String, u64>,
    /// Of each batch the index of its entry, its number, and its seed.
    seeds: Vec<(u64, i64, [u8; 32])>,
    /// Positions whose events were dropped: batch and position.
    pub(crate) dropped: Vec<(i64, u32)>,
    /// What is in no file yet.
    pub(crate) memory: Vec<Row>,
    /// Whether there is something in the write-ahead log.
    has_log: bool,
    /// What went to the write-ahead log last.
    pub(crate) in_log: Vec<Row>,
    /// The rows of each file of the table.
    pub(crate) files: BTreeMap<String, Vec<Row>>,
    /// What is on record of each file that ever was.
    pub(crate) facts: BTreeMap<String, File>,
    pub(crate) version: u64,
    pub(crate) covers: u64,
    pub(crate) run: String,
    pub(crate) beats: u64,
    names: u64,
    pub(crate) row_group_rows: usize,
    /// Events are at least this long.
    pub(crate) raw_bytes_min: usize,
    /// Changes the next thing that is written; see where they are used.
    pub(crate) tweak: Tweak,
}

/// What a faulty writer does wrong, once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tweak {
    pub(crate) first: Option<u64>,
    pub(crate) duplicates: Option<u32>,
    pub(crate) parts: Option<Parts>,
    pub(crate) root: Option<Hash>,
    pub(crate) version: Option<u64>,
    pub(crate) reason: Option<Reason>,
    pub(crate) rows: Option<u64>,
    pub(crate) delta: Option<fn(String) -> String>,
    pub(crate) dataset: Option<&'static str>,
    pub(crate) day: Option<&'static str>,
    pub(crate) parquet: Option<fn(Vec<u8>) -> Vec<u8>>,
    /// Bytes of the next Parquet file that are replaced before it is recorded.
    pub(crate) splice: Vec<(usize, u8)>,
    pub(crate) drop_column: Option<&'static str>,
}

impl Maker {
    /// Begins a folder.
    pub(crate) fn new(root: &Path) -> Result<Self, Error> {
        let signer = Ed25519Signer::from_seed(ORIGIN, Algorithm::Ed25519, &[1; 32])?;
        let mut maker = Self::empty(root, signer);
        maker.write("README.md", maker.signer.key().to_string().as_bytes())?;
        maker.start("r1")?;
        maker.commit(Reason::Schema, &[], &[])?;
        Ok(maker)
    }

    fn empty(root: &Path, signer: Ed25519Signer) -> Self {
        Self {
            root: root.to_owned(),
            // 2026-07-22T08:00:00Z
            now: 1_784_707_200_000_000,
            keys: vec![signer.key().clone()],
            signer: Arc::new(signer),
            log: Log::default(),
            entries: Vec::new(),
            published: 0,
            next_batch: (1 << 40) + 1,
            next_of: BTreeMap::new(),
            seeds: Vec::new(),
            dropped: Vec::new(),
            memory: Vec::new(),
            has_log: false,
            in_log: Vec::new(),
            files: BTreeMap::new(),
            facts: BTreeMap::new(),
            version: 0,
            covers: 0,
            run: String::new(),
            beats: 0,
            names: 0,
            row_group_rows: 1 << 20,
            raw_bytes_min: 0,
            tweak: Tweak::default(),
        }
    }

    /// The name of the ledger, which is the first line of its checkpoints.
    pub(crate) fn origin(&self) -> &str {
        self.signer.key().name()
    }

    /// A key that has the name of the ledger's and is another.
    pub(crate) fn other_signer(&self) -> Result<Ed25519Signer, Error> {
        Ok(Ed25519Signer::from_seed(self.origin(), Algorithm::Ed25519, &[2; 32])?)
    }

    /// Options that believe the ledger's keys, wait for nothing and derive every row.
    pub(crate) fn options(&self) -> Options {
        Options { wait_ms_max: 0, depth: Depth::Deep, ..Options::new(self.keys.clone()) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A file or folder of the ledger.
    pub(crate) fn ledger(&self, name: &str) -> PathBuf {
        self.root.join("lake/_ledger/1").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(fs::write(path, bytes)?)
    }

    pub(crate) fn record(&mut self, record: &Record) -> Result<(), Error> {
        self.entries.push(record.encode()?);
        Ok(())
    }

    pub(crate) fn tick(&mut self, seconds: i64) {
        self.now += seconds * 1_000_000;
    }

    pub(crate) fn act(&mut self, deed: Deed) -> Result<(), Error> {
        let act = Act { at_micros: self.now, by: "stele".to_owned(), deed };
        self.record(&Record::Act(act))
    }

    pub(crate) fn start(&mut self, run: &str) -> Result<(), Error> {
        (self.run, self.beats) = (run.to_owned(), 0);
        self.act(Deed::Start { run: run.to_owned(), version: "0.1.0".to_owned() })
    }

    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        self.act(Deed::Stop { run: self.run.clone() })
    }

    pub(crate) fn beat(&mut self) -> Result<(), Error> {
        self.beats += 1;
        let beat = Beat {
            at_micros: self.now,
            run: self.run.clone(),
            beat: self.beats,
            events: 0,
            sequence: self.covers,
            backlog_bytes: 0,
            version: self.version,
        };
        self.record(&Record::Beat(beat))
    }

    /// The head over everything that was recorded.
    pub(crate) fn head(&self) -> TreeHead {
        TreeHead { size: self.log.size(), root: self.log.root() }
    }

    pub(crate) fn note(&self, signer: &dyn Signer) -> Result<Note, Error> {
        Ok(Checkpoint::new(self.origin(), self.head()).sign(signer)?)
    }

    /// Writes the whole ledger anew.
    pub(crate) fn publish_all(&mut self) -> Result<(), Error> {
        self.publish_all_by(&*self.signer.clone())
    }

    /// The same, signed by somebody.
    pub(crate) fn publish_all_by(&mut self, signer: &dyn Signer) -> Result<(), Error> {
        fs::remove_dir_all(self.ledger("tile"))?;
        (self.published, self.log) = (0, Log::default());
        self.publish_by(signer)
    }

    /// Writes entries, tiles and seeds, and signs a checkpoint.
    pub(crate) fn publish(&mut self) -> Result<(), Error> {
        self.publish_by(&*self.signer.clone())
    }

    pub(crate) fn publish_by(&mut self, signer: &dyn Signer) -> Result<(), Error> {
        let new = self.entries[self.published..].to_vec();
        self.published = self.entries.len();
        for write in self.log.append(&new)? {
            self.write(&format!("lake/_ledger/1/{}", write.tile), &write.bytes)?;
        }
        let mut files: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for (index, batch, seed) in &self.seeds {
            put_seed(files.entry(index / 256).or_default(), *batch, seed);
        }
        for (bundle, bytes) in files {
            self.write(&format!("lake/_ledger/1/{}", seeds_name(bundle)), &bytes)?;
        }
        self.write("lake/_ledger/1/writer-state.json", b"{}")?;
        let note = self.note(signer)?.to_string();
        self.write("lake/_ledger/1/checkpoint", note.as_bytes())
    }

    /// Keeps the checkpoint.
    pub(crate) fn archive(&self) -> Result<(), Error> {
        let note = fs::read(self.ledger("checkpoint"))?;
        self.write(&format!("lake/_ledger/1/archive/{}", self.log.size()), &note)
    }

    /// The same, in another folder.
    pub(crate) fn copy_to(&self, root: &Path) -> Result<Self, Error> {
        for entry in walkdir::WalkDir::new(&self.root) {
            let entry = entry?;
            let inside = entry.path().strip_prefix(&self.root).unwrap_or(entry.path());
            let to = root.join(inside);
            if entry.file_type().is_dir() {
                fs::create_dir_all(to)?;
            } else {
                fs::copy(entry.path(), to)?;
            }
        }
        Ok(Self { root: root.to_owned(), ..self.clone() })
    }

    pub(crate) fn verify(&self, options: &Options) -> Result<Report, Error> {
        Ok(verify(&self.root, options, &|_| {})?)
    }
}
