//! AWS without AWS: our table of operations against botocore's models (`cargo xtask aws-models`),
//! and `stele aws` and `stele verify` against moto.

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

/// Runs `stele aws assess` against the stand-in, where Python and the packages are there.
pub(crate) fn assess(workspace: &Workspace) -> anyhow::Result<Outcome> {
    with_binary(workspace, "moto/test_assess.py")
}

/// Runs `stele verify` over copies of a data folder in tars and in the stand-in.
pub(crate) fn verify(workspace: &Workspace) -> anyhow::Result<Outcome> {
    with_binary(workspace, "moto/test_verify.py")
}

fn with_binary(workspace: &Workspace, script: &str) -> anyhow::Result<Outcome> {
    let python = Python::prepare(workspace, Packages::Moto)?;
    match python.script(workspace, script) {
        Ok(mut command) => {
            command.arg("--binary").arg(workspace.binary("debug"));
            workspace::run(&mut command).map(|()| Outcome::Done)
        }
        Err(skipped) => Ok(skipped),
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
