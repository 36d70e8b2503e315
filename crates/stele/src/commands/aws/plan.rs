//! `stele aws plan`: what would put the findings right. It reads only.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;
use stele_aws::arn;
use stele_aws::assess::exceptions_too_long;
use stele_aws::checks;
use stele_aws::drift::Reference;
use stele_aws::finding::Finding;
use stele_aws::plan::{Allowance, Plan};
use stele_aws::run::{self, PlanOptions};
use stele_event::runtime::Clock;

use super::session::SessionArguments;
use super::{ChoiceArguments, earlier, plan_table};
use crate::{Context, Usage};

/// Say what would put the findings right: each change with what is there now, what it costs and
/// how it is undone; never writes to AWS.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    choice: ChoiceArguments,
    #[command(flatten)]
    session: SessionArguments,
    /// Only findings of an earlier result, as far as they are still there; its accounts, regions,
    /// tags and policy are taken over.
    #[arg(long, value_name = "ASSESS.json", conflicts_with_all = ["baseline", "tag"])]
    from: Option<PathBuf>,
    /// Only findings of these checks.
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    include: Vec<String>,
    /// What the plan may do though it cannot be undone or takes something away.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = allowance)]
    allow: Vec<Allowance>,
    /// Refuse a plan that is expected to cost more dollars a month.
    #[arg(long, value_name = "USD", value_parser = dollars)]
    budget: Option<f64>,
    /// Write the plan to a file, for `apply` and `export`.
    #[arg(short, long, value_name = "PLAN")]
    output: Option<PathBuf>,
    /// How the plan is shown.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// One object, `stele.aws.plan/1`.
    Json,
}

fn allowance(word: &str) -> Result<Allowance, String> {
    Allowance::parse(word)
        .ok_or_else(|| "it is one of shorten, irreversible, replace, remove-exclusion".to_owned())
}

fn dollars(text: &str) -> Result<f64, String> {
    let amount = text.trim_start_matches('$').parse::<f64>();
    amount
        .ok()
        .filter(|amount| amount.is_finite() && *amount >= 0.0)
        .ok_or_else(|| "it is an amount of dollars, as `25` or `12.50`".to_owned())
}

pub(super) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (mut baseline, mut selection) = arguments.choice.read()?;
    for pattern in &arguments.include {
        if !checks::ALL.iter().any(|check| arn::matches(pattern, check.meta().id)) {
            let text = "is no check; `stele aws checks list` shows them";
            return Err(Usage(format!("--include: `{pattern}` {text}")).into());
        }
    }
    let mut home_regions = BTreeMap::new();
    let mut tags = arguments.choice.tags()?;
    let mut earlier: Option<BTreeSet<Reference>> = None;
    let mut session_arguments = arguments.session;
    if let Some(file) = &arguments.from {
        let before = earlier::read(file)?;
        baseline = before.baseline()?;
        tags = before.tags()?;
        session_arguments.as_in(&before)?;
        if selection.only.is_empty() {
            selection.only = before.checks();
        }
        home_regions.clone_from(&before.scope.home_regions);
        earlier = Some(before.findings.iter().map(Reference::of).collect());
    }
    let mut session = session_arguments.open(baseline, selection)?;
    session.options.tags = tags;
    session.options.home_regions = home_regions;
    let too_long = exceptions_too_long(&session.options.baseline, session.clock.now_micros());
    if !too_long.is_empty() {
        bail!("{}", too_long.join("; "));
    }
    let include = &arguments.include;
    let wanted = move |finding: &Finding| {
        let named = include.is_empty() || include.iter().any(|p| arn::matches(p, finding.id));
        named && earlier.as_ref().is_none_or(|all| all.contains(&Reference::to(finding)))
    };
    let options =
        PlanOptions { allowances: arguments.allow.into_iter().collect(), wanted: &wanted };
    let made = run::plan(
        &session.aws,
        session.clock.as_ref(),
        &session.region,
        &session.options,
        &options,
    );
    let (report, plan) = made.await?;
    for line in super::table::unread(&report) {
        writeln!(std::io::stderr(), "{line}")?;
    }
    within(&plan, arguments.budget)?;
    let json = serde_json::to_string_pretty(&plan)?;
    if let Some(file) = &arguments.output {
        super::write_private(file, json.as_bytes())
            .with_context(|| format!("cannot write `{}`", file.display()))?;
    }
    let mut output = std::io::stdout();
    if context.json || arguments.format == Format::Json {
        if arguments.output.is_none() {
            writeln!(output, "{json}")?;
        }
    } else {
        output.write_all(plan_table::table(&plan).as_bytes())?;
    }
    if let (Some(file), false) = (&arguments.output, plan.actions.is_empty()) {
        writeln!(std::io::stderr(), "hint: `stele aws apply {}` does it", file.display())?;
    }
    Ok(ExitCode::from(plan.exit_code()))
}

fn within(plan: &Plan, budget: Option<f64>) -> anyhow::Result<()> {
    match budget.and_then(|budget| plan.over_budget(budget)) {
        Some(text) => bail!("{text}\nhint: take less in with --include, or narrow the policy"),
        None => Ok(()),
    }
}

/// Reads a plan.
pub(super) fn read(file: &std::path::Path) -> anyhow::Result<Plan> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the plan `{}`", file.display()))?;
    let value: Value = serde_json::from_str(&text)
        .with_context(|| format!("`{}` is no plan: it is not JSON", file.display()))?;
    match value["schema"].as_str() {
        Some(stele_aws::plan::SCHEMA) => {}
        Some(other) => bail!("`{}` is `{other}`, not a plan", file.display()),
        None => bail!("`{}` is no plan; `stele aws plan -o FILE` makes one", file.display()),
    }
    let plan: Plan = serde_json::from_value(value).with_context(|| {
        format!("`{}` is no plan of this version; make it anew", file.display())
    })?;
    if plan.sha256 != plan.hash() {
        bail!(
            "`{}` was changed after it was made: its hash differs; make it anew with other options",
            file.display()
        );
    }
    Ok(plan)
}
