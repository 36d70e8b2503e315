//! `cargo xtask up`: from a fresh checkout to a running Stele.

use std::process::Command;
use std::time::Instant;

use anyhow::Context;

use crate::arguments::Arguments;
use crate::page;
use crate::steps::Outcome;
use crate::workspace::{self, Workspace};

/// Builds `stele` in the dev profile and becomes `stele up` with the flags given.
pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> anyhow::Result<()> {
    if let Outcome::Skipped(reason) = page::ensure_made(workspace)? {
        eprintln!("{reason}: the server will be without its page, everything else works");
    }
    eprintln!("building stele (dev profile; the first time takes about ten minutes on two cores)");
    let started = Instant::now();
    workspace::run(&mut workspace.cargo(&["build", "--workspace", "--bins"]))?;
    eprintln!("built in {:.1} s", started.elapsed().as_secs_f64());
    let mut command = Command::new(workspace.binary("debug"));
    command.arg("up").args(arguments.rest());
    eprintln!("starting {}; Ctrl-C ends it", workspace::shown(&command));
    become_command(&mut command)
}

/// Replaces this process, so that signals reach the server itself.
#[cfg(unix)]
fn become_command(command: &mut Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).with_context(|| format!("cannot start {}", workspace::shown(command)))
}

#[cfg(not(unix))]
fn become_command(command: &mut Command) -> anyhow::Result<()> {
    workspace::run(command)
}
