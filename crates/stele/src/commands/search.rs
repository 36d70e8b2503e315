//! `stele search`: find events in the search syntax.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use futures::TryStreamExt;
use serde_json::Value;

use crate::Context;
use crate::answer::{Question, Search};
use crate::target::Target;

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
    /// The zone of times that are written without one: `UTC` or `+01:00`.
    #[arg(long, default_value = "UTC", allow_hyphen_values = true)]
    tz: String,
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
    let limit = arguments.limit;
    let question = Question::Search(Search {
        query: arguments.query,
        since: arguments.since,
        until: arguments.until,
        zone: arguments.tz,
        limit,
        oldest_first: arguments.oldest_first,
        columns,
        is_ocsf: arguments.ocsf,
    });
    let found = show(context, question, table).await?;
    if found >= limit {
        writeln!(std::io::stderr(), "the first {found}; there may be more (see --limit)")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks, and prints the rows: as a table, or line by line as they come. Returns how many there
/// were.
pub(crate) async fn show(
    context: &Context,
    question: Question,
    table: bool,
) -> anyhow::Result<usize> {
    let target = Target::existing(context).await?;
    let mut answer = target.ask(question).await?;
    let mut output = std::io::stdout().lock();
    let mut found = 0;
    if table {
        let names = std::mem::take(&mut answer.names);
        let rows: Vec<Value> = answer.rows().await?.into_iter().map(Value::Object).collect();
        print_table(&mut output, &names, &rows)?;
        found = rows.len();
    } else {
        while let Some(text) = answer.text.try_next().await? {
            found += text.lines().count();
            output.write_all(text.as_bytes())?;
        }
    }
    target.close().await?;
    Ok(found)
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
