//! AWS without AWS: our table of operations against botocore's models, and what we would send
//! against what botocore would (`cargo xtask aws-models`), `stele aws` and `stele verify` against
//! moto, and an account in moto to try it with (`cargo xtask aws-demo`).

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

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

/// Where the demo listens, if nothing else is said.
const DEMO_PORT: u16 = 5055;

/// Starts the stand-in with an account that has some of everything, and says how to try it.
pub(crate) fn demo(workspace: &Workspace, mut arguments: Arguments) -> anyhow::Result<()> {
    let port: u16 = arguments.number("--port", DEMO_PORT)?;
    arguments.finish()?;
    eprintln!("filling an account; this takes some seconds");
    let port = port.to_string();
    let mut stand_in = match StandIn::start(workspace, &["--demo", "--port", &port])? {
        Ok(stand_in) => stand_in,
        Err(Outcome::Skipped(reason)) => bail!("{reason}"),
        Err(Outcome::Done) => return Ok(()),
    };
    println!(
        "\
export AWS_ENDPOINT_URL={} AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo AWS_REGION=us-east-1
stele aws assess
stele aws plan -o plan.json
stele aws apply plan.json",
        stand_in.url
    );
    eprintln!("\naccount 123456789012, in memory only; Ctrl-C ends it");
    // Ctrl-C reaches the stand-in as well, so there is nothing left to end.
    stand_in.child.wait()?;
    Ok(())
}

/// A running stand-in for AWS; dropped, it ends.
pub(crate) struct StandIn {
    /// Where it listens.
    pub(crate) url: String,
    child: Child,
}

impl StandIn {
    /// Starts it and waits until it can be asked; what is missing is said in the outcome.
    ///
    /// # Errors
    /// When it does not come to listen.
    pub(crate) fn start(
        workspace: &Workspace,
        arguments: &[&str],
    ) -> anyhow::Result<Result<Self, Outcome>> {
        let mut command = match script(workspace, "moto/serve.py")? {
            Ok(command) => command,
            Err(outcome) => return Ok(Err(outcome)),
        };
        command.args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the stand-in for AWS")?;
        let output = child.stdout.take().context("the stand-in has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let Some((_, url)) = line.trim().rsplit_once(' ') else {
            child.wait()?;
            bail!("the stand-in did not start; if its port is in use, --port takes another")
        };
        Ok(Ok(Self { url: url.to_owned(), child }))
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about either error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that runs a script with moto, or why there is none.
fn script(workspace: &Workspace, name: &str) -> anyhow::Result<Result<Command, Outcome>> {
    Ok(Python::prepare(workspace, Packages::Moto)?.script(workspace, name))
}

/// Runs `stele aws assess` against the stand-in, where Python and the packages are there.
pub(crate) fn assess(workspace: &Workspace) -> anyhow::Result<Outcome> {
    with_binary(workspace, "moto/test_assess.py")
}

/// Runs plans, applies, rollbacks and drift against it, likewise.
pub(crate) fn apply(workspace: &Workspace) -> anyhow::Result<Outcome> {
    with_binary(workspace, "moto/test_apply.py")
}

/// Runs what is kept in the lake and read from it.
pub(crate) fn kept(workspace: &Workspace) -> anyhow::Result<Outcome> {
    with_binary(workspace, "moto/test_kept.py")
}

/// Looks at what `stele aws export` writes: lints templates, executes them on the stand-in, reads
/// the commands and Terraform's files.
pub(crate) fn export(workspace: &Workspace) -> anyhow::Result<Outcome> {
    match script(workspace, "moto/test_export.py")? {
        Ok(mut command) => workspace::run(&mut command).map(|()| Outcome::Done),
        Err(skipped) => Ok(skipped),
    }
}

/// Runs `stele verify` over copies of a data folder in tars and in the stand-in.
pub(crate) fn verify(workspace: &Workspace) -> anyhow::Result<Outcome> {
    with_binary(workspace, "moto/test_verify.py")
}

fn with_binary(workspace: &Workspace, name: &str) -> anyhow::Result<Outcome> {
    match script(workspace, name)? {
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
