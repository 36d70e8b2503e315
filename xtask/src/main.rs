//! The project's own tools, run as `cargo xtask <command>`.
//!
//! This is the only automation there is: `.ci/run` calls it, and whatever CI checks can be run by
//! hand with the same command. Data goes to stdout, everything else to stderr, and the exit code
//! is 0 where all is well, 1 where something failed and 2 where the command was misspelt.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool talks to its terminal")]

mod arguments;
mod aws;
mod bench;
mod checks;
mod external;
mod generate;
mod page;
mod python;
mod steps;
mod tidy;
mod up;
mod workspace;

use std::process::ExitCode;

use arguments::{Arguments, UsageError};
use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask <command>

  up [--demo] [--data DIR] [--listen ADDR]   build stele and start it
  test [--kill-rounds N]                     everything that CI checks, in its order
  ui                                         make the web page, with Node.js
  tidy                                       the project's own rules: edges, lengths, links, words
  gen [--check]                              write the generated files, or see that they are current
  bench ingest [--events N] [--rounds N]     how fast and how small events are stored
  bench ledger [--events N] [--rounds N]     what the ledger costs, and how fast it verifies
  bench query [--events N] [--rounds N]      how fast questions are answered
  bench posture [--prowler FILE]             how long an AWS account takes to assess and plan for
  bench sdk                                  what our client of AWS costs to build, beside the SDK
  aws-demo [--port N]                        an AWS account in memory, to try `stele aws` with
  aws-models                                 our AWS operations and requests against botocore's
";

/// The commands, so that documents that name another one are found out.
const COMMANDS: &[&str] = &["up", "test", "ui", "tidy", "gen", "bench", "aws-models", "aws-demo"];

fn main() -> ExitCode {
    match run(Arguments::from_command_line()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<UsageError>() => {
            eprintln!("error: {error}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Arguments) -> anyhow::Result<()> {
    if arguments.flag("--help") || arguments.flag("-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let workspace = Workspace::find()?;
    match arguments.word().as_deref() {
        Some("up") => up::run(&workspace, arguments),
        Some("test") => checks::run(&workspace, arguments),
        Some("ui") => page::run(&workspace, arguments),
        Some("tidy") => tidy::run(&workspace, arguments),
        Some("gen") => generate::run(&workspace, arguments),
        Some("bench") => bench::run(&workspace, arguments),
        Some("aws-models") => aws::run(&workspace, arguments),
        Some("aws-demo") => aws::demo(&workspace, arguments),
        Some("help") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(UsageError::new(format!("there is no command `{other}`")).into()),
        None => Err(UsageError::new("which command?".to_owned()).into()),
    }
}
