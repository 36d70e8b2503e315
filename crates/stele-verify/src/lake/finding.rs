//! Findings: every kind that there is, how grave it is, and what it means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::verdict::{Severity, kinds};

kinds! {
    CheckpointMissing, "checkpoint-missing", Difference,
        "The ledger has no checkpoint: nothing here is signed.";
    CheckpointForm, "checkpoint-form", Difference,
        "The checkpoint is not a signed note in the form of a checkpoint.";
    CheckpointUnsigned, "checkpoint-unsigned", Difference,
        "Neither a key that was given nor one that such a key announced has signed the checkpoint.";
    CheckpointSignature, "checkpoint-signature", Difference,
        "The signature under the checkpoint is wrong: its text was changed, or the signature was.";
    CheckpointOrigin, "checkpoint-origin", Difference,
        "The checkpoint is of another log.";
    CheckpointExtension, "checkpoint-extension", Incomplete,
        "The checkpoint has lines whose meaning this version does not know.";
    WitnessMissing, "witness-missing", Difference,
        "Fewer witnesses have signed than the policy asks for: neither the checkpoint nor any that \
         was kept.";
    WitnessSignature, "witness-signature", Difference,
        "The signature of a witness under a checkpoint is wrong.";
    WitnessBehind, "witness-behind", Incomplete,
        "What was recorded last was not witnessed within the time that it may take: nobody but who \
         has the key vouches for it.";
    Rollback, "rollback", Difference,
        "A longer ledger was signed before: the end of this one was cut off.";
    Fork, "fork", Difference,
        "The ledger had another content when this checkpoint was signed: its past was rewritten.";
    ArchiveForm, "archive-form", Difference,
        "A kept checkpoint is damaged, or is not the one that its name says.";
    ArchiveSignature, "archive-signature", Difference,
        "A kept checkpoint is not signed by a key of this log.";
    AnchorsEmpty, "anchors-empty", Incomplete,
        "The folder of anchors holds no checkpoint to compare with.";
    EntriesMissing, "entries-missing", Difference,
        "Entries that the checkpoint counts are not there.";
    EntriesForm, "entries-form", Difference,
        "A bundle of entries is cut short, damaged, or holds another number of them.";
    EntryChanged, "entry-changed", Difference,
        "The entry is not the one that was signed.";
    RootDiffers, "root-differs", Difference,
        "The entries and the tiles fit together, but not under the root that is in the checkpoint.";
    TileMissing, "tile-missing", Difference,
        "A tile of hashes that a proof would need is not there.";
    TileDiffers, "tile-differs", Difference,
        "The hashes in the tile are not those of the entries.";
    LedgerForeign, "ledger-foreign", Note,
        "A file in the ledger's folder is no part of it, and was not read.";
    RecordForm, "record-form", Difference,
        "The entry is no record in the one form that there is.";
    RecordNewer, "record-newer", Incomplete,
        "The entry was written by a newer version and was not judged.";
    PartsDiffer, "parts-differ", Difference,
        "The lists before the record are not those that it names.";
    TimeBackwards, "time-backwards", Difference,
        "The entry is dated before one that stands earlier in the ledger.";
    BatchTwice, "batch-twice", Difference,
        "The batch was recorded before.";
    BatchSums, "batch-sums", Difference,
        "The receipts of the batch do not add up to it.";
    SequenceGap, "sequence-gap", Difference,
        "Events of the source are missing between this request and the one before.";
    SequenceOverlap, "sequence-overlap", Difference,
        "The request counts events of the source that an earlier one has counted already.";
    Silence, "silence", Difference,
        "A running server gave no sign of life for longer than it may.";
    BeatGap, "beat-gap", Difference,
        "The signs of life of a run are not numbered one after the other.";
    RunOrder, "run-order", Difference,
        "Starts, stops and signs of life do not fit together.";
    SilentAtEnd, "silent-at-end", Difference,
        "The ledger ends before the time up to which it was to be verified.";
    CrashGap, "crash-gap", Note,
        "The server ended without a stop; nothing was recorded until it started again.";
    Stopped, "stopped", Note,
        "The server was stopped and started again.";
    SeedMissing, "seed-missing", Difference,
        "The seed of the batch's salts is not there: its events cannot be compared.";
    SeedDiffers, "seed-differs", Difference,
        "The seed of the batch's salts is not the one that the receipt commits to.";
    VersionGap, "version-gap", Difference,
        "The recorded versions of the table are not one after the other.";
    CoversBackwards, "covers-backwards", Difference,
        "The commit covers less of the write-ahead log than the one before.";
    CommitReplay, "commit-replay", Difference,
        "The commit adds a file that is there already, or removes one that is not.";
    CommitReason, "commit-reason", Difference,
        "What the commit does to files is not what its reason allows.";
    CommitRows, "commit-rows", Difference,
        "A compaction wrote another number of rows than it read.";
    CommitFileMissing, "commit-file-missing", Difference,
        "The file of a commit is gone from the table's log.";
    CommitFileDiffers, "commit-file-differs", Difference,
        "The file of a commit in the table's log is not the one that was recorded.";
    CommitContent, "commit-content", Difference,
        "The ledger and the table's log tell different things of the same commit.";
    CommitUnlogged, "commit-unlogged", Difference,
        "A commit stands in the table's log and not in the ledger.";
    SignerAway, "signer-away", Incomplete,
        "The writer says that nobody signs for it since then: what was stored since is not in the \
         ledger, and nothing vouches for it.";
    CommitPending, "commit-pending", Incomplete,
        "A commit that was announced or could not be signed is not in the ledger yet, so that \
         nothing vouches for it.";
    FileMissing, "file-missing", Difference,
        "A file of the table is gone.";
    FileSize, "file-size", Difference,
        "A file of the table has another length than was recorded.";
    FileHash, "file-hash", Difference,
        "A file of the table is not the one that was recorded; its rows were not read.";
    FileUnlogged, "file-unlogged", Difference,
        "A file among those of the table was never recorded.";
    FileChanging, "file-changing", Incomplete,
        "What was looked for came or went while the folder was verified.";
    FileReplaced, "file-replaced", Note,
        "Files that a compaction replaced are still there; they are no part of the table any more.";
    DeltaDerived, "delta-derived", Note,
        "Files that readers of the table derive from its log; nobody has signed them.";
    DeltaCheckpoint, "delta-checkpoint", Difference,
        "A checkpoint of the table's log lists other files than its commits come to: readers that \
         begin with it see another table.";
    FileForm, "file-form", Difference,
        "The file is the recorded one, but no Parquet file that can be read.";
    FileSchema, "file-schema", Difference,
        "A column that every row needs is missing in the file, or is of another type.";
    FileRows, "file-rows", Difference,
        "The file holds another number of rows than was recorded.";
    RowAddress, "row-address", Difference,
        "A row has no address.";
    RowForeign, "row-foreign", Difference,
        "A row names a batch that was never recorded.";
    RowUnrecorded, "row-unrecorded", Incomplete,
        "Rows belong to a batch that is newer than the checkpoint: nothing vouches for them.";
    RowPosition, "row-position", Difference,
        "A row has a position that its batch does not have, or whose event was not stored.";
    RowTwice, "row-twice", Difference,
        "The same event is there twice.";
    RowMissing, "row-missing", Difference,
        "Events that were acknowledged are gone.";
    RowNotHere, "row-not-here", Incomplete,
        "Events are not in the table yet, and the write-ahead log is not here to look.";
    RowUnread, "row-unread", Incomplete,
        "Events of the batch may be in a file that could not be read.";
    RowErased, "row-erased", Difference,
        "An event that was erased is there.";
    RowExpired, "row-expired", Difference,
        "An event whose time was over is there.";
    RowPartition, "row-partition", Difference,
        "A row lies in a file of another dataset or day than its own.";
    RowTime, "row-time", Difference,
        "A row was received outside of the time that its receipt states.";
    BatchRoot, "batch-root", Difference,
        "The events of the batch are not those that were acknowledged: one of them was changed.";
    ColumnDiffers, "column-differs", Difference,
        "A column does not hold what the bytes of the event say.";
    ColumnUnknown, "column-unknown", Note,
        "The file has a column that this version does not know, and that was not judged.";
    NotRederived, "not-rederived", Note,
        "Columns were not derived again: another version of the format has filled them.";
    AuditUnjudged, "audit-unjudged", Incomplete,
        "The entry speaks of events about the use of Stele, which this version does not judge.";
    WalDamaged, "wal-damaged", Difference,
        "What had been acknowledged cannot be read any more in the write-ahead log.";
    WalUnrecorded, "wal-unrecorded", Note,
        "The write-ahead log holds events that are newer than the checkpoint.";
    CopyUnread, "copy-unread", Incomplete,
        "The tar is damaged or cut short: what it would have held is not known, and nothing of it was \
         verified.";
    Unreadable, "unreadable", Incomplete,
        "A file or a folder could not be read.";
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// How grave it is.
    pub severity: Severity,
    /// The file, from the folder that was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What in it: an entry, a batch, an event's address, a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// What the kind means, in one sentence.
    pub meaning: &'static str,
    /// What is special here.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Finding {
    pub(crate) fn new(kind: Kind) -> Self {
        let (severity, meaning) = (kind.severity(), kind.meaning());
        Self { kind, severity, object: None, record: None, meaning, detail: String::new() }
    }

    pub(crate) fn object(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    pub(crate) fn record(mut self, record: impl Into<String>) -> Self {
        self.record = Some(record.into());
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Collects findings from all threads: all are counted, and of each kind the first are kept, in
/// an order that does not depend on which thread was faster.
#[derive(Debug)]
pub(crate) struct Findings {
    per_kind_max: usize,
    kept: Mutex<BTreeMap<Kind, (u64, BTreeSet<Finding>)>>,
}

impl Findings {
    pub(crate) fn new(per_kind_max: usize) -> Self {
        Self { per_kind_max, kept: Mutex::default() }
    }

    pub(crate) fn find(&self, finding: Finding) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, list) = kept.entry(finding.kind).or_default();
        *count += 1;
        list.insert(finding);
        if list.len() > self.per_kind_max {
            list.pop_last();
        }
    }

    /// Whether there is one of a kind.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&kind)
    }

    /// Takes over what another collector holds.
    pub(crate) fn absorb(&self, other: Self) {
        let other = other.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (kind, (count, list)) in other {
            let extra = count - list.len() as u64;
            for finding in list {
                self.find(finding);
            }
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry(kind).or_default().0 += extra;
        }
    }

    /// The findings, the gravest first, and how many of each kind there are.
    pub(crate) fn finish(self) -> (Vec<Finding>, BTreeMap<Kind, u64>) {
        let kept = self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        let counts = kept.iter().map(|(kind, (count, _))| (*kind, *count)).collect();
        let mut list: Vec<_> = kept.into_values().flat_map(|(_, list)| list).collect();
        list.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        (list, counts)
    }
}
