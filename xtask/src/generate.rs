//! `cargo xtask gen`: the files that are generated, and the check that they are current.
//!
//! They are committed, so that they can be read and their changes reviewed; nobody edits them.

mod ocsf;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use stele_event::columns_doc::columns_markdown;

use crate::arguments::Arguments;
use crate::page;
use crate::steps::Outcome;
use crate::workspace::{self, Workspace};

/// What to do with what was generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write it.
    Write,
    /// Compare it with what is there.
    Check,
}

/// A generated file: its path in the checkout and how its text comes about. `None` where a source
/// that it is made from is not here.
struct Generated {
    path: &'static str,
    text: fn(&Workspace) -> anyhow::Result<Option<String>>,
}

const FILES: &[Generated] = &[
    Generated { path: "docs/event-model.md", text: |_| Ok(Some(columns_markdown())) },
    Generated { path: "crates/stele-event/src/ocsf/generated.rs", text: ocsf_tables },
    Generated { path: "docs/openapi.json", text: |w| stele(w, "openapi") },
    Generated { path: "docs/configuration.md", text: |w| stele(w, "config-markdown") },
    Generated { path: "docs/cli.md", text: |w| stele(w, "help-markdown") },
    Generated {
        path: "docs/aws-checks.md",
        text: |w| stele(w, "aws checks list --format markdown"),
    },
];

/// Writes the files, or with `--check` compares them. Builds `stele` first, which writes some.
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> anyhow::Result<()> {
    let mode = if arguments.flag("--check") { Mode::Check } else { Mode::Write };
    arguments.finish()?;
    workspace::run(&mut workspace.cargo(&["build", "--workspace", "--bins"]))?;
    check(workspace, mode)?;
    match mode {
        Mode::Write => page::generate(workspace),
        // The page's own check sees to it.
        Mode::Check => Ok(()),
    }
}

/// Goes through the files with a `stele` that is built already.
pub(crate) fn check(workspace: &Workspace, mode: Mode) -> anyhow::Result<Outcome> {
    let mut missing = Vec::new();
    let mut outdated = Vec::new();
    for file in FILES {
        let text =
            (file.text)(workspace).with_context(|| format!("cannot generate `{}`", file.path))?;
        let Some(text) = text else {
            eprintln!("skipped: `{}`: its source is not here (see STELE_CORPUS)", file.path);
            missing.push(file.path);
            continue;
        };
        let path = workspace.root.join(file.path);
        let there = fs::read_to_string(&path).unwrap_or_default();
        if there == text {
            continue;
        }
        match mode {
            Mode::Write => write(&path, &text)?,
            Mode::Check => {
                outdated.push(format!("`{}` {}", file.path, difference(&there, &text)));
            }
        }
    }
    if !outdated.is_empty() {
        bail!("run `cargo xtask gen` and commit what it writes: {}", outdated.join("; "));
    }
    match missing.len() {
        0 => Ok(Outcome::Done),
        _ => Ok(Outcome::Skipped(format!("no source for {}", missing.join(", ")))),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

/// Where two texts part.
fn difference(there: &str, wanted: &str) -> String {
    let same = there.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count();
    let shown = |text: &str| match text.lines().nth(same) {
        Some(line) => format!("`{}`", line.chars().take(60).collect::<String>()),
        None => "nothing".to_owned(),
    };
    format!("has in line {} {} instead of {}", same + 1, shown(there), shown(wanted))
}

/// The OCSF tables, in the project's own formatting.
fn ocsf_tables(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    let Some(corpus) = workspace.corpus() else {
        return Ok(None);
    };
    let schema = corpus.join("ocsf_1.8.0_compiled.json.gz");
    if !schema.is_file() {
        return Ok(None);
    }
    formatted(workspace, &ocsf::generate_ocsf(&schema)?).map(Some)
}

fn formatted(workspace: &Workspace, source: &str) -> anyhow::Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(&workspace.root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start rustfmt (`rustup component add rustfmt`)")?;
    let mut stdin = child.stdin.take().context("rustfmt takes no input")?;
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(source.as_bytes()));
        child.wait_with_output()
    })?;
    ensure!(output.status.success(), "rustfmt refuses what was generated");
    Ok(String::from_utf8(output.stdout)?)
}

/// What a hidden subcommand of the built binary prints.
fn stele(workspace: &Workspace, subcommand: &str) -> anyhow::Result<Option<String>> {
    let mut command = Command::new(workspace.binary("debug"));
    let text = workspace::stdout_of(command.args(subcommand.split(' ')))?;
    Ok(Some(format!("{}\n", text.trim_end())))
}

#[cfg(test)]
mod tests;
