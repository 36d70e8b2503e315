//! `stele ledger`: what is on record, and by which key.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use stele_server::api;

use crate::Context;
use crate::target::Target;

/// Look at the ledger, or change its key.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum LedgerCommand {
    /// List entries, the last ones unless `--first` is given.
    Log {
        /// The first entry, from 0.
        #[arg(long, value_name = "INDEX")]
        first: Option<u64>,
        /// How many at the most, up to 1000.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// Only records of this kind: act, batch, beat, commit, extern, files, receipt.
        #[arg(long)]
        kind: Option<String>,
    },
    /// Print one entry as it is.
    Show {
        /// Which, from 0.
        index: u64,
    },
    /// Print entries as they are signed.
    Tail,
    /// Print the newest signed checkpoint.
    Checkpoint {
        /// The newest that enough witnesses have signed, with their signatures.
        #[arg(long)]
        witnessed: bool,
    },
    /// Draw a new key; the old one announces it.
    RotateKey,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let target = Target::existing(context).await?;
    let result = answer(context, &target, &arguments.command).await;
    target.close().await?;
    result.map(|()| ExitCode::SUCCESS)
}

async fn answer(context: &Context, target: &Target, command: &LedgerCommand) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    match command {
        LedgerCommand::Log { first, limit, kind } => {
            let found = entries(target, *first, *limit).await?;
            for entry in found["entries"].as_array().into_iter().flatten() {
                let is_asked = kind.as_ref().is_none_or(|kind| entry["record"]["t"] == **kind);
                if is_asked {
                    print(context, &mut output, entry)?;
                }
            }
        }
        LedgerCommand::Show { index } => {
            let found = entries(target, Some(*index), 1).await?;
            let Some(entry) = found["entries"].get(0) else {
                anyhow::bail!("there is no entry {index}; the ledger has {}", found["size"]);
            };
            writeln!(output, "{:#}", entry["record"])?;
        }
        LedgerCommand::Tail => {
            let mut next = entries(target, None, 0).await?["size"].as_u64().unwrap_or(0);
            loop {
                let found = entries(target, Some(next), 1_000).await?;
                for entry in found["entries"].as_array().into_iter().flatten() {
                    print(context, &mut output, entry)?;
                    next += 1;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        LedgerCommand::Checkpoint { witnessed } => {
            let status = match target {
                Target::Remote(server) => server.get("status").await?,
                Target::Local(node) => api::status_of(node)?,
            };
            if *witnessed && status["ledger"]["witnesses"]["witnessed_size"].is_null() {
                anyhow::bail!(
                    "no checkpoint has been signed by enough witnesses; `stele store status` tells \
                     what they say"
                );
            }
            let note = match target {
                Target::Remote(server) => {
                    let newest = if *witnessed { "" } else { "?newest=true" };
                    let request = server.client.get(server.url("ledger/checkpoint") + newest);
                    server.send(request).await?.text().await?
                }
                Target::Local(node) => {
                    let ledger = node.ledger();
                    let found = if *witnessed { ledger.published() } else { ledger.checkpoint() };
                    String::from_utf8(found.map(|sealed| sealed.note).unwrap_or_default())?
                }
            };
            write!(output, "{note}")?;
        }
        LedgerCommand::RotateKey => {
            let answer = match target {
                Target::Remote(server) => server.post("admin/rotate-key").await?,
                Target::Local(node) => {
                    let (key, sealed) = node.rotate_key()?;
                    json!({"key": key, "size": sealed.size})
                }
            };
            if context.json {
                writeln!(output, "{answer}")?;
            } else {
                let key = answer["key"].as_str().unwrap_or_default();
                writeln!(output, "{key}")?;
                writeln!(std::io::stderr(), "hint: give the new verifier key to who verifies")?;
            }
        }
    }
    Ok(())
}

async fn entries(target: &Target, first: Option<u64>, limit: u64) -> anyhow::Result<Value> {
    match target {
        Target::Remote(server) => {
            let first = first.map_or_else(String::new, |first| format!("first={first}&"));
            server.get(&format!("ledger/entries?{first}limit={limit}")).await
        }
        Target::Local(node) => Ok(api::listed(node.ledger(), first, Some(limit))?),
    }
}

fn print(context: &Context, output: &mut impl Write, entry: &Value) -> anyhow::Result<()> {
    if context.json {
        writeln!(output, "{entry}")?;
        return Ok(());
    }
    let record = &entry["record"];
    let time = record["at"].as_i64().and_then(DateTime::from_timestamp_micros);
    let time = time.map_or_else(String::new, |t| t.to_rfc3339_opts(SecondsFormat::Millis, true));
    let kind = record["t"].as_str().unwrap_or_default();
    writeln!(output, "{:>8}  {time}  {kind:<8} {}", entry["index"], summary(record))?;
    Ok(())
}

/// What a record is about, on one line.
fn summary(record: &Value) -> String {
    let text = |name: &str| match &record[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match record["t"].as_str().unwrap_or_default() {
        "batch" => format!(
            "{} of `{}`: {} events, {} stored",
            text("batch"),
            text("dataset"),
            text("n"),
            text("stored")
        ),
        "receipt" => {
            let requests = record["requests"].as_array().map_or(0, Vec::len);
            format!("{} of batch {}: {requests} requests", text("part"), text("batch"))
        }
        "commit" => {
            format!("version {} of `{}`: {}", text("version"), text("table"), text("reason"))
        }
        "files" => {
            let changes = record["changes"].as_array().map_or(0, Vec::len);
            format!("of version {}: {changes} files", text("version"))
        }
        "beat" => format!("{} of run {}", text("beat"), text("run")),
        "act" => text("act"),
        "extern" => format!("{} {}", text("prover"), text("name")),
        _ => String::new(),
    }
}
