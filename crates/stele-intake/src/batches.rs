//! Ledger batches in the making: from the bytes of the rows to what the ledger records of them.
//!
//! Rows flow in as the writer hands them on, in the order of the write-ahead log; what flows out,
//! to a [`BatchLog`], is one [`ClosedBatch`] for each batch that is closed and durable. A replay
//! goes the same way and leads to the same roots, for the seed of the salts stands in the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use stele_event::{Column, RowView};
use stele_ledger::hash::{Hash, root_of};
use stele_ledger::record::{Batch, Dropped, Parts, Request};
use stele_ledger::salt::{SaltKey, event_leaf};

use crate::pipeline::DurableRows;
use crate::wal::record::{Placement, Receipt};

/// A longer context of a splitter is left out of the receipt, in bytes, and so is one with control
/// characters: a record of the ledger has a limit, and they are written long. Columns that are
/// derived by it can then not be derived again from the ledger alone.
const HEADER_BYTES_MAX: usize = 16 << 10;

/// Where closed batches are recorded.
pub trait BatchLog: Send + Sync + std::fmt::Debug {
    /// Whether the batch is on record already. Asked at a replay.
    fn has(&self, batch: i64) -> bool;

    /// Records a batch. It becomes durable later; until then it can be had again from the
    /// write-ahead log.
    fn record(&self, closed: ClosedBatch);

    /// Why nothing more can be taken, if so: what is acknowledged must come on record.
    fn problem(&self) -> Option<String>;
}

/// A batch that is complete and durable in the write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedBatch {
    /// Its record, without the receipts.
    pub batch: Batch,
    /// Who sent its events, in the order of their positions; the sources' numbers are still 0.
    pub requests: Vec<Request>,
    /// The seed of its salts.
    pub seed: [u8; 32],
}

/// Batches that are open.
#[derive(Debug)]
pub(crate) struct Batches {
    log: Arc<dyn BatchLog>,
    open: BTreeMap<i64, Open>,
}

#[derive(Debug)]
struct Open {
    dataset: String,
    seed: [u8; 32],
    salts: SaltKey,
    positions: u32,
    leaves: Vec<Hash>,
    dropped: Vec<u32>,
    requests: Vec<Request>,
    first_sequence: u64,
}

impl Batches {
    pub(crate) fn new(log: Arc<dyn BatchLog>) -> Self {
        Self { log, open: BTreeMap::new() }
    }

    pub(crate) fn problem(&self) -> Option<String> {
        self.log.problem()
    }

    /// Adds the rows of a payload to their batch.
    pub(crate) fn add(
        &mut self,
        sequence: u64,
        receipt: &Receipt,
        header: &[u8],
        placement: &Placement,
        rows: &DurableRows,
    ) {
        if !self.open.contains_key(&placement.batch) {
            if self.log.has(placement.batch) {
                return;
            }
            let Some(seed) = placement.salt_seed else {
                // The log is damaged where the batch began, which its opening has told.
                tracing::error!(batch = placement.batch, "a batch cannot come on record");
                return;
            };
            let dataset = receipt.dataset.clone();
            self.open.insert(placement.batch, Open::new(dataset, seed, sequence));
        }
        let Some(open) = self.open.get_mut(&placement.batch) else { return };
        let count = rows.events.rows() as u32;
        if count == 0 {
            return;
        }
        let first = placement.first_pos as u32;
        if first != open.positions {
            tracing::error!(batch = placement.batch, first, "a batch cannot come on record");
            return;
        }
        let before = open.dropped.len();
        for (index, salt) in (0..).zip(open.salts.salts(first..first + count)) {
            let is_kept = rows.keep.as_ref().is_none_or(|keep| keep[index]);
            if !is_kept {
                open.dropped.push(first + index as u32);
                continue;
            }
            let row = rows.events.get(index);
            let raw = row.bytes(Column::Raw).unwrap_or_default();
            // A key of which nothing was punctured has every salt.
            open.leaves.push(event_leaf(&salt.unwrap_or_default(), raw));
        }
        open.positions += count;
        let duplicates = (open.dropped.len() - before) as u32;
        open.requests.push(request(receipt, header, count, duplicates));
    }

    /// Closes a batch and hands it to the log.
    pub(crate) fn close(&mut self, batch: i64, at_micros: i64) {
        let Some(open) = self.open.remove(&batch) else { return };
        if open.positions == 0 {
            return;
        }
        self.log.record(ClosedBatch {
            batch: Batch {
                at_micros,
                batch,
                dataset: open.dataset,
                positions: open.positions,
                stored: open.leaves.len() as u32,
                dropped: Dropped::from_positions(open.dropped),
                root: root_of(&open.leaves),
                receipts: Parts::default(),
            },
            requests: open.requests,
            seed: open.seed,
        });
    }

    /// Closes all that are open: at the end of a replay, and at a stop.
    pub(crate) fn close_all(&mut self, at_micros: i64) {
        let open: Vec<i64> = self.open.keys().copied().collect();
        for batch in open {
            self.close(batch, at_micros);
        }
    }

    /// Up to which sequence number of the write-ahead log every batch was handed to the log.
    pub(crate) fn recorded_to(&self, last_sequence: u64) -> u64 {
        let open = self.open.values().map(|open| open.first_sequence - 1).min();
        open.unwrap_or(last_sequence)
    }
}

impl Open {
    fn new(dataset: String, seed: [u8; 32], first_sequence: u64) -> Self {
        Self {
            dataset,
            seed,
            salts: SaltKey::from_seed(seed),
            positions: 0,
            leaves: Vec::new(),
            dropped: Vec::new(),
            requests: Vec::new(),
            first_sequence,
        }
    }
}

fn request(receipt: &Receipt, header: &[u8], count: u32, duplicates: u32) -> Request {
    let is_long = |letter: char| letter.is_control() && !letter.is_ascii_whitespace();
    let fits = |text: &&str| text.len() <= HEADER_BYTES_MAX && !text.contains(is_long);
    let header = std::str::from_utf8(header).ok().filter(fits);
    // Version 0 of a parser says that the columns cannot be derived again.
    let parser_version = header.map_or(0, |_| receipt.format_version);
    let content = receipt.origin.as_ref().and_then(|origin| Hash::from_hex(&origin.content_sha256));
    Request {
        source: receipt.source.clone().unwrap_or_default(),
        peer: receipt.peer.clone(),
        format: receipt.format.clone(),
        parser_version,
        path: receipt.path.clone(),
        zone_offset_seconds: receipt.zone_offset_seconds,
        header: header.unwrap_or_default().to_owned(),
        first: 0,
        count,
        duplicates,
        received_first_micros: receipt.received_micros,
        received_last_micros: receipt.received_micros,
        sha256: content,
    }
}
