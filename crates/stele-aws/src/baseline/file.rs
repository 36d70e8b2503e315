//! Reading `stele-aws.toml`.

mod sources;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Baseline, Days, Exception, PRESETS, RETENTION_DAYS, RetentionRule};
use crate::checks;
use sources::{CloudTrailTable, VpcFlowTable};

const EKS_TYPES: &[&str] = &["api", "audit", "authenticator", "controllerManager", "scheduler"];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    version: Option<Spanned<i64>>,
    presets: Vec<Spanned<String>>,
    scope: ScopeTable,
    sinks: SinksTable,
    retention: RetentionTable,
    cloudtrail: CloudTrailTable,
    vpc_flow: VpcFlowTable,
    eks: EksTable,
    ssm: SsmTable,
    checks: BTreeMap<Spanned<String>, CheckTable>,
    exception: Vec<ExceptionTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ScopeTable {
    regions: Option<Spanned<Regions>>,
    home_region: Option<String>,
    exclude_tags: BTreeMap<String, String>,
    skip_empty_vpcs: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Regions {
    Word(String),
    List(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SinksTable {
    archive_account: Option<Spanned<String>>,
    bucket: Option<String>,
    access_bucket: Option<String>,
    kms_key: Option<String>,
    central: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RetentionTable {
    log_groups: Option<Spanned<Days>>,
    buckets: Option<Spanned<Days>>,
    rule: Vec<Spanned<RuleTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    #[serde(rename = "match")]
    pattern: String,
    min_days: i64,
    max_days: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EksTable {
    log_types: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SsmTable {
    agent_documents: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckTable {
    enabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionTable {
    check: Spanned<String>,
    resource: String,
    reason: Spanned<String>,
    owner: Spanned<String>,
    expires: Spanned<toml::value::Datetime>,
}

/// Collects what is wrong, with lines.
struct Reader<'a> {
    text: &'a str,
    errors: Vec<String>,
    /// What was put right, with lines.
    warnings: Vec<String>,
}

pub(super) fn parse(text: &str) -> Result<Baseline, Vec<String>> {
    let mut reader = Reader { text, errors: Vec::new(), warnings: Vec::new() };
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| reader.line(span.start));
        vec![format!("line {line}: {}", error.message())]
    })?;
    let mut baseline = Baseline::default();
    reader.top(&file, &mut baseline);
    reader.retention(file.retention, &mut baseline);
    reader.trail(file.cloudtrail, &mut baseline);
    reader.flow(file.vpc_flow, &mut baseline);
    if let Some(types) = file.eks.log_types {
        baseline.eks.log_types =
            types.iter().map(|each| reader.one_of(each, "type of log", EKS_TYPES)).collect();
    }
    if let Some(documents) = file.ssm.agent_documents {
        baseline.ssm.agent_documents = documents;
    }
    for (id, table) in file.checks {
        if checks::find(id.as_ref()).is_none() {
            let ids: Vec<&str> = checks::ALL.iter().map(|check| check.meta().id).collect();
            reader.unknown(id.span().start, "check", id.as_ref(), &ids);
        }
        baseline.checks.insert(id.into_inner(), table.enabled);
    }
    for exception in file.exception {
        reader.exception(&exception, &mut baseline);
    }
    baseline.warnings = reader.warnings;
    if reader.errors.is_empty() { Ok(baseline) } else { Err(reader.errors) }
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1)
    }

    fn say(&mut self, offset: usize, text: &str) {
        let line = self.line(offset);
        self.errors.push(format!("line {line}: {text}"));
    }

    fn warn(&mut self, offset: usize, text: &str) {
        let line = self.line(offset);
        self.warnings.push(format!("line {line} of the policy: {text}"));
    }

    fn unknown(&mut self, offset: usize, what: &str, name: &str, known: &[&str]) {
        let nearest = known
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
        let hint = nearest.map_or(String::new(), |near| format!("; is `{near}` meant?"));
        self.say(offset, &format!("there is no {what} `{name}`{hint}"));
    }

    fn one_of(&mut self, value: &Spanned<String>, what: &str, known: &[&str]) -> String {
        if !known.contains(&value.as_ref().as_str()) {
            self.unknown(value.span().start, what, value.as_ref(), known);
        }
        value.as_ref().clone()
    }

    fn top(&mut self, file: &File, baseline: &mut Baseline) {
        match &file.version {
            Some(version) if *version.as_ref() != 1 => {
                self.say(version.span().start, "`version` is 1; this Stele knows no other");
            }
            Some(_) => {}
            None => self.say(0, "`version = 1` is missing"),
        }
        if !file.presets.is_empty() {
            baseline.presets =
                file.presets.iter().map(|each| self.one_of(each, "preset", PRESETS)).collect();
        }
        match file.scope.regions.as_ref().map(|regions| (regions.span().start, regions.as_ref())) {
            Some((at, Regions::Word(word))) if word != "enabled" => {
                self.say(at, "`regions` is \"enabled\" or a list");
            }
            Some((_, Regions::List(list))) => baseline.scope.regions.clone_from(list),
            _ => {}
        }
        baseline.scope.home_region.clone_from(&file.scope.home_region);
        baseline.scope.exclude_tags.clone_from(&file.scope.exclude_tags);
        baseline.scope.skip_empty_vpcs = file.scope.skip_empty_vpcs;
        let sinks = &file.sinks;
        if let Some(account) = &sinks.archive_account {
            let digits = account.as_ref().bytes().all(|byte| byte.is_ascii_digit());
            if account.as_ref().len() != 12 || !digits {
                self.say(account.span().start, "an account has twelve digits");
            }
            baseline.sinks.archive_account = Some(account.as_ref().clone());
        }
        if let Some(central) = sinks.central.as_ref().filter(|central| !central.as_ref().is_empty())
        {
            if !central.as_ref().starts_with("arn:") {
                self.say(central.span().start, "`central` is the ARN of what groups send to");
            }
            baseline.sinks.central = Some(central.as_ref().clone());
        }
        let set = |to: &mut String, from: &Option<String>| {
            if let Some(from) = from {
                to.clone_from(from);
            }
        };
        set(&mut baseline.sinks.bucket, &sinks.bucket);
        set(&mut baseline.sinks.access_bucket, &sinks.access_bucket);
        set(&mut baseline.sinks.kms_key, &sinks.kms_key);
    }

    fn days(&mut self, at: usize, days: Days, of_groups: bool) -> Days {
        if days.max_days.is_some_and(|most| most < days.min_days) {
            self.say(at, "`min_days` is more than `max_days`");
        }
        if days.min_days < 0 {
            self.say(at, "`min_days` is less than nothing");
        }
        for value in [Some(days.min_days).filter(|days| *days > 0), days.max_days] {
            let Some(value) = value.filter(|_| of_groups) else { continue };
            if !RETENTION_DAYS.contains(&value) {
                let next = RETENTION_DAYS.iter().find(|offered| **offered > value);
                let next = next.unwrap_or(&3653);
                self.say(at, &format!("CloudWatch offers no {value} days; the next is {next}"));
            }
        }
        days
    }

    fn retention(&mut self, table: RetentionTable, baseline: &mut Baseline) {
        if let Some(days) = table.log_groups {
            let at = days.span().start;
            baseline.retention.log_groups = self.days(at, days.into_inner(), true);
        }
        if let Some(days) = table.buckets {
            let at = days.span().start;
            baseline.retention.buckets = self.days(at, days.into_inner(), false);
        }
        for rule in table.rule {
            let at = rule.span().start;
            let rule = rule.into_inner();
            let days = Days { min_days: rule.min_days, max_days: rule.max_days };
            let days = self.days(at, days, true);
            baseline.retention.rules.push(RetentionRule { pattern: rule.pattern, days });
        }
    }

    fn exception(&mut self, table: &ExceptionTable, baseline: &mut Baseline) {
        let check = table.check.as_ref();
        let at = table.check.span().start;
        let known: Vec<&str> = checks::ALL.iter().map(|check| check.meta().id).collect();
        if !known.iter().any(|id| crate::arn::matches(check, id)) {
            self.unknown(at, "check", check, &known);
        }
        for (text, name) in [(&table.reason, "reason"), (&table.owner, "owner")] {
            if text.as_ref().trim().is_empty() {
                self.say(text.span().start, &format!("an exception needs its `{name}`"));
            }
        }
        let date = table.expires.as_ref().to_string();
        if table.expires.as_ref().date.is_none() {
            self.say(table.expires.span().start, "`expires` is a day, as 2027-03-31");
        }
        baseline.exceptions.push(Exception {
            check: check.clone(),
            resource: table.resource.clone(),
            reason: table.reason.as_ref().clone(),
            owner: table.owner.as_ref().clone(),
            expires: date.chars().take(10).collect(),
        });
    }
}
