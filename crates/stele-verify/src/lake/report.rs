//! The report: what was verified, how much of it, and all findings.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

use super::finding::{Finding, Kind};
use super::witnessed::Witnessed;
use crate::verdict::{Outcome, clean};

/// A time in which nothing was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Why: a stop, a crash, or silence within a run.
    pub kind: Kind,
    /// The last sign of life, in microseconds since the epoch.
    pub from_micros: i64,
    /// The next one.
    pub to_micros: i64,
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Entries of the ledger.
    pub entries: u64,
    /// Batches in it.
    pub batches: u64,
    /// Events that they say are stored.
    pub events: u64,
    /// Commits to the table.
    pub commits: u64,
    /// Runs of the server.
    pub runs: u64,
    /// Signs of life.
    pub beats: u64,
    /// Kept checkpoints that were compared.
    pub checkpoints: u64,
    /// Files of the table.
    pub files: u64,
    /// Those whose every byte was read and hashed.
    pub files_read: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// Rows of files that were read.
    pub rows: u64,
    /// Events that are only in the write-ahead log, and were read there.
    pub rows_in_log: u64,
    /// Batches whose every event was read, and whose root is the recorded one.
    pub batches_complete: u64,
    /// Rows whose columns were derived again.
    pub rows_derived: u64,
    /// Rows that were chosen for it, but other versions or long headers stood against it.
    pub rows_not_derived: u64,
    /// The time of the first entry, in microseconds since the epoch.
    pub from_micros: Option<i64>,
    /// The time of the last entry.
    pub to_micros: Option<i64>,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The log.
    pub origin: String,
    /// The size of the signed checkpoint up to which everything was verified.
    pub size: Option<u64>,
    /// Its root, in base64.
    pub root: Option<String>,
    /// Up to where enough witnesses have signed, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witnessed: Option<Witnessed>,
    /// How deep: `quick`, `sampled` or `deep`.
    pub depth: &'static str,
    /// From which size on files and rows were read; 0 for all.
    pub since: u64,
    /// What was looked at.
    pub verified: Verified,
    /// Times in which nothing was recorded.
    pub gaps: Vec<Gap>,
    /// What was found, the gravest first; of each kind only the first ones.
    pub findings: Vec<Finding>,
    /// How many of each kind there are.
    pub counts: BTreeMap<Kind, u64>,
}

impl Report {
    /// Whether there is a finding of a kind.
    pub fn has(&self, kind: Kind) -> bool {
        self.counts.contains_key(&kind)
    }
}

/// A time as people read it.
pub(crate) fn shown(micros: i64) -> String {
    let time = DateTime::from_timestamp_micros(micros);
    time.map_or_else(
        || format!("{micros} µs"),
        |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { verified: v, .. } = self;
        writeln!(f, "log: {}", self.origin)?;
        if let (Some(size), Some(root)) = (self.size, &self.root) {
            writeln!(f, "checkpoint: {size} entries, root {root}")?;
        }
        if let Some(one) = &self.witnessed {
            let seconds = i64::try_from(one.time_seconds).unwrap_or(i64::MAX);
            let time = shown(seconds.saturating_mul(1_000_000));
            let names = clean(&one.witnesses.join(", "));
            writeln!(f, "witnessed: {} entries, at {time}, by {names}", one.size)?;
        }
        if let (Some(from), Some(to)) = (v.from_micros, v.to_micros) {
            writeln!(f, "time: {} to {}", shown(from), shown(to))?;
        }
        writeln!(f, "ledger: {} batches, {} events, {} commits", v.batches, v.events, v.commits)?;
        writeln!(f, "runs: {}, with {} signs of life", v.runs, v.beats)?;
        if v.checkpoints > 0 {
            writeln!(f, "kept checkpoints compared: {}", v.checkpoints)?;
        }
        writeln!(f, "files: {}, {} of them read, {} bytes", v.files, v.files_read, v.bytes_read)?;
        writeln!(f, "rows: {} in files, {} in the write-ahead log", v.rows, v.rows_in_log)?;
        writeln!(f, "batches whose every event was read: {}", v.batches_complete)?;
        writeln!(f, "columns derived again: {} rows ({})", v.rows_derived, self.depth)?;
        if v.rows_not_derived > 0 {
            writeln!(f, "columns not derived again: {} rows", v.rows_not_derived)?;
        }
        if self.since > 0 {
            writeln!(f, "files older than entry {} were not read again", self.since)?;
        }
        for finding in &self.findings {
            show(finding, f)?;
        }
        let listed = |kind: Kind| self.findings.iter().filter(|one| one.kind == kind).count();
        let cut: Vec<_> =
            self.counts.iter().filter(|(kind, count)| listed(**kind) as u64 != **count).collect();
        if !cut.is_empty() {
            writeln!(f, "\nnot all were shown; there are:")?;
            for (kind, count) in cut {
                writeln!(f, "  {}: {count}", kind.name())?;
            }
        }
        let unread = match self.outcome {
            Outcome::Verified if self.depth == "quick" => ", without reading any row",
            _ => "",
        };
        writeln!(f, "\n{}{unread}", self.outcome.sentence())
    }
}

fn show(finding: &Finding, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let severity = finding.severity.word();
    writeln!(f, "\n{severity}: {}: {}", finding.kind.name(), finding.meaning)?;
    if let Some(object) = &finding.object {
        writeln!(f, "  file: {}", clean(object))?;
    }
    if let Some(record) = &finding.record {
        writeln!(f, "  record: {}", clean(record))?;
    }
    if !finding.detail.is_empty() {
        writeln!(f, "  {}", clean(&finding.detail))?;
    }
    Ok(())
}
