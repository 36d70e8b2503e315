//! `stele store`: what there is, and making it smaller.

use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};
use stele_server::api;

use crate::Context;
use crate::target::Target;

/// Look at the store and tidy it up.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum StoreCommand {
    /// Files, rows, bytes, write-ahead log, and how it stands with the ledger.
    Status,
    /// Write what is in memory, and join small files.
    Compact,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let answer: Value = match (Target::existing(context).await?, arguments.command) {
        (Target::Remote(server), StoreCommand::Status) => server.get("status").await?,
        (Target::Remote(server), StoreCommand::Compact) => server.post("admin/compact").await?,
        (Target::Local(node), command) => {
            let answer = match command {
                StoreCommand::Status => api::status_of(&node)?,
                StoreCommand::Compact => {
                    node.flush().await?;
                    json!(node.compact(true).await?)
                }
            };
            node.close().await?;
            answer
        }
    };
    let mut output = std::io::stdout().lock();
    if context.json {
        writeln!(output, "{answer}")?;
    } else {
        writeln!(output, "{answer:#}")?;
    }
    Ok(ExitCode::SUCCESS)
}
