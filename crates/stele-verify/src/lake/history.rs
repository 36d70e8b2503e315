//! What the entries say, one after the other, and what in it contradicts itself.
//!
//! Findings about records are kept apart until the root is known to be signed: what stands in
//! entries that nobody signed proves nothing. Memory: about 300 bytes for each batch, 32 for each
//! request, and once each distinct source, path and header.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use stele_ledger::Error as LedgerError;
use stele_ledger::hash::Hash;
use stele_ledger::key::VerifierKey;
use stele_ledger::record::{Act, Batch, Commit, Deed, FileChange, Parts, Receipt, Record};
use stele_ledger::salt::SaltKey;

use super::Context;
use super::commits::Commits;
use super::finding::{Finding, Findings, Kind};
use super::runs::{self, Runs};

/// The lists before a record are not longer than this, in bytes; a batch needs far less.
const PARTS_BYTES_MAX: usize = 256 << 20;

/// A batch, as recorded.
#[derive(Debug)]
pub(super) struct BatchState {
    pub(super) record: Batch,
    /// The index of its entry.
    pub(super) index: u64,
    /// The commitment to its seed.
    pub(super) commitment: Option<Hash>,
    /// Its requests, among all.
    pub(super) requests: std::ops::Range<usize>,
    /// What its salts come from, once that was read.
    pub(super) salts: Option<SaltKey>,
    /// The runs of dropped positions: begin, end, and how many were dropped before.
    dropped: Vec<(u32, u32, u32)>,
}

impl BatchState {
    /// The place of a position among the stored ones.
    pub(super) fn leaf_index(&self, position: u32) -> Option<u32> {
        if position >= self.record.positions {
            return None;
        }
        let at = self.dropped.partition_point(|(begin, ..)| *begin <= position);
        let Some((begin, end, before)) = at.checked_sub(1).map(|at| self.dropped[at]) else {
            return Some(position);
        };
        (position >= end).then(|| position - before - (end - begin))
    }
}

/// A request, as recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestState {
    pub(super) first_position: u32,
    pub(super) count: u32,
    pub(super) received: (i64, i64),
    delivery: u32,
}

/// What many requests have in common, and columns are derived from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Delivered {
    pub(super) source: String,
    pub(super) format: String,
    pub(super) parser_version: i32,
    pub(super) path: Option<String>,
    pub(super) zone_offset_seconds: i32,
    pub(super) header: String,
}

/// What the ledger says.
#[derive(Debug)]
pub(super) struct History {
    pub(super) findings: Findings,
    pub(super) batches: Vec<BatchState>,
    pub(super) by_number: HashMap<i64, u32>,
    pub(super) requests: Vec<RequestState>,
    pub(super) commits: Commits,
    pub(super) runs: Runs,
    /// Keys that were announced, with the index of the entry.
    pub(super) keys: Vec<(u64, VerifierKey)>,
    /// The events that were erased: by batch, their positions and leaves.
    pub(super) erased: BTreeMap<i64, BTreeMap<u32, Hash>>,
    /// Runs of batches whose time was over.
    pub(super) expired: Vec<(i64, i64)>,
    pub(super) entries: u64,
    /// The times of the first and the latest entry.
    pub(super) time_range: Option<(i64, i64)>,
    deliveries: Vec<Arc<Delivered>>,
    known_deliveries: HashMap<Arc<Delivered>, u32>,
    next_of_source: HashMap<(String, String), u64>,
    pending: Vec<(Vec<u8>, Record)>,
    pending_bytes: usize,
}

impl History {
    pub(super) fn new(findings_per_kind_max: usize) -> Self {
        Self {
            findings: Findings::new(findings_per_kind_max),
            batches: Vec::new(),
            by_number: HashMap::new(),
            requests: Vec::new(),
            commits: Commits::default(),
            runs: Runs::default(),
            keys: Vec::new(),
            erased: BTreeMap::new(),
            expired: Vec::new(),
            entries: 0,
            time_range: None,
            deliveries: Vec::new(),
            known_deliveries: HashMap::new(),
            next_of_source: HashMap::new(),
            pending: Vec::new(),
            pending_bytes: 0,
        }
    }

    /// The request that a position of a batch belongs to.
    pub(super) fn request(&self, batch: &BatchState, position: u32) -> Option<&RequestState> {
        let requests = &self.requests[batch.requests.clone()];
        let at = requests.partition_point(|one| one.first_position <= position);
        let found = requests.get(at.checked_sub(1)?)?;
        (position - found.first_position < found.count).then_some(found)
    }

    pub(super) fn delivered(&self, request: &RequestState) -> &Arc<Delivered> {
        &self.deliveries[request.delivery as usize]
    }

    pub(super) fn is_expired(&self, batch: i64) -> bool {
        self.expired.iter().any(|(first, last)| (*first..=*last).contains(&batch))
    }

    fn find(&self, ctx: &Context<'_>, kind: Kind, index: u64, detail: impl Into<String>) {
        let finding = Finding::new(kind).object(ctx.entry_file(index));
        self.findings.find(finding.record(format!("entry {index}")).detail(detail));
    }

    /// Takes the next entry.
    pub(super) fn push(&mut self, ctx: &Context<'_>, index: u64, entry: &[u8]) {
        self.entries += 1;
        let record = match Record::decode(entry) {
            Ok(record) => record,
            Err(error @ LedgerError::Unsupported { .. }) => {
                return self.find(ctx, Kind::RecordNewer, index, error.to_string());
            }
            Err(error) => return self.find(ctx, Kind::RecordForm, index, error.to_string()),
        };
        self.take_time(ctx, index, record.at_micros());
        let is_part = matches!(record, Record::Receipt(_) | Record::Files(_));
        if is_part {
            self.pending_bytes += entry.len();
            if self.pending_bytes > PARTS_BYTES_MAX {
                self.find(ctx, Kind::PartsDiffer, index, "the list before a record is too long");
                self.clear_pending();
                return;
            }
            self.pending.push((entry.to_vec(), record));
            return;
        }
        match record {
            Record::Batch(batch) => self.batch(ctx, index, batch),
            Record::Commit(commit) => self.commit(ctx, index, &commit),
            Record::Act(act) => self.act(ctx, index, act),
            Record::Beat(beat) => {
                self.runs.beat(ctx, &self.findings, index, &beat);
            }
            Record::Audit(_) => self.find(ctx, Kind::AuditUnjudged, index, ""),
            Record::Extern(_) | Record::Receipt(_) | Record::Files(_) => {}
        }
        if !self.pending.is_empty() {
            let count = self.pending.len();
            let detail = format!("{count} entries of a list stand before another record");
            self.find(ctx, Kind::PartsDiffer, index, detail);
            self.clear_pending();
        }
    }

    /// Says what can only be said at the end.
    pub(super) fn finish(&mut self, ctx: &Context<'_>) {
        if !self.pending.is_empty() {
            let last = self.entries.saturating_sub(1);
            self.find(ctx, Kind::PartsDiffer, last, "a list without its record");
            self.clear_pending();
        }
        runs::judge_end(ctx, &self.findings, self.time_range);
    }

    fn clear_pending(&mut self) {
        self.pending.clear();
        self.pending_bytes = 0;
    }

    fn take_time(&mut self, ctx: &Context<'_>, index: u64, at_micros: i64) {
        let (first, latest) = self.time_range.unwrap_or((at_micros, at_micros));
        if at_micros < latest.saturating_sub(ctx.options.clock_tolerance_micros) {
            let detail = format!(
                "{}, after {}",
                super::report::shown(at_micros),
                super::report::shown(latest)
            );
            self.find(ctx, Kind::TimeBackwards, index, detail);
        }
        self.time_range = Some((first, latest.max(at_micros)));
    }

    /// Takes the pending lists if they are those that a record names.
    fn take_parts(&mut self, ctx: &Context<'_>, index: u64, parts: Parts) -> Option<Vec<Record>> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let entries: Vec<&[u8]> = pending.iter().map(|(entry, _)| &entry[..]).collect();
        if Parts::of(&entries) == parts {
            return Some(pending.into_iter().map(|(_, record)| record).collect());
        }
        let detail = format!("{} entries stand before it, it names {}", entries.len(), parts.count);
        self.find(ctx, Kind::PartsDiffer, index, detail);
        None
    }

    fn batch(&mut self, ctx: &Context<'_>, index: u64, batch: Batch) {
        let number = batch.batch;
        let parts = self.take_parts(ctx, index, batch.receipts);
        if self.by_number.contains_key(&number) {
            return self.find(ctx, Kind::BatchTwice, index, format!("batch {number}"));
        }
        let receipts = parts.unwrap_or_default();
        let mut commitment = None;
        let begin = self.requests.len();
        let mut position = 0_u32;
        for (part, record) in (0..).zip(receipts) {
            let Record::Receipt(receipt) = record else {
                self.find(ctx, Kind::PartsDiffer, index, "a list of files before a batch");
                continue;
            };
            let seed = *commitment.get_or_insert(receipt.seed);
            if (receipt.batch, receipt.part, receipt.seed) != (number, part, seed) {
                self.find(ctx, Kind::PartsDiffer, index, "a receipt of another batch or part");
            }
            self.receipt(ctx, index, &batch, receipt, &mut position);
        }
        if position != batch.positions {
            let detail = format!("its receipts hold {position} events, it has {}", batch.positions);
            self.find(ctx, Kind::BatchSums, index, detail);
        }
        let mut before = 0;
        let dropped = batch.dropped.runs().map(|run| {
            let one = (run.start, run.end, before);
            before += run.end - run.start;
            one
        });
        let dropped = dropped.collect();
        let requests = begin..self.requests.len();
        self.by_number.insert(number, self.batches.len() as u32);
        let salts = None;
        self.batches.push(BatchState {
            record: batch,
            index,
            commitment,
            requests,
            salts,
            dropped,
        });
    }

    fn receipt(
        &mut self,
        ctx: &Context<'_>,
        index: u64,
        batch: &Batch,
        receipt: Receipt,
        position: &mut u32,
    ) {
        for request in receipt.requests {
            let source = (batch.dataset.clone(), request.source.clone());
            let next = request.first.saturating_add(request.count.into());
            let expected = self.next_of_source.insert(source, next);
            let expected = expected.unwrap_or(request.first);
            let whose = || {
                let (source, first) = (&request.source, request.first);
                format!("source `{source}` goes on at {first}, {expected} was to come")
            };
            if request.first > expected {
                self.find(ctx, Kind::SequenceGap, index, whose());
            } else if request.first < expected {
                self.find(ctx, Kind::SequenceOverlap, index, whose());
            }
            let end = position.saturating_add(request.count);
            let dropped = batch.dropped.runs().fold(0, |sum, run| {
                sum + run.end.min(end).saturating_sub(run.start.max(*position))
            });
            if dropped != request.duplicates {
                let detail =
                    format!("{} dropped events of a request, {dropped} marked", request.duplicates);
                self.find(ctx, Kind::BatchSums, index, detail);
            }
            let delivered = Delivered {
                source: request.source,
                format: request.format,
                parser_version: request.parser_version,
                path: request.path,
                zone_offset_seconds: request.zone_offset_seconds,
                header: request.header,
            };
            let delivery = self.intern(delivered);
            self.requests.push(RequestState {
                first_position: *position,
                count: request.count,
                received: (request.received_first_micros, request.received_last_micros),
                delivery,
            });
            *position = end;
        }
    }

    fn intern(&mut self, delivered: Delivered) -> u32 {
        if let Some(known) = self.known_deliveries.get(&delivered) {
            return *known;
        }
        let at = self.deliveries.len() as u32;
        let delivered = Arc::new(delivered);
        self.deliveries.push(delivered.clone());
        self.known_deliveries.insert(delivered, at);
        at
    }

    fn commit(&mut self, ctx: &Context<'_>, index: u64, commit: &Commit) {
        let parts = self.take_parts(ctx, index, commit.files);
        let mut changes: Vec<FileChange> = Vec::new();
        let known = parts.is_some();
        for (part, record) in (0..).zip(parts.unwrap_or_default()) {
            let Record::Files(files) = record else {
                self.find(ctx, Kind::PartsDiffer, index, "a receipt before a commit");
                continue;
            };
            let named = (files.table.as_str(), files.version, files.part);
            if named != (commit.table.as_str(), commit.version, part) {
                self.find(ctx, Kind::PartsDiffer, index, "files of another commit or part");
            }
            changes.extend(files.changes);
        }
        self.commits.take(ctx, &self.findings, index, commit, known.then_some(changes));
    }

    fn act(&mut self, ctx: &Context<'_>, index: u64, act: Act) {
        match act.deed {
            Deed::Start { run, .. } => {
                self.runs.start(ctx, &self.findings, index, run, act.at_micros);
            }
            Deed::Stop { run } => {
                self.runs.stop(ctx, &self.findings, index, &run, act.at_micros);
            }
            Deed::Key { key, .. } => match key.parse() {
                Ok(key) => self.keys.push((index, key)),
                Err(error) => self.find(ctx, Kind::RecordForm, index, error.to_string()),
            },
            Deed::Erase { batch, positions, leaves, .. } => {
                if positions.len() != leaves.len() {
                    self.find(ctx, Kind::RecordForm, index, "not one leaf for each erased event");
                }
                let erased = self.erased.entry(batch).or_default();
                erased.extend(positions.into_iter().zip(leaves));
            }
            Deed::Expire { batches, .. } => self.expired.extend(batches),
            Deed::Renumber {} => self.next_of_source.clear(),
            Deed::Config { .. } | Deed::Hold { .. } | Deed::Release { .. } | Deed::Other { .. } => {
            }
        }
    }
}
