//! The product's own test of its proof: every way to tamper that is known, done and judged.
//!
//! [`lake`] takes a data folder, copies it, changes the copy in one way, and has `stele-verify`
//! look at it: the change must be found, and be called by its name. The folder is what the server
//! wrote, with its key; or one that is made here, without a server, so that the tests need none.
//! [`cloudtrail`] does the same with chains of CloudTrail digests, which are made and signed here.
//!
//! The tests of this crate and `stele selftest tamper` run one battery, this one. It writes in the
//! folder that it is given for its copies and nowhere else, and never in the folder it copies.
//!
//! A case is one change; [`Class`] is the list of what an attacker, a thief of the key or a faulty
//! program has in hand. [`Judged`] is what came of it.

pub mod cloudtrail;
mod error;
pub mod lake;

use serde::Serialize;

pub use error::Error;

/// What is tampered with, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Rows: their bytes, columns and addresses.
    Row,
    /// Files of the table.
    File,
    /// The table's own log, which its readers go by.
    Table,
    /// The write-ahead log: what is acknowledged and in no file yet.
    Log,
    /// The ledger's entries and hashes, and records that contradict each other.
    Ledger,
    /// The newest checkpoint.
    Checkpoint,
    /// Whoever has another key, or has stolen the ledger's.
    Keys,
    /// An older state in place of a newer one.
    Rollback,
    /// Two pasts.
    Fork,
    /// Erasure and expiry.
    Policy,
    /// A compactor that is wrong and puts its work honestly on record.
    Compactor,
    /// CloudTrail's digests and logs.
    CloudTrail,
}

impl Class {
    /// All of them, in the order of reports.
    pub const ALL: &[Self] = &[
        Self::Row,
        Self::File,
        Self::Table,
        Self::Log,
        Self::Ledger,
        Self::Checkpoint,
        Self::Keys,
        Self::Rollback,
        Self::Fork,
        Self::Policy,
        Self::Compactor,
        Self::CloudTrail,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::File => "file",
            Self::Table => "table",
            Self::Log => "log",
            Self::Ledger => "ledger",
            Self::Checkpoint => "checkpoint",
            Self::Keys => "keys",
            Self::Rollback => "rollback",
            Self::Fork => "fork",
            Self::Policy => "policy",
            Self::Compactor => "compactor",
            Self::CloudTrail => "cloudtrail",
        }
    }
}

/// What a case is about to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A change that must be found.
    Tampered,
    /// A change that nothing in the folder can tell, as the documents say. It must not be found:
    /// else the documents are wrong.
    Limit,
    /// What is in order: nothing must be found.
    Benign,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The class.
    pub class: Class,
    /// What was done.
    pub name: &'static str,
    /// What it is to show.
    pub purpose: Purpose,
    /// The kinds of findings that must be there; none where nothing must be found.
    pub expected: Vec<&'static str>,
    /// The kinds that were found, notes left out unless one was expected.
    pub found: Vec<&'static str>,
    /// Whether it came out as it must.
    pub as_expected: bool,
    /// Why the case could not be done; then it did not come out as it must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}
