//! `stele aws baseline`: what is wanted, and where each value came from.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;
use stele_aws::assess::exceptions_too_long;
use stele_aws::baseline::{Baseline, PRESETS, in_preset};
use stele_aws::checks::ALL;
use stele_event::runtime::Clock;
use stele_intake::system::SystemClock;

use super::read_baseline;
use crate::Context;

/// What is wanted: presets and the policy file.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Print every value that is in force, and where it came from.
    Show {
        /// The policy file; without it the default.
        file: Option<PathBuf>,
    },
    /// Say what is wrong in a policy file, with lines.
    Check {
        /// The policy file.
        #[arg(default_value = "stele-aws.toml")]
        file: PathBuf,
    },
    /// Print the presets and the checks of each.
    Presets,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.action {
        Action::Show { file } => show(context, file.as_ref()),
        Action::Check { file } => check(file),
        Action::Presets => presets(context),
    }
}

fn show(context: &Context, file: Option<&PathBuf>) -> anyhow::Result<ExitCode> {
    let baseline = file.map_or_else(|| Ok(Baseline::default()), |file| read_baseline(file))?;
    let text = file.map(std::fs::read_to_string).transpose()?.unwrap_or_default();
    let written: toml::Table = toml::from_str(&text).unwrap_or_default();
    let mut output = std::io::stdout().lock();
    if context.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&baseline)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let value = serde_json::to_value(&baseline)?;
    for (path, value) in leaves(&value) {
        let mut keys: Vec<&str> = path.split('.').collect();
        // The file calls them in the singular.
        for key in &mut keys {
            *key = match *key {
                "exceptions" => "exception",
                "rules" => "rule",
                other => other,
            };
        }
        let mut at = written.get(keys[0]);
        for key in &keys[1..] {
            at = at.and_then(|value| value.get(*key));
        }
        let origin = match file {
            Some(file) if at.is_some() => file.display().to_string(),
            _ => "default".to_owned(),
        };
        writeln!(output, "{path:<32} {value:<40} {origin}")?;
    }
    for check in ALL {
        let meta = check.meta();
        let on = if baseline.wants(meta) { "on" } else { "off" };
        let origin = if baseline.checks.contains_key(meta.id) {
            file.map_or_else(String::new, |file| file.display().to_string())
        } else {
            let named = baseline.presets.iter().filter(|preset| in_preset(preset, meta));
            named.cloned().collect::<Vec<_>>().join(", ")
        };
        writeln!(output, "{:<32} {on:<40} {origin}", meta.id)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Values with their dotted paths; lists are values.
fn leaves(value: &Value) -> Vec<(String, String)> {
    let Value::Object(members) = value else { return Vec::new() };
    let mut all = Vec::new();
    for (name, value) in members.iter().filter(|(name, _)| *name != "checks" && *name != "warnings")
    {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                all.extend(leaves(value).into_iter().map(|(p, v)| (format!("{name}.{p}"), v)));
            }
            Value::Null => all.push((name.clone(), "none".to_owned())),
            leaf => all.push((name.clone(), leaf.to_string())),
        }
    }
    all
}

fn check(file: &PathBuf) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the policy `{}`", file.display()))?;
    let (errors, warnings) = match Baseline::parse(&text) {
        Ok(baseline) => {
            (exceptions_too_long(&baseline, SystemClock.now_micros()), baseline.warnings)
        }
        Err(errors) => (errors, Vec::new()),
    };
    for warning in &warnings {
        writeln!(std::io::stderr(), "warning: {}: {warning}", file.display())?;
    }
    for error in &errors {
        writeln!(std::io::stderr(), "error: {}: {error}", file.display())?;
    }
    if errors.is_empty() {
        writeln!(std::io::stderr(), "{}: no errors", file.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn presets(context: &Context) -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    for preset in PRESETS {
        let checks = ALL.iter().map(|check| check.meta()).filter(|meta| in_preset(preset, meta));
        let ids: Vec<&str> = checks.map(|meta| meta.id).collect();
        if context.json {
            writeln!(output, "{}", serde_json::json!({"name": preset, "checks": ids}))?;
        } else {
            writeln!(output, "{preset}: {} checks\n    {}", ids.len(), ids.join(", "))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
