//! `stele aws checks`: what each check reads, wants and is for.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};
use stele_aws::baseline::{PRESETS, in_preset};
use stele_aws::check::{Meta, Undo, controls};
use stele_aws::checks::{ALL, find};
use stele_aws::collect::Collector;
use stele_aws::finding::Remedy;

use super::table::severity;
use crate::Context;

/// The checks: what each reads, wants and is for.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// All checks, one a line.
    List {
        /// How they are written.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// One check in full.
    Show {
        /// Its id, as ct.trail.validation.
        id: String,
        /// How it is written.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    match &arguments.action {
        Action::List { format } if *format == Format::Json || context.json => {
            let all: Vec<Value> = ALL.iter().map(|check| described(check.meta())).collect();
            text = serde_json::to_string_pretty(&all)? + "\n";
        }
        Action::List { .. } => {
            for check in ALL {
                let meta = check.meta();
                let bad = severity(meta.severity);
                let _ = writeln!(text, "{:<28} {bad:<8}  {}", meta.id, meta.title);
            }
        }
        Action::Show { id, format } => {
            let Some(check) = find(id) else {
                bail!("there is no check `{id}`; `stele aws checks list` shows them{}", near(id));
            };
            text = if *format == Format::Json || context.json {
                serde_json::to_string_pretty(&described(check.meta()))? + "\n"
            } else {
                shown(check.meta())
            };
        }
    }
    write!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

fn near(id: &str) -> String {
    let ids = ALL.iter().map(|check| check.meta().id);
    let nearest =
        ids.max_by(|a, b| strsim::jaro_winkler(id, a).total_cmp(&strsim::jaro_winkler(id, b)));
    nearest.map_or_else(String::new, |near| format!("; is `{near}` meant?"))
}

/// The calls that a check needs, those of its collectors and what they need.
fn calls(meta: &Meta) -> BTreeSet<&'static str> {
    let collectors = Collector::closure(meta.reads.iter().copied());
    collectors.iter().flat_map(|collector| collector.operations()).copied().collect()
}

fn presets(meta: &Meta) -> Vec<&'static str> {
    PRESETS.iter().copied().filter(|preset| in_preset(preset, meta)).collect()
}

fn described(meta: &Meta) -> Value {
    json!({
        "id": meta.id,
        "title": meta.title,
        "severity": meta.severity,
        "presets": presets(meta),
        "reads": meta.reads.iter().map(|read| read.name()).collect::<Vec<_>>(),
        "calls": calls(meta),
        "controls": controls(meta),
        "passes": meta.passes,
        "not_applicable": meta.not_applicable,
        "why": meta.why,
        "fix": meta.fix,
    })
}

fn shown(meta: &Meta) -> String {
    let mut text = format!("{}\n{}\n\n{}\n\n", meta.id, meta.title, meta.why);
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:<15} {value}");
        }
    };
    line("severity", severity(meta.severity));
    line("passes when", meta.passes);
    line("not applicable", meta.not_applicable);
    line("put right by", meta.fix.how);
    line(
        "by whom",
        match meta.fix.remedy {
            Remedy::Plan => "an API call that is known",
            Remedy::Blocked => "a person",
        },
    );
    line(
        "undone",
        match meta.fix.undo {
            Undo::Exact => "exactly",
            Undo::Partly => "but for what is named",
            Undo::Never => "never",
            Undo::None => "",
        },
    );
    line("CloudFormation", &meta.fix.cloudformation.join(", "));
    line("Terraform", &meta.fix.terraform.join(", "));
    line("cost", meta.fix.cost);
    line("presets", &presets(meta).join(", "));
    line("controls", &controls(meta).join(", "));
    let calls: Vec<&str> = calls(meta).into_iter().collect();
    line("calls", &calls.join(", "));
    text
}
