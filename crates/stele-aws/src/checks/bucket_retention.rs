//! `ct.bucket.retention`: logs stay in their bucket as long as they are wanted.

use std::collections::BTreeSet;

use super::sink::{self as sinks, each_sink};
use super::trail::DAY_MICROS;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::s3::{Expiration, Rule};
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::Allowance;
use crate::plan::change::Builder;
use crate::plan::sink::access;
use serde_json::Value;

/// The check.
pub(super) struct BucketRetention;

static META: Meta = Meta {
    id: "ct.bucket.retention",
    title: "logs in buckets stay long enough",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[Collector::Buckets, Collector::BucketLogs, Collector::Sinks, Collector::Writers],
    controls: &["PCI-4.0.1:10.5.1", "CCC.Logging:CN02", "CCC.AuditLog:CN06"],
    passes: "no lifecycle rule removes log files before retention.buckets.min_days, and one \
             removes them when max_days is set",
    not_applicable: "",
    why: "A breach is found months later; then the logs of its first day are needed.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutBucketLifecycleConfiguration, a rule of our own; a rule of others that is too \
              short: by hand",
        undo: Undo::Exact,
        cloudformation: &["S3::Bucket"],
        terraform: &["s3_bucket_lifecycle_configuration"],
        cost: "storage class",
    },
};

impl Check for BucketRetention {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let days = baseline.retention.buckets;
        let (places, nowhere) = (inventory.log_places(), BTreeSet::new());
        each_sink(inventory, findings, |name, sink| {
            let rules = match sink.lifecycle.items() {
                Ok(rules) => rules,
                Err(reason) => return Verdict::unknown(reason),
            };
            let prefixes = places.get(name).unwrap_or(&nowhere);
            let removing: Vec<(&Rule, Removes)> = rules
                .iter()
                .filter(|rule| rule.status == "Enabled" && touches(rule, prefixes))
                .filter_map(|rule| Some((rule, removes(rule.expiration.as_ref()?)?)))
                .collect();
            let is_short = |when: &Removes| match when {
                Removes::AfterDays(after) => *after < days.min_days,
                Removes::OnADay => true,
            };
            // Rules of others first: they are for a person.
            let short = removing.iter().filter(|(_, when)| is_short(when));
            if let Some((rule, when)) = short.min_by_key(|(rule, _)| is_own(rule)) {
                let when = match when {
                    Removes::AfterDays(after) => format!("after {after} days"),
                    Removes::OnADay => "on a fixed day".to_owned(),
                };
                let reason = format!(
                    "rule `{}` of `{name}` removes logs {when}, wanted are {} days",
                    rule.id, days.min_days
                );
                let verdict = Verdict::fail("too-short", reason).evidence("rule", rule.id.as_str());
                return if is_own(rule) { verdict } else { verdict.by_hand() };
            }
            if let Some(most) = days.max_days.filter(|_| removing.is_empty()) {
                let reason = format!("nothing removes logs from `{name}` after {most} days");
                return Verdict::fail("no-expiry", reason);
            }
            Verdict::pass(format!("logs stay in `{name}` for {} days or more", days.min_days))
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let Some(name) = sinks::name(finding) else { return };
        let inventory = plan.inventory;
        let Some(rules) = inventory.sinks.get(name).and_then(|sink| sink.lifecycle.items().ok())
        else {
            return;
        };
        let days = plan.baseline.retention.buckets;
        if finding.reason_code == "too-short" {
            let rule = finding.evidence.get("rule").and_then(Value::as_str).unwrap_or_default();
            if !rules.iter().any(|one| one.id == rule && is_own(one)) {
                let longer = format!("let rule `{rule}` keep files for {} days", days.min_days);
                let aside = format!("let rule `{rule}` leave aside what logs are written under");
                let choices = [longer.as_str(), &aside, "answer for it by an exception"];
                return plan.block("too-short", finding.reason.clone(), &choices);
            }
            let own: BTreeSet<String> =
                rules.iter().filter(|rule| is_own(rule)).map(about).collect();
            access::end(plan, name, &finding.region, &own, Vec::new());
            return;
        }
        let most = days.max_days.unwrap_or(days.min_days);
        let created = inventory.bucket(name).and_then(|bucket| bucket.created_micros);
        let is_young = created.is_some_and(|time| inventory.now_micros - time < most * DAY_MICROS);
        if !is_young && !plan.allows(Allowance::Shorten) {
            let choices = [
                "plan with `--allow shorten`, after what is older was put into the archive",
                "take `max_days` of buckets out of the policy",
            ];
            let reason = format!("{}: files would go that are there now", finding.reason);
            return plan.block("would-delete", reason, &choices);
        }
        let mut prefixes = plan.log_places().get(name).cloned().unwrap_or_default();
        if prefixes.is_empty() || prefixes.contains("") {
            prefixes = BTreeSet::from([String::new()]);
        }
        access::end(plan, name, &finding.region, &prefixes, Vec::new());
    }
}

/// Whether a plan made a rule.
fn is_own(rule: &Rule) -> bool {
    rule.id.starts_with(access::RULE)
}

/// When a rule removes files.
#[derive(Clone, Copy)]
enum Removes {
    AfterDays(i64),
    OnADay,
}

/// When files go, if they do: delete markers are no files.
fn removes(expiration: &Expiration) -> Option<Removes> {
    match (expiration.days, &expiration.date) {
        (Some(days), _) => Some(Removes::AfterDays(days)),
        (None, Some(_)) => Some(Removes::OnADay),
        (None, None) => None,
    }
}

/// Whether a rule is about files that logs are written to; AWS writes them without tags.
fn touches(rule: &Rule, prefixes: &BTreeSet<String>) -> bool {
    let and = &rule.filter["And"];
    if !rule.filter["Tag"].is_null() || !and["Tag"].is_null() {
        return false;
    }
    let of_rule = about(rule);
    prefixes.is_empty()
        || prefixes.iter().any(|log| log.starts_with(&of_rule) || of_rule.starts_with(log.as_str()))
}

/// The beginning of the keys that a rule is about.
fn about(rule: &Rule) -> String {
    let texts = [rule.filter["Prefix"].as_str(), rule.filter["And"]["Prefix"].as_str()];
    texts.into_iter().flatten().next().unwrap_or(&rule.prefix).to_owned()
}
