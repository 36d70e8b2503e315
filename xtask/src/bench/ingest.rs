//! How fast events are stored, durably and indexed, and how much room they take.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::Value;

use super::measure::{self, Usage};
use super::{Bench, folder_bytes, median};
use crate::external::{ImportSummary, empty_folder};

/// The results.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    /// As they lie in the folder that is imported.
    input_bytes: u64,
    /// Uncompressed, where `stele import` says so.
    decoded_bytes: Option<u64>,
    rounds: Vec<Round>,
}

/// One import into an empty data folder.
#[derive(Debug, Serialize)]
struct Round {
    stored_events: u64,
    duplicate_events: u64,
    wall_seconds: f64,
    cpu_seconds: f64,
    peak_resident_bytes: u64,
    /// All files of the data folder after the import.
    data_bytes: u64,
    /// The Parquet files that the table consists of, after the import.
    table_bytes: u64,
    /// The same after `stele store compact`.
    compacted_bytes: u64,
    compact_cpu_seconds: f64,
    compact_peak_resident_bytes: u64,
}

/// Imports the same events as often as asked, each time from nothing.
pub(super) fn measure(bench: &Bench) -> anyhow::Result<Results> {
    let logs = bench.make_logs()?;
    let mut decoded_bytes = None;
    let mut rounds = Vec::new();
    for number in 1..=bench.rounds {
        eprintln!("import {number} of {}", bench.rounds);
        let data = bench.folder.join("data");
        empty_folder(&data)?;
        let mut command = Command::new(&bench.binary);
        command.arg("--data").arg(&data).arg("import").arg(&logs).arg("--json");
        let usage = measure::run(&mut command)?;
        decoded_bytes = decoded(&usage.stdout);
        rounds.push(round(bench, &data, &usage)?);
    }
    Ok(Results { input_bytes: folder_bytes(&logs)?, decoded_bytes, rounds })
}

fn round(bench: &Bench, data: &Path, usage: &Usage) -> anyhow::Result<Round> {
    let summary = ImportSummary::read(&usage.stdout)?;
    ensure!(summary.failed == 0, "{} made-up events were not understood", summary.failed);
    ensure!(
        summary.stored() + summary.duplicate == bench.events,
        "{} events were made up, but {} stored and {} found to be duplicates",
        bench.events,
        summary.stored(),
        summary.duplicate
    );
    let data_bytes = folder_bytes(data)?;
    let log = data.join("lake/events/_delta_log");
    let table_bytes = live_bytes(&log)?;
    let mut command = Command::new(&bench.binary);
    let compact =
        measure::run(command.arg("--data").arg(data).args(["store", "compact", "--json"]))?;
    Ok(Round {
        stored_events: summary.stored(),
        duplicate_events: summary.duplicate,
        wall_seconds: usage.wall_seconds,
        cpu_seconds: usage.cpu_seconds,
        peak_resident_bytes: usage.peak_resident_bytes,
        data_bytes,
        table_bytes,
        compacted_bytes: live_bytes(&log)?,
        compact_cpu_seconds: compact.cpu_seconds,
        compact_peak_resident_bytes: compact.peak_resident_bytes,
    })
}

fn decoded(stdout: &str) -> Option<u64> {
    let summary: Value = serde_json::from_str(stdout.trim().lines().last()?).ok()?;
    summary.get("decoded_bytes")?.as_u64()
}

/// The bytes of the files that a Delta table consists of now, by its log (Delta protocol, "Add
/// File and Remove File"). All commits are there, for the log is never cleaned up.
fn live_bytes(log: &Path) -> anyhow::Result<u64> {
    let mut commits = Vec::new();
    let entries = fs::read_dir(log).with_context(|| format!("no table log `{}`", log.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            commits.push(path);
        }
    }
    commits.sort();
    let mut files = BTreeMap::new();
    for commit in commits {
        apply_commit(&fs::read_to_string(&commit)?, &mut files)
            .with_context(|| format!("cannot read `{}`", commit.display()))?;
    }
    Ok(files.values().sum())
}

/// Applies a commit to the sizes of files by path.
pub(super) fn apply_commit(commit: &str, files: &mut BTreeMap<String, u64>) -> anyhow::Result<()> {
    for line in commit.lines().filter(|line| !line.trim().is_empty()) {
        let action: Value = serde_json::from_str(line)?;
        let path = |action: &Value| action["path"].as_str().unwrap_or_default().to_owned();
        if let Some(add) = action.get("add") {
            files.insert(path(add), add["size"].as_u64().unwrap_or_default());
        }
        if let Some(remove) = action.get("remove") {
            files.remove(&path(remove));
        }
    }
    Ok(())
}

/// The results for people: the middle of the rounds.
pub(super) fn table(results: &Results) -> String {
    let middle = |of: &dyn Fn(&Round) -> f64| median(results.rounds.iter().map(of).collect());
    let mebibytes = |bytes: f64| format!("{:.0} MiB", bytes / f64::from(1 << 20));
    let bytes = results.decoded_bytes.unwrap_or(results.input_bytes) as f64;
    let input = if results.decoded_bytes.is_some() { "decoded" } else { "as given" };
    let rows = [
        ("events stored", format!("{:.0}", middle(&|r| r.stored_events as f64))),
        ("duplicates dropped", format!("{:.0}", middle(&|r| r.duplicate_events as f64))),
        ("wall", format!("{:.2} s", middle(&|r| r.wall_seconds))),
        ("CPU, user and system", format!("{:.2} s", middle(&|r| r.cpu_seconds))),
        ("events/s", format!("{:.0}", middle(&|r| r.stored_events as f64 / r.wall_seconds))),
        (
            "events per CPU-second",
            format!("{:.0}", middle(&|r| r.stored_events as f64 / r.cpu_seconds)),
        ),
        ("MB/s", format!("{:.1} ({input})", middle(&|r| bytes / r.wall_seconds / 1e6))),
        ("peak memory", mebibytes(middle(&|r| r.peak_resident_bytes as f64))),
        ("data folder", mebibytes(middle(&|r| r.data_bytes as f64))),
        ("B/event, table", format!("{:.1}", middle(&|r| per_event(r, r.table_bytes)))),
        ("B/event, compacted", format!("{:.1}", middle(&|r| per_event(r, r.compacted_bytes)))),
        ("CPU, compaction", format!("{:.2} s", middle(&|r| r.compact_cpu_seconds))),
        ("peak memory, compaction", mebibytes(middle(&|r| r.compact_peak_resident_bytes as f64))),
    ];
    let rows = rows.iter().map(|(name, value)| format!("| {name} | {value} |\n"));
    format!(
        "| ingest | median of {} |\n|---|---:|\n{}",
        results.rounds.len(),
        rows.collect::<String>()
    )
}

fn per_event(round: &Round, bytes: u64) -> f64 {
    bytes as f64 / round.stored_events.max(1) as f64
}
