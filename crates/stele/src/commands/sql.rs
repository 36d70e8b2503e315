//! `stele sql`: ask in SQL.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use futures::StreamExt;
use stele_server::Node;

use super::search::print_table;
use crate::Context;
use crate::target::Target;

/// Ask in SQL; only reading is possible: `stele sql "select count(*) from events"`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The question; the table is `events`.
    sql: String,
}

pub(crate) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let table = std::io::stdout().is_terminal() && !context.json;
    let mut output = std::io::stdout().lock();
    let mut names: Vec<String> = Vec::new();
    let mut rows: Vec<serde_json::Value> = Vec::new();
    match Target::open(context).await? {
        Target::Remote(server) => {
            let body = serde_json::json!({"sql": arguments.sql});
            if !table {
                server.post_into("sql", &body, &mut output).await?;
                return Ok(ExitCode::SUCCESS);
            }
            let mut lines = Vec::new();
            server.post_into("sql", &body, &mut lines).await?;
            for line in lines.split(|byte| *byte == b'\n') {
                if let Ok(serde_json::Value::Object(row)) = serde_json::from_slice(line) {
                    names.extend(
                        row.keys().filter(|k| !names.contains(k)).cloned().collect::<Vec<_>>(),
                    );
                    rows.push(row.into());
                }
            }
        }
        Target::Local(node) => {
            let stream = node.store().sql(&arguments.sql, &Node::anonymous()).await?;
            let mut batches =
                Box::pin(node.config().query.apply(stele_store::render::batches(stream)));
            while let Some(batch) = batches.next().await {
                let batch = batch?;
                if table {
                    names = batch.names();
                    rows.extend((0..batch.rows()).map(|row| batch.object(row).into()));
                } else {
                    output.write_all(batch.ndjson().as_bytes())?;
                }
            }
            drop(batches);
            node.close().await?;
        }
    }
    if table {
        print_table(&mut output, &names, &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}
