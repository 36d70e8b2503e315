//! `cargo xtask tidy`: the rules of the project that no other tool knows.
//!
//! Each rule is a function from a [`Tree`] of files to findings, so that its test can show it a
//! tree that breaks it. The rules run as a `#[test]` too: whoever runs the tests runs them.
//! Nothing here changes a file.

mod architecture;
mod edges;
mod features;
mod files;
mod licences;
mod links;
mod manifests;
mod tree;
mod words;

use std::fmt;

use anyhow::{Context, bail};

use crate::arguments::Arguments;
use crate::workspace::{self, Workspace};
use architecture::Architecture;
use tree::Tree;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// The command.
pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> anyhow::Result<()> {
    arguments.finish()?;
    check(workspace)
}

/// Applies every rule to the checkout.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut findings = sources(workspace)?;
    findings.extend(licences::check(workspace)?);
    findings.extend(features::check(workspace)?);
    if findings.is_empty() {
        return Ok(());
    }
    findings.sort();
    for finding in &findings {
        eprintln!("{finding}");
    }
    bail!("{} places break the project's rules (CONTRIBUTING.md, \"Rules\")", findings.len())
}

/// The rules that only read the checkout.
fn sources(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let tree = Tree::read(&workspace.root)?;
    let architecture = Architecture::read(&tree);
    let mut findings = Vec::new();
    edges::check(&architecture, &workspace.crates, &mut findings);
    files::check(&tree, &architecture, &mut findings);
    links::check(&tree, &mut findings);
    manifests::check(&tree, &mut findings);
    words::check(&tree, &mut findings);
    Ok(findings)
}

/// The platform that rustc builds for, without which cargo would ask for the crates of all.
pub(crate) fn host_target() -> anyhow::Result<String> {
    let version = workspace::stdout_of(std::process::Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}

#[cfg(test)]
mod tests;
