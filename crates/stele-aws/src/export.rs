//! A plan as files for other tools: CloudFormation, a StackSet, Terraform.
//!
//! ```text
//! plan ─> stack (resources, what remains) ─> cloudformation ─> yaml
//!           by the table in resource/     ├─> terraform ─> hcl
//!                                         └─> command: a page with the rest
//! ```
//!
//! The files say what they can: what the plan makes, and settings of that. What is there already
//! belongs to somebody; it is changed by `apply`, or by the commands on the page, or, on wish, by a
//! function in the template. Terraform can take some of it on (`import` blocks).
//!
//! Everything here is pure: a plan goes in, files come out. Nothing is written to a disk or to AWS.

mod archive;
mod cloudformation;
mod collect;
mod command;
mod condition;
mod custom;
mod hcl;
mod names;
mod nested;
mod node;
mod resource;
mod stack;
mod switch;
mod template;
mod terraform;
mod yaml;

pub use archive::{Archive, archive_policy};

use std::collections::BTreeSet;

use crate::plan::{Action, Plan};

/// The name of the stack.
pub const STACK_NAME: &str = "stele-logging";

/// What CloudFormation takes as a template in a call, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 51_200;

/// What CloudFormation takes as a template from a bucket, in bytes.
pub const TEMPLATE_IN_BUCKET_BYTES_MAX: usize = 1_000_000;

/// The most resources of a template.
pub const RESOURCES_MAX: usize = 500;

/// The most parameters of a template.
pub const PARAMETERS_MAX: usize = 200;

/// What somebody chooses.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the names of files begin with: that of the output without its ending.
    pub stem: String,
    /// Whether what the template cannot say is done by a function in it.
    pub with_custom_resources: bool,
    /// Whether a queue tells of new files in the buckets that are made.
    pub collect: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { stem: STACK_NAME.to_owned(), with_custom_resources: false, collect: false }
    }
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, below the folder of the output.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// Why there are no files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// There is nothing to write.
    #[error("the plan has no actions: there is nothing to export")]
    Empty,
    /// A template would be larger than CloudFormation takes.
    #[error(
        "the template of {region} would have {bytes} bytes and {resources} resources that belong \
         together, and CloudFormation takes {TEMPLATE_IN_BUCKET_BYTES_MAX} and {RESOURCES_MAX}: \
         plan for fewer regions or checks (`--include`) and export each plan"
    )]
    TooLarge {
        /// Where.
        region: String,
        /// How large.
        bytes: usize,
        /// How many.
        resources: usize,
    },
}

/// Templates of a plan: that of the home region, those of other regions, and a page with what
/// remains.
///
/// # Errors
/// The plan is empty, or a template too large even in parts.
pub fn cloudformation(plan: &Plan, options: &Options) -> Result<Vec<File>, ExportError> {
    templates(plan, options, cloudformation::Rollout::Stacks)
}

/// Templates of a plan, where what is the same in all regions but the home region is one template
/// for a StackSet.
///
/// # Errors
/// The plan is empty, or a template too large even in parts.
pub fn stackset(plan: &Plan, options: &Options) -> Result<Vec<File>, ExportError> {
    templates(plan, options, cloudformation::Rollout::StackSet)
}

fn templates(
    plan: &Plan,
    options: &Options,
    rollout: cloudformation::Rollout,
) -> Result<Vec<File>, ExportError> {
    let accounts = accounts(plan)?;
    let mut files = Vec::new();
    for account in &accounts {
        let stem = match accounts.len() {
            1 => options.stem.clone(),
            _ => format!("{}.{account}", options.stem),
        };
        let options = Options { stem, ..options.clone() };
        files.extend(cloudformation::files(plan, account, &options, rollout)?);
    }
    Ok(files)
}

/// Terraform's files of a plan: `main.tf`, `variables.tf`, `imports.tf`, and a page with what
/// remains.
///
/// # Errors
/// The plan is empty.
pub fn terraform(plan: &Plan, options: &Options) -> Result<Vec<File>, ExportError> {
    let accounts = accounts(plan)?;
    let mut files = Vec::new();
    for account in &accounts {
        let folder = if accounts.len() > 1 { format!("{account}/") } else { String::new() };
        let made = terraform::files(&actions_of(plan, account), options);
        files.extend(
            made.into_iter().map(|file| File { name: format!("{folder}{}", file.name), ..file }),
        );
    }
    Ok(files)
}

/// The region of the main template of a plan: where the console's link should begin the stack.
pub fn main_region(plan: &Plan) -> String {
    let actions: Vec<&Action> = plan.actions.iter().collect();
    home_region(&actions)
}

/// The console's link that begins a stack with a template in a bucket.
pub fn launch_url(region: &str, template_url: &str) -> String {
    let console = if region.starts_with("cn-") {
        "console.amazonaws.cn"
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com"
    } else {
        "console.aws.amazon.com"
    };
    format!(
        "https://{console}/cloudformation/home?region={region}#/stacks/quickcreate?templateURL={}\
         &stackName={STACK_NAME}",
        percent_encoded(template_url)
    )
}

fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The accounts with actions, in order.
fn accounts(plan: &Plan) -> Result<Vec<String>, ExportError> {
    let all: BTreeSet<String> = plan.actions.iter().map(|action| action.account.clone()).collect();
    if all.is_empty() { Err(ExportError::Empty) } else { Ok(all.into_iter().collect()) }
}

fn actions_of<'a>(plan: &'a Plan, account: &str) -> Vec<&'a Action> {
    plan.actions.iter().filter(|action| action.account == account).collect()
}

/// Where trails and roles of an account are made; else the first region.
fn home_region(actions: &[&Action]) -> String {
    let at_home = |action: &&&Action| {
        action.call.starts_with("iam:") || action.call == "cloudtrail:CreateTrail"
    };
    let found = actions.iter().find(at_home).or_else(|| actions.first());
    found.map(|action| action.region.clone()).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;
