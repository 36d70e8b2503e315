//! What the writer of a ledger must know to go on: all of it follows from the entries.
//!
//! It is written beside them now and then, so that a start reads a minute's entries and not all.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use stele_ledger::hash::Hash;
use stele_ledger::record::{Deed, Record};

/// So many batches are remembered as recorded; of older ones it is known. More are never open at
/// the same time.
const RECENT_BATCHES_MAX: usize = 20_000;
/// So many sources have a number of their own; then all begin anew, which is an act on record.
pub(super) const SOURCES_MAX: usize = 100_000;

/// The state after a number of entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct WriterState {
    /// The number of entries that it follows from.
    pub(super) size: u64,
    /// The next number of each source, by dataset.
    pub(super) sources: BTreeMap<String, BTreeMap<String, u64>>,
    /// Batches that are on record, the latest by number.
    pub(super) recent: BTreeSet<i64>,
    /// A batch below this number is on record if it ever was.
    pub(super) recorded_below: i64,
    /// The next version of the table that is to come on record.
    pub(super) next_version: u64,
    /// Up to which sequence number of the write-ahead log the table holds everything.
    pub(super) covers: u64,
    /// SHA-256 of each setting as it was last told.
    pub(super) settings: BTreeMap<String, Hash>,
    /// The run that has started and not stopped.
    pub(super) run: Option<String>,
    /// The number of its last beat.
    pub(super) beat: u64,
    /// When the last entry was made, µs since the epoch.
    pub(super) last_micros: i64,
    /// The verifier keys that were announced, the latest last.
    pub(super) keys: Vec<String>,
    /// The entry that announces the last of them.
    pub(super) key_entry: Option<u64>,
    /// The requests of the batch whose record comes next: source, first number, count.
    #[serde(skip)]
    receipts: Vec<(String, u64, u32)>,
}

impl WriterState {
    /// Takes one more entry in.
    pub(super) fn follow(&mut self, record: &Record) {
        self.size += 1;
        self.last_micros = self.last_micros.max(record.at_micros());
        match record {
            Record::Receipt(receipt) => {
                let requests = receipt.requests.iter();
                self.receipts.extend(requests.map(|r| (r.source.clone(), r.first, r.count)));
            }
            Record::Batch(batch) => {
                let sources = self.sources.entry(batch.dataset.clone()).or_default();
                for (source, first, count) in self.receipts.drain(..) {
                    sources.insert(source, first + u64::from(count));
                }
                self.note_batch(batch.batch);
            }
            Record::Commit(commit) => {
                self.next_version = commit.version + 1;
                self.covers = commit.covers;
            }
            Record::Beat(beat) => self.beat = beat.beat,
            Record::Act(act) => match &act.deed {
                Deed::Start { run, .. } => {
                    self.run = Some(run.clone());
                    self.beat = 0;
                }
                Deed::Stop { .. } => self.run = None,
                Deed::Key { key, .. } => {
                    self.keys.push(key.clone());
                    self.key_entry = Some(self.size - 1);
                }
                Deed::Config { name, after, .. } => {
                    match after {
                        Some(hash) => self.settings.insert(name.clone(), *hash),
                        None => self.settings.remove(name),
                    };
                }
                Deed::Renumber {} => self.sources.clear(),
                _ => {}
            },
            _ => {}
        }
    }

    fn note_batch(&mut self, batch: i64) {
        self.recent.insert(batch);
        while self.recent.len() > RECENT_BATCHES_MAX
            && let Some(oldest) = self.recent.pop_first()
        {
            self.recorded_below = oldest + 1;
        }
    }

    /// Whether a batch is on record.
    pub(super) fn has_batch(&self, batch: i64) -> bool {
        batch < self.recorded_below || self.recent.contains(&batch)
    }

    /// A number above those of all batches on record.
    pub(super) fn next_batch(&self) -> i64 {
        self.recent.last().map_or(self.recorded_below, |batch| batch + 1)
    }

    /// Gives a source its next numbers.
    pub(super) fn advance(&mut self, dataset: &str, source: &str, count: u32) -> u64 {
        let sources = self.sources.entry(dataset.to_owned()).or_default();
        let next = sources.entry(source.to_owned()).or_default();
        let first = *next;
        *next += u64::from(count);
        first
    }

    pub(super) fn source_count(&self) -> usize {
        self.sources.values().map(BTreeMap::len).sum()
    }
}
