//! Opens a data folder of the server: its key, its ledger, its seeds, and the rows of its table.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::entry::split_bundle;
use stele_ledger::hash::HASH_BYTES;
use stele_ledger::key::Ed25519Signer;
use stele_ledger::note::Note;
use stele_ledger::record::{Act, Batch, Commit, Deed, FileChange, Record, Request};
use stele_ledger::seeds::{SEED_RECORD_BYTES, seeds_name};
use stele_ledger::tile::Tile;

use super::Maker;
use crate::Error;
use crate::lake::rows::{Delivered, Row, format, stored};

/// What the ledger says while it is read from its beginning.
#[derive(Default)]
struct Said {
    requests: Vec<Request>,
    changes: Vec<FileChange>,
    /// Of each batch its dataset and requests.
    batches: BTreeMap<i64, (String, Vec<Request>)>,
    /// The files of the table.
    paths: Vec<String>,
}

impl Maker {
    /// Opens the data folder of a server that does not run.
    ///
    /// # Errors
    /// Where it is not sound: what is found in a copy of it would mean nothing.
    pub(crate) fn open(root: &Path) -> Result<Self, Error> {
        let secret = fs::read_to_string(root.join("keys/ledger.key"))?;
        let mut maker = Self::empty(root, Ed25519Signer::from_secret_text(secret.trim_end())?);
        let keys = fs::read_to_string(root.join("keys/ledger.keys"))?;
        maker.keys = keys.lines().map(str::parse).collect::<Result<_, _>>()?;
        let note = Note::parse(&fs::read(maker.ledger("checkpoint"))?)?;
        let checkpoint: Checkpoint = note.text.parse()?;
        for begin in (0..checkpoint.head.size).step_by(256) {
            let width = (checkpoint.head.size - begin).min(256) as u16;
            let bundle = fs::read(maker.ledger(&Tile::entries(begin / 256, width).to_string()))?;
            maker.entries.extend(split_bundle(&bundle)?.into_iter().map(<[u8]>::to_vec));
        }
        maker.log.append(&maker.entries)?;
        maker.published = maker.entries.len();
        if maker.head() != checkpoint.head {
            return Err(Error::Lacks("entries that lead to the root of its checkpoint"));
        }
        let mut said = Said::default();
        for (index, entry) in maker.entries.clone().iter().enumerate() {
            let record = Record::decode(entry)?;
            maker.now = record.at_micros();
            maker.take(index as u64, record, &mut said);
        }
        maker.read_seeds()?;
        maker.has_log = maker.path("wal").exists();
        for path in &said.paths {
            let rows = maker.rows(path, &said)?;
            maker.files.insert(path.clone(), rows);
        }
        Ok(maker)
    }

    fn take(&mut self, index: u64, record: Record, said: &mut Said) {
        match record {
            Record::Receipt(receipt) => said.requests.extend(receipt.requests),
            Record::Files(files) => said.changes.extend(files.changes),
            Record::Batch(batch) => self.take_batch(index, &batch, said),
            Record::Commit(commit) => self.take_commit(&commit, said),
            Record::Act(Act { deed: Deed::Start { run, .. }, .. }) => {
                (self.run, self.beats) = (run, 0);
            }
            Record::Act(Act { deed: Deed::Renumber {}, .. }) => self.next_of.clear(),
            Record::Beat(beat) => self.beats = beat.beat,
            Record::Act(_) | Record::Extern(_) | Record::Audit(_) => {}
        }
    }

    fn take_batch(&mut self, index: u64, batch: &Batch, said: &mut Said) {
        let number = batch.batch;
        let requests = std::mem::take(&mut said.requests);
        for request in requests.iter().filter(|_| batch.dataset == "main") {
            let next = request.first + u64::from(request.count);
            self.next_of.insert(request.source.clone(), next);
        }
        self.next_batch = self.next_batch.max(number + 1);
        self.seeds.push((index, number, [0; HASH_BYTES]));
        self.dropped.extend(batch.dropped.runs().flatten().map(|position| (number, position)));
        said.batches.insert(number, (batch.dataset.clone(), requests));
    }

    fn take_commit(&mut self, commit: &Commit, said: &mut Said) {
        (self.version, self.covers) = (commit.version + 1, commit.covers);
        for change in std::mem::take(&mut said.changes) {
            match change {
                FileChange::Add(file) => {
                    said.paths.push(file.path.clone());
                    self.facts.insert(file.path.clone(), file);
                }
                FileChange::Remove(path) => said.paths.retain(|one| *one != path),
            }
        }
    }

    fn read_seeds(&mut self) -> Result<(), Error> {
        let mut open: Option<(u64, Vec<u8>)> = None;
        for at in 0..self.seeds.len() {
            let (index, number, _) = self.seeds[at];
            let bundle = index / 256;
            let mut rest = match open.take().filter(|(of, _)| *of == bundle) {
                Some((_, rest)) => rest,
                None => fs::read(self.ledger(&seeds_name(bundle)))?,
            };
            let record: Vec<u8> = rest.drain(..SEED_RECORD_BYTES.min(rest.len())).collect();
            let found = record
                .split_first_chunk::<8>()
                .filter(|(name, _)| i64::from_le_bytes(**name) == number);
            let seed = found.and_then(|(_, seed)| seed.try_into().ok());
            self.seeds[at].2 = seed.ok_or(Error::Lacks("seed of a batch"))?;
            open = Some((bundle, rest));
        }
        Ok(())
    }

    fn rows(&self, path: &str, said: &Said) -> Result<Vec<Row>, Error> {
        let bytes = fs::read(self.path("lake/events").join(path))?;
        let mut rows = Vec::new();
        for (batch, pos, raw, received, conflict) in stored(bytes)? {
            let lacks = Error::Lacks("receipt for a row of the table");
            let Some((dataset, requests)) = said.batches.get(&batch) else { return Err(lacks) };
            let mut end = 0;
            let request = requests.iter().find(|request| {
                end += i64::from(request.count);
                i64::from(pos) < end
            });
            let request = request.ok_or(lacks)?;
            let delivered = Delivered {
                format: format(&request.format)?.id(),
                source: request.source.clone(),
                path: request.path.clone(),
                zone_offset_seconds: request.zone_offset_seconds,
                header: request.header.clone(),
            };
            let (dataset, columns_of) = (dataset.clone(), None);
            rows.push(Row { dataset, batch, pos, raw, received, delivered, conflict, columns_of });
        }
        Ok(rows)
    }
}
