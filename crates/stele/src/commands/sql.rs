//! `stele sql`: ask in SQL.

use std::io::IsTerminal;
use std::process::ExitCode;

use super::search::show;
use crate::Context;
use crate::answer::Question;

/// Ask in SQL; only reading is possible: `stele sql "select count(*) from events"`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The question; the table is `events`.
    sql: String,
}

pub(crate) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let table = std::io::stdout().is_terminal() && !context.json;
    show(context, Question::Sql(arguments.sql), table).await?;
    Ok(ExitCode::SUCCESS)
}
