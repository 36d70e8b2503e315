//! What a chain consists of, and what is left of it when it was walked.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use super::finding::Kind;
use super::names::Time;
use super::report::ChainReport;

/// A file that its name makes a digest of this chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) ended: Time,
    pub(crate) key: String,
    pub(crate) bucket: Option<String>,
    /// It lies behind the interval and is read only for what it says of the one before.
    pub(crate) behind: bool,
}

/// A digest that stands, and what it covers.
#[derive(Debug, Clone)]
pub(crate) struct Covered {
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) bucket: Option<String>,
    pub(crate) key: String,
}

/// What walking a chain gave.
pub(crate) struct Walked {
    pub(crate) report: ChainReport,
    /// By time.
    pub(crate) covered: Vec<Covered>,
    /// The names of all logs that it names.
    pub(crate) references: HashSet<[u8; 16]>,
}

/// The name of a log in [`Walked::references`].
pub(crate) fn reference(bucket: Option<&str>, key: &str) -> [u8; 16] {
    let name = format!("{}/{key}", bucket.unwrap_or_default());
    let hash: [u8; 32] = Sha256::digest(name).into();
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    short
}

/// Whether a chain was asked for, or is only read for the logs it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Yes,
    ForReferences,
}

/// What is wrong with a file, and what is special about it there.
pub(crate) type Wrong = Vec<(Kind, String)>;
