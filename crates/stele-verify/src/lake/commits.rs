//! Commits: each against its file in the table's log, and all together the files of the table.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use stele_ledger::hash::Hash;
use stele_ledger::record::{Commit, File, FileChange, Reason};

use super::finding::{Finding, Findings, Kind};
use super::{Context, delta_checkpoint};

/// The table that is verified.
const TABLE: &str = "events";
/// The file of a commit in the table's log is not longer than this.
pub(super) const COMMIT_BYTES_MAX: u64 = 256 << 20;
/// The tag under which a file's SHA-256 stands in the table's log.
const SHA256: &str = "stele.sha256";

/// A file of the table.
#[derive(Debug, Clone)]
pub(super) struct LiveFile {
    pub(super) file: File,
    /// The index of the entry that brought it.
    pub(super) index: u64,
    /// What the table's log says of it, where its commit file is the recorded one.
    pub(super) stated: Option<Stated>,
}

/// What the table's log says of a file beyond what the ledger does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) dataset: String,
    pub(super) day: String,
    /// The lowest and highest batch.
    pub(super) batches: Option<(i64, i64)>,
}

/// What all commits come to.
#[derive(Debug, Default)]
pub(super) struct Commits {
    pub(super) count: u64,
    /// The version that comes next.
    pub(super) next_version: u64,
    /// Up to which sequence number the table holds everything.
    pub(super) covers: u64,
    pub(super) live: BTreeMap<String, LiveFile>,
    /// Files that were there once and were replaced or deleted.
    pub(super) removed: BTreeSet<String>,
}

/// The name of a commit's file below the table.
pub(super) fn commit_file(version: u64) -> String {
    format!("_delta_log/{version:020}.json")
}

impl Commits {
    /// Takes the next commit; `changes` are missing where its lists are not those it names.
    pub(super) fn take(
        &mut self,
        ctx: &Context<'_>,
        findings: &Findings,
        index: u64,
        commit: &Commit,
        changes: Option<Vec<FileChange>>,
    ) {
        let find = |kind: Kind, detail: String| {
            let finding = Finding::new(kind).object(ctx.entry_file(index));
            let record = format!("entry {index}, version {}", commit.version);
            findings.find(finding.record(record).detail(detail));
        };
        if commit.table != TABLE {
            find(Kind::RecordNewer, format!("a commit to the table `{}`", commit.table));
            return;
        }
        self.count += 1;
        if commit.version != self.next_version {
            find(Kind::VersionGap, format!("version {} was to come", self.next_version));
        }
        self.next_version = commit.version.saturating_add(1);
        if commit.covers < self.covers {
            find(Kind::CoversBackwards, format!("{} after {}", commit.covers, self.covers));
        }
        self.covers = commit.covers;
        let Some(changes) = changes else { return };
        let stated = check_file(ctx, findings, commit, &changes);
        let (mut rows_in, mut rows_out, mut adds, mut removes) = (0_u64, 0_u64, 0, 0);
        for change in &changes {
            // What is removed goes first: a file may be replaced by one of its own name.
            let FileChange::Remove(path) = change else { continue };
            removes += 1;
            match self.live.remove(path) {
                Some(gone) => rows_in = rows_in.saturating_add(gone.file.rows),
                None => find(Kind::CommitReplay, format!("it removes `{path}`")),
            }
            self.removed.insert(path.clone());
        }
        for change in changes {
            let FileChange::Add(file) = change else { continue };
            adds += 1;
            rows_out = rows_out.saturating_add(file.rows);
            let path = file.path.clone();
            let stated = stated.get(&path).cloned();
            self.removed.remove(&path);
            if self.live.insert(path.clone(), LiveFile { file, index, stated }).is_some() {
                find(Kind::CommitReplay, format!("it adds `{path}`"));
            }
        }
        delta_checkpoint::check(ctx, findings, commit.version, &self.live);
        let allowed = match commit.reason {
            Reason::Flush => removes == 0,
            Reason::Compact | Reason::Erase => true,
            Reason::Expire => adds == 0,
            Reason::Schema => adds == 0 && removes == 0,
        };
        if !allowed {
            let detail = format!("{:?} adds {adds} and removes {removes} files", commit.reason);
            find(Kind::CommitReason, detail);
        }
        let kept = match commit.reason {
            Reason::Compact => rows_out == rows_in,
            Reason::Erase => rows_out <= rows_in,
            Reason::Flush | Reason::Expire | Reason::Schema => true,
        };
        if !kept {
            find(Kind::CommitRows, format!("{rows_in} rows went in, {rows_out} came out"));
        }
    }
}

#[derive(Debug, Deserialize)]
struct Action {
    add: Option<Add>,
    remove: Option<Remove>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Add {
    path: String,
    size: u64,
    #[serde(default)]
    partition_values: BTreeMap<String, Option<String>>,
    #[serde(default)]
    tags: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    stats: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Remove {
    path: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Stats {
    num_records: Option<u64>,
    min_values: Bounds,
    max_values: Bounds,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bounds {
    #[serde(rename = "_batch")]
    batch: Option<i64>,
}

/// Undoes the percent-encoding of a path in the table's log (RFC 2396).
pub(super) fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.filter(|_| *byte == b'%').and_then(|h| u8::from_str_radix(h, 16).ok());
        bytes.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

/// Compares a commit with its file in the table's log.
fn check_file(
    ctx: &Context<'_>,
    findings: &Findings,
    commit: &Commit,
    changes: &[FileChange],
) -> BTreeMap<String, Stated> {
    let name = ctx.place.table(&commit_file(commit.version));
    let find = |kind: Kind, detail: String| {
        findings.find(Finding::new(kind).object(&name).detail(detail));
    };
    let bytes = match ctx.place.read(&name, COMMIT_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            find(Kind::CommitFileMissing, String::new());
            return BTreeMap::new();
        }
        Err(error) => {
            find(Kind::Unreadable, error.to_string());
            return BTreeMap::new();
        }
    };
    ctx.advance(bytes.len() as u64);
    if Hash::of(&bytes) != commit.sha256 {
        find(Kind::CommitFileDiffers, format!("it was to have SHA-256 {}", commit.sha256));
        return BTreeMap::new();
    }
    let mut recorded: BTreeMap<String, Option<&File>> = BTreeMap::new();
    for change in changes {
        match change {
            FileChange::Add(file) => {
                recorded.insert(format!("+{}", decoded(&file.path)), Some(file))
            }
            FileChange::Remove(path) => recorded.insert(format!("-{}", decoded(path)), None),
        };
    }
    let mut stated = BTreeMap::new();
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    for line in lines {
        let action: Action = match serde_json::from_slice(line) {
            Ok(action) => action,
            Err(error) => {
                find(Kind::CommitContent, error.to_string());
                continue;
            }
        };
        if let Some(remove) = action.remove
            && recorded.remove(&format!("-{}", decoded(&remove.path))).is_none()
        {
            find(Kind::CommitContent, format!("`{}` is removed only there", remove.path));
        }
        let Some(add) = action.add else { continue };
        let Some(Some(file)) = recorded.remove(&format!("+{}", decoded(&add.path))) else {
            find(Kind::CommitContent, format!("`{}` is added only there", add.path));
            continue;
        };
        let stats: Stats = add
            .stats
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let tag = add.tags.and_then(|mut tags| tags.remove(SHA256).flatten());
        let same = add.size == file.bytes
            && tag.is_none_or(|tag| Hash::from_hex(&tag) == Some(file.sha256))
            && stats.num_records.is_none_or(|rows| rows == file.rows);
        if !same {
            find(Kind::CommitContent, format!("`{}` has another size, hash or rows", add.path));
        }
        let value = |name: &str| add.partition_values.get(name).cloned().flatten();
        let batches = stats.min_values.batch.zip(stats.max_values.batch);
        let (dataset, day) = (value("dataset"), value("day"));
        let one =
            Stated { dataset: dataset.unwrap_or_default(), day: day.unwrap_or_default(), batches };
        stated.insert(file.path.clone(), one);
    }
    for left in recorded.into_keys() {
        let what = if left.starts_with('+') { "added" } else { "removed" };
        find(Kind::CommitContent, format!("`{}` is {what} only in the ledger", &left[1..]));
    }
    stated
}
