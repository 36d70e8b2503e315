//! `stele gen`: made-up logs.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::Context;
use crate::generate::bench::{Packing, write_ndjson, write_trail_files};

/// Make up logs.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// CloudTrail-like records of about 1.4 kB each.
    Cloudtrail {
        /// How many.
        #[arg(long, default_value_t = 100_000)]
        events: u64,
        /// The same seed gives the same bytes.
        #[arg(long, default_value_t = 42)]
        seed: u64,
        /// Write trail files into this folder; without it, lines go to stdout.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Records in a file.
        #[arg(long, default_value_t = 20_000)]
        events_per_file: u64,
        /// Pack the files with gzip.
        #[arg(long)]
        gzip: bool,
    },
}

pub(crate) fn run(_context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let What::Cloudtrail { events, seed, out, events_per_file, gzip } = &arguments.what;
    let written = match out {
        Some(folder) => {
            let packing = if *gzip { Packing::Gzip } else { Packing::Plain };
            write_trail_files(folder, *events, *seed, *events_per_file, packing)?
        }
        None => write_ndjson(&mut std::io::stdout().lock(), *events, *seed)?,
    };
    writeln!(std::io::stderr(), "{} events, {} bytes", written.events, written.bytes)?;
    Ok(ExitCode::SUCCESS)
}
