//! `stele aws export` and `preview`: a plan as files for CloudFormation and Terraform.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use stele_aws::call::{Aws, Call};
use stele_aws::export::{self, File, Options};
use stele_aws::operation;
use stele_event::runtime::Clock;

use super::plan;
use super::session::SessionArguments;
use crate::{Context, Usage};

/// Write a plan down for another tool. What a template cannot say is listed beside it, with the
/// commands that do it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plan.
    plan: PathBuf,
    /// For which tool.
    #[arg(long, value_enum)]
    to: Tool,
    /// Where it is written: a file for CloudFormation, which others are put beside; a folder for
    /// Terraform.
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// Let a function in the template do what a template cannot say.
    #[arg(long)]
    with_custom_resources: bool,
    /// Add a queue that tells of new files in the buckets that are made.
    #[arg(long)]
    collect: bool,
    /// Print the console's link that begins a stack with the template at this address.
    #[arg(long, value_name = "TEMPLATE-URL")]
    launch_url: Option<String>,
}

/// Tools that plans are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Tool {
    /// Templates.
    Cloudformation,
    /// HCL.
    Terraform,
    /// A template that is the same for all regions.
    Stackset,
}

/// Let CloudFormation say what a plan's template would make: a change set is made, printed, and
/// deleted. Nothing else is made.
#[derive(Debug, clap::Args)]
pub(super) struct PreviewArguments {
    /// The plan.
    plan: PathBuf,
    #[command(flatten)]
    session: SessionArguments,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let plan = plan::read(&arguments.plan)?;
    if arguments.to == Tool::Terraform {
        if arguments.launch_url.is_some() {
            let text =
                "--launch-url is a link to CloudFormation's console; it goes with a template";
            return Err(Usage(text.to_owned()).into());
        }
        if arguments.with_custom_resources {
            let text =
                "--with-custom-resources puts a function into a template; Terraform has none";
            return Err(Usage(text.to_owned()).into());
        }
    }
    let options = Options {
        stem: stem(&arguments.output),
        with_custom_resources: arguments.with_custom_resources,
        collect: arguments.collect,
    };
    let files = match arguments.to {
        Tool::Cloudformation => export::cloudformation(&plan, &options)?,
        Tool::Stackset => export::stackset(&plan, &options)?,
        Tool::Terraform => export::terraform(&plan, &options)?,
    };
    let folder = match arguments.to {
        Tool::Terraform => arguments.output.as_path(),
        Tool::Cloudformation | Tool::Stackset => {
            arguments.output.parent().unwrap_or_else(|| Path::new(""))
        }
    };
    for File { name, text } in &files {
        let path = folder.join(name);
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            std::fs::create_dir_all(above)
                .with_context(|| format!("cannot make the folder `{}`", above.display()))?;
        }
        std::fs::write(&path, text)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        writeln!(std::io::stderr(), "wrote {}", path.display())?;
    }
    if let Some(template) = &arguments.launch_url {
        let region = export::main_region(&plan);
        writeln!(std::io::stdout(), "{}", export::launch_url(&region, template))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the names of the files begin with.
fn stem(output: &Path) -> String {
    let name = output.file_stem().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| export::STACK_NAME.to_owned())
}

/// How long CloudFormation may take to make a change set.
const CHANGE_SET_SECONDS: u32 = 120;

pub(super) async fn preview(
    context: &Context,
    arguments: PreviewArguments,
) -> anyhow::Result<ExitCode> {
    let plan = plan::read(&arguments.plan)?;
    let mut accounts: Vec<String> = plan.actions.iter().map(|a| a.account.clone()).collect();
    accounts.sort();
    accounts.dedup();
    let [account] = accounts.as_slice() else {
        bail!("a preview is of one account; the plan is for {}", accounts.len());
    };
    let files = export::cloudformation(&plan, &Options::default())?;
    let templates: Vec<&File> = files.iter().filter(|file| is_template(file)).collect();
    let [template] = templates.as_slice() else {
        bail!(
            "a preview is of one template, and this plan makes {}; plan for one region \
             (`--regions`) or fewer checks (`--include`)",
            templates.len()
        );
    };
    let region = export::main_region(&plan);
    let session = arguments.session.open_for_changes()?;
    let clock = session.clock.clone();
    let (sessions, _) = session.writing(&accounts).await?;
    let Some(aws) = sessions.get(account) else {
        bail!("the plan is for account {account}, and these credentials are for another");
    };
    let stack = format!("{}-preview-{}", export::STACK_NAME, clock.now_millis());
    let cloudformation = CloudFormation { aws: aws.as_ref(), region: &region, stack: &stack };
    let changes = cloudformation.changes(&template.text).await;
    // Whatever came of it, nothing is left behind.
    let deleted = cloudformation.delete().await;
    let changes = changes?;
    deleted?;
    let mut output = std::io::stdout();
    if context.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&changes)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for change in &changes {
        let change = &change["ResourceChange"];
        let text = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
        writeln!(
            output,
            "{} {} {}",
            text("Action"),
            text("ResourceType"),
            text("LogicalResourceId")
        )?;
    }
    writeln!(
        output,
        "{} resources; the change set and its empty stack are deleted",
        changes.len()
    )?;
    Ok(ExitCode::SUCCESS)
}

fn is_template(file: &File) -> bool {
    Path::new(&file.name).extension().is_some_and(|ending| ending == "yaml")
}

/// A stack that is never made.
struct CloudFormation<'a> {
    aws: &'a dyn Aws,
    region: &'a str,
    stack: &'a str,
}

impl CloudFormation<'_> {
    async fn call(&self, id: &str, params: Value) -> anyhow::Result<Value> {
        let operation = operation::find(id).with_context(|| format!("{id} is not in the table"))?;
        let Value::Object(params) = params else { bail!("parameters are an object") };
        let call = Call { operation, region: self.region.to_owned(), params };
        Ok(self.aws.call(&call).await?)
    }

    fn named(&self, others: Value) -> Value {
        let mut params = Map::new();
        params.insert("StackName".to_owned(), json!(self.stack));
        if let Value::Object(others) = others {
            params.extend(others);
        }
        Value::Object(params)
    }

    async fn changes(&self, template: &str) -> anyhow::Result<Vec<Value>> {
        let made = self.named(json!({"ChangeSetName": self.stack, "ChangeSetType": "CREATE",
            "TemplateBody": template, "Capabilities": ["CAPABILITY_NAMED_IAM"]}));
        self.call("cloudformation:CreateChangeSet", made).await?;
        let asked = self.named(json!({"ChangeSetName": self.stack}));
        for _ in 0..CHANGE_SET_SECONDS {
            let answer = self.call("cloudformation:DescribeChangeSet", asked.clone()).await?;
            match answer["Status"].as_str().unwrap_or_default() {
                "CREATE_COMPLETE" => return Ok(list(&answer["Changes"])),
                "FAILED" => {
                    let reason = answer["StatusReason"].as_str().unwrap_or("no reason is given");
                    bail!("CloudFormation does not take the template: {reason}");
                }
                _ => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
        bail!("CloudFormation made no change set in {CHANGE_SET_SECONDS} seconds")
    }

    async fn delete(&self) -> anyhow::Result<()> {
        let set = self.named(json!({"ChangeSetName": self.stack}));
        // A set that was never made cannot be deleted, and need not be.
        let _ = self.call("cloudformation:DeleteChangeSet", set).await;
        self.call("cloudformation:DeleteStack", self.named(json!({}))).await.map(|_| ())
    }
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}
