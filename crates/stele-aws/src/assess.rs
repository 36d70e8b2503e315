//! Assess: read accounts, run the checks, report. It never writes to AWS.
//!
//! The report's JSON is a public contract; `docs/schema/stele.aws.assess-1.json` is generated from
//! these types.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate};
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::baseline::Baseline;
use crate::call::{Aws, CallError};
use crate::caller::{CallLog, Caller};
use crate::check::{self, Check};
use crate::checks;
use crate::client::Partition;
use crate::collect::{self, Collector, Scope, collect};
use crate::finding::{Finding, Status};
use crate::inventory::Inventory;
use crate::tags;

/// The name and version of the report's form.
pub const SCHEMA: &str = "stele.aws.assess/1";

/// What came of an assessment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Report {
    /// `stele.aws.assess/1`.
    pub schema: &'static str,
    /// When it was read, as RFC 3339.
    pub assessed_at: String,
    /// Whether everything that was needed could be read.
    pub complete: bool,
    /// How long it took.
    pub took_ms: u64,
    /// How many calls were made.
    pub api_calls: u64,
    /// What was looked at.
    pub scope: ReportScope,
    /// How many findings ended how.
    pub summary: Summary,
    /// What the checks say, by account, region, id, resource.
    pub findings: Vec<Finding>,
    /// Calls that failed.
    pub errors: Vec<ReportError>,
}

/// What was looked at.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct ReportScope {
    /// Accounts.
    pub accounts: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// Where what is global belonged, by account.
    pub home_regions: BTreeMap<String, String>,
    /// The checks that were run.
    pub checks: Vec<String>,
    /// As in ARNs.
    pub partition: String,
    /// The organisation, where that is known.
    pub organization: Option<String>,
    /// The ARN of who asked; empty where that is not known.
    pub asked_by: String,
    /// The tags that a resource had to have, each as `key=value` or `key`; none where all count.
    pub tags: Vec<String>,
    /// The policy that was in force.
    #[schema(value_type = Object)]
    pub baseline: Value,
}

/// How many findings ended how; excepted ones are counted in `excepted` alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Summary {
    /// Good.
    #[serde(rename = "PASS")]
    pub pass: u64,
    /// Not good.
    #[serde(rename = "FAIL")]
    pub fail: u64,
    /// AWS leaves no room.
    #[serde(rename = "BLOCKED")]
    pub blocked: u64,
    /// No such log.
    #[serde(rename = "NOT_APPLICABLE")]
    pub not_applicable: u64,
    /// Not decidable.
    #[serde(rename = "UNKNOWN")]
    pub unknown: u64,
    /// Somebody answers for it.
    pub excepted: u64,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct ReportError {
    /// Whose account.
    pub account: String,
    /// Where.
    pub region: String,
    /// `service:Operation`.
    pub call: String,
    /// AWS's code, or one of ours.
    pub code: String,
    /// AWS's text, shortened.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What to do about it; may be empty.
    pub hint: String,
}

impl ReportError {
    /// A failed call of an account.
    pub fn new(account: &str, error: &CallError) -> Self {
        Self {
            account: account.to_owned(),
            region: error.region.clone(),
            call: error.call.clone(),
            code: error.code.clone(),
            message: error.message.clone(),
            attempts: error.attempts,
            hint: error.hint(),
        }
    }
}

/// Which checks are run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Patterns of ids; all that the baseline wants where it is empty.
    pub only: Vec<String>,
    /// Patterns of ids that are left out.
    pub skip: Vec<String>,
}

impl Selection {
    /// The checks that the baseline wants and the selection leaves.
    pub fn checks(&self, baseline: &Baseline) -> Vec<&'static dyn Check> {
        let hit = |patterns: &[String], id: &str| {
            patterns.iter().any(|pattern| crate::arn::matches(pattern, id))
        };
        let chosen = checks::ALL.iter().copied().filter(|check| {
            let meta = check.meta();
            // Naming a check is wanting it.
            let wanted =
                if self.only.is_empty() { baseline.wants(meta) } else { hit(&self.only, meta.id) };
            wanted && !hit(&self.skip, meta.id)
        });
        chosen.collect()
    }
}

/// The collectors that checks need to judge by a baseline.
pub fn collectors(checks: &[&'static dyn Check], baseline: &Baseline) -> BTreeSet<Collector> {
    let reads = checks.iter().flat_map(|check| check.meta().reads.iter().copied());
    let mut collectors = Collector::closure(reads);
    if baseline.sinks.central.is_none() {
        collectors.remove(&Collector::AccountPolicies);
    }
    collectors
}

/// One account as it was assessed.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// What was read.
    pub inventory: Inventory,
    /// The checks that were run.
    pub checks: Vec<&'static str>,
    /// What the checks say, in the order of the contract.
    pub findings: Vec<Finding>,
    /// What could not be read.
    pub errors: Vec<ReportError>,
    /// How many calls were made.
    pub calls: u64,
}

/// Assesses one account.
pub async fn account(
    aws: &dyn Aws,
    scope: &Scope,
    baseline: &Baseline,
    checks: &[&'static dyn Check],
) -> Assessed {
    let log = CallLog::default();
    let inventory = collect(aws, &log, scope).await;
    let mut findings: Vec<Finding> =
        checks.iter().flat_map(|check| check::run(*check, &inventory, baseline)).collect();
    in_scope(Caller::new(aws, &log, ""), &inventory, &mut findings).await;
    except(&mut findings, baseline, scope.now_micros);
    sort(&mut findings);
    let mut errors: Vec<ReportError> =
        log.errors().iter().map(|error| ReportError::new(&scope.account, error)).collect();
    errors.sort();
    let checks = checks.iter().map(|check| check.meta().id).collect();
    Assessed { inventory, checks, findings, errors, calls: log.calls() }
}

/// Leaves out what has not the tags that were asked for. Only regions that have something to tell
/// apart are asked.
async fn in_scope(caller: Caller<'_>, inventory: &Inventory, findings: &mut [Finding]) {
    if inventory.tags.is_empty() {
        return;
    }
    let first = inventory.regions.first().map_or("us-east-1", String::as_str);
    let global = Partition::of_region(first).global_region;
    let regions = tags::regions(inventory, findings, global);
    let asked = regions.iter().map(|region| async {
        let found = collect::tags::with_tags(caller.at(region), &inventory.tags).await;
        (region.clone(), found)
    });
    let tagged: tags::Tagged = join_all(asked).await.into_iter().collect();
    tags::restrict(inventory, findings, global, &tagged);
}

/// The order of the contract: account, region, id, resource.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (&a.account, &a.region, a.id, &a.resource).cmp(&(&b.account, &b.region, b.id, &b.resource))
    });
}

/// Marks findings that somebody answers for. An exception that is over is as if it were not there.
fn except(findings: &mut [Finding], baseline: &Baseline, now_micros: i64) {
    let today = day(now_micros);
    for finding in findings {
        let wrong = matches!(finding.status, Status::Fail | Status::Blocked);
        let Some(exception) = baseline.exception(finding.id, &finding.resource).filter(|_| wrong)
        else {
            continue;
        };
        if exception.expires.as_str() >= today.as_str() {
            finding.exception = Some(exception.clone());
        } else {
            let note =
                format!(" (the exception of {} ended on {})", exception.owner, exception.expires);
            finding.reason.push_str(&note);
        }
    }
}

fn day(micros: i64) -> String {
    let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    time.format("%Y-%m-%d").to_string()
}

/// What is wrong with a policy on a day: exceptions must end, within a year.
pub fn exceptions_too_long(baseline: &Baseline, now_micros: i64) -> Vec<String> {
    let parsed = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let latest = parsed(&day(now_micros))
        .and_then(|today| today.checked_add_signed(chrono::TimeDelta::try_days(366)?));
    let too_long = baseline.exceptions.iter().filter(|exception| {
        parsed(&exception.expires).zip(latest).is_none_or(|(expires, latest)| expires > latest)
    });
    too_long
        .map(|exception| {
            let (check, expires) = (&exception.check, &exception.expires);
            format!(
                "the exception for `{check}` ends on {expires}; at most a year ahead is allowed"
            )
        })
        .collect()
}

/// Puts accounts together.
pub fn report(
    accounts: Vec<Assessed>,
    failed: Vec<ReportError>,
    baseline: &Baseline,
    api_calls: u64,
    took_ms: u64,
    at_micros: i64,
) -> Report {
    let mut scope = ReportScope {
        baseline: serde_json::to_value(baseline).unwrap_or_default(),
        ..ReportScope::default()
    };
    let (mut findings, mut errors) = (Vec::new(), failed);
    for assessed in accounts {
        let (account, home) = (&assessed.inventory.account, &assessed.inventory.home_region);
        scope.accounts.push(account.clone());
        scope.home_regions.insert(account.clone(), home.clone());
        scope.regions.extend(assessed.inventory.regions.clone());
        scope.checks.extend(assessed.checks.iter().map(|id| (*id).to_owned()));
        scope.partition.clone_from(&assessed.inventory.partition);
        scope.tags = assessed.inventory.tags.words();
        if let Some(organization) = assessed.inventory.organization.known() {
            scope.organization = Some(organization.id.clone());
        }
        findings.extend(assessed.findings);
        errors.extend(assessed.errors);
    }
    scope.accounts.sort();
    scope.regions.sort();
    scope.regions.dedup();
    scope.checks.sort();
    scope.checks.dedup();
    sort(&mut findings);
    let summary = summary(&findings);
    let complete = errors.is_empty() && !findings.iter().any(unread);
    let assessed_at = DateTime::from_timestamp_micros(at_micros)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    Report {
        schema: SCHEMA,
        assessed_at,
        complete,
        took_ms,
        api_calls,
        scope,
        summary,
        findings,
        errors,
    }
}

fn unread(finding: &Finding) -> bool {
    finding.status == Status::Unknown && finding.reason_code != "out-of-scope"
}

fn summary(findings: &[Finding]) -> Summary {
    let mut summary = Summary::default();
    for finding in findings {
        let count = match finding.status {
            _ if finding.exception.is_some() => &mut summary.excepted,
            Status::Pass => &mut summary.pass,
            Status::Fail => &mut summary.fail,
            Status::Blocked => &mut summary.blocked,
            Status::NotApplicable => &mut summary.not_applicable,
            Status::Unknown => &mut summary.unknown,
        };
        *count += 1;
    }
    summary
}

/// Characters of a report's name.
const RUN_CHARS: usize = 16;

impl Report {
    /// The name of this report among others: the beginning of its hash.
    ///
    /// # Errors
    /// It cannot be written; a test sees to it that it can.
    pub fn run_id(&self) -> Result<String, serde_json::Error> {
        let mut hash = crate::plan::hex_sha256(&serde_json::to_vec(self)?);
        hash.truncate(RUN_CHARS);
        Ok(hash)
    }

    /// 0 nothing failing, 3 findings, 4 incomplete; 4 wins, for a partial answer must not read as a
    /// whole one.
    pub fn exit_code(&self) -> u8 {
        match (self.complete, self.summary.fail + self.summary.blocked) {
            (false, _) => 4,
            (true, 0) => 0,
            (true, _) => 3,
        }
    }
}
