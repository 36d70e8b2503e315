//! Checks that somebody else's program makes: an outside client that kills the server, and other
//! people's readers of the lake.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::python::Python;
use crate::steps::{Outcome, TestCounts, run_tests};
use crate::workspace::{self, Workspace};

/// So many times the server is killed in CI; two hundred by hand.
pub(crate) const KILL_ROUNDS: u32 = 20;
const SEED: &str = "42";
const MADE_UP_EVENTS: &str = "20000";
const COMPARED_QUERIES: &str = "200";
/// The formats of the corpus that are imported where it is there.
const CORPUS_FORMATS: &[&str] = &["cloudtrail", "vpcflow", "app_flask", "syslog"];

/// A program of others that reads the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// The `deltalake` package for Python (delta-rs).
    Delta,
    /// DuckDB over the Parquet files, against Stele's own answers.
    DuckDb,
}

/// A lake that was imported for the readers.
#[derive(Debug)]
pub(crate) struct Lake {
    data: PathBuf,
    rows: u64,
}

/// What `stele import --json` says at its end.
#[derive(Debug, Deserialize)]
pub(crate) struct ImportSummary {
    /// Stored and understood.
    pub(crate) accepted: u64,
    /// Stored before, and not again.
    #[serde(default)]
    pub(crate) duplicate: u64,
    /// Stored raw, but not understood.
    #[serde(default)]
    pub(crate) failed: u64,
}

impl ImportSummary {
    /// Reads the last line of what the import wrote.
    pub(crate) fn read(stdout: &str) -> anyhow::Result<Self> {
        let line = stdout.lines().rfind(|line| !line.trim().is_empty());
        let line = line.context("`stele import --json` wrote no summary")?;
        serde_json::from_str(line).with_context(|| format!("cannot read the summary `{line}`"))
    }

    /// How many rows the table has more than before.
    pub(crate) fn stored(&self) -> u64 {
        self.accepted + self.failed
    }
}

impl Readers {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Delta, Self::DuckDb];

    /// The name of the step.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Delta => "external: deltalake reads the table",
            Self::DuckDb => "external: DuckDB gives the same answers",
        }
    }
}

/// Runs the tests that the Python scripts have of their own.
pub(crate) fn unit_tests(
    workspace: &Workspace,
    python: &Python,
    counts: &mut TestCounts,
) -> anyhow::Result<Outcome> {
    match python.script(workspace, "external/test_external.py") {
        Ok(mut command) => run_tests(&mut command, counts).map(|()| Outcome::Done),
        Err(skipped) => Ok(skipped),
    }
}

/// Imports made-up events, and the corpus where it is there.
pub(crate) fn make_lake(
    workspace: &Workspace,
    python: &Python,
    lake: &mut Option<Lake>,
) -> anyhow::Result<Outcome> {
    if let Outcome::Skipped(reason) = python.outcome() {
        return Ok(Outcome::Skipped(reason));
    }
    let folder = workspace.target.join("external");
    empty_folder(&folder)?;
    let (logs, data) = (folder.join("logs"), folder.join("data"));
    let binary = workspace.binary("debug");
    workspace::run(
        Command::new(&binary)
            .args(["gen", "cloudtrail", "--events", MADE_UP_EVENTS, "--seed", SEED, "--out"])
            .arg(&logs),
    )?;
    let mut sources = vec![logs];
    match workspace.corpus() {
        Some(corpus) => {
            sources.extend(CORPUS_FORMATS.iter().map(|format| corpus.join("open").join(format)));
        }
        None => {
            eprintln!("skipped: real logs: there is no corpus (set STELE_CORPUS to its folder)");
        }
    }
    let mut rows = 0;
    for source in sources.iter().filter(|source| source.is_dir()) {
        let summary = import(&binary, &data, source)?;
        ensure!(summary.stored() > 0, "nothing of `{}` was stored", source.display());
        rows += summary.stored();
    }
    *lake = Some(Lake { data, rows });
    Ok(Outcome::Done)
}

/// Imports a folder and returns what the import said.
pub(crate) fn import(binary: &Path, data: &Path, logs: &Path) -> anyhow::Result<ImportSummary> {
    let mut command = Command::new(binary);
    command.arg("--data").arg(data).arg("import").arg(logs).arg("--json");
    ImportSummary::read(&workspace::stdout_of(&mut command)?)
}

/// Lets a reader look at the lake.
pub(crate) fn read_lake(
    workspace: &Workspace,
    python: &Python,
    lake: Option<&Lake>,
    reader: Readers,
) -> anyhow::Result<Outcome> {
    let Some(lake) = lake else {
        return Ok(Outcome::Skipped("there is no lake to read".to_owned()));
    };
    let binary = workspace.binary("debug");
    let command = match reader {
        Readers::Delta => {
            python.script(workspace, "external/delta_reader.py").map(|mut command| {
                command.arg("--expect-rows").arg(lake.rows.to_string());
                command
            })
        }
        Readers::DuckDb => {
            python.script(workspace, "external/duckdb_compare.py").map(|mut command| {
                command.arg("--binary").arg(&binary);
                command.args(["--queries", COMPARED_QUERIES, "--seed", SEED]);
                command
            })
        }
    };
    let mut command = match command {
        Ok(command) => command,
        Err(skipped) => return Ok(skipped),
    };
    workspace::run(command.arg("--data").arg(&lake.data))?;
    if reader == Readers::Delta {
        // Compaction rewrites every file: other readers must see the same rows after it.
        workspace::run(
            Command::new(&binary)
                .arg("--data")
                .arg(&lake.data)
                .args(["store", "compact", "--json"])
                .stdout(std::io::stderr()),
        )?;
        workspace::run(&mut command)?;
    }
    Ok(Outcome::Done)
}

/// Kills the server again and again while clients send to it.
pub(crate) fn kill_test(
    workspace: &Workspace,
    python: &Python,
    rounds: u32,
) -> anyhow::Result<Outcome> {
    let mut command = match python.bare_script(workspace, "external/kill_test.py") {
        Ok(command) => command,
        Err(skipped) => return Ok(skipped),
    };
    command.arg("--binary").arg(workspace.binary("debug")).args([
        "--rounds",
        &rounds.to_string(),
        "--seed",
        SEED,
    ]);
    workspace::run(&mut command)?;
    Ok(Outcome::Done)
}

/// Makes a folder that is there and empty.
pub(crate) fn empty_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))
}

#[cfg(test)]
mod tests;
