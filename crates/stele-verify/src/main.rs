//! The verifier on its own, for the machine of somebody who trusts neither server nor operator.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;
use stele_verify::arguments::{Command, Output};

fn main() -> ExitCode {
    let command = Command::parse();
    let rest = Mutex::new(io::stderr());
    let mut output = Output { data: &mut io::stdout().lock(), rest: &rest };
    match command.run(&mut output) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Nothing is left to be done where even this cannot be said.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(1)
        }
    }
}
