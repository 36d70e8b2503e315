//! `ct.bucket.retention`: logs stay in their bucket as long as they are wanted.

use super::sink::each_sink;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::s3::{Expiration, Rule};
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

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
        each_sink(inventory, findings, |name, sink| {
            let rules = match sink.lifecycle.items() {
                Ok(rules) => rules,
                Err(reason) => return Verdict::unknown(reason),
            };
            let prefixes = inventory.log_prefixes(name);
            let removing: Vec<(&Rule, Removes)> = rules
                .iter()
                .filter(|rule| rule.status == "Enabled" && touches(rule, &prefixes))
                .filter_map(|rule| Some((rule, removes(rule.expiration.as_ref()?)?)))
                .collect();
            let short = removing.iter().find(|(_, when)| match when {
                Removes::AfterDays(after) => *after < days.min_days,
                Removes::OnADay => true,
            });
            if let Some((rule, when)) = short {
                let when = match when {
                    Removes::AfterDays(after) => format!("after {after} days"),
                    Removes::OnADay => "on a fixed day".to_owned(),
                };
                let reason = format!(
                    "rule `{}` of `{name}` removes logs {when}, wanted are {} days",
                    rule.id, days.min_days
                );
                return Verdict::fail("too-short", reason)
                    .evidence("rule", rule.id.as_str())
                    .by_hand();
            }
            if let Some(most) = days.max_days.filter(|_| removing.is_empty()) {
                let reason = format!("nothing removes logs from `{name}` after {most} days");
                return Verdict::fail("no-expiry", reason);
            }
            Verdict::pass(format!("logs stay in `{name}` for {} days or more", days.min_days))
        });
    }
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
fn touches(rule: &Rule, prefixes: &[String]) -> bool {
    let and = &rule.filter["And"];
    if !rule.filter["Tag"].is_null() || !and["Tag"].is_null() {
        return false;
    }
    let texts = [rule.filter["Prefix"].as_str(), and["Prefix"].as_str()];
    let of_rule = texts.into_iter().flatten().next().unwrap_or(&rule.prefix);
    prefixes.is_empty()
        || prefixes.iter().any(|log| log.starts_with(of_rule) || of_rule.starts_with(log.as_str()))
}
