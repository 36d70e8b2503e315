//! Data folders: sound ones, copies of them that are changed in one way, and what is found.

mod battery;
mod maker;
mod rows;
mod standard;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use battery::{Case, battery, judge};
use maker::Maker;
use stele_ledger::key::VerifierKey;

use crate::Error;

/// The columns of the flow logs that [`event`] makes.
pub const FLOW_HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport \
                               protocol packets bytes start end action log-status";

/// The bytes of an event of a source, the same for the same number: a line of a flow log where
/// `format` is `vpcflow`, else a call that CloudTrail logs, with an id of its own.
pub fn event(format: &str, source: &str, number: u64) -> Vec<u8> {
    maker::raw(format, number + 1_000 * source.len() as u64)
}

/// A sound data folder, with all that its server would know of it.
#[derive(Debug)]
pub struct Folder(Maker);

impl Folder {
    /// Opens the data folder of a server that does not run. It is read, and nothing else.
    ///
    /// The cases want of it: some 30 events in its first batch and some in its second, in one
    /// partition of two files or more; calls of CloudTrail with the source `trail`, and flow logs;
    /// dropped duplicates; a file that a compaction has replaced; a beat; a checkpoint in the
    /// archive; and events that are only in the write-ahead log.
    ///
    /// # Errors
    /// Where it is not sound.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Maker::open(folder).map(Self)
    }

    /// Makes one without a server, with the same in it.
    pub fn make(folder: &Path) -> Result<Self, Error> {
        standard::standard(folder).map(Self)
    }

    /// Makes a large one without a server, of cloud API calls of some 1.4 kB, to measure with.
    pub fn make_large(folder: &Path, events: u64) -> Result<Self, Error> {
        standard::large(folder, events).map(Self)
    }

    /// The verifier keys of its ledger.
    pub fn keys(&self) -> &[VerifierKey] {
        &self.0.keys
    }

    /// The address of an event in it.
    pub fn an_event(&self) -> Option<String> {
        let row = self.0.files.values().flatten().next()?;
        Some(format!("{}-{}", row.batch, row.pos))
    }
}
