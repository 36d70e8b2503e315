//! Commits: every file of the table, and why it came or went.

use serde::{Deserialize, Serialize};

use super::{Parts, Record, spread};
use crate::Error;
use crate::hash::Hash;

/// A commit to the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// When it was made, in microseconds since the epoch.
    #[serde(rename = "at")]
    pub at_micros: i64,
    /// The table.
    pub table: String,
    /// The table's version after it.
    pub version: u64,
    /// SHA-256 of the commit's file in the table's own log.
    pub sha256: Hash,
    /// The write-ahead log's sequence number up to which the table holds everything.
    pub covers: u64,
    /// Why it was made.
    pub reason: Reason,
    /// The lists of files directly before it.
    pub files: Parts,
}

impl Commit {
    /// All entries of a commit: its files, then itself. Sets `files`.
    pub fn entries(&mut self, changes: &[FileChange]) -> Result<Vec<Vec<u8>>, Error> {
        let (at_micros, version) = (self.at_micros, self.version);
        let mut entries = spread(changes, |part, changes| {
            Record::Files(Files { at_micros, table: self.table.clone(), version, part, changes })
        })?;
        self.files = Parts::of(&entries);
        entries.push(Record::Commit(self.clone()).encode()?);
        Ok(entries)
    }
}

/// Why a commit was made, which says what must be true of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// New events: nothing is removed.
    Flush,
    /// The rows of the removed files are those of the added ones.
    Compact,
    /// The same, without the rows that an act names.
    Erase,
    /// Files go whose age an act names; nothing is added.
    Expire,
    /// Columns or settings of the table: no file comes or goes.
    Schema,
}

/// A part of the list of files of the commit that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// When the commit was made, in microseconds since the epoch.
    #[serde(rename = "at")]
    pub at_micros: i64,
    /// The table.
    pub table: String,
    /// The table's version after the commit.
    pub version: u64,
    /// Which part it is, from 0.
    pub part: u32,
    /// What changed.
    pub changes: Vec<FileChange>,
}

/// A file that came or went. What a commit removes is what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum FileChange {
    /// It came.
    Add(File),
    /// It went; its path in the table.
    Remove(String),
}

/// A file of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path in the table.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
    /// Its length.
    pub bytes: u64,
    /// How many rows it holds.
    pub rows: u64,
}
