//! A whole assessment: who we are, which accounts and regions, one account after the other.
//!
//! An account or a region that fails does not stop the rest; it makes the report incomplete.

use std::collections::BTreeMap;

use serde::Deserialize;
use stele_event::runtime::Clock;

use crate::assess::{self, Assessed, Report, ReportError, Selection};
use crate::baseline::Baseline;
use crate::caller::{CallLog, Caller};
use crate::client::{CredentialsError, HttpAws, Partition, Role};
use crate::collect::Scope;
use crate::fact::Fact;
use crate::finding::Finding;
use crate::plan::{Allowances, Plan, assemble};
use crate::tags::Tags;

/// The name of the session that CloudTrail shows.
const SESSION: &str = "stele";

/// What is to be assessed.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Regions; all that are enabled where it is empty.
    pub regions: Vec<String>,
    /// Accounts; the caller's where it is empty.
    pub accounts: Vec<String>,
    /// Every active account of the organisation.
    pub organization: bool,
    /// The role to take on: an ARN, or a name that each account has.
    pub assume_role: Option<String>,
    /// What the other accounts ask to be told.
    pub external_id: Option<String>,
    /// Which checks.
    pub selection: Selection,
    /// Where what is global belongs, by account, where an earlier result says so.
    pub home_regions: BTreeMap<String, String>,
    /// What is wanted.
    pub baseline: Baseline,
    /// The tags that a resource must have to be judged.
    pub tags: Tags,
}

/// Why nothing could be assessed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There are no credentials, or a role cannot be taken on.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// AWS does not say who we are.
    #[error("AWS does not say whose credentials these are: {0}")]
    Identity(String),
    /// The options do not fit together.
    #[error("{0}")]
    Options(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Identity {
    account: String,
    arn: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Member {
    id: String,
    status: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RegionRow {
    region_name: String,
}

/// A session for each account that is looked at.
#[derive(Debug)]
pub struct Accounts {
    /// As in ARNs.
    pub partition: String,
    /// The ARN of who asks.
    pub caller: String,
    /// By account.
    pub sessions: Vec<(String, HttpAws)>,
    /// Accounts that could not be entered, and lists that could not be read.
    pub errors: Vec<ReportError>,
}

/// Signs in to every account that the options name.
///
/// # Errors
/// Nothing could be entered at all.
pub async fn accounts(
    aws: &HttpAws,
    region: &str,
    options: &Options,
) -> Result<Accounts, RunError> {
    let several = options.organization || !options.accounts.is_empty();
    let role_for_all = options.assume_role.as_deref().filter(|role| role.starts_with("arn:"));
    if several && role_for_all.is_some() {
        let text = "several accounts need a role by its name, which each of them has, not by ARN";
        return Err(RunError::Options(text.to_owned()));
    }
    if !several && options.assume_role.is_some() && role_for_all.is_none() {
        let text = "a role by its name needs `--accounts` or `--org`; or give its ARN";
        return Err(RunError::Options(text.to_owned()));
    }
    let base = match role_for_all {
        Some(arn) => aws.with_role(role(arn.to_owned(), options)),
        None => aws.clone(),
    };
    base.sign_in().await?;
    let identity = identity(&base, region).await?;
    let partition = identity.arn.split(':').nth(1).unwrap_or("aws").to_owned();
    let mut errors = Vec::new();
    let mut accounts = options.accounts.clone();
    if options.organization {
        accounts.extend(members(&base, region, &identity.account, &mut errors).await);
    }
    if accounts.is_empty() {
        accounts.push(identity.account.clone());
    }
    accounts.sort();
    accounts.dedup();
    let mut sessions = Vec::new();
    for account in accounts {
        let session = if account == identity.account {
            base.clone()
        } else {
            let Some(name) = options.assume_role.as_deref() else {
                let text = format!("account {account} needs `--assume-role`, a role to read it by");
                return Err(RunError::Options(text));
            };
            let arn = format!("arn:{partition}:iam::{account}:role/{name}");
            base.with_role(role(arn, options))
        };
        if let Err(error) = session.sign_in().await {
            errors.push(ReportError {
                account: account.clone(),
                region: region.to_owned(),
                call: "sts:AssumeRole".to_owned(),
                code: "NoCredentials".to_owned(),
                message: error.to_string(),
                attempts: 1,
                hint: "allow sts:AssumeRole, and the caller in the trust policy of the role"
                    .to_owned(),
            });
            continue;
        }
        sessions.push((account, session));
    }
    Ok(Accounts { partition, caller: identity.arn, sessions, errors })
}

/// Assesses.
///
/// # Errors
/// Nothing could be assessed at all; whatever fails later is in the report.
pub async fn run(
    aws: &HttpAws,
    clock: &dyn Clock,
    region: &str,
    options: &Options,
) -> Result<Report, RunError> {
    let began = clock.now_millis();
    let Accounts { partition, caller, sessions, errors } = accounts(aws, region, options).await?;
    let mut assessed = Vec::new();
    for (account, session) in &sessions {
        assessed.push(one(session, clock, region, options, account, &partition).await);
    }
    let (took_ms, at) = (since(clock, began), clock.now_micros());
    let baseline = &options.baseline;
    let mut report = assess::report(assessed, errors, baseline, aws.requests(), took_ms, at);
    report.scope.asked_by = caller;
    Ok(report)
}

/// What a plan is made for.
pub struct PlanOptions<'a> {
    /// What somebody allows.
    pub allowances: Allowances,
    /// Which findings are looked at.
    pub wanted: &'a (dyn Fn(&Finding) -> bool + Sync),
}

/// Assesses, and plans what puts the findings right. It reads only.
///
/// # Errors
/// As [`run`].
pub async fn plan(
    aws: &HttpAws,
    clock: &dyn Clock,
    region: &str,
    options: &Options,
    planned: &PlanOptions<'_>,
) -> Result<(Report, Plan), RunError> {
    let began = clock.now_millis();
    let Accounts { partition, caller, sessions, errors } = accounts(aws, region, options).await?;
    let (mut assessed, mut parts) = (Vec::new(), Vec::new());
    for (account, session) in &sessions {
        let one = one(session, clock, region, options, account, &partition).await;
        let PlanOptions { allowances, wanted } = planned;
        let baseline = &options.baseline;
        parts.push(assemble::account(session, &one, baseline, allowances, wanted).await);
        assessed.push(one);
    }
    let (took_ms, at) = (since(clock, began), clock.now_micros());
    let baseline = &options.baseline;
    let mut report = assess::report(assessed, errors, baseline, aws.requests(), took_ms, at);
    report.scope.asked_by = caller;
    let plan = assemble::join(parts, &report);
    Ok((report, plan))
}

fn since(clock: &dyn Clock, began_millis: i64) -> u64 {
    u64::try_from(clock.now_millis() - began_millis).unwrap_or(0)
}

fn role(arn: String, options: &Options) -> Role {
    Role { arn, external_id: options.external_id.clone(), session_name: SESSION.to_owned() }
}

async fn identity(aws: &HttpAws, region: &str) -> Result<Identity, RunError> {
    let log = CallLog::default();
    let found = Caller::new(aws, &log, region).get("sts:GetCallerIdentity", &[]).await;
    match found {
        Fact::Known(identity) => Ok(identity),
        Fact::Absent | Fact::Unknown(_) => {
            let errors = log.errors();
            let text = errors.first().map_or_else(String::new, |error| {
                let hint = error.hint();
                let hint = if hint.is_empty() { hint } else { format!("; {hint}") };
                format!("{} {}{hint}", error.code, error.message)
            });
            Err(RunError::Identity(text))
        }
    }
}

/// The active accounts of the organisation; the caller's alone where they cannot be read.
async fn members(
    aws: &HttpAws,
    region: &str,
    account: &str,
    errors: &mut Vec<ReportError>,
) -> Vec<String> {
    let log = CallLog::default();
    let global = Partition::of_region(region).global_region;
    let found: Fact<Vec<Member>> =
        Caller::new(aws, &log, global).list("organizations:ListAccounts", &[]).await;
    errors.extend(log.errors().iter().map(|error| ReportError::new(account, error)));
    let active = found.items().unwrap_or_default().iter().filter(|each| each.status == "ACTIVE");
    active.map(|each| each.id.clone()).collect()
}

async fn one(
    aws: &HttpAws,
    clock: &dyn Clock,
    region: &str,
    options: &Options,
    account: &str,
    partition: &str,
) -> Assessed {
    let checks = options.selection.checks(&options.baseline);
    let log = CallLog::default();
    let named = if options.regions.is_empty() {
        options.baseline.scope.regions.clone()
    } else {
        options.regions.clone()
    };
    let regions = if named.is_empty() {
        enabled(Caller::new(aws, &log, region), region).await
    } else {
        named
    };
    let scope = Scope {
        account: account.to_owned(),
        partition: partition.to_owned(),
        regions,
        home_region: options
            .home_regions
            .get(account)
            .or(options.baseline.scope.home_region.as_ref())
            .cloned(),
        now_micros: clock.now_micros(),
        collectors: assess::collectors(&checks, &options.baseline),
        interfaces: options.baseline.wants_interfaces(),
        tags: options.tags.clone(),
    };
    let mut assessed = assess::account(aws, &scope, &options.baseline, &checks).await;
    let of_regions = log.errors();
    assessed.errors.extend(of_regions.iter().map(|error| ReportError::new(account, error)));
    assessed
}

/// The regions that are enabled; the one we ask in where that cannot be read.
async fn enabled(caller: Caller<'_>, region: &str) -> Vec<String> {
    let found: Fact<Vec<RegionRow>> = caller.member("ec2:DescribeRegions", &[], "RegionInfo").await;
    match found {
        Fact::Known(rows) if !rows.is_empty() => {
            rows.into_iter().map(|row| row.region_name).collect()
        }
        _ => vec![region.to_owned()],
    }
}
