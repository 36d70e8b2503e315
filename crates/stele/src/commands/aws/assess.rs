//! `stele aws assess`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use stele_aws::assess::{Report, exceptions_too_long};
use stele_aws::format::{asff, ocsf};
use stele_aws::run;
use stele_event::runtime::Clock;
use stele_store::render::csv_text;

use super::session::SessionArguments;
use super::{ChoiceArguments, table};
use crate::Context;

/// Read an account and say what is off; never writes to AWS.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    choice: ChoiceArguments,
    #[command(flatten)]
    session: SessionArguments,
    /// Do not store the result. Otherwise it goes into the lake, where there is one: a server that
    /// was named, or the data folder.
    #[arg(long)]
    no_keep: bool,
    /// How the result is written.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write the result to a file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// One object, `stele.aws.assess/1`.
    Json,
    /// One finding a line.
    Ndjson,
    /// One finding a line, with a header.
    Csv,
    /// A list of findings as Security Hub imports them.
    Asff,
    /// One finding a line, as OCSF 1.8.0 Compliance Finding.
    Ocsf,
}

pub(super) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (baseline, selection) = arguments.choice.read()?;
    let mut session = arguments.session.open(baseline, selection)?;
    session.options.tags = arguments.choice.tags()?;
    let too_long = exceptions_too_long(&session.options.baseline, session.clock.now_micros());
    if !too_long.is_empty() {
        bail!("{}", too_long.join("; "));
    }
    let report =
        run::run(&session.aws, session.clock.as_ref(), &session.region, &session.options).await?;
    let format = match arguments.format {
        Format::Table if context.json => Format::Json,
        format => format,
    };
    let mut bytes = Vec::new();
    write(&report, format, &mut bytes)?;
    match &arguments.output {
        Some(file) => super::write_private(file, &bytes)
            .with_context(|| format!("cannot write `{}`", file.display()))?,
        None => std::io::stdout().write_all(&bytes)?,
    }
    if !arguments.no_keep {
        let kept = match super::keep::keep(context, &report).await {
            Ok(Some(count)) => {
                format!("{count} findings are kept in the lake: `stele search class_uid:2003`")
            }
            Ok(None) => String::new(),
            Err(error) => format!("warning: the result is not kept whole: {error:#}"),
        };
        if !kept.is_empty() {
            writeln!(std::io::stderr(), "{kept}")?;
        }
    }
    for line in table::hints(&report) {
        writeln!(std::io::stderr(), "{line}")?;
    }
    Ok(ExitCode::from(report.exit_code()))
}

fn write(report: &Report, format: Format, output: &mut Vec<u8>) -> anyhow::Result<()> {
    match format {
        Format::Table => output.extend_from_slice(table::table(report).as_bytes()),
        Format::Json => writeln!(output, "{}", serde_json::to_string_pretty(report)?)?,
        Format::Ndjson => {
            for finding in &report.findings {
                writeln!(output, "{}", serde_json::to_string(finding)?)?;
            }
        }
        Format::Csv => {
            writeln!(output, "account,region,id,severity,status,resource,reason_code,reason")?;
            for finding in &report.findings {
                let severity = table::severity(finding.severity);
                let cells = [
                    &finding.account,
                    &finding.region,
                    finding.id,
                    severity,
                    finding.status.word(),
                    &finding.resource,
                    &finding.reason_code,
                    &finding.reason,
                ];
                let cells: Vec<String> = cells.iter().map(|cell| csv_text(cell)).collect();
                writeln!(output, "{}", cells.join(","))?;
            }
        }
        Format::Asff => {
            writeln!(output, "{}", serde_json::to_string_pretty(&asff::findings(report))?)?;
        }
        Format::Ocsf => {
            for finding in ocsf::findings(report)? {
                writeln!(output, "{}", serde_json::to_string(&finding)?)?;
            }
        }
    }
    Ok(())
}
