//! Acts: what was done with the server and its data.

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// When, in microseconds since the epoch.
    #[serde(rename = "at")]
    pub at_micros: i64,
    /// Who did it; `stele` for what happens by itself.
    pub by: String,
    /// What was done.
    #[serde(rename = "act")]
    pub deed: Deed,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Deed {
    /// The server started. A start without the stop of the run before means a crash.
    Start {
        /// The number of this run, drawn at random.
        run: String,
        /// The version of the program.
        version: String,
    },
    /// The server stopped in good order.
    Stop {
        /// The number of the run.
        run: String,
    },
    /// A key signs from here on. The checkpoint over this entry is signed by the key before.
    Key {
        /// The verifier key.
        key: String,
        /// The key that it takes the place of; none for the first, or one beside it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
    },
    /// A setting changed.
    Config {
        /// Which.
        name: String,
        /// SHA-256 of what it was; none where it is new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Hash>,
        /// SHA-256 of what it is; none where it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Hash>,
    },
    /// Events were erased for a legal reason; their leaves stay, so that the rest verifies.
    Erase {
        /// The order's own number.
        order: String,
        /// Who approved it.
        approvers: Vec<String>,
        /// The batch that they were in.
        batch: i64,
        /// Their positions, rising.
        positions: Vec<u32>,
        /// Their leaf hashes, in the same order.
        leaves: Vec<Hash>,
    },
    /// Batches went because their time was over.
    Expire {
        /// The policy's name.
        policy: String,
        /// Runs of batch numbers, each first and last.
        batches: Vec<(i64, i64)>,
    },
    /// Data must not go until the hold is released.
    Hold {
        /// The hold's name.
        hold: String,
        /// What it covers, as the policy writes it.
        scope: String,
    },
    /// A hold ended.
    Release {
        /// The hold's name.
        hold: String,
    },
    /// The numbers of all sources begin anew: there were more than the writer can remember.
    Renumber {},
    /// Anything else that is to be on record: a role, an export, a break-glass access.
    Other {
        /// What kind.
        kind: String,
        /// What exactly.
        detail: String,
    },
}
