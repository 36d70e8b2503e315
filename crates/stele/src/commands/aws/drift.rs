//! `stele aws drift`: what has changed since an earlier result.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use stele_aws::assess::Selection;
use stele_aws::drift::{self, Drift};
use stele_aws::run;

use super::earlier;
use super::session::SessionArguments;
use crate::Context;

/// Assess again what an earlier result looked at, and say what got worse since; never writes to
/// AWS.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The earlier result, as `assess --format json -o` writes it.
    #[arg(long, value_name = "ASSESS.json")]
    baseline: PathBuf,
    #[command(flatten)]
    session: SessionArguments,
    /// How the result is written.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// One object, `stele.aws.drift/1`.
    Json,
}

pub(super) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let before = earlier::read(&arguments.baseline)?;
    let mut session_arguments = arguments.session;
    session_arguments.as_in(&before)?;
    let only: Vec<String> = before.checks();
    let selection = Selection { only, skip: Vec::new() };
    let mut session = session_arguments.open(before.baseline()?, selection)?;
    session.options.tags = before.tags()?;
    session.options.home_regions.clone_from(&before.scope.home_regions);
    let now =
        run::run(&session.aws, session.clock.as_ref(), &session.region, &session.options).await?;
    let others: Vec<&String> =
        now.scope.accounts.iter().filter(|a| !before.scope.accounts.contains(a)).collect();
    if let Some(other) = others.first() {
        bail!(
            "the earlier result is of account {}, and these credentials are for {other}",
            before.scope.accounts.join(", ")
        );
    }
    let mut drift = drift::compare(&before, &now);
    if let Err(error) = super::who::fill(context, &before, &mut drift).await {
        writeln!(std::io::stderr(), "warning: the store cannot say who changed it: {error:#}")?;
    }
    let mut output = std::io::stdout();
    if context.json || arguments.format == Format::Json {
        writeln!(output, "{}", serde_json::to_string_pretty(&drift)?)?;
    } else {
        output.write_all(table(&drift).as_bytes())?;
    }
    for line in super::table::unread(&now) {
        writeln!(std::io::stderr(), "{line}")?;
    }
    Ok(ExitCode::from(drift.exit_code()))
}

fn table(drift: &Drift) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for entry in &drift.drift {
        let _ = writeln!(
            text,
            "{} {} {} {}: {} -> {}",
            entry.change, entry.id, entry.region, entry.resource, entry.was, entry.now
        );
        let _ = writeln!(text, "    {}", entry.reason);
        for who in &entry.who {
            let _ = writeln!(
                text,
                "    {} {} by {} (event {})",
                who.time, who.operation, who.actor, who.event_id
            );
        }
        if !entry.consequences.is_empty() {
            let _ =
                writeln!(text, "    {} other findings follow from it", entry.consequences.len());
        }
    }
    let _ = writeln!(
        text,
        "{} got worse, {} better, {} not readable",
        drift.drift.len(),
        drift.improved.len(),
        drift.unreadable.len()
    );
    text
}
