//! `stele aws`: what an AWS account logs, and how it is turned on. Only `apply` and `rollback`
//! write.
//!
//! The work is in `stele-aws`; this reads the words and shows what came of it. One subcommand is
//! one file below `aws/`.

mod acts;
mod apply;
mod assess;
mod baseline;
mod checks;
mod drift;
mod earlier;
mod export;
mod keep;
mod plan;
mod plan_table;
mod session;
mod table;
mod who;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use stele_aws::assess::Selection;
use stele_aws::baseline::Baseline;
use stele_aws::iam;
use stele_aws::tags::{Tag, Tags};

use crate::{Context, Usage};

/// See what an AWS account logs, where it lands, and what is off.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Read an account and say what is off; never writes to AWS.
    Assess(Box<assess::Arguments>),
    /// Say what would put the findings right, with costs and undoing; never writes to AWS.
    Plan(Box<plan::Arguments>),
    /// Do what a plan says.
    Apply(Box<apply::Arguments>),
    /// Undo what an apply did.
    Rollback(Box<apply::RollbackArguments>),
    /// Show what an apply or a rollback did.
    Journal(apply::JournalArguments),
    /// Write a plan down for CloudFormation or Terraform.
    Export(export::Arguments),
    /// Let CloudFormation say what a plan's template would make.
    Preview(Box<export::PreviewArguments>),
    /// Say what got worse since an earlier result; never writes to AWS.
    Drift(Box<drift::Arguments>),
    /// The checks: what each reads, wants and is for.
    Checks(checks::Arguments),
    /// Print the IAM policy that a command needs.
    Policy(PolicyArguments),
    /// What is wanted: presets and the policy file.
    Baseline(baseline::Arguments),
    /// Print the JSON Schema of what a command writes.
    Schema {
        /// The command.
        #[arg(default_value = "assess")]
        of: SchemaOf,
    },
}

/// Which checks, and what is wanted.
#[derive(Debug, clap::Args)]
struct ChoiceArguments {
    /// The policy file, as stele-aws.toml; without it the default is wanted.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Only checks of this pattern (`ct.*`), also such as the policy does not want.
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    checks: Vec<String>,
    /// No checks of this pattern.
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    skip: Vec<String>,
    /// Only resources with this tag, `KEY=VALUE` or `KEY` for any value; several times: with all of
    /// them. What is said of the account and its regions stays.
    #[arg(long, value_name = "K=V", value_parser = Tag::parse)]
    tag: Vec<Tag>,
}

#[derive(Debug, clap::Args)]
struct PolicyArguments {
    /// The command that the policy is for.
    #[arg(long = "for", value_name = "COMMAND")]
    command: PolicyFor,
    #[command(flatten)]
    choice: ChoiceArguments,
    /// The plan, for `apply` and `rollback`.
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// Buckets that logs are written to, for `arrival`.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    buckets: Vec<String>,
    /// ARNs of the queues that tell of new files, for `arrival`.
    #[arg(long, value_name = "ARN", value_delimiter = ',')]
    queues: Vec<String>,
    /// The partition: aws, aws-cn, aws-us-gov, ...
    #[arg(long, default_value = "aws", value_name = "NAME")]
    partition: String,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum SchemaOf {
    Assess,
    Plan,
    Drift,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum PolicyFor {
    Assess,
    Plan,
    Apply,
    Rollback,
    Arrival,
}

impl ChoiceArguments {
    /// What is wanted, and which checks are left of it.
    fn read(&self) -> anyhow::Result<(Baseline, Selection)> {
        let baseline = match &self.baseline {
            Some(file) => read_baseline(file)?,
            None => Baseline::default(),
        };
        let selection = Selection { only: self.checks.clone(), skip: self.skip.clone() };
        for pattern in self.checks.iter().chain(&self.skip) {
            let one = Selection { only: vec![pattern.clone()], skip: Vec::new() };
            if one.checks(&baseline).is_empty() {
                let text = format!("`{pattern}` is no check; `stele aws checks list` shows them");
                return Err(Usage(text).into());
            }
        }
        Ok((baseline, selection))
    }

    /// The tags that a resource must have.
    fn tags(&self) -> anyhow::Result<Tags> {
        Tags::new(self.tag.clone()).map_err(|error| Usage(format!("--tag: {error}")).into())
    }
}

/// Reads a policy file. An earlier result is none, and is told apart.
fn read_baseline(file: &Path) -> anyhow::Result<Baseline> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the policy `{}`", file.display()))?;
    if text.trim_start().starts_with('{') {
        bail!(
            "`{}` is a result of `assess`, not a policy; `--baseline` takes a file like \
             stele-aws.toml",
            file.display()
        );
    }
    Baseline::parse(&text)
        .map_err(|errors| anyhow::anyhow!("`{}`: {}", file.display(), errors.join("; ")))
}

/// Writes a file that nobody else can read: plans and results say much of an account.
fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // A file of its own, which only its owner can read, in the place of an older one.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

pub(crate) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.action {
        Action::Assess(arguments) => assess::run(context, *arguments).await,
        Action::Plan(arguments) => plan::run(context, *arguments).await,
        Action::Apply(arguments) => apply::run(context, *arguments).await,
        Action::Rollback(arguments) => apply::rollback(context, *arguments).await,
        Action::Journal(arguments) => apply::show(context, &arguments),
        Action::Export(arguments) => export::run(&arguments),
        Action::Preview(arguments) => export::preview(context, *arguments).await,
        Action::Drift(arguments) => drift::run(context, *arguments).await,
        Action::Checks(arguments) => checks::run(context, &arguments),
        Action::Policy(arguments) => policy(&arguments),
        Action::Baseline(arguments) => baseline::run(context, &arguments),
        Action::Schema { of } => schema(of),
    }
}

fn policy(arguments: &PolicyArguments) -> anyhow::Result<ExitCode> {
    let partition = arguments.partition.clone();
    let plan = || {
        let text = "for which plan? give it with `--plan`; `stele aws plan -o FILE` makes one";
        let file = arguments.plan.as_ref().ok_or_else(|| Usage(text.to_owned()))?;
        plan::read(file)
    };
    let collectors = || -> anyhow::Result<_> {
        let (baseline, selection) = arguments.choice.read()?;
        let checks = selection.checks(&baseline);
        let mut collectors = stele_aws::assess::collectors(&checks, &baseline);
        collectors.extend(arguments.choice.tags()?.collector());
        Ok(collectors)
    };
    let documents = match arguments.command {
        PolicyFor::Assess => vec![iam::assess_policy(&collectors()?, &partition)],
        PolicyFor::Plan => iam::plan_policy(&collectors()?, &partition)?,
        PolicyFor::Apply => iam::apply_policy(&plan()?)?,
        PolicyFor::Rollback => iam::rollback_policy(&plan()?)?,
        PolicyFor::Arrival => {
            let (buckets, queues) = (arguments.buckets.clone(), arguments.queues.clone());
            iam::arrival_policy(&iam::ArrivalScope { partition, buckets, queues })?
        }
    };
    if documents.len() > 1 {
        let count = documents.len();
        writeln!(
            std::io::stderr(),
            "warning: AWS takes 6,144 characters in a policy: these are {count}, for one role"
        )?;
    }
    for document in &documents {
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(document)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn schema(of: SchemaOf) -> anyhow::Result<ExitCode> {
    let schema = match of {
        SchemaOf::Assess => stele_aws::schema::assess()?,
        SchemaOf::Plan => stele_aws::schema::plan()?,
        SchemaOf::Drift => stele_aws::schema::drift()?,
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&schema)?)?;
    Ok(ExitCode::SUCCESS)
}
