//! `cargo xtask aws-models`: our table of AWS's operations against botocore's models.

use anyhow::bail;

use crate::arguments::Arguments;
use crate::python::{Packages, Python};
use crate::steps::Outcome;
use crate::workspace::{self, Workspace};

/// Runs the comparison by hand: what cannot be compared is an error.
pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> anyhow::Result<()> {
    arguments.finish()?;
    match models(workspace)? {
        Outcome::Done => Ok(()),
        Outcome::Skipped(reason) => bail!("{reason}"),
    }
}

/// Compares, where Python and the packages are there.
pub(crate) fn models(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let python = Python::prepare(workspace, Packages::Moto)?;
    match python.script(workspace, "moto/models.py") {
        Ok(mut command) => workspace::run(&mut command).map(|()| Outcome::Done),
        Err(skipped) => Ok(skipped),
    }
}
