//! `stele config`: what is in force, and what is wrong in a file.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::Context;
use crate::settings::{self, Settings};

/// Show the configuration, or check a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Print every setting that is in force, and where its value came from.
    Show,
    /// Say what is wrong in a configuration file, with lines.
    Check {
        /// The file.
        #[arg(default_value = "stele.toml")]
        file: PathBuf,
    },
}

impl Arguments {
    /// Whether a wrong configuration is what the command is about.
    pub(crate) fn is_check(&self) -> bool {
        matches!(self.action, Action::Check { .. })
    }
}

pub(crate) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.action {
        Action::Show => show(context),
        Action::Check { file } => check(file),
    }
}

fn show(context: &Context) -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    for (setting, value, origin) in context.settings.each() {
        if context.json {
            let value = match value.parse::<u64>() {
                Ok(number) if setting.is_number() => serde_json::json!(number),
                _ => serde_json::json!(value),
            };
            let line = serde_json::json!({
                "name": setting.name, "value": value, "from": origin.to_string(),
            });
            writeln!(output, "{line}")?;
        } else {
            writeln!(output, "{:<30} {value:<16} {origin}", setting.name)?;
        }
    }
    warn_of_variables()?;
    Ok(ExitCode::SUCCESS)
}

fn check(file: &PathBuf) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the configuration {}", file.display()))?;
    let mut read = Settings::default();
    let errors = settings::check(&file.display().to_string(), &text, &mut read);
    let errors = errors.iter().map(ToString::to_string).chain(read.contradiction());
    let errors: Vec<String> = errors.collect();
    for error in &errors {
        writeln!(std::io::stderr(), "error: {error}")?;
    }
    warn_of_variables()?;
    if errors.is_empty() {
        writeln!(std::io::stderr(), "{}: no errors", file.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn warn_of_variables() -> anyhow::Result<()> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for warning in settings::unknown_variables(names) {
        writeln!(std::io::stderr(), "warning: {warning}")?;
    }
    Ok(())
}
