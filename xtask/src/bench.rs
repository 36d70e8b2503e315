//! `cargo xtask bench`: measurements of the release build, one file each.
//!
//! Each prints a Markdown table for people and writes the same as JSON, with the machine that it
//! was measured on. A number without its machine is worth nothing.

mod http;
mod ingest;
mod ledger;
mod machine;
mod measure;
mod posture;
mod query;
mod sdk;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use crate::arguments::{Arguments, UsageError};
use crate::external::empty_folder;
use crate::workspace::{self, Workspace};
use machine::Machine;

const EVENTS: u64 = 1_000_000;
const SEED: &str = "42";

/// What a bench works with.
struct Bench {
    /// The release binary.
    binary: PathBuf,
    /// A folder of its own, on the disk that the target folder is on.
    folder: PathBuf,
    /// How many events are made up.
    events: u64,
    /// How often each thing is measured.
    rounds: u32,
}

/// What a bench reports.
#[derive(Serialize)]
struct Report<T: Serialize> {
    bench: &'static str,
    events: u64,
    rounds: u32,
    machine: Machine,
    results: T,
}

/// The command.
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> anyhow::Result<()> {
    let events = arguments.number("--events", EVENTS)?;
    let rounds = arguments.number::<u32>("--rounds", 0)?;
    let prowler = arguments.value("--prowler")?;
    let which = arguments.word();
    arguments.finish()?;
    match which.as_deref() {
        Some("posture") => return posture::run(workspace, prowler.map(PathBuf::from)),
        Some("sdk") => return sdk::run(workspace),
        _ => {}
    }
    let (name, default_rounds) = match which.as_deref() {
        Some("ingest") => ("ingest", 3),
        Some("query") => ("query", 15),
        Some("ledger") => ("ledger", 3),
        _ => {
            return Err(UsageError::new(
                "which bench: ingest, query, ledger, posture or sdk?".to_owned(),
            )
            .into());
        }
    };
    let mut build = workspace.cargo(&["build", "--release", "--locked", "--package", "stele"]);
    // What is measured here does not need it.
    workspace::run(build.env("STELE_WITHOUT_PAGE", "1"))?;
    let folder = workspace.target.join("bench").join(name);
    empty_folder(&folder)?;
    let rounds = if rounds == 0 { default_rounds } else { rounds };
    let bench = Bench { binary: workspace.binary("release"), folder, events, rounds };
    match name {
        "ingest" => bench.report(name, ingest::measure(&bench)?, ingest::table),
        "ledger" => bench.report(name, ledger::measure(workspace, &bench)?, ledger::table),
        _ => bench.report(name, query::measure(&bench)?, query::table),
    }
}

impl Bench {
    /// The binary, on a data folder.
    fn stele(&self, data: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--data").arg(data);
        command
    }

    /// Makes up the events, the same each time, and returns their folder.
    fn make_logs(&self) -> anyhow::Result<PathBuf> {
        let logs = self.folder.join("logs");
        eprintln!("making up {} events", self.events);
        workspace::run(
            Command::new(&self.binary)
                .args(["gen", "cloudtrail", "--events", &self.events.to_string()])
                .args(["--seed", SEED, "--out"])
                .arg(&logs),
        )?;
        Ok(logs)
    }

    /// Prints the table and writes the JSON.
    fn report<T: Serialize>(
        &self,
        name: &'static str,
        results: T,
        table: fn(&T) -> String,
    ) -> anyhow::Result<()> {
        let machine = Machine::describe()?;
        println!("{}", machine.sentence());
        println!("{} made-up CloudTrail events, seed {SEED}\n", self.events);
        println!("{}", table(&results));
        let (events, rounds) = (self.events, self.rounds);
        let report = Report { bench: name, events, rounds, machine, results };
        let json = serde_json::to_string_pretty(&report)?;
        let path = self.folder.join("report.json");
        fs::write(&path, &json)?;
        println!("{json}");
        eprintln!("wrote {}", path.display());
        Ok(())
    }
}

/// The size of all files below a folder, in bytes as `ls -l` shows them.
fn folder_bytes(folder: &Path) -> anyhow::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += if metadata.is_dir() { folder_bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(total)
}

/// The middle of some numbers; of the two middle ones, the upper.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
