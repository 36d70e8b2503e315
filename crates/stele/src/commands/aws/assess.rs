//! `stele aws assess`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use stele_aws::assess::{Report, exceptions_too_long};
use stele_aws::client::{HttpAws, Limits, default_region};
use stele_aws::run::{self, Options};
use stele_aws::variables::Variables;
use stele_event::runtime::Clock;
use stele_intake::system::{SystemClock, SystemEntropy};

use super::{ChoiceArguments, table};
use crate::Context;

/// Read an account and say what is off; never writes to AWS.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    choice: ChoiceArguments,
    /// Regions, or `enabled` for all that the account has enabled.
    #[arg(long, value_name = "R", value_delimiter = ',', default_value = "enabled")]
    regions: Vec<String>,
    /// Accounts to assess, each by `--assume-role`.
    #[arg(long, value_name = "A", value_delimiter = ',')]
    accounts: Vec<String>,
    /// Every active account of the organisation.
    #[arg(long)]
    org: bool,
    /// The role to take on: its ARN, or with several accounts the name that each of them has.
    #[arg(long, value_name = "NAME|ARN")]
    assume_role: Option<String>,
    /// What the role asks to be told.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// The profile of AWS's files to take the credentials from.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// How the result is written.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write the result to a file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Calls in flight at once.
    #[arg(long, default_value_t = 64, value_name = "N")]
    concurrency: usize,
    /// Seconds after which nothing more is asked.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    timeout: u64,
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
}

pub(super) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (baseline, selection) = arguments.choice.read()?;
    let clock = Arc::new(SystemClock);
    let too_long = exceptions_too_long(&baseline, clock.now_micros());
    if !too_long.is_empty() {
        bail!("{}", too_long.join("; "));
    }
    let variables = Variables::of_process();
    let region = default_region(&variables, arguments.profile.as_deref());
    let limits = Limits { concurrency: arguments.concurrency, timeout_seconds: arguments.timeout };
    let entropy = Arc::new(SystemEntropy);
    let aws = HttpAws::new(clock.clone(), entropy, variables, arguments.profile, limits)
        .map_err(anyhow::Error::msg)?;
    let regions: Vec<String> =
        arguments.regions.into_iter().filter(|region| region != "enabled").collect();
    // What asks first asks where we are, and not in a region that may be misspelt.
    let first = regions.first().cloned().unwrap_or(region);
    let options = Options {
        regions,
        accounts: arguments.accounts,
        organization: arguments.org,
        assume_role: arguments.assume_role,
        external_id: arguments.external_id,
        selection,
        baseline,
    };
    let report = run::run(&aws, clock.as_ref(), &first, &options).await?;
    let format = match arguments.format {
        Format::Table if context.json => Format::Json,
        format => format,
    };
    let mut bytes = Vec::new();
    write(&report, format, &mut bytes)?;
    match &arguments.output {
        Some(file) => std::fs::write(file, bytes)
            .with_context(|| format!("cannot write `{}`", file.display()))?,
        None => std::io::stdout().write_all(&bytes)?,
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
                let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
                writeln!(output, "{}", cells.join(","))?;
            }
        }
    }
    Ok(())
}

/// A cell as RFC 4180 has it. A text that a spreadsheet would take for a formula is kept from it.
fn quoted(cell: &str) -> String {
    let guarded =
        if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}
