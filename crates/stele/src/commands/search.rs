//! `stele search`: find events in the search syntax.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use futures::StreamExt;
use stele_store::search::time;
use stele_store::{RowBatch, SearchRequest};

use crate::Context;
use crate::target::Target;
use stele_server::Node;

/// Find events, newest first: `stele search 'outcome:failure src_ip:203.0.113.0/24' --since 2h`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The query; empty for everything. See docs/search-syntax.md.
    #[arg(default_value = "", allow_hyphen_values = true)]
    query: String,
    /// Only events from this time on: `2h`, `7d`, `today`, `2026-11-24T10:00:00Z` (UTC).
    #[arg(long)]
    since: Option<String>,
    /// Only events before this time.
    #[arg(long)]
    until: Option<String>,
    /// At most so many events.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Oldest first.
    #[arg(long)]
    oldest_first: bool,
    /// Print OCSF documents, one a line.
    #[arg(long, conflicts_with = "columns")]
    ocsf: bool,
    /// The columns to show, by name and with commas between.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
}

/// What a terminal shows where nothing else is asked for.
const SHOWN: &[&str] =
    &["time", "source_type", "user_name", "operation", "src_ip", "status_code", "message"];

pub(crate) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let table = std::io::stdout().is_terminal() && !context.json && !arguments.ocsf;
    let columns = if arguments.columns.is_empty() && table {
        SHOWN.iter().map(|name| (*name).to_owned()).collect()
    } else {
        arguments.columns.clone()
    };
    let mut output = std::io::stdout().lock();
    let found = match Target::open(context).await? {
        Target::Remote(server) => {
            let mut query = vec![
                ("q", arguments.query.clone()),
                ("limit", arguments.limit.to_string()),
                ("columns", columns.join(",")),
                ("order", if arguments.oldest_first { "asc" } else { "desc" }.to_owned()),
            ];
            if arguments.ocsf {
                query.push(("format", "ocsf".to_owned()));
            }
            query.extend(arguments.since.map(|since| ("since", since)));
            query.extend(arguments.until.map(|until| ("until", until)));
            let mut lines = Vec::new();
            if !table {
                return server
                    .get_into("search", &query, &mut output)
                    .await
                    .map(|()| ExitCode::SUCCESS);
            }
            server.get_into("search", &query, &mut lines).await?;
            let rows: Vec<serde_json::Value> = lines
                .split(|byte| *byte == b'\n')
                .filter_map(|line| serde_json::from_slice(line).ok())
                .collect();
            print_table(&mut output, &columns, &rows)?;
            rows.len()
        }
        Target::Local(node) => {
            let now = node.now_micros();
            let at = |text: Option<String>| {
                text.map(|text| time::parse(&text, now)).transpose().map_err(anyhow::Error::msg)
            };
            let request = SearchRequest {
                query: arguments.query,
                since_micros: at(arguments.since)?,
                until_micros: at(arguments.until)?,
                limit: Some(arguments.limit),
                ascending: arguments.oldest_first,
                columns: columns.clone(),
            };
            let stream =
                node.store().search(&request, node.fields(), now, &Node::anonymous()).await?;
            let mut batches =
                Box::pin(node.config().query.apply(stele_store::render::batches(stream)));
            let mut rows = Vec::new();
            let mut found = 0;
            while let Some(batch) = batches.next().await {
                let batch: RowBatch = batch?;
                found += batch.rows();
                if table {
                    rows.extend((0..batch.rows()).map(|row| batch.object(row).into()));
                } else if arguments.ocsf {
                    let lines = batch.lines(|row| stele_event::ocsf::document(row));
                    output.write_all(lines.as_bytes())?;
                } else {
                    output.write_all(batch.ndjson().as_bytes())?;
                }
            }
            if table {
                print_table(&mut output, &columns, &rows)?;
            }
            drop(batches);
            node.close().await?;
            found
        }
    };
    if table && found >= arguments.limit {
        writeln!(std::io::stderr(), "the first {found}; there may be more (see --limit)")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints rows in columns as wide as they need to be, up to a limit. Control characters, which a
/// hostile log may hold, are shown and not obeyed.
pub(crate) fn print_table(
    output: &mut dyn Write,
    columns: &[String],
    rows: &[serde_json::Value],
) -> std::io::Result<()> {
    const WIDTH_MAX: usize = 60;
    let cell = |row: &serde_json::Value, column: &str| -> String {
        let text = match &row[column] {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(WIDTH_MAX).collect()
    };
    let width = |column: &String| {
        rows.iter()
            .map(|row| cell(row, column).chars().count())
            .max()
            .unwrap_or(0)
            .max(column.len())
    };
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let line = |cells: Vec<String>| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    writeln!(output, "{}", line(columns.to_vec()))?;
    for row in rows {
        writeln!(output, "{}", line(columns.iter().map(|column| cell(row, column)).collect()))?;
    }
    Ok(())
}
