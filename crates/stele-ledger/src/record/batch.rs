//! Batches: what was acknowledged, and to whom.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Parts, Record, spread};
use crate::Error;
use crate::hash::Hash;
use crate::salt::POSITIONS_MAX;

/// The name of a dataset is at most this long, in bytes.
pub(super) const DATASET_BYTES_MAX: usize = 255;

/// Events that were acknowledged together. Field order is the order in the entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// When it was closed, in microseconds since the epoch.
    #[serde(rename = "at")]
    pub at_micros: i64,
    /// Its number: writer ≪ 40 | sequence.
    pub batch: i64,
    /// The dataset of its events.
    pub dataset: String,
    /// How many positions were given out.
    #[serde(rename = "n")]
    pub positions: u32,
    /// How many of them are stored: all but those that were dropped.
    pub stored: u32,
    /// The positions whose events were there before, byte for byte, under an earlier address.
    pub dropped: Dropped,
    /// The root over the leaves of the stored events, by position.
    pub root: Hash,
    /// The receipts directly before it.
    pub receipts: Parts,
}

impl Batch {
    /// All entries of a batch: its receipts, then itself. Sets `receipts`.
    ///
    /// # Errors
    /// Where the requests do not add up to the batch.
    pub fn entries(&mut self, seed: Hash, requests: &[Request]) -> Result<Vec<Vec<u8>>, Error> {
        let sent: u64 = requests.iter().map(|request| u64::from(request.count)).sum();
        let duplicates: u64 = requests.iter().map(|request| u64::from(request.duplicates)).sum();
        let dropped = u64::from(self.positions) - u64::from(self.stored.min(self.positions));
        if sent != u64::from(self.positions) || duplicates != dropped {
            let reason = format!("its requests hold {sent} events and {duplicates} duplicates");
            return Err(Error::malformed("batch", reason));
        }
        let (at_micros, batch) = (self.at_micros, self.batch);
        let mut entries = spread(requests, |part, requests| {
            Record::Receipt(Receipt { at_micros, batch, part, seed, requests })
        })?;
        self.receipts = Parts::of(&entries);
        entries.push(Record::Batch(self.clone()).encode()?);
        Ok(entries)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = |reason: String| Err(Error::malformed("batch", reason));
        if self.batch < 0 || self.at_micros < 0 {
            return wrong(format!("number {} and time {} are signed", self.batch, self.at_micros));
        }
        if self.dataset.len() > DATASET_BYTES_MAX {
            let (bytes, bytes_max) = (self.dataset.len(), DATASET_BYTES_MAX);
            return Err(Error::TooLong { what: "the name of a dataset", bytes, bytes_max });
        }
        if self.positions > POSITIONS_MAX {
            let (value, limit) = (self.positions.into(), u64::from(POSITIONS_MAX) + 1);
            return Err(Error::OutOfRange { what: "number of positions", value, limit });
        }
        let dropped = self.dropped.check(self.positions)?;
        if dropped + self.stored == self.positions {
            return Ok(());
        }
        wrong(format!("{} stored, {dropped} dropped of {}", self.stored, self.positions))
    }

    /// The place of a position among the leaves under `root`, if its event is stored.
    pub fn leaf_index(&self, position: u32) -> Option<u32> {
        if position < self.positions { self.dropped.leaf_index(position) } else { None }
    }
}

/// Positions that were dropped: runs, each as the gap before it and its length.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dropped(pub(crate) Vec<u32>);

impl Dropped {
    /// Those of rising positions.
    pub fn from_positions(positions: impl IntoIterator<Item = u32>) -> Self {
        let mut runs: Vec<u32> = Vec::new();
        let mut end = 0;
        for position in positions {
            match runs.last_mut() {
                Some(length) if position == end => *length += 1,
                _ => runs.extend([position.saturating_sub(end), 1]),
            }
            end = position.saturating_add(1);
        }
        Self(runs)
    }

    /// The runs.
    pub fn runs(&self) -> impl Iterator<Item = Range<u32>> + '_ {
        let mut end = 0_u32;
        self.0.chunks_exact(2).map(move |run| {
            let begin = end.saturating_add(run[0]);
            end = begin.saturating_add(run[1]);
            begin..end
        })
    }

    fn leaf_index(&self, position: u32) -> Option<u32> {
        let mut before = 0;
        for run in self.runs().take_while(|run| run.start <= position) {
            if run.contains(&position) {
                return None;
            }
            before += run.end - run.start;
        }
        Some(position - before)
    }

    /// Checks that runs are in order, apart from each other and below a limit; gives their sum.
    fn check(&self, positions: u32) -> Result<u32, Error> {
        let wrong = || Error::malformed("list of dropped positions", format!("{:?}", self.0));
        let mut end = 0_u32;
        for (at, run) in self.0.chunks(2).enumerate() {
            let [gap, length] = *run else { return Err(wrong()) };
            end = end.checked_add(gap).and_then(|e| e.checked_add(length)).ok_or_else(wrong)?;
            if length == 0 || (gap == 0 && at > 0) || end > positions {
                return Err(wrong());
            }
        }
        Ok(self.count())
    }

    /// How many positions they are.
    pub fn count(&self) -> u32 {
        self.0.chunks_exact(2).fold(0, |sum, run| sum.saturating_add(run[1]))
    }
}

/// A part of the list of requests of the batch that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// When the batch was closed, in microseconds since the epoch.
    #[serde(rename = "at")]
    pub at_micros: i64,
    /// The batch.
    pub batch: i64,
    /// Which part it is, from 0.
    pub part: u32,
    /// The commitment to the seed of the batch's salts.
    pub seed: Hash,
    /// The requests, in the order of their positions.
    pub requests: Vec<Request>,
}

/// One payload that was received. Its events have the next `count` positions of the batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who delivered it; empty where nobody was named.
    pub source: String,
    /// The address that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The format by which it was split.
    pub format: String,
    /// The version of that format.
    #[serde(rename = "parser")]
    pub parser_version: i32,
    /// The file path or object key that it came from. This, the zone and the header are what the
    /// columns are derived from beside the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The zone that was assumed where a time names none, in seconds east of UTC.
    #[serde(rename = "zone", default, skip_serializing_if = "is_zero")]
    pub zone_offset_seconds: i32,
    /// What the splitter found before the events and they are read by, such as names of columns.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub header: String,
    /// The number of its first event among all of this source: without gaps within a dataset.
    pub first: u64,
    /// How many events it held.
    #[serde(rename = "n")]
    pub count: u32,
    /// How many of them were dropped.
    #[serde(rename = "dup")]
    pub duplicates: u32,
    /// When its first byte was received, in microseconds since the epoch.
    #[serde(rename = "from")]
    pub received_first_micros: i64,
    /// When its last byte was received.
    #[serde(rename = "to")]
    pub received_last_micros: i64,
    /// SHA-256 of the file that it came from, as it lay there. Bodies of requests have none: every
    /// event of theirs is a leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Hash>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde hands over")]
fn is_zero(number: &i32) -> bool {
    *number == 0
}
