//! `ct.bucket.access-log`: who reads buckets of logs is on record.

use super::sink::{self as sinks, each_sink};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::sink::access;

/// The check.
pub(super) struct BucketAccessLog;

static META: Meta = Meta {
    id: "ct.bucket.access-log",
    title: "buckets of logs have an access log",
    severity: Severity::Medium,
    default: true,
    source: false,
    reads: &[Collector::Buckets, Collector::BucketLogs, Collector::Sinks, Collector::Writers],
    controls: &["CIS-AWS-5.0:3.4", "FSBP:CloudTrail.7", "CCC.AuditLog:CN04"],
    passes: "a server access log goes to another bucket",
    not_applicable: "the bucket itself takes access logs of others: the end of the chain",
    why: "Who looked at the logs, and from where.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutBucketLogging, to the end of the chain (s3:CreateBucket where there is none); \
              cloudtrail:PutEventSelectors where a trail would make a loop of it",
        undo: Undo::Partly,
        cloudformation: &["S3::Bucket"],
        terraform: &["s3_bucket_logging"],
        cost: "storage",
    },
};

impl Check for BucketAccessLog {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        each_sink(inventory, findings, |name, _| {
            let logging = inventory.bucket(name).map(|bucket| &bucket.logging);
            match logging {
                None => Verdict::unknown(&Unread::not_read()),
                Some(Fact::Unknown(reason)) => Verdict::unknown(reason),
                Some(Fact::Known(log)) if log.target_bucket == *name => {
                    let reason = format!("the access log of `{name}` goes into `{name}`: a loop");
                    Verdict::fail("loop", reason)
                }
                Some(Fact::Known(log)) => {
                    let reason =
                        format!("the access log of `{name}` goes to `{}`", log.target_bucket);
                    Verdict::pass(reason).evidence("TargetBucket", log.target_bucket.as_str())
                }
                Some(Fact::Absent)
                    if inventory.is_terminal(name, &baseline.sinks.access_bucket) =>
                {
                    let reason = format!("`{name}` takes access logs of others");
                    Verdict::not_applicable("terminal", reason)
                }
                Some(Fact::Absent) => {
                    Verdict::fail("no-access-log", format!("`{name}` has no access log"))
                }
            }
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if let Some(name) = sinks::name(finding) {
            access::log(plan, name, &finding.region, Vec::new());
        }
    }
}
