//! Records that wait to be written: they become entries here, in their order, and the state of the
//! writer moves on with them.

use stele_ledger::hash::Hash;
use stele_ledger::record::{Act, Beat, Deed, Record};
use stele_ledger::salt::seed_commitment;

use super::state::{SOURCES_MAX, WriterState};
use super::{BeatFacts, LedgerError, commits};
use crate::batches::ClosedBatch;

/// A sign of life comes so often at the least, in µs. The promise is 60 seconds.
const BEAT_MICROS: i64 = 50_000_000;

/// Entries that are not written yet, and the state after them.
pub(super) struct Waiting {
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) seeds: Vec<BatchSeed>,
    pub(super) state: WriterState,
    /// Why a batch could not come on record: nothing more is taken in then.
    pub(super) broken: Option<String>,
    events: u64,
    last_beat_micros: i64,
}

/// The seed of a batch whose record is this entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchSeed {
    pub(super) entry: u64,
    pub(super) batch: i64,
    pub(super) bytes: [u8; 32],
}

impl Waiting {
    pub(super) fn new(state: WriterState, now_micros: i64) -> Self {
        Self {
            entries: Vec::new(),
            seeds: Vec::new(),
            state,
            broken: None,
            events: 0,
            last_beat_micros: now_micros,
        }
    }

    /// Takes a record whose last entry it is; those before it are its lists.
    fn push(&mut self, entries: Vec<Vec<u8>>, record: &Record) {
        self.state.size += entries.len() as u64 - 1;
        self.state.follow(record);
        self.entries.extend(entries);
    }

    fn push_one(&mut self, record: &Record) -> Result<(), LedgerError> {
        self.push(vec![record.encode()?], record);
        Ok(())
    }

    pub(super) fn act(&mut self, at_micros: i64, deed: Deed) -> Result<(), LedgerError> {
        self.push_one(&Record::Act(Act { at_micros, by: "stele".to_owned(), deed }))
    }

    /// An act of somebody; gives the number of its entry.
    pub(super) fn act_of(&mut self, act: Act) -> Result<u64, LedgerError> {
        self.push_one(&Record::Act(act))?;
        Ok(self.state.size - 1)
    }

    pub(super) fn start(
        &mut self,
        now_micros: i64,
        first_key: Option<String>,
        run: String,
        version: &str,
    ) -> Result<(), LedgerError> {
        if let Some(key) = first_key {
            self.act(now_micros, Deed::Key { key, replaces: None })?;
        }
        self.last_beat_micros = now_micros;
        self.act(now_micros, Deed::Start { run, version: version.to_owned() })
    }

    pub(super) fn settings(
        &mut self,
        now_micros: i64,
        settings: &[(String, String)],
    ) -> Result<(), LedgerError> {
        let mut gone = self.state.settings.clone();
        for (name, value) in settings {
            let (before, after) = (gone.remove(name), Some(Hash::of(value.as_bytes())));
            if before != after {
                self.act(now_micros, Deed::Config { name: name.clone(), before, after })?;
            }
        }
        for (name, before) in gone {
            self.act(now_micros, Deed::Config { name, before: Some(before), after: None })?;
        }
        Ok(())
    }

    pub(super) fn commit(
        &mut self,
        now_micros: i64,
        table: &str,
        version: u64,
        content: &[u8],
    ) -> Result<(), LedgerError> {
        let wrong = |reason| LedgerError::Commit { version, reason };
        let next = self.state.next_version;
        if version != next {
            return Err(wrong(format!("version {next} comes first")));
        }
        let read = commits::read(table, version, content, now_micros);
        let (mut commit, changes) = read.map_err(wrong)?;
        // A commit that moves no rows out of the log says nothing about it.
        commit.covers = commit.covers.max(self.state.covers);
        let entries = commit.entries(&changes)?;
        self.push(entries, &Record::Commit(commit));
        Ok(())
    }

    pub(super) fn beat(&mut self, now_micros: i64, facts: BeatFacts) -> Result<(), LedgerError> {
        let Some(run) = self.state.run.clone() else { return Ok(()) };
        if (now_micros - self.last_beat_micros).abs() < BEAT_MICROS {
            return Ok(());
        }
        self.last_beat_micros = now_micros;
        self.push_one(&Record::Beat(Beat {
            at_micros: now_micros,
            run,
            beat: self.state.beat + 1,
            events: self.events,
            sequence: facts.sequence,
            backlog_bytes: facts.backlog_bytes,
            version: self.state.next_version.saturating_sub(1),
        }))
    }

    pub(super) fn batch(
        &mut self,
        now_micros: i64,
        closed: ClosedBatch,
    ) -> Result<(), LedgerError> {
        let ClosedBatch { mut batch, mut requests, seed } = closed;
        if self.state.has_batch(batch.batch) {
            return Ok(());
        }
        if self.state.source_count() >= SOURCES_MAX {
            self.act(now_micros, Deed::Renumber {})?;
        }
        for request in &mut requests {
            request.first = self.state.advance(&batch.dataset, &request.source, request.count);
        }
        let entries = batch.entries(seed_commitment(&seed), &requests)?;
        self.events += u64::from(batch.positions);
        let number = batch.batch;
        self.push(entries, &Record::Batch(batch));
        let entry = self.state.size - 1;
        self.seeds.push(BatchSeed { entry, batch: number, bytes: seed });
        Ok(())
    }
}
