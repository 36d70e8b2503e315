//! What a check is: facts in, findings out; pure.
//!
//! A check is a unit struct in a file of its own below `checks/`, and a line in `checks.rs`. It
//! reads the inventory and the baseline and nothing else: no clock, no call.

use serde::Serialize;

use crate::baseline::Baseline;
use crate::collect::Collector;
use crate::fact::Unread;
use crate::finding::{Finding, Remedy, Severity, Status, Verdict};
use crate::inventory::{Inventory, Region};
use crate::judge::places;
use crate::plan::change::Builder;

/// What a check says of itself; `stele aws checks show` prints it.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// Its name, which never changes.
    pub id: &'static str,
    /// What is good, in a line.
    pub title: &'static str,
    /// How bad it is if it is not.
    pub severity: Severity,
    /// Whether the default baseline wants it.
    pub default: bool,
    /// Whether it turns a source of logs on.
    pub source: bool,
    /// What it reads.
    pub reads: &'static [Collector],
    /// The controls that are known to ask for it.
    pub controls: &'static [&'static str],
    /// When it passes.
    pub passes: &'static str,
    /// When it does not apply; empty where it always does.
    pub not_applicable: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How to put it right.
    pub fix: FixMeta,
}

/// How a failing check is put right.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FixMeta {
    /// By whom.
    pub remedy: Remedy,
    /// The API calls that do it, or what a person does.
    pub how: &'static str,
    /// What undoing it leaves.
    pub undo: Undo,
    /// CloudFormation's types, without `AWS::`.
    pub cloudformation: &'static [&'static str],
    /// Terraform's resources, without `aws_`.
    pub terraform: &'static [&'static str],
    /// What AWS charges for.
    pub cost: &'static str,
}

/// What undoing a fix leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// Nothing.
    Exact,
    /// What the check's page names.
    Partly,
    /// It cannot be undone.
    Never,
    /// There is nothing that we would do.
    None,
}

/// A check.
pub trait Check: Sync {
    /// What it says of itself.
    fn meta(&self) -> &'static Meta;

    /// Judges an account.
    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>);

    /// Says what would put a finding right. Where nothing is said here, only a person can.
    fn fix(&self, _finding: &Finding, plan: &mut Builder<'_>) {
        plan.by_hand(self.meta());
    }

    /// The stream of logs that the subject of a finding sends, where the check turns one on and it
    /// is known: `aws:<kind>:<account>:<region>:<name>`. Receivers compute the same from what
    /// arrives.
    fn stream(&self, _inventory: &Inventory, _finding: &Finding) -> Option<String> {
        None
    }
}

/// Takes what a check has decided, and adds what is the same for all of its findings.
#[derive(Debug)]
pub struct Findings<'a> {
    meta: &'static Meta,
    controls: Vec<String>,
    inventory: &'a Inventory,
    all: Vec<Finding>,
}

impl<'a> Findings<'a> {
    fn of(meta: &'static Meta, inventory: &'a Inventory) -> Self {
        let controls = controls(meta);
        Self { meta, controls, inventory, all: Vec::new() }
    }

    /// A finding about a resource in a region.
    pub fn add(&mut self, region: &str, resource: impl Into<String>, verdict: Verdict) {
        let wrong = matches!(verdict.status, Status::Fail | Status::Blocked);
        let by_hand = verdict.by_hand || verdict.status == Status::Blocked;
        let remedy = if by_hand { Remedy::Blocked } else { self.meta.fix.remedy };
        self.all.push(Finding {
            id: self.meta.id,
            status: verdict.status,
            severity: self.meta.severity,
            account: self.inventory.account.clone(),
            region: region.to_owned(),
            resource: resource.into(),
            reason: verdict.reason,
            reason_code: verdict.reason_code,
            fix: wrong.then_some(remedy),
            evidence: verdict.evidence,
            cause: verdict.cause,
            pending: verdict.pending,
            exception: None,
            controls: self.controls.clone(),
            stream: None,
            missing: verdict.missing,
        });
    }

    /// The one finding of a region whose list could not be read: its resource is a wildcard.
    pub fn unread(&mut self, region: &str, service: &str, rest: &str, reason: &Unread) {
        let resource = match service {
            "s3" => self.inventory.bucket_arn("*"),
            "route53" => format!("arn:{}:route53:::hostedzone/*", self.inventory.partition),
            _ => self.inventory.arn(service, region, rest),
        };
        self.add(region, resource, Verdict::unknown(reason));
    }
}

/// All controls of a check, with the one that holds for every source.
pub fn controls(meta: &Meta) -> Vec<String> {
    let source = meta.source.then_some("PCI-4.0.1:10.2.1");
    meta.controls.iter().copied().chain(source).map(str::to_owned).collect()
}

/// Runs one check.
pub fn run(check: &dyn Check, inventory: &Inventory, baseline: &Baseline) -> Vec<Finding> {
    let mut findings = Findings::of(check.meta(), inventory);
    check.assess(inventory, baseline, &mut findings);
    let mut all = findings.all;
    for finding in &mut all {
        if matches!(finding.status, Status::Pass | Status::Fail) {
            finding.stream = check.stream(inventory, finding);
        }
        if finding.status == Status::Pass {
            let places = places::of(inventory, finding);
            if !places.is_empty() {
                finding.evidence.insert(places::EVIDENCE.to_owned(), places.into());
            }
        }
    }
    all
}

/// The regions of an account, with their names.
pub fn regions(inventory: &Inventory) -> impl Iterator<Item = (&str, &Region)> {
    inventory.by_region.iter().map(|(name, region)| (name.as_str(), region))
}
