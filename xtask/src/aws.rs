//! AWS without AWS: our table of operations against botocore's models, and what we would send
//! against what botocore would (`cargo xtask aws-models`), and `stele aws` and `stele verify`
//! against moto.

use anyhow::bail;

use crate::arguments::Arguments;
use crate::python::{Packages, Python};
use crate::steps::Outcome;
use crate::workspace::{self, Workspace};

/// The example of `stele-aws` that prints what would be sent.
const ENCODE: &str = "encode";

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
    let scripts = ["moto/models.py", "moto/encode.py"].map(|name| python.script(workspace, name));
    let [mut models, mut encode] = match scripts {
        [Ok(models), Ok(encode)] => [models, encode],
        [Err(skipped), _] | [_, Err(skipped)] => return Ok(skipped),
    };
    workspace::run(&mut models)?;
    // Of the whole workspace, so that what the tests have built serves here too.
    let build = ["build", "--quiet", "--locked", "--workspace", "--example", ENCODE];
    workspace::run(&mut workspace.cargo(&build))?;
    encode.arg("--encode").arg(workspace.example("debug", ENCODE));
    workspace::run(&mut encode).map(|()| Outcome::Done)
}
