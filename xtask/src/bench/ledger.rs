//! What the ledger costs, and how fast it proves: one import, and then the verifier over it.
//!
//! The import cannot be run without its ledger, which has no switch. So its share is the work of
//! the ledger on events of the same length, measured alone in the same run
//! (`crates/stele-ledger/examples/measure.rs`), and what is left is the import without it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::Value;

use super::measure::{self, Usage};
use super::{Bench, folder_bytes, median};
use crate::external::{ImportSummary, empty_folder};
use crate::workspace::{self, Workspace};

/// The line of the example that says what one event costs.
const PER_EVENT: &str = "all of it, per event";

/// The results.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    events: u64,
    import_cpu_seconds: f64,
    /// Salts, leaves and the tree over them, measured alone.
    ledger_nanos_per_event: f64,
    /// Tiles, entries, seeds and checkpoints, on disk.
    ledger_bytes: u64,
    verify: Vec<Verified>,
    proof_bytes: u64,
    prove_seconds: f64,
    verify_proof_seconds: f64,
}

/// One run of `stele verify`.
#[derive(Debug, Serialize)]
struct Verified {
    what: &'static str,
    wall_seconds: f64,
    cpu_seconds: f64,
    peak_resident_bytes: u64,
}

/// Imports the events and verifies them.
pub(super) fn measure(workspace: &Workspace, bench: &Bench) -> anyhow::Result<Results> {
    let logs = bench.make_logs()?;
    let data = bench.folder.join("data");
    empty_folder(&data)?;
    eprintln!("importing");
    let mut import = bench.stele(&data);
    let import = measure::run(import.arg("import").arg(&logs).arg("--json"))?;
    let events = ImportSummary::read(&import.stdout)?.stored();
    ensure!(events > 0, "the import stored nothing");
    eprintln!("measuring the ledger alone");
    let mut alone = workspace.cargo(&["run", "--release", "--locked", "--package", "stele-ledger"]);
    let alone = workspace::stdout_of(alone.args(["--example", "measure"]))?;
    let mut verify = Vec::new();
    for (what, flags) in [
        ("quick: everything but the rows", &["--quick"][..]),
        ("all rows, columns sampled", &[]),
        ("deep: all rows, all columns", &["--deep"]),
    ] {
        for round in 1..=bench.rounds {
            eprintln!("verifying ({what}), {round} of {}", bench.rounds);
            let usage = measure::run(bench.stele(&data).arg("verify").args(flags))?;
            verify.push(Verified::new(what, &usage));
        }
    }
    let proof = bench.folder.join("event.tlog-proof");
    let event = an_event(bench, &data)?;
    eprintln!("proving event {event}");
    let mut prove = bench.stele(&data);
    let proving = measure::run(prove.args(["prove", "--event", &event, "-o"]).arg(&proof))?;
    let checking = measure::run(bench.stele(&data).arg("verify").arg("--proof").arg(&proof))?;
    Ok(Results {
        events,
        import_cpu_seconds: import.cpu_seconds,
        ledger_nanos_per_event: nanos(&alone, PER_EVENT)?,
        ledger_bytes: folder_bytes(&data.join("lake/_ledger"))?,
        verify,
        proof_bytes: std::fs::metadata(&proof)?.len(),
        prove_seconds: proving.wall_seconds,
        verify_proof_seconds: checking.wall_seconds,
    })
}

impl Verified {
    fn new(what: &'static str, usage: &Usage) -> Self {
        Self {
            what,
            wall_seconds: usage.wall_seconds,
            cpu_seconds: usage.cpu_seconds,
            peak_resident_bytes: usage.peak_resident_bytes,
        }
    }
}

/// The address of some event.
fn an_event(bench: &Bench, data: &Path) -> anyhow::Result<String> {
    let mut command: Command = bench.stele(data);
    let sql = r#"SELECT "_batch", "_pos" FROM events LIMIT 1"#;
    let line = workspace::stdout_of(command.args(["sql", sql, "--json"]))?;
    let row: Value = serde_json::from_str(line.trim())?;
    Ok(format!("{}-{}", row["_batch"], row["_pos"]))
}

/// The figure of a line of the example, in nanoseconds.
fn nanos(output: &str, name: &str) -> anyhow::Result<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|rest| rest.trim().strip_suffix("ns"));
    let figure = figure.with_context(|| format!("the example says nothing of `{name}`"))?;
    Ok(figure.trim().parse()?)
}

/// The results for people: the middle of the rounds.
pub(super) fn table(results: &Results) -> String {
    let events = results.events as f64;
    let all_micros = results.import_cpu_seconds * 1e6 / events;
    let ledger_micros = results.ledger_nanos_per_event / 1e3;
    let mut text = format!(
        "| ledger | |\n|---|---:|\n\
         | CPU of the import, per event | {all_micros:.1} µs |\n\
         | of these the ledger, measured alone | {ledger_micros:.1} µs |\n\
         | left without it | {:.1} µs |\n\
         | on disk, per event | {:.2} B |\n\
         | proof of one event | {} B |\n\
         | to make it, the whole ledger being verified first | {:.0} ms |\n\
         | to check it | {:.0} ms |\n\n\
         | verify, median | events/s | wall | CPU | peak memory |\n|---|---:|---:|---:|---:|\n",
        all_micros - ledger_micros,
        results.ledger_bytes as f64 / events,
        results.proof_bytes,
        results.prove_seconds * 1e3,
        results.verify_proof_seconds * 1e3,
    );
    for runs in results.verify.chunk_by(|a, b| a.what == b.what) {
        let middle = |of: fn(&Verified) -> f64| median(runs.iter().map(of).collect::<Vec<f64>>());
        let wall = middle(|run| run.wall_seconds);
        let _ = writeln!(
            text,
            "| {} | {:.0} | {wall:.2} s | {:.2} s | {:.0} MiB |",
            runs.first().map_or("", |run| run.what),
            events / wall,
            middle(|run| run.cpu_seconds),
            middle(|run| run.peak_resident_bytes as f64 / f64::from(1 << 20)),
        );
    }
    text
}
