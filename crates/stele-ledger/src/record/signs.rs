//! Signs of life, what others have proven, and the use of Stele itself.

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

/// A sign of life: in a run there is one at least every minute, so that silence is a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// When, in microseconds since the epoch.
    #[serde(rename = "at")]
    pub at_micros: i64,
    /// The run of the server.
    pub run: String,
    /// Its number in this run, from 1 without gaps.
    pub beat: u64,
    /// Events that were acknowledged in this run.
    pub events: u64,
    /// The last sequence number of the write-ahead log.
    pub sequence: u64,
    /// What the write-ahead log holds that is not in the table yet, in bytes.
    #[serde(rename = "backlog")]
    pub backlog_bytes: u64,
    /// The version of the table.
    pub version: u64,
}

/// What somebody else has proven, as it was first seen: a CloudTrail digest, a foreign checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extern {
    /// When it was first seen, in microseconds since the epoch.
    #[serde(rename = "at")]
    pub at_micros: i64,
    /// Who proves: `cloudtrail-digest`, `tlog-checkpoint`.
    pub prover: String,
    /// Where it was: a URL, an object's key.
    pub name: String,
    /// SHA-256 of its bytes, decoded.
    pub sha256: Hash,
    /// Its length, decoded.
    pub bytes: u64,
    /// Its signature as it was given, if it came beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// Events about the use of Stele: who searched, exported, changed what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// When they were closed, in microseconds since the epoch.
    #[serde(rename = "at")]
    pub at_micros: i64,
    /// The batch that their rows name.
    pub batch: i64,
    /// The number of the first among all audit events of this ledger: without gaps.
    pub first: u64,
    /// How many there are.
    #[serde(rename = "n")]
    pub count: u32,
    /// The root over their leaves, by position.
    pub root: Hash,
    /// The commitment to the seed of their salts.
    pub seed: Hash,
}
