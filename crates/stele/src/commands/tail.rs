//! `stele tail`: events as they arrive at a server.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use serde_json::Value;

use crate::Context;
use crate::answer::Question;
use crate::target::Target;

/// Show events as they arrive, in the order of arrival. Needs a running server.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// End after so many events.
    #[arg(long)]
    limit: Option<usize>,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let target = Target::existing(context).await?;
    if matches!(target, Target::Local(_)) {
        bail!("no server is running on this folder, so nothing arrives; start one with `stele up`");
    }
    let ask = async |sql: String| -> anyhow::Result<Vec<Value>> {
        let rows = target.ask(Question::Sql(sql)).await?.rows().await?;
        Ok(rows.into_iter().map(Value::Object).collect())
    };
    // The last batch may still grow, so its position counts too.
    let last = r#"SELECT "_batch", "_pos" FROM events ORDER BY "_batch" DESC, "_pos" DESC LIMIT 1"#;
    let place =
        |row: &Value| (row["_batch"].as_i64().unwrap_or(0), row["_pos"].as_i64().unwrap_or(-1));
    let (mut batch, mut pos) = ask(last.to_owned()).await?.first().map_or((0, -1), place);
    let mut shown = 0;
    let mut output = std::io::stdout().lock();
    loop {
        let rows = ask(format!(
            r#"SELECT "_batch", "_pos", time, source_type, user_name, operation, src_ip, status_code,
               message FROM events WHERE "_batch" > {batch} OR ("_batch" = {batch} AND "_pos" > {pos})
               ORDER BY "_batch", "_pos" LIMIT 1000"#
        ))
        .await?;
        for row in &rows {
            (batch, pos) = place(row);
            if context.json {
                writeln!(output, "{row}")?;
            } else {
                let text =
                    |name: &str| row[name].as_str().unwrap_or("-").replace(char::is_control, " ");
                writeln!(
                    output,
                    "{} {} {} {} {} {} {:.120}",
                    text("time"),
                    text("source_type"),
                    text("user_name"),
                    text("operation"),
                    text("src_ip"),
                    text("status_code"),
                    text("message"),
                )?;
            }
            shown += 1;
            if arguments.limit.is_some_and(|limit| shown >= limit) {
                return Ok(ExitCode::SUCCESS);
            }
        }
        output.flush()?;
        if rows.is_empty() {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}
